import type { CatalogueColumn, CatalogueTable } from "../catalogue.ts";
import type { Settings } from "../settings.ts";
import { isText, isTime, namesOf, referenceTo } from "./guess.ts";

/** A list of addresses in a table of its own, and the columns of its rows that nothing gives a value. */
export interface Mails {
  readonly list: Readonly<Record<string, unknown>>;
  readonly table: CatalogueTable;
  readonly ungiven: readonly string[];
}

const isNamed = (table: CatalogueTable, { name }: CatalogueColumn, words: readonly string[]): boolean =>
  namesOf(table, name).some((each) => words.includes(each));

/**
 * The table that holds the users' mail addresses, where their own does not: one that is called after mail, refers to them and has an address.
 * Of several addresses the one that is marked is taken.
 */
export function guessMails(
  tables: readonly CatalogueTable[],
  users: CatalogueTable,
  now: Readonly<Record<Settings["dialect"], string>>[Settings["dialect"]],
): Mails | undefined {
  for (const table of tables) {
    if (table === users || !/mail/i.test(table.name.table)) continue;
    const reference = referenceTo(table, users);
    const value = table.columns.find(
      (column) => isText(column) && isNamed(table, column, ["address", "email", "mail", "emailaddress", "value"]),
    );
    if (reference?.columns.length !== 1 || !value) continue;
    const mark = table.columns.find((column) =>
      isNamed(table, column, ["isdefault", "isprimary", "default", "primary", "main"]),
    );
    const owner = reference.columns[0]!;
    const others = table.columns.filter(
      ({ name, isRequired }) =>
        isRequired && ![owner, value.name, mark?.name ?? "", ...table.primaryKey].includes(name),
    );
    const times = others.filter(({ type }) => isTime(type));
    const set = Object.fromEntries(times.map(({ name }) => [name, { sql: now }]));
    const where = mark && { where: { [mark.name]: /^bool/.test(mark.type) ? true : 1 } };
    return {
      table,
      list: { ...table.name, owner, value: value.name, ...where, ...(times.length > 0 && { set }) },
      ungiven: others.filter((column) => !times.includes(column)).map(({ name }) => name),
    };
  }
  return undefined;
}
