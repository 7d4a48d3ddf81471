import { ConnectorError, type ConnectorErrorKind } from "../../src/connector/error.ts";
import { compileExpression } from "../../src/expression/compile.ts";
import type { Answer } from "../../src/http/transport.ts";
import { isObject } from "./entries.ts";
import type { Settings } from "./settings.ts";

/** Says what an answer that is a failure means. */
export type Judge = (answer: Answer, what: string) => Promise<ConnectorError>;

const MAX_DETAIL = 300;

/** What a status means by itself, RFC 9110 §15. */
function meaningOf(status: number): ConnectorErrorKind {
  if (status === 404 || status === 410) return "notFound";
  if (status === 409) return "conflict";
  if (status === 412) return "versionMismatch";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unavailable";
  return "invalid";
}

/** What failures mean: by the configuration's rules in turn, else by their status; in the API's own words where it has any. */
export function judgeBy(failures: Settings["failures"], clean: (text: string) => string): Judge {
  const rules = failures.map(({ when, is, detail, attribute }) => ({
    when: compileExpression(when),
    is,
    attribute,
    detail: detail === undefined ? undefined : compileExpression(detail),
  }));
  return async ({ status, headers, body, notJson }, what) => {
    const variables = { status, headers };
    let kind = meaningOf(status);
    let words = notJson === undefined ? wordsIn(body) : undefined;
    let attr: string | undefined;
    for (const rule of rules) {
      // A rule that fails on an answer is not about it.
      if ((await rule.when.evaluate(body, variables).catch(() => false)) !== true) continue;
      kind = rule.is;
      attr = rule.attribute;
      const own = await rule.detail?.evaluate(body, variables).catch(() => undefined);
      if (typeof own === "string") words = own;
      break;
    }
    const said = words === undefined ? "" : `: ${clean(words).slice(0, MAX_DETAIL).replace(/\.$/, "")}`;
    const then = status >= 500 ? " A write may or may not have happened: read before repeating it." : "";
    return new ConnectorError(kind, `The API refused ${what}, status ${status}${said}.${then}`, { attr });
  };
}

/** What APIs commonly call their own words for a failure. */
function wordsIn(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (!isObject(body)) return undefined;
  for (const name of ["detail", "message", "error_description", "reason", "title", "error", "errors"]) {
    const found = body[name];
    if (typeof found === "string" && found !== "") return found;
    const inner = Array.isArray(found) ? found[0] : found;
    const words = typeof inner === "string" ? inner : isObject(inner) ? wordsIn(inner) : undefined;
    if (words !== undefined) return words;
  }
  return undefined;
}
