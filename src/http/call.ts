import type { Bounds, Streamed } from "../connector/http.ts";

/** A call of the API. */
export interface Call {
  readonly method: string;
  /** Relative to the base URL, encoded; or a URL that the API returned, which must have the same host. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The header for an idempotency key. If set, the call may be repeated. */
  readonly idempotencyKey?: string | undefined;
  /** The idempotency key; random by default, so that only repeats of this call share it. */
  readonly repeatKey?: string | undefined;
  /** A long list in the response whose items are processed as they arrive. */
  readonly items?: Streamed | undefined;
  /** Limits that replace the defaults for this call. */
  readonly bounds?: Bounds | undefined;
}
