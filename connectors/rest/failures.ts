import type { ConnectorError } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { compileExpression, compileOptional } from "../../src/expression/compile.ts";
import { isTrue } from "../../src/expression/truth.ts";
import type { Call } from "../../src/http/call.ts";
import { failureOf } from "../../src/http/failures.ts";
import type { Settings } from "./settings.ts";

/** Interprets a response as a failure, by its status and content; undefined if it is a success. */
export type Judge = (answer: Answer, call: Call) => Promise<ConnectorError | undefined>;

/** Interprets failures by the configured rules in order, then by status. */
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
    // A success may contain an error; a list does not.
    if (!isFailure && (typeof body !== "object" || body === null || Array.isArray(body))) return undefined;
    const variables = { status, headers };
    for (const { when, is, attribute, detail } of rules) {
      // A rule whose expression fails does not apply.
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
