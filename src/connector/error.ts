/** What went wrong, by what the client is to do: `scim/error.ts` gives each its status. */
export type ConnectorErrorKind =
  /** The backend says that there is no such entry, or it is outside the kind: 404. */
  | "notFound"
  /** Another entry holds a value that must be unique; `attr` names it: 409. */
  | "conflict"
  /** The request asks for what the backend does not take: 400, the client's fault. */
  | "invalid"
  /** The backend refuses the gateway's own account: 503, the administrator's fault. */
  | "denied"
  /** The entry is no longer what the request expects: 412, or the gateway reads it and tries again. */
  | "versionMismatch"
  /** More entries match than can be read: 400. */
  | "tooMany"
  /** A bookmark leads nowhere any more: 400, and the client begins its list anew. */
  | "expired"
  /** The backend has no place for one more operation; nothing was sent: 503. */
  | "busy"
  /** The backend limits its rate; `retryAfter` says for how long: 429. */
  | "throttled"
  /** No answer came in time. A write may have happened, unless `mayHaveHappened` is false: 503. Counts for the breaker. */
  | "timeout"
  /** The backend cannot be reached, or its answer makes no sense, such as a broken file. As for `timeout`. */
  | "unavailable";

/** A failure of a backend, by its kind, with a detail fit for an administrator. It never holds a secret. */
export class ConnectorError extends Error {
  readonly kind: ConnectorErrorKind;
  /** The attribute that the backend refused, where it is known. */
  readonly attr: string | undefined;
  /** Seconds after which the backend may be asked again, where it says. */
  readonly retryAfter: number | undefined;
  /** Whether a write that failed so may have been made all the same. False only where it is known that nothing was changed. */
  readonly mayHaveHappened: boolean;
  /** Whether the backend was there and answered so: what fails of one request says nothing of others. */
  readonly isAnswered: boolean;

  constructor(
    kind: ConnectorErrorKind,
    detail: string,
    options?: ErrorOptions & {
      attr?: string | undefined;
      retryAfter?: number | undefined;
      /** By default true of what is `unavailable` or a `timeout`. */
      mayHaveHappened?: boolean | undefined;
      isAnswered?: boolean | undefined;
    },
  ) {
    super(detail, options);
    this.name = "ConnectorError";
    this.kind = kind;
    this.attr = options?.attr;
    this.retryAfter = options?.retryAfter;
    this.mayHaveHappened = options?.mayHaveHappened ?? (kind === "unavailable" || kind === "timeout");
    this.isAnswered = options?.isAnswered ?? false;
  }
}

/** The entry is not there, or not of that kind. */
export const entryNotFound = (kind: string, key: string) =>
  new ConnectorError("notFound", `There is no ${kind} with the id ${JSON.stringify(key)}.`);

/** Whether a failure says that an entry is not there. */
export const isNotFound = (error: unknown): error is ConnectorError =>
  error instanceof ConnectorError && error.kind === "notFound";

/** What an entry refers to is not there: that is not told as if the entry itself were gone, which a client would make anew. */
export const refersToNothing = (error: ConnectorError): ConnectorError =>
  new ConnectorError("invalid", error.message, { cause: error, mayHaveHappened: error.mayHaveHappened });

/**
 * Reads what a write has made. Whatever goes wrong from here on, the write itself was made: no failure of the read says otherwise.
 */
export const afterWrite = <T>(read: () => Promise<T>): Promise<T> =>
  read().catch((error) => Promise.reject(happened(error)));

/** A failure behind something that was done, or may have been. */
export function happened(error: unknown): unknown {
  if (!(error instanceof ConnectorError) || error.mayHaveHappened) return error;
  const { kind, message, attr, retryAfter, isAnswered } = error;
  return new ConnectorError(kind, message, { cause: error, attr, retryAfter, isAnswered, mayHaveHappened: true });
}

/**
 * Whether a failure is a fault of this program. It says nothing of the system behind, and is thrown as it is: 500, with its stack in the log.
 * What the network or a library says has a code, or a cause.
 */
export const isOwnFault = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  error.cause === undefined &&
  !("code" in error);

/** Nothing was asked: there was no connection, or no place, for it. */
export const neverAsked = (kind: ConnectorErrorKind, detail: string, cause?: unknown) =>
  new ConnectorError(kind, detail, { cause, mayHaveHappened: false });

/** What is asked did not answer before the operation had to end. */
export const timedOut = (what: string, cause: unknown) =>
  new ConnectorError(
    "timeout",
    `${what} did not answer in time. A write may or may not have happened: read before repeating it.`,
    { cause },
  );

/** What a failure says where something was only read: there is no write that may have happened. */
export const readFailure = (error: unknown): string =>
  (error as Error).message.replace(/ A write may or may not have happened: read before repeating it\.$/, "");

/** Settings of a connector, or mappings on it, that cannot work, found when it is opened. */
export class SettingError extends Error {
  override name = "SettingError";
  /** The setting, below the connector's, where the message is of one. */
  readonly setting: string | undefined;

  constructor(message: string, setting?: string) {
    super(message);
    this.setting = setting;
  }
}
