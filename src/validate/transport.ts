/** What an endpoint answered. */
export interface Answer {
  /** What was asked, such as `GET /Users/7`: for messages. */
  readonly request: string;
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; undefined where it is empty or isn't JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: foreign endpoints answer in every shape
  readonly json?: any;
  readonly tookMs: number;
}

/** What differs from the usual for one request. */
export interface AskOptions {
  /** Added to the usual headers, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends no credentials. */
  readonly anonymous?: boolean;
  /** Gives a 429 as the answer, instead of waiting and repeating the request. */
  readonly isImpatient?: boolean;
}

/** What carries requests to the endpoint, with the credentials that nothing in this room knows. */
export interface Transport {
  /** The base URL. */
  readonly url: string;
  /** The URL that tokens come from, if they do. */
  readonly tokenUrl?: string | undefined;
  /** The lifetime of the current token in seconds, as the token endpoint said; undefined if it said nothing. */
  readonly tokenSeconds?: () => number | undefined;
  /** Sends one request. A path is appended to the base URL; a whole URL is sent as it is. Never rejects. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    options?: AskOptions,
  ) => Promise<Omit<Answer, "request"> | { readonly failure: string; readonly tookMs: number }>;
}

/** A request and its answer, as reports show them: without headers that hold credentials, and cut to a length. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status?: number;
  readonly contentType?: string;
  readonly answer?: string;
  /** Why there was no answer. */
  readonly failure?: string;
  readonly tookMs: number;
}
