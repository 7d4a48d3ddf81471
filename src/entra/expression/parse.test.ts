import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { functions } from "./functions/index.ts";
import {
  attributesOf,
  type Expression,
  ExpressionError,
  expressionText,
  isRedacted,
  omitsWhenEmpty,
  parseExpression,
} from "./index.ts";

/** An expression without positions, to compare. */
function bare(expression: Expression): unknown {
  switch (expression.kind) {
    case "call":
      return [expression.name, ...expression.arguments.map(bare)];
    case "comparison":
      return [expression.operator, bare(expression.left), bare(expression.right)];
    default: {
      const { position, ...rest } = expression;
      return rest;
    }
  }
}

function errorOf(text: string): ExpressionError {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`parsed: ${text}`);
}

/** Expressions of any shape that the parser takes. */
const expressions = fc.letrec<{ operand: string; argument: string; call: string }>((tie) => ({
  operand: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("[mail]", "[ a b ]", '[emails[type eq "work"].value]', "7", "-2.5", "&HF7", "vbTextCompare"),
    fc.string({ unit: "binary", maxLength: 8 }).map((text) => JSON.stringify(text.replace(/[\x00-\x1f\x7f]/g, ""))),
    tie("call"),
  ),
  argument: fc.oneof(
    tie("operand"),
    fc
      .tuple(tie("operand"), fc.constantFrom("=", "<>", ">", ">=", "<", "<="), tie("operand"))
      .map(([left, operator, right]) => `${left}${operator} ${right}`),
  ),
  call: fc.oneof(
    fc.array(tie("argument"), { minLength: 1, maxLength: 4 }).map((args) => `Coalesce(${args.join(" ,")})`),
    fc
      .tuple(tie("argument"), tie("operand"), tie("operand"))
      .map((args) => `Switch(${args[0]}, , ${args[1]},${args[2]})`),
    fc.tuple(tie("argument"), tie("argument"), tie("argument")).map((args) => `IIF( ${args.join(",\n")} )`),
    fc.tuple(tie("operand"), tie("operand")).map((args) => `Replace(${args[0]}, ${args[1]}, , , "x")`),
    fc.constantFrom("Now()", "Guid( )"),
  ),
}));

describe("parsing", () => {
  test("an expression written out and parsed again is the same, and written out the same", () => {
    fc.assert(
      fc.property(expressions.operand, (text) => {
        const expression = parseExpression(text);
        const canonical = expressionText(expression);
        expect(bare(parseExpression(canonical))).toEqual(bare(expression));
        expect(expressionText(parseExpression(canonical))).toBe(canonical);
      }),
    );
  });

  test("whatever the text, there is an expression or an ExpressionError with a place in the text", () => {
    const pieces = fc.constantFrom(
      ...functions.map(({ name }) => `${name}(`),
      ..."()[],\"\\ =<>'&".split(""),
      "[mail]",
      '"a"',
      '"(?<a>"',
      "7",
      "&HF",
      "vbTextCompare",
      "é",
      "\n",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
          expect((error as ExpressionError).position).toBeGreaterThanOrEqual(0);
          expect((error as ExpressionError).position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["", 0, "the expression ends here, but a value is expected"],
    ["mail", 0, '"mail" is not a value: texts need double quotes'],
    ["[mail", 0, "this bracket is not closed"],
    ["[]", 0, "the brackets contain no attribute name"],
    ['Append([mail], "x', 15, "this quote is not closed"],
    ['Append([mail], "x"', 6, "this parenthesis is not closed"],
    ['Append([mail], "x") x', 20, '"x" is unexpected here'],
    ['append([mail], "x")', 0, 'there is no function "append", did you mean "Append"?'],
    ["Joim([a])", 0, 'there is no function "Joim", did you mean "Join"?'],
    ["Len([a])", 0, "Len is a function of Microsoft Entra Connect, not of attribute mappings"],
    ["LCase([a])", 0, "LCase is a function of Microsoft Entra Connect, not of attribute mappings: use ToLower"],
    ["Left([a])", 0, "Left(String, NumChars) takes 2 arguments, not 1"],
    ['Append(, "x")', 7, "Append(source, suffix) needs its argument 1"],
    ["Now(1)", 0, "Now() takes 0 arguments, not 1"],
    ["IIF([a] == [b], [a], [b])", 8, "comparisons are =, <>, >, >=, < and <="],
    ['IIF([a]="1" AND [b]="2", "x", "y")', 12, "there is no AND, OR or NOT"],
    ["Append([a], 'x')", 12, 'texts need straight double quotes (")'],
    ["Append([a], “x”)", 12, 'texts need straight double quotes (")'],
    ['Append([a] & [b], "x")', 11, "use Append or Join to put texts together"],
    ['[a] = "x"', 4, "a comparison needs to be an argument of a function"],
    ['Switch([a], "b", "c")', 0, "Switch needs a value for each key"],
    ['Switch([a], "b")', 0, "takes at least 3 arguments, not 2"],
    ['Switch([a], "b", , "c")', 17, "needs its argument 3"],
    ['Replace([a], , "(?=b)", , "c", , )', 0, "has no look-ahead"],
    ['Replace([a], , "(b", , "c", , )', 0, "the regular expression cannot be compiled: missing closing )"],
    ['Replace([a], , "(?<b>b)", "c", "d", , )', 0, 'the regular expression has no group "c"'],
  ])("%s: the error is at %i: %s", (text, position, message) => {
    const error = errorOf(text);
    expect(error.message).toContain(message);
    expect(error.position).toBe(position);
  });

  test("length and nesting are bounded", () => {
    const nested = (depth: number) => `${"Not(".repeat(depth)}"True"${")".repeat(depth)}`;
    expect(parseExpression(nested(100)).kind).toBe("call");
    expect(errorOf(nested(101)).message).toBe("functions can nest at most 100 levels deep");
    expect(errorOf("Not(".repeat(2000)).message).toBe("functions can nest at most 100 levels deep");
    expect(errorOf(`"${"x".repeat(9999)}"`).message).toBe("an expression can have at most 10000 characters");
  });

  test("a backslash escapes quotes and backslashes, and stands for itself before others", () => {
    expect(bare(parseExpression(String.raw`"\\d \d \"x\""`))).toEqual({ kind: "text", text: String.raw`\d \d "x"` });
  });

  test("blanks and lines between parts do not count", () => {
    const text = ' Join( " " ,\n\t[givenName] , Left( [surname] , 1 ) ) ';
    expect(expressionText(parseExpression(text))).toBe('Join(" ", [givenName], Left([surname], 1))');
  });

  test("attributes are those of all branches, each once", () => {
    const text = 'IIF([a] = [b], Join(" ", [c], [a]), Switch([emails[type eq "work"].value], , "x", "[d]"))';
    expect([...attributesOf(parseExpression(text))]).toEqual(["a", "b", "c", 'emails[type eq "work"].value']);
  });

  test("IgnoreFlowIfNullOrEmpty and Redact count at the top, also within each other, and nowhere else", () => {
    const read = (text: string) => [omitsWhenEmpty(parseExpression(text)), isRedacted(parseExpression(text))];
    expect(read("IgnoreFlowIfNullOrEmpty([a])")).toEqual([true, false]);
    expect(read("Redact([a])")).toEqual([false, true]);
    expect(read("Redact(IgnoreFlowIfNullOrEmpty([a]))")).toEqual([true, true]);
    expect(read("IgnoreFlowIfNullOrEmpty(Redact([a]))")).toEqual([true, true]);
    expect(read('Append(Redact([a]), "x")')).toEqual([false, false]);
    expect(read("[a]")).toEqual([false, false]);
  });
});
