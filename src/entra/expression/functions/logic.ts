import type { Call, FunctionDefinition } from "../definition.ts";
import { attributesOf, type Expression } from "../syntax.ts";
import { fromSource, isEmpty, isTrue, textOfBoolean, type Value } from "../value.ts";

/** Functions that choose, compare and convert, and those that say how a value flows. */
export const logicFunctions: readonly FunctionDefinition[] = [
  {
    name: "BitAnd",
    parameters: ["value1", "value2"],
    summary: "The bits that both integers have.",
    evaluate: (call) => {
      const [left, right] = [bits(call, 0), bits(call, 1)];
      return left === undefined || right === undefined ? undefined : String(left & right);
    },
  },
  {
    name: "CBool",
    parameters: ["Expression"],
    summary: '"True" for true and for numbers other than zero, else "False".',
    evaluate: (call) => textOfBoolean(isTrue(call.text(0))),
  },
  {
    name: "Coalesce",
    parameters: ["source..."],
    summary: "The first value that is not null.",
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
    summary: "The value as text.",
    evaluate: (call) => call.text(0),
  },
  {
    name: "IgnoreFlowIfNullOrEmpty",
    parameters: ["expression"],
    summary: "The value; the attribute is left out of the request when it is null or empty.",
    evaluate: (call) => call.value(0),
  },
  {
    name: "IIF",
    parameters: ["condition", "valueIfTrue", "valueIfFalse"],
    summary: "One of two values. A comparison with a null or empty side is false.",
    evaluate: (call) => call.value(holds(call) ? 1 : 2),
  },
  {
    name: "IsNull",
    parameters: ["Expression"],
    summary: 'Whether the value is null: "True" or "False".',
    evaluate: (call) => textOfBoolean(call.value(0) === undefined),
  },
  {
    name: "IsNullOrEmpty",
    parameters: ["Expression"],
    summary: 'Whether the value is null or an empty text: "True" or "False".',
    evaluate: (call) => textOfBoolean(isEmpty(call.value(0))),
  },
  {
    name: "IsPresent",
    parameters: ["Expression"],
    summary: 'Whether the value is neither null nor an empty text: "True" or "False".',
    evaluate: (call) => textOfBoolean(!isEmpty(call.value(0))),
  },
  {
    name: "IsString",
    parameters: ["Expression"],
    summary: 'Whether the value is one text: "True" or "False".',
    evaluate: (call) => textOfBoolean(typeof call.value(0) === "string"),
  },
  {
    name: "Not",
    parameters: ["source"],
    summary: '"False" for true, "True" for all else.',
    evaluate: (call) => textOfBoolean(!isTrue(call.text(0))),
  },
  {
    name: "Redact",
    parameters: ["value"],
    summary: 'The value, which logs show as "[Redact]".',
    evaluate: (call) => call.value(0),
  },
  {
    name: "Switch",
    parameters: ["source", "defaultValue?", "key...", "value?..."],
    summary:
      "The value of the key that equals the source, in the same case; the default where none does. Null equals an empty key.",
    mistake: (args) => (args.length % 2 === 0 ? undefined : "Switch has a key without its value"),
    evaluate: choose,
  },
];

const INTEGER = /^[+-]?\d{1,19}$/;

function bits(call: Call, index: number): bigint | undefined {
  const text = call.text(index);
  if (text === undefined) return undefined;
  if (!INTEGER.test(text)) throw call.error("BitAnd takes integers", index);
  return BigInt(text);
}

/** Whether the condition of IIF holds. Other than a comparison, it never does when an attribute that it reads is empty. */
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
