/** The endpoint does not conform to a rule. The message is a sentence that says what it did. */
export class Finding extends Error {}

/** It can't be determined whether the endpoint conforms to a rule. */
export class Skip extends Error {
  /** True if something that the check needs failed: then the run as a whole is not a success. */
  readonly isBlocked: boolean;

  constructor(message: string, isBlocked = false) {
    super(message);
    this.isBlocked = isBlocked;
  }
}

/** No answer came: the message says why. */
export class NoAnswer extends Error {}
