import type { ConnectorError } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { compileExpression, compileOptional } from "../../src/expression/compile.ts";
import { isTrue } from "../../src/expression/truth.ts";
import type { Call } from "../../src/http/call.ts";
import { failureOf } from "../../src/http/failures.ts";
import type { Settings } from "./settings.ts";

/** Says what an answer that is a failure means. Gives undefined for one that is none: by its status, and by what it says. */
export type Judge = (answer: Answer, call: Call) => Promise<ConnectorError | undefined>;

/** What failures mean: by the configuration's rules in turn, else by their status. */
export function judgeBy(failures: Settings["failures"], clean: (text: string) => string): Judge {
  const rules = failures.map(({ when, is, detail, attribute }) => ({
    when: compileExpression(when),
    is,
    attribute,
    detail: compileOptional(detail),
  }));
  return async (answer, call) => {
    const { status, headers, body } = answer;
    const isFailure = status >= 400;
    // A success may say of itself that it is none; a list does not.
    if (!isFailure && (typeof body !== "object" || body === null || Array.isArray(body))) return undefined;
    const variables = { status, headers };
    for (const { when, is, attribute, detail } of rules) {
      // A rule that fails on an answer is not about it.
      if (!isTrue(await when.evaluate(body, variables).catch(() => false))) continue;
      const words = await detail?.evaluate(body, variables).catch(() => undefined);
      return failureOf(answer, call, clean, {
        kind: is,
        attr: attribute,
        detail: typeof words === "string" ? words : undefined,
      });
    }
    return isFailure ? failureOf(answer, call, clean) : undefined;
  };
}
