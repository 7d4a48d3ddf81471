/** The keywords of RFC 7644 §3.12, table 9. */
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

/** Details of an error. */
export interface ScimErrorOptions extends ErrorOptions {
  readonly retryAfter?: number | undefined;
  readonly refusal?: string | undefined;
}

/** A request that cannot be fulfilled: HTTP status, the RFC's keyword, and a detail for people. */
export class ScimError extends Error {
  readonly status: number;
  readonly scimType: ScimType | undefined;
  /** Seconds after which the client may try again, if known. */
  readonly retryAfter: number | undefined;
  /** Why the gateway itself refused, for the audit log; undefined if it did not. */
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
/** 403: the caller is not permitted to do this. */
export const forbidden = (detail: string, refusal: string) => new ScimError(403, undefined, detail, { refusal });
/** 404: no such resource, or none that this endpoint may show. */
export const notFound = (detail: string) => new ScimError(404, undefined, detail);
/** 409: repeated concurrent changes, or conflicting operations of a bulk request. */
export const inConflict = (detail: string) => new ScimError(409, undefined, detail);
/** 500: an unexpected error, without details. */
export const unforeseen = (detail: string) => new ScimError(500, undefined, detail);
/** 429: too many requests. */
export const tooMany = (detail: string) => new ScimError(429, undefined, detail);
/** 503: not now. */
export const notNow = (detail: string, refusal?: string) => new ScimError(503, undefined, detail, { refusal });
/** 412: `If-Match` names an outdated version. */
export const preconditionFailed = (detail: string) => new ScimError(412, undefined, detail);

/**
 * The SCIM error for each backend failure. A backend that is unavailable or refuses the gateway's account is 503, never 401, 403 or 404:
 * provisioning clients would blame themselves and stop.
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

/** The body of an error, RFC 7644 §3.12, in which the status is a string. */
export function errorBody(error: { status: number; scimType?: ScimType | undefined; message: string }) {
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
    status: String(error.status),
    ...(error.scimType && { scimType: error.scimType }),
    detail: error.message,
  };
}
