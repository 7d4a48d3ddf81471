import { type Entry, type Mapped, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { type Directory, filterOf, find } from "./directory.ts";

/**
 * Rejects with `conflict` if another entry of the kind has a value that must be unique: DNs are unique only within their branch. Two
 * simultaneous writes of a value can both pass; an overlay or plug-in for unique attributes prevents that.
 */
export async function checkUnique(
  directory: Directory,
  mapped: Mapped | undefined,
  { kind: name, entry, key }: { readonly kind: string; readonly entry: Entry; readonly key?: string },
  signal: AbortSignal,
): Promise<void> {
  const kind = directory.kinds.get(name)!;
  for (const { attr, caseExact } of mapped?.unique ?? []) {
    const [value] = valuesOf(entry, attr);
    if (value === undefined || typeof value === "object") continue;
    const filter = filterOf(kind, { op: "eq", attr, value, ...(caseExact && { caseExact }) }, directory);
    const search = { base: kind.base, filter, attrs: [kind.key], size: 2 };
    const found = await find(directory, search, signal);
    if (found.some((other) => key === undefined || String(other[kind.key]).toLowerCase() !== key.toLowerCase()))
      throw new ConnectorError("conflict", `An entry with ${attr} ${JSON.stringify(value)} already exists.`, {
        attr,
      });
  }
}
