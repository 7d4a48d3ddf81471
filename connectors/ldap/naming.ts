import { type Entry, type Mapped, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError, SettingError } from "../../src/connector/error.ts";

/** A kind whose entries are named by an attribute. */
interface Named {
  readonly rdn: string;
}

/** The value that names a new entry in its container. Throws `invalid` if there is none: a DN cannot be `uid=`. */
export function nameOf({ rdn }: Named, entry: Entry): Value {
  const attr = Object.keys(entry).find((each) => each.toLowerCase() === rdn.toLowerCase()) ?? rdn;
  const [name] = valuesOf(entry, attr);
  if (name === undefined || name === "")
    throw new ConnectorError("invalid", `"${rdn}" names the entry and needs a value.`, { attr: rdn });
  return name;
}

/**
 * Refuses a mapping that creates entries, because it sets objectClass, but never sets the naming attribute. `others` are further attributes
 * that may name entries. Throws a `SettingError`.
 */
export function checkNames(
  kinds: ReadonlyMap<string, Named>,
  mapped: ReadonlyMap<string, Mapped> | undefined,
  others: readonly string[] = [],
): void {
  for (const [kind, { rdn }] of kinds)
    for (const { mapping, attrs } of mapped?.get(kind)?.creates ?? []) {
      const given = new Set(attrs.map((attr) => attr.toLowerCase()));
      if (!given.has("objectclass") || given.has(rdn.toLowerCase())) continue;
      const other = others.find((attr) => given.has(attr));
      const hint = other === undefined ? "" : `, or choose another rdn, such as ${other}`;
      throw new SettingError(
        `kinds.${kind}.rdn: "${rdn}" names the entries of ${kind}, but ${mapping} does not set it for new ones: map it in a row or in \`create\`${hint}`,
        `kinds.${kind}.rdn`,
      );
    }
}
