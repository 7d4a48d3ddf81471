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

const MAX_SHOWN = 4000;

/** An exchange as reports show it. Resources that the run did not make are reduced to their ids: they are somebody's data. */
export function shown(
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  answer: Omit<Answer, "request"> | { readonly failure: string; readonly tookMs: number },
  isOurs: (id: unknown) => boolean,
): Exchange {
  const { tookMs } = answer;
  if ("failure" in answer) return { ...request, failure: answer.failure, tookMs };
  const type = answer.headers["content-type"];
  const text = textOf(request.path, answer, isOurs);
  return {
    ...request,
    status: answer.status,
    ...(type !== undefined && { contentType: type }),
    ...(text !== "" && { answer: text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ...` : text }),
    tookMs,
  };
}

const DISCOVERY = /^\/(Schemas|ResourceTypes|ServiceProviderConfig)\b/;

function textOf(path: string, { json, text }: Pick<Answer, "json" | "text">, isOurs: (id: unknown) => boolean): string {
  if (!Array.isArray(json?.Resources) || DISCOVERY.test(path)) return text;
  const Resources = json.Resources.map((each: { id?: unknown } | null) => (isOurs(each?.id) ? each : { id: each?.id }));
  return JSON.stringify({ ...json, Resources });
}
