import type { References } from "../../src/connector/connector.ts";
import type { Columns } from "./column.ts";
import type { Things } from "./kind.ts";
import type { Settings } from "./settings.ts";

type KindSettings = Settings["kinds"][string];
type ListSettings = KindSettings["lists"][string];

/**
 * Whether a list's rows are things in their own right: entries of a kind, named by its key or by what a reference names them by; or
 * rows that the list's value numbers, as their primary key. A text that is the primary key, such as an address, is as good as its row;
 * and the key of an entry is the row's only in so far as it refers to that.
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

/** Whether no two rows have the same key, as far as is known: a group's name in a table of memberships is no row's alone. */
function tellsApart(columns: Columns, key: readonly string[]): boolean {
  const [name, ...more] = key;
  const isUnique = (each: string) => {
    const { isKey, unique } = columns.get(each) ?? {};
    return isKey === true || unique?.exact === true || unique?.folded === true;
  };
  // Of a view nothing is known.
  const isKnown = [...columns].some(([each, { indexed }]) => isUnique(each) || indexed.exact || indexed.folded);
  return more.length > 0 || isUnique(name!) || !isKnown;
}
