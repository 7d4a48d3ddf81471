/** The words of RFC 7644 §3.12, table 9. */
export type ScimType =
  | "invalidFilter"
  | "tooMany"
  | "uniqueness"
  | "mutability"
  | "invalidSyntax"
  | "invalidPath"
  | "noTarget"
  | "invalidValue"
  | "invalidVers"
  | "sensitive"
  // RFC 9865 §2.1
  | "invalidCursor"
  | "expiredCursor"
  | "invalidCount";

/** What else is known of an error. */
export interface ScimErrorOptions extends ErrorOptions {
  readonly retryAfter?: number | undefined;
  readonly refusal?: string | undefined;
}

/** A request that cannot be answered as asked: its HTTP status, the RFC's keyword and a detail for people. */
export class ScimError extends Error {
  readonly status: number;
  readonly scimType: ScimType | undefined;
  /** Seconds after which the client may try again, where that is known. */
  readonly retryAfter: number | undefined;
  /** Why the gateway itself refused, for the audit log; undefined where it did not. */
  readonly refusal: string | undefined;

  constructor(status: number, scimType: ScimType | undefined, detail: string, options?: ScimErrorOptions) {
    super(detail, options);
    this.name = "ScimError";
    this.status = status;
    this.scimType = scimType;
    this.retryAfter = options?.retryAfter;
    this.refusal = options?.refusal;
  }
}

/** 400 with the RFC's keyword. */
export const badRequest = (scimType: ScimType, detail: string, options?: ScimErrorOptions) =>
  new ScimError(400, scimType, detail, options);
/** 403: the caller may not do this. */
export const forbidden = (detail: string, refusal: string) => new ScimError(403, undefined, detail, { refusal });
/** 404: no resource, or none that this endpoint may show. */
export const notFound = (detail: string) => new ScimError(404, undefined, detail);
/** 409: others were faster, again and again, or operations of a bulk request stand in each other's way. */
export const inConflict = (detail: string) => new ScimError(409, undefined, detail);
/** 500: what was not foreseen; told as no more than that. */
export const unforeseen = (detail: string) => new ScimError(500, undefined, detail);
/** 429: too often. */
export const tooMany = (detail: string) => new ScimError(429, undefined, detail);
/** 503: not now. */
export const notNow = (detail: string, refusal?: string) => new ScimError(503, undefined, detail, { refusal });
/** 412: `If-Match` names a version that is no longer the resource's. */
export const preconditionFailed = (detail: string) => new ScimError(412, undefined, detail);

/**
 * What each failure of a backend means in SCIM. A backend that cannot be reached, or that refuses the gateway's own
 * account, is 503 and never 401, 403 or 404: a provisioning client takes those for its own mistake and stops.
 */
export const backendFailures = {
  notFound: [404, undefined],
  conflict: [409, "uniqueness"],
  invalid: [400, "invalidValue"],
  denied: [503, undefined],
  versionMismatch: [412, undefined],
  tooMany: [400, "tooMany"],
  expired: [400, "expiredCursor"],
  busy: [503, undefined],
  throttled: [429, undefined],
  timeout: [503, undefined],
  unavailable: [503, undefined],
} as const satisfies Record<string, readonly [number, ScimType | undefined]>;

/** The body of an error, RFC 7644 §3.12: the status is a string there. */
export function errorBody(error: { status: number; scimType?: ScimType | undefined; message: string }) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
    status: String(error.status),
    ...(error.scimType && { scimType: error.scimType }),
    detail: error.message,
  };
}
