import type { ObjectType } from "./directory.ts";
import type { Answer, Exchange, Purpose } from "./report-data.ts";

/** A request to send. */
export interface Request {
  readonly method: Exchange["method"];
  /** Relative to the endpoint, including the query. */
  readonly path: string;
  readonly body?: unknown;
}

/** Sends a request and returns the response, or says why there is none. Follows no redirects, and never rejects. */
export type Send = (request: Request) => Promise<Answer | { readonly failure: string }>;

/** Why a request failed, with Microsoft's code. */
export class ProvisioningError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What conversations share. */
export interface Line {
  readonly send: Send;
  /** The job's clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Waits some milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  /** Maximum requests per second over all conversations; undefined for no limit. */
  readonly rate?: number | undefined;
  /** Masks secrets for display; the caller still gets the original response. */
  readonly redacted: (exchange: Exchange) => Exchange;
  /** Called for each exchange, redacted. */
  readonly onExchange: (exchange: Exchange) => void;
}

/** Maximum attempts per request, and maximum wait between them. */
const MAX_ATTEMPTS = 4;
const MAX_WAIT_MS = 60_000;

/** The exchanges for one object. */
export interface Conversation {
  readonly exchanges: readonly Exchange[];
  /** Sends a request and returns the response, whatever its status. Throws a `ProvisioningError` if there is none. */
  readonly ask: (purpose: Purpose, request: Request) => Promise<Answer>;
}

/** Creates conversations. 429, and 503 with `Retry-After`, are retried after a wait. */
export function conversationsOver({
  send,
  now,
  wait,
  rate,
  redacted,
  onExchange,
}: Line): (type: ObjectType) => Conversation {
  let free = 0;
  /** Spaces requests evenly. */
  const turn = async () => {
    if (rate === undefined) return;
    const at = performance.now();
    free = Math.max(free, at);
    const delay = free - at;
    free += 1000 / rate;
    if (delay > 1) await wait(delay);
  };
  return (type) => {
    const exchanges: Exchange[] = [];
    const once = async (purpose: Purpose, request: Request): Promise<Pick<Exchange, "answer" | "failure">> => {
      await turn();
      const began = performance.now();
      const at = now();
      const result = await send(request);
      const common = { purpose, type, at, tookMs: performance.now() - began, ...request };
      const exchange: Exchange =
        "failure" in result ? { ...common, failure: result.failure } : { ...common, answer: result };
      const shown = redacted(exchange);
      onExchange(shown);
      // Of a long conversation, such as a group's with a request per member, the first and last exchanges are kept.
      if (exchanges.length === MAX_KEPT) exchanges.splice(MAX_KEPT / 2, 1);
      exchanges.push(shown.answer ? { ...shown, answer: { ...shown.answer, json: undefined } } : shown);
      // The caller needs the original values, but messages about the response must not show them.
      return answerOf(exchange, shown);
    };
    const ask = async (purpose: Purpose, request: Request): Promise<Answer> => {
      for (let attempt = 1; ; attempt++) {
        const { answer, failure } = await once(purpose, request);
        if (!answer) throw new ProvisioningError(codeOfFailure(failure ?? ""), failure ?? "no answer");
        const delay = delayAsked(answer);
        if (delay === undefined || attempt === MAX_ATTEMPTS) return answer;
        await wait(Math.min(delay, MAX_WAIT_MS));
      }
    };
    return { exchanges, ask };
  };
}

/** Maximum exchanges kept per conversation. */
const MAX_KEPT = 20;

const answerOf = ({ answer, failure }: Exchange, shown: Exchange): Pick<Exchange, "answer" | "failure"> =>
  answer ? { answer: { ...answer, text: shown.answer?.text ?? answer.text } } : { failure: failure ?? "no answer" };

const codeOfFailure = (failure: string): string =>
  /within|time|cancelled/i.test(failure) ? "Timeout" : "WebExceptionProtocolError";

/** The requested delay in milliseconds; undefined if there is none. */
function delayAsked({ status, headers }: Answer): number | undefined {
  const after = headers["retry-after"];
  if (status !== 429 && !(status === 503 && after !== undefined)) return undefined;
  if (after === undefined) return 1000;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const until = /^[A-Za-z]/.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(until) ? 1000 : Math.max(0, until - Date.now());
}

/** Microsoft's codes for unsuccessful responses. */
const CODES: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "InsufficientRights",
  404: "InvalidAnchor",
  405: "MethodNotAllowed",
  409: "EntryConflict",
  422: "UnprocessableEntity",
  429: "TooManyRequests",
  501: "NotImplemented",
};
const INCOMPATIBLE = "SystemForCrossDomainIdentityManagementServiceIncompatible";

/** The error for an unsuccessful response, with Microsoft's code and the endpoint's own message. */
export function refusal(what: string, { status, text }: Answer): ProvisioningError {
  const code = CODES[status] ?? (status >= 500 ? "InternalServerError" : INCOMPATIBLE);
  return new ProvisioningError(code, `${what} was answered with ${status}: ${reasonIn(text)}`);
}

/** An endpoint's error message: the detail of RFC 7644 §3.12, or the start of the body. */
function reasonIn(text: string): string {
  try {
    const { scimType, detail } = JSON.parse(text) as { readonly scimType?: unknown; readonly detail?: unknown };
    if (typeof detail === "string")
      return `${typeof scimType === "string" ? `${scimType}: ` : ""}${detail.slice(0, 500)}`;
  } catch {
    // Anything but JSON is shown as received.
  }
  return text.slice(0, 500) || "(no body)";
}

/** The error for a malformed response. */
export const incompatible = (message: string): ProvisioningError => new ProvisioningError(INCOMPATIBLE, message);
