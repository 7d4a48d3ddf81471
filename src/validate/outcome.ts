/** The endpoint does not do what a rule says: the message is what it did, as a sentence. */
export class Finding extends Error {}

/** It can't be told whether the endpoint does what a rule says. */
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
