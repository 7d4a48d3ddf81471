import type { Change, Value } from "../connector.ts";
import { keyOfValue } from "./values.ts";

/**
 * Combines changes so that no two changes of an attribute undo each other: at most one replacement, or values to remove and others to add.
 * The result is the same in any order of execution. Swaps, and changes of the same attributes, stay as they are. `formOf` returns the text
 * by which values of an attribute are equal.
 */
export function combined(
  changes: readonly Change[],
  formOf: (attr: string) => (value: Value) => string = () => keyOfValue,
): Change[] {
  return [...Map.groupBy(changes, ({ attr }) => attr.toLowerCase()).values()].flatMap((group) => {
    const plain = group.filter((change) => change.op !== "swap");
    return group.length === 1 || plain.length < group.length ? group : ofOneAttribute(plain, formOf(group[0]!.attr));
  });
}

type Plain = Exclude<Change, { readonly op: "swap" }>;

function ofOneAttribute(changes: readonly Plain[], form: (value: Value) => string): Change[] {
  const { attr } = changes[0]!;
  const replaced = changes.findLastIndex(({ op }) => op === "replace");
  // Additions to a replaced attribute become part of the replacement.
  const last = new Map<string, { readonly op: "add" | "delete"; readonly value: Value }>();
  for (const { op, values } of changes.slice(Math.max(0, replaced)))
    for (const value of values) last.set(form(value), { op: op === "delete" ? "delete" : "add", value });
  const those = (wanted: "add" | "delete") =>
    [...last.values()].filter(({ op }) => op === wanted).map(({ value }) => value);
  if (replaced >= 0) return [{ op: "replace", attr, values: those("add") }];
  return (["delete", "add"] as const)
    .map((op) => ({ op, attr, values: those(op) }))
    .filter(({ values }) => values.length > 0);
}
