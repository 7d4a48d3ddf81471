import type { Bounds, Streamed } from "../connector/http.ts";

/** A call of the API. */
export interface Call {
  readonly method: string;
  /** Below the base address, encoded; or an address that the API gave, which must be of the same host. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A header by which the API knows a call that comes again, so that it may be sent again. */
  readonly idempotencyKey?: string | undefined;
  /** What that header holds; chance where nothing is said, so that only repeats of this very call are known. */
  readonly repeatKey?: string | undefined;
  /** A long list in the answer whose items are taken as they arrive. */
  readonly items?: Streamed | undefined;
  /** What the call may take in place of what others may. */
  readonly bounds?: Bounds | undefined;
}
