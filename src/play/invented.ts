import type { Condition, Entry } from "../connector/connector.ts";

/** Answers a look-up of references by an attribute without asking anybody. */
export type Invent = (kind: string, key: string, where: Condition, attrs: readonly string[]) => Entry[];

/** Makes up the entries that look-ups ask for: each has the value that it is looked for by, and keeps its name within a trial. */
export function inventor(): Invent {
  const keys = new Map<string, string>();
  return (kind, key, where, attrs) =>
    equalities(where).map(({ attr, value }): Entry => {
      if (attr !== key)
        return { [key]: keys.get(`${kind}\0${value}`) ?? `<the ${kind} with ${attr} ${value}>`, [attr]: value };
      const other = attrs.find((each) => each !== key);
      if (other === undefined) return { [key]: value };
      const name = `<the ${other} of ${kind} ${value}>`;
      keys.set(`${kind}\0${name}`, value);
      return { [key]: value, [other]: name };
    });
}

function equalities(where: Condition): { readonly attr: string; readonly value: string }[] {
  if (where.op === "and" || where.op === "or") return where.conditions.flatMap(equalities);
  return where.op === "eq" ? [{ attr: where.attr, value: String(where.value) }] : [];
}
