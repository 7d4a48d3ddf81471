import type { Change, Value } from "../connector.ts";
import { keyOfValue } from "./values.ts";

/**
 * Changes of which each attribute has no two that undo each other: at most one replacement, or values that go and others that come.
 * The entry comes to the same, in whatever order a backend makes them or looks at what is there. Swaps stay as they are, and the
 * changes of their attributes. `formOf` gives the text by which an attribute's values are the same.
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
  // What a replacement puts there is added to nothing.
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
