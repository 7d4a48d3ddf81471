import type { Call, FunctionDefinition } from "../definition.ts";
import { groupOf, indexOf, type Pattern, patternOf, replaceGroup, replaceMatches } from "../dotnet/regex.ts";
import type { Expression } from "../syntax.ts";
import { limits, type Value } from "../value.ts";

/** Indexes of Replace's parameters. */
const AT = { source: 0, oldValue: 1, pattern: 2, group: 3, replacement: 4, attribute: 5, template: 6 } as const;

/** Replace. Which of its five modes applies depends on the parameters given. */
export const replaceFunction: FunctionDefinition = {
  name: "Replace",
  parameters: [
    "source",
    "oldValue?",
    "regexPattern?",
    "regexGroupName?",
    "replacementValue?",
    "replacementAttributeName?",
    "template?",
  ],
  summary:
    "Replaces a text, a match of a regular expression, or one of its groups. With `template`, replaces `oldValue` in the template by the source. With `replacementAttributeName`, takes a group from that attribute if the source is empty.",
  mistake,
  evaluate: replace,
};

const isGiven = (args: readonly Expression[], index: number): boolean =>
  args[index] !== undefined && args[index].kind !== "omitted";

/** Rejects parameters that match none of the five modes, and constant patterns that don't compile. */
function mistake(args: readonly Expression[]): string | undefined {
  const has = (name: keyof typeof AT) => isGiven(args, AT[name]);
  const isMode =
    (has("oldValue") && (has("replacement") || has("template"))) ||
    (has("pattern") && (has("replacement") || (has("group") && has("attribute"))));
  if (!isMode)
    return "Replace needs oldValue with replacementValue or template, or regexPattern with replacementValue, or regexPattern with regexGroupName and replacementAttributeName";
  const [pattern, group] = [args[AT.pattern], args[AT.group]];
  if (pattern?.kind !== "text") return undefined;
  try {
    const compiled = patternOf(pattern.text);
    if (group?.kind === "text") indexOf(compiled, group.text);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function replace(call: Call): Value {
  const has = (name: keyof typeof AT) => {
    const argument = call.argument(AT[name]);
    return argument !== undefined && argument.kind !== "omitted";
  };
  if (has("pattern")) return has("attribute") && has("group") ? otherwise(call) : byPattern(call, has("group"));
  const source = call.text(AT.source);
  const oldValue = call.text(AT.oldValue) ?? "";
  if (has("template")) return fill(call, oldValue, source);
  return source === undefined ? undefined : literally(call, source, oldValue, call.text(AT.replacement) ?? "");
}

/** The template with oldValue replaced by the source; unchanged if the source is null. */
function fill(call: Call, oldValue: string, source: string | undefined): Value {
  const template = call.text(AT.template);
  return template === undefined || source === undefined ? template : literally(call, template, oldValue, source);
}

function literally(call: Call, text: string, oldValue: string, replacement: string): string {
  if (oldValue === "") return text;
  const pieces = text.split(oldValue);
  if (text.length + (pieces.length - 1) * (replacement.length - oldValue.length) > limits.characters)
    throw call.error(`a value can have at most ${limits.characters} characters`);
  return pieces.join(replacement);
}

/** Steps counted for compiling an instruction. Cached patterns count the same, so that evaluation is deterministic. */
const STEPS_TO_COMPILE = 500;

function patternAt(call: Call): Pattern {
  const pattern = patternOf(call.text(AT.pattern) ?? "");
  call.spend(pattern.size * STEPS_TO_COMPILE);
  return pattern;
}

function byPattern(call: Call, hasGroup: boolean): Value {
  const source = call.text(AT.source);
  if (source === undefined) return undefined;
  const pattern = patternAt(call);
  const replacement = call.text(AT.replacement) ?? "";
  const spend = (steps: number) => call.spend(steps);
  if (!hasGroup) return replaceMatches(pattern, source, replacement, limits.characters, spend);
  return replaceGroup(pattern, source, call.text(AT.group) ?? "", replacement, limits.characters, spend);
}

/** The source or, if it is empty, the group's text in the other attribute; null without a match. */
function otherwise(call: Call): Value {
  const source = call.text(AT.source);
  if (source !== undefined && source !== "") return source;
  const other = call.text(AT.attribute);
  if (other === undefined) return undefined;
  const pattern = patternAt(call);
  return groupOf(pattern, other, call.text(AT.group) ?? "", (steps) => call.spend(steps));
}
