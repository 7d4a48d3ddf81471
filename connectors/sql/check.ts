import type { Finding, Uses } from "../../src/connector/connector.ts";
import type { Kind } from "./kind.ts";

/**
 * Whether the tables have the columns that the mappings name, and an index for each column by which clients look for
 * rows. A dialect whose catalogue is not asked has no findings.
 */
export function checkTables(kinds: ReadonlyMap<string, Kind>, uses: ReadonlyMap<string, Uses>): Finding[] {
  return [...uses].flatMap(([name, { reads, writes, matches }]) => {
    const kind = kinds.get(name);
    if (!kind) return [];
    const { table } = kind.name;
    if (kind.columns.size === 0) return [];
    const columns = [...new Set([...reads, ...writes])].filter((attr) => !kind.lists[attr]);
    const absent = columns.filter((column) => !kind.columns.has(column));
    const slow = matches.filter(({ attr, caseExact }) => {
      const column = kind.columns.get(attr);
      return column?.type === "text" && !(caseExact ? column.indexed.exact : column.indexed.folded);
    });
    const lists = Object.entries(kind.lists).flatMap(([attr, list]) => {
      const missing = [list.owner, list.value, ...Object.keys(list.where)].filter((each) => !list.columns.has(each));
      return missing.map((column) => ({
        ok: false,
        text: `${name}: ${list.name.table}, for "${attr}", has no column "${column}"`,
      }));
    });
    const findings = [
      ...absent.map((column) => ({ ok: false, text: `${name}: ${table} has no column "${column}"` })),
      ...lists,
      ...slow.map(({ attr, caseExact }) => ({ ok: false, text: `${name}: ${indexText(kind, attr, caseExact)}` })),
    ];
    return findings.length > 0
      ? findings
      : [{ ok: true, text: `${name}: ${table} has all columns, and indexes where clients look for rows` }];
  });
}

/** What would make a look-up quick. */
function indexText({ name: { table }, dialect, columns }: Kind, column: string, caseExact: boolean): string {
  const advice = caseExact
    ? `create index on ${table} (${column})`
    : dialect.indexAdvice(table, column, columns.get(column)!);
  return `every look-up by "${column}" reads the whole table ${table}: ${advice}`;
}
