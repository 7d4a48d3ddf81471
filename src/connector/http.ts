import type { Observation } from "./observation.ts";

/** An HTTP request with its absolute URL. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form, instead of a body. */
  readonly form?: Readonly<Record<string, string>>;
  /** Whether the request authenticates and therefore contains secrets. */
  readonly isProof?: boolean;
  /** Credentials that are added on sending and never recorded. */
  readonly proof?: Proof;
  /** A long list in the response whose items are processed as they arrive. */
  readonly items?: Streamed | undefined;
  /** Limits that replace the defaults for this request. */
  readonly bounds?: Bounds | undefined;
}

/** Limits of one request. */
export interface Bounds {
  /** Seconds until the response must be complete. */
  readonly timeout: number;
  /** Maximum response size, in bytes. */
  readonly maxBytes: number;
}

/** A long list within a response, whose items are processed as they arrive, so that the response is never held in memory. */
export interface Streamed {
  /** Property names that lead to the list; empty if the response is the list. */
  readonly path: readonly string[];
  /** Called before the first item, and again if the request is repeated: discard the items taken so far. */
  readonly begin: () => void;
  /** Processes a batch of items. Reading continues when it resolves. */
  readonly take: (items: readonly unknown[]) => Promise<void>;
}

/** Credentials that are added to a request. */
export interface Proof {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Properties of the body, or of each request in a body that is a list of them. */
  readonly body?: Readonly<Record<string, string>>;
}

/** The response of an API. */
export interface Answer {
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  /** The body as JSON; undefined if empty. */
  readonly body: unknown;
  /** Whether the streamed items were taken. The body then has an empty list in their place. */
  readonly isTaken?: boolean;
  /** Why the body is not JSON, if it is not. */
  readonly notJson?: string | undefined;
  /** Whether the request was sent before and its response lost: this response may reflect the first attempt. */
  readonly isRepeat?: boolean;
}

/** Sends one request and reads the whole response. */
export interface Transport {
  readonly send: (request: HttpRequest, signal: AbortSignal) => Promise<Answer>;
  /** Tells what is known of the connections, without making any. */
  readonly observe?: () => Observation;
  readonly close: () => Promise<void>;
}
