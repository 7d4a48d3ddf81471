import type { References } from "../../src/connector/connector.ts";
import type { Columns } from "./column.ts";
import type { Things } from "./kind.ts";
import type { Settings } from "./settings.ts";

type KindSettings = Settings["kinds"][string];
type ListSettings = KindSettings["lists"][string];

/**
 * Reports whether a list's rows are records in their own right: entries of a kind, identified by its key or by a reference; or rows whose
 * primary key is the list's value. A textual primary key, such as an address, counts as part of the entry. An entry's key identifies a row
 * only if it refers to it.
 */
export function thingsIn(
  kinds: Settings["kinds"],
  { of, attr }: { readonly of: string; readonly attr: string },
  columns: Columns,
  references: References,
): Things {
  const list = kinds[of]!.lists[attr]!;
  const owner = [list.owner].flat();
  const value = [list.value].flat();
  const entries = Object.entries(kinds).filter(([, kind]) => kind.table.toLowerCase() === list.table.toLowerCase());
  const said = references.filter((each) => each.kind === of && each.attr === attr);
  const named = entries.filter(
    ([name, { key }]) =>
      tellsApart(columns, [key.column].flat()) &&
      ([key.column].flat().join() === value.join() ||
        said.some(({ by, to }) => by !== undefined && by === value.join() && to.includes(name))),
  );
  const keys = entries.flatMap(([, { key }]) => key.column);
  return {
    isOfThings: named.length > 0 || isNumbered(list, columns, said.length > 0 || list.of !== undefined),
    isOfEntries: entries.length > 0,
    released: owner.filter((name) => !value.includes(name) && !(name in list.where) && !keys.includes(name)),
    within: named.map(([, { where }]) => where),
  };
}

function isNumbered(list: ListSettings, columns: Columns, isOfKeys: boolean): boolean {
  const [name, ...more] = [list.value].flat();
  const { isKey, type, isInteger } = columns.get(name!) ?? {};
  const isNumber = type === "integer" || type === "uuid" || type === "uuidBytes" || isInteger === true;
  return more.length === 0 && isKey === true && isNumber && !isOfKeys;
}

/** Reports whether rows are known to have different keys: a group name in a membership table identifies no row. */
function tellsApart(columns: Columns, key: readonly string[]): boolean {
  const [name, ...more] = key;
  const isUnique = (each: string) => {
    const { isKey, unique } = columns.get(each) ?? {};
    return isKey === true || unique?.exact === true || unique?.folded === true;
  };
  // Nothing is known about a view.
  const isKnown = [...columns].some(([each, { indexed }]) => isUnique(each) || indexed.exact || indexed.folded);
  return more.length > 0 || isUnique(name!) || !isKnown;
}
