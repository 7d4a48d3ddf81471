import type { Finding, Uses } from "../../src/connector/connector.ts";
import type { Column, Kind } from "./kind.ts";

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
    const slow = [...new Set(matches)].filter((attr) => {
      const column = kind.columns.get(attr);
      return column?.type === "text" && !column.isIndexed;
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
      ...slow.map((column) => ({ ok: false, text: `${name}: ${indexText(kind, column, kind.columns.get(column)!)}` })),
    ];
    return findings.length > 0
      ? findings
      : [{ ok: true, text: `${name}: ${table} has all columns, and indexes where clients look for rows` }];
  });
}

/** What would make a look-up without regard to case quick. */
const indexText = ({ name: { table }, dialect }: Kind, column: string, of: Column): string =>
  `every look-up by "${column}" reads the whole table ${table}: ${dialect.indexAdvice(table, column, of)}`;
