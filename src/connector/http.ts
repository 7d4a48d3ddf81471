/** A request, with its whole address. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form, in place of a body. */
  readonly form?: Readonly<Record<string, string>>;
  /** Whether it is there to prove who asks, and holds secrets. */
  readonly isProof?: boolean;
  /** What is added as it is sent, so that the API knows who asks: no record of the request has it. */
  readonly proof?: Proof;
  /** A long list in the answer whose items are taken as they arrive. */
  readonly items?: Streamed | undefined;
  /** What the request may take in place of what others may. */
  readonly bounds?: Bounds | undefined;
}

/** What one request may take. */
export interface Bounds {
  /** Seconds until the whole answer is there. */
  readonly timeout: number;
  /** The largest answer, in bytes. */
  readonly maxBytes: number;
}

/** A long list within an answer, whose items are taken as they arrive, so that the answer is never held whole. */
export interface Streamed {
  /** The names of the properties that lead to the list; none where the answer is the list. */
  readonly path: readonly string[];
  /** Called before the first item of an answer, and again where the request is repeated: what was taken before is void. */
  readonly begin: () => void;
  /** Takes some items in a row. Reading goes on when they are taken. */
  readonly take: (items: readonly unknown[]) => Promise<void>;
}

/** What is added to a request so that the API knows who asks. */
export interface Proof {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Properties of the body, or of each request of a body that is a list of them. */
  readonly body?: Readonly<Record<string, string>>;
}

/** What an API answered. */
export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  /** What the body holds as JSON; undefined of an empty one. */
  readonly body: unknown;
  /** Whether the items that were asked for were taken: the body then has an empty list in their place. */
  readonly isTaken?: boolean;
  /** Why the body is not JSON, where it is not. */
  readonly notJson?: string | undefined;
  /** Whether the call was sent before, and its answer lost: this one may speak of what the first did. */
  readonly isRepeat?: boolean;
}

/** Sends one request, as it is, and reads the answer whole. */
export interface Transport {
  readonly send: (request: HttpRequest, signal: AbortSignal) => Promise<Answer>;
  readonly close: () => Promise<void>;
}
