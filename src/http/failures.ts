import { ConnectorError, type ConnectorErrorKind } from "../connector/error.ts";
import type { Answer } from "../connector/http.ts";
import type { Call } from "./call.ts";

const MAX_DETAIL = 300;

/** What a failure means, where an API says more than its status does. */
export interface Meaning {
  readonly kind?: ConnectorErrorKind | undefined;
  readonly attr?: string | undefined;
  readonly detail?: string | undefined;
}

/** What a status means by itself, RFC 9110 §15. */
function meaningOf({ status, notJson }: Answer): ConnectorErrorKind {
  // What answers in HTML or text is a server before the API, or a router in it: it knows nothing of an entry.
  if (status === 404 || status === 410) return notJson === undefined ? "notFound" : "unavailable";
  if (status === 409) return "conflict";
  if (status === 412) return "versionMismatch";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unavailable";
  return "invalid";
}

/** The failure that an answer is: by what it means, else by its status; in the API's own words, where it has any, without our secrets. */
export function failureOf(
  answer: Answer,
  { method, path }: Call,
  clean: (text: string) => string,
  { kind, attr, detail }: Meaning = {},
): ConnectorError {
  const { status, body, notJson } = answer;
  const meant = kind ?? meaningOf(answer);
  const words = detail ?? (notJson === undefined ? wordsIn(body) : undefined);
  const said = words === undefined ? "" : `: ${clean(words).slice(0, MAX_DETAIL).replace(/\.$/, "")}`;
  const then =
    status >= 500
      ? " A write may or may not have happened: read before repeating it."
      : status === 401
        ? " It is the gateway's own account that is not taken: look at the connector's auth."
        : "";
  return new ConnectorError(meant, `The API refused ${method} ${withoutQuery(path)}, status ${status}${said}.${then}`, {
    attr,
    retryAfter: meant === "throttled" ? retryAfter(answer) : undefined,
    ...(answer.isRepeat && { mayHaveHappened: true }),
  });
}

/** Seconds after which one may ask again, RFC 9110 §10.2.3. */
export function retryAfter({ headers }: Answer): number {
  const given = headers["retry-after"];
  if (given === undefined) return 1;
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 1;
}

/** What APIs commonly call their own words for a failure. */
function wordsIn(body: unknown, depth = 0): string | undefined {
  if (typeof body === "string") return body;
  if (typeof body !== "object" || body === null || depth > 3) return undefined;
  for (const name of [
    "detail",
    "message",
    "description",
    "error_description",
    "reason",
    "title",
    "error",
    "errors",
    "Errors",
  ]) {
    const found = (body as Record<string, unknown>)[name];
    const words = wordsIn(Array.isArray(found) ? found[0] : found, depth + 1);
    if (words !== undefined && words !== "") return words;
  }
  return undefined;
}

/** A path without its query, for messages: that may hold what people are called. */
const withoutQuery = (path: string): string => path.replace(/^https?:\/\/[^/]+/, "").split("?")[0]!;
