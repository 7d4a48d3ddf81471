import type { ObjectType } from "./directory.ts";
import type { Answer, Exchange, Purpose } from "./report-data.ts";

/** A request as it is sent. */
export interface Request {
  readonly method: Exchange["method"];
  /** Relative to the endpoint, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

/** What sends requests: gives the answer, or says why there is none. It follows no redirects, and never rejects. */
export type Send = (request: Request) => Promise<Answer | { readonly failure: string }>;

/** Why a request did not do what it was to do, by Microsoft's code. */
export class ProvisioningError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What conversations have in common. */
export interface Line {
  readonly send: Send;
  /** The job's clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  /** Requests a second, over all conversations; without a limit where it is undefined. */
  readonly rate?: number | undefined;
  /** Masks what must not be shown; what is asked goes on with the answer as it came. */
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
  /** Asks, and gives the answer whatever its status is. Throws a `ProvisioningError` where there is none. */
  readonly ask: (purpose: Purpose, request: Request) => Promise<Answer>;
}

/** Gives what begins conversations over a line. 429, and 503 with a `Retry-After`, are waited for. */
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
      // Of a long conversation, such as a group's with a request for each member, the first and the last exchanges are kept.
      if (exchanges.length === MAX_KEPT) exchanges.splice(MAX_KEPT / 2, 1);
      exchanges.push(shown.answer ? { ...shown, answer: { ...shown.answer, json: undefined } } : shown);
      // Whoever asks needs the values; what it says of the answer must not show them.
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

/** Exchanges kept of one conversation. */
const MAX_KEPT = 20;

const answerOf = ({ answer, failure }: Exchange, shown: Exchange): Pick<Exchange, "answer" | "failure"> =>
  answer ? { answer: { ...answer, text: shown.answer?.text ?? answer.text } } : { failure: failure ?? "no answer" };

const codeOfFailure = (failure: string): string =>
  /within|time|cancelled/i.test(failure) ? "Timeout" : "WebExceptionProtocolError";

/** How long an answer asks to wait, in milliseconds; undefined where it does not. */
function delayAsked({ status, headers }: Answer): number | undefined {
  const after = headers["retry-after"];
  if (status !== 429 && !(status === 503 && after !== undefined)) return undefined;
  if (after === undefined) return 1000;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const until = /^[A-Za-z]/.test(after) ? Date.parse(after) : Number.NaN;
  return Number.isNaN(until) ? 1000 : Math.max(0, until - Date.now());
}

/** Microsoft's codes for answers that are no success. */
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

/** The failure that an answer with a status of no success is, in Microsoft's code and with what the endpoint said. */
export function refusal(what: string, { status, text }: Answer): ProvisioningError {
  const code = CODES[status] ?? (status >= 500 ? "InternalServerError" : INCOMPATIBLE);
  return new ProvisioningError(code, `${what} was answered with ${status}: ${reasonIn(text)}`);
}

/** What an endpoint says of an error: the detail of RFC 7644 §3.12, or the beginning of whatever it sent. */
function reasonIn(text: string): string {
  try {
    const { scimType, detail } = JSON.parse(text) as { readonly scimType?: unknown; readonly detail?: unknown };
    if (typeof detail === "string")
      return `${typeof scimType === "string" ? `${scimType}: ` : ""}${detail.slice(0, 500)}`;
  } catch {
    // What is no JSON is shown as it came.
  }
  return text.slice(0, 500) || "(no body)";
}

/** The failure that an answer in the wrong form is. */
export const incompatible = (message: string): ProvisioningError => new ProvisioningError(INCOMPATIBLE, message);
