/** The kind of failure, by what the client should do. `scim/error.ts` maps it to a status. */
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

/** The kinds that say that the backend could not be asked at all. */
export const AWAY: ReadonlySet<ConnectorErrorKind> = new Set(["unavailable", "timeout", "denied"]);

/** What a failure says, last, after which nobody knows whether a write was made. `ofRead` takes it away where nothing is written. */
export const UNSURE = " A write may or may not have happened: read before repeating it.";

/** A failed backend call: its kind, and details for an administrator. It never contains a secret. */
export class ConnectorError extends Error {
  readonly kind: ConnectorErrorKind;
  /** The attribute that the backend refused, if known. */
  readonly attr: string | undefined;
  /** Seconds after which the backend asked to be called again. */
  readonly retryAfter: number | undefined;
  /** Whether a failed write may have been made all the same. False only if it is certain that nothing was changed. */
  readonly mayHaveHappened: boolean;
  /** Whether the backend itself answered. Such a failure concerns one request, not the backend's health. */
  readonly isAnswered: boolean;

  constructor(
    kind: ConnectorErrorKind,
    detail: string,
    options?: ErrorOptions & {
      attr?: string | undefined;
      retryAfter?: number | undefined;
      /** Default: true for `unavailable` and `timeout`. */
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

/** The entry does not exist, or is of another kind. */
export const entryNotFound = (kind: string, key: string) =>
  new ConnectorError("notFound", `There is no ${kind} with the ID ${JSON.stringify(key)}.`);

/** Reports whether an entry was not found. */
export const isNotFound = (error: unknown): error is ConnectorError =>
  error instanceof ConnectorError && error.kind === "notFound";

/** A missing reference must not look as if the entry itself were missing: a client would create it again. */
export const refersToNothing = (error: ConnectorError): ConnectorError =>
  new ConnectorError("invalid", error.message, { cause: error, mayHaveHappened: error.mayHaveHappened });

/** Reads the result of a write. The write was made, so a failed read must not suggest otherwise. */
export const afterWrite = <T>(read: () => Promise<T>): Promise<T> =>
  read().catch((error) => Promise.reject(happened(error)));

/** A failure after something that was, or may have been, done. */
export function happened(error: unknown): unknown {
  if (!(error instanceof ConnectorError) || error.mayHaveHappened) return error;
  const { kind, message, attr, retryAfter, isAnswered } = error;
  return new ConnectorError(kind, message, { cause: error, attr, retryAfter, isAnswered, mayHaveHappened: true });
}

/**
 * Reports whether a failure is a bug in Postern rather than the backend's. It is rethrown unchanged: 500, with the stack in the log. Errors
 * of the network and of libraries have a code or a cause.
 */
export const isOwnFault = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  error.cause === undefined &&
  !("code" in error);

/** Nothing was sent: no connection or no capacity was available. */
export const neverAsked = (kind: ConnectorErrorKind, detail: string, cause?: unknown) =>
  new ConnectorError(kind, detail, { cause, mayHaveHappened: false });

/** The backend did not answer within the operation's time limit. */
export const timedOut = (what: string, cause: unknown) =>
  new ConnectorError("timeout", `${what} did not answer in time.${UNSURE}`, { cause });

/** What a failure says where something was only read: there is no write that may have happened. */
export const readFailure = (error: unknown): string => (error as Error).message.replace(UNSURE, "");

/** A failure of a call that only reads, as it is told: without a word of writes. All else stays. */
export function ofRead(error: unknown): unknown {
  if (!(error instanceof ConnectorError) || !error.message.includes(UNSURE)) return error;
  const { kind, attr, retryAfter, mayHaveHappened, isAnswered, cause } = error;
  const told = new ConnectorError(kind, readFailure(error), { attr, retryAfter, mayHaveHappened, isAnswered, cause });
  if (error.stack !== undefined) told.stack = error.stack;
  return told;
}

/** Connector settings, or mappings on them, that cannot work. Found when the connector is opened. */
export class SettingError extends Error {
  override name = "SettingError";
  /** The setting, relative to the connector's, if the message concerns one. */
  readonly setting: string | undefined;

  constructor(message: string, setting?: string) {
    super(message);
    this.setting = setting;
  }
}
