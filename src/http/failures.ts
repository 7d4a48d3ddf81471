import { ConnectorError, type ConnectorErrorKind, UNSURE } from "../connector/error.ts";
import type { Answer } from "../connector/http.ts";
import type { Call } from "./call.ts";

const MAX_DETAIL = 300;

/** The meaning of a failure, if the API says more than its status. */
export interface Meaning {
  readonly kind?: ConnectorErrorKind | undefined;
  readonly attr?: string | undefined;
  readonly detail?: string | undefined;
}

/** The meaning of a status by itself, RFC 9110 §15. */
function meaningOf({ status, notJson }: Answer): ConnectorErrorKind {
  // An HTML or text response comes from a proxy or router and says nothing about an entry.
  if (status === 404 || status === 410) return notJson === undefined ? "notFound" : "unavailable";
  if (status === 409) return "conflict";
  if (status === 412) return "versionMismatch";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unavailable";
  return "invalid";
}

/** The error for a failed response: by its meaning, else by status; with the API's own message, without the gateway's secrets. */
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
      ? UNSURE
      : status === 401
        ? " The API does not accept the gateway's credentials: check the connector's auth."
        : "";
  return new ConnectorError(meant, `The API refused ${method} ${withoutQuery(path)}, status ${status}${said}.${then}`, {
    attr,
    retryAfter: meant === "throttled" ? retryAfter(answer) : undefined,
    ...(answer.isRepeat && { mayHaveHappened: true }),
  });
}

/** Seconds until the next attempt, RFC 9110 §10.2.3. */
export function retryAfter({ headers }: Answer): number {
  const given = headers["retry-after"];
  if (given === undefined) return 1;
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 1;
}

/** Common names of error messages in APIs. */
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

/** A path without its query, which may contain names of people. */
const withoutQuery = (path: string): string => path.replace(/^https?:\/\/[^/]+/, "").split("?")[0]!;
