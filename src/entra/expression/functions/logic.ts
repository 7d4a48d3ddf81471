import type { Call, FunctionDefinition } from "../definition.ts";
import { attributesOf, type Expression } from "../syntax.ts";
import { fromSource, isEmpty, isTrue, textOfBoolean, type Value } from "../value.ts";

/** Conditions, conversions, and the functions that affect how a value flows. */
export const logicFunctions: readonly FunctionDefinition[] = [
  {
    name: "BitAnd",
    parameters: ["value1", "value2"],
    summary: "Bitwise AND of two integers.",
    evaluate: (call) => {
      const [left, right] = [bits(call, 0), bits(call, 1)];
      return left === undefined || right === undefined ? undefined : String(left & right);
    },
  },
  {
    name: "CBool",
    parameters: ["Expression"],
    summary: "`True` for true and for numbers other than zero, otherwise `False`.",
    evaluate: (call) => textOfBoolean(isTrue(call.text(0))),
  },
  {
    name: "Coalesce",
    parameters: ["source..."],
    summary: "The first value that isn't null.",
    evaluate: (call) => {
      for (let index = 0; index < call.count; index++) {
        const value = call.value(index);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  },
  {
    name: "CStr",
    parameters: ["value"],
    summary: "Converts the value to text.",
    evaluate: (call) => call.text(0),
  },
  {
    name: "IgnoreFlowIfNullOrEmpty",
    parameters: ["expression"],
    summary: "The value itself. If it is null or empty, the attribute is left out of the request.",
    evaluate: (call) => call.value(0),
  },
  {
    name: "IIF",
    parameters: ["condition", "valueIfTrue", "valueIfFalse"],
    summary: "`valueIfTrue` or `valueIfFalse`. A comparison with a null or empty side is false.",
    evaluate: (call) => call.value(holds(call) ? 1 : 2),
  },
  {
    name: "IsNull",
    parameters: ["Expression"],
    summary: "`True` if the value is null, otherwise `False`.",
    evaluate: (call) => textOfBoolean(call.value(0) === undefined),
  },
  {
    name: "IsNullOrEmpty",
    parameters: ["Expression"],
    summary: "`True` if the value is null or an empty text, otherwise `False`.",
    evaluate: (call) => textOfBoolean(isEmpty(call.value(0))),
  },
  {
    name: "IsPresent",
    parameters: ["Expression"],
    summary: "`True` if the value is neither null nor an empty text, otherwise `False`.",
    evaluate: (call) => textOfBoolean(!isEmpty(call.value(0))),
  },
  {
    name: "IsString",
    parameters: ["Expression"],
    summary: "`True` if the value is a single text, otherwise `False`.",
    evaluate: (call) => textOfBoolean(typeof call.value(0) === "string"),
  },
  {
    name: "Not",
    parameters: ["source"],
    summary: "`False` for true, otherwise `True`.",
    evaluate: (call) => textOfBoolean(!isTrue(call.text(0))),
  },
  {
    name: "Redact",
    parameters: ["value"],
    summary: "The value itself. Logs show `[Redact]` in its place.",
    evaluate: (call) => call.value(0),
  },
  {
    name: "Switch",
    parameters: ["source", "defaultValue?", "key...", "value?..."],
    summary: "The value whose key equals the source (case-sensitive), otherwise the default. Null equals an empty key.",
    mistake: (args) => (args.length % 2 === 0 ? undefined : "Switch needs a value for each key"),
    evaluate: choose,
  },
];

const INTEGER = /^[+-]?\d{1,19}$/;

function bits(call: Call, index: number): bigint | undefined {
  const text = call.text(index);
  if (text === undefined) return undefined;
  if (!INTEGER.test(text)) throw call.error("BitAnd needs integers", index);
  return BigInt(text);
}

/** Evaluates IIF's condition. Unless it is a comparison, it is false if an attribute that it reads is empty. */
function holds(call: Call): boolean {
  const condition = call.argument(0) as Expression;
  const readsEmpty =
    condition.kind !== "comparison" &&
    [...attributesOf(condition)].some((name) => isEmpty(fromSource(call.surroundings.attribute(name))));
  return !readsEmpty && isTrue(call.text(0));
}

function choose(call: Call): Value {
  const source = call.text(0) ?? "";
  for (let index = 2; index + 1 < call.count; index += 2) {
    if ((call.text(index) ?? "") === source) return call.value(index + 1);
  }
  return call.value(1);
}
