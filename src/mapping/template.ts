import type { Entry } from "../connector/connector.ts";
import type { Expression, Shape } from "../expression/compile.ts";
import { typedPath } from "../scim/path.ts";
import { findSchema, isObject, type ResourceType } from "../scim/schema.ts";
import type { ExpressionRow, Row } from "./mapping.ts";

/**
 * The rows equivalent to a whole-resource `read:`: one for each attribute or sub-attribute that it contains and the table lacks. They share
 * one evaluation per entry. Throws a `TypeError` for attributes that the type does not have.
 */
export function templateRows(
  expression: Expression | undefined,
  type: ResourceType,
  table: readonly Row[],
): ExpressionRow[] {
  if (!expression) return [];
  const { shape } = expression;
  if (!shape)
    throw new TypeError('"read" must be written as an object, { "title": ..., ... }, so that its attributes are known');
  const evaluate = once(expression);
  const rowFor = (names: readonly string[], text: string): ExpressionRow => ({
    is: "expression",
    name: text,
    path: typedPath(text, type),
    readOnly: true,
    writeOnly: false,
    read: {
      ...expression,
      evaluate: async (entry) =>
        names.reduce((at: unknown, name) => (isObject(at) ? at[name] : undefined), await evaluate(entry as Entry)),
    },
    write: [],
    isWhole: true,
    search: undefined,
  });
  const rowsFor = (shape: Shape, names: readonly string[], urn: string): ExpressionRow[] =>
    [...shape].flatMap(([name, inner]) => {
      const extension = names.length === 0 ? findSchema(type, name) : undefined;
      if (extension) {
        if (!inner) throw new TypeError(`"read": "${name}" must be written as an object too`);
        return rowsFor(inner, [name], `${name}:`);
      }
      const row = rowFor([...names, name], `${urn}${name}`);
      const { attribute } = row.path;
      const own = table.filter(({ path }) => path.attribute === attribute);
      if (own.length === 0) return [row];
      // The table's rows take precedence; for a single complex attribute, the template supplies the other parts.
      if (attribute.multiValued || !inner) return [];
      const taken = own.map(({ path }) => path.sub?.name.toLowerCase());
      return [...inner.keys()]
        .filter((sub) => !taken.includes(sub.toLowerCase()))
        .map((sub) => rowFor([...names, name, sub], `${urn}${name}.${sub}`));
    });
  return rowsFor(shape, [], "");
}

/** Evaluates an expression once for an entry, however many rows use it. */
function once({ evaluate }: Expression): (entry: Entry) => Promise<unknown> {
  const known = new WeakMap<Entry, Promise<unknown>>();
  return (entry) => {
    const present = known.get(entry) ?? evaluate(entry);
    known.set(entry, present);
    return present;
  };
}
