import type { Finding, Uses } from "../../src/connector/connector.ts";
import { type Column, joinedColumns, type Kind, type Table } from "./kind.ts";

/**
 * Whether the tables have the columns that the mappings and the settings name, and an index for each column by which
 * clients look for rows.
 */
export function checkTables(kinds: ReadonlyMap<string, Kind>, uses: ReadonlyMap<string, Uses>): Finding[] {
  return [...uses].flatMap(([name, use]): Finding[] => {
    const kind = kinds.get(name);
    if (!kind) return [];
    const { table } = kind.name;
    if (kind.columns.size === 0) return [{ ok: false, text: `${name}: there is no table ${table}` }];
    const problems = [...absentColumns(kind, use), ...absentParameters(kind, use), ...slowMatches(kind, use.matches)];
    if (problems.length > 0) return problems.map((text) => ({ ok: false, text: `${name}: ${text}` }));
    return [{ ok: true, text: `${name}: ${table} has all columns, and indexes where clients look for rows` }];
  });
}

const missing = ({ name, columns }: Table, wanted: readonly string[], why = ""): string[] =>
  [...new Set(wanted)]
    .filter((column) => !columns.has(column))
    .map((column) => `${name.table}${why} has no column "${column}"`);

function absentColumns(kind: Kind, { reads, writes }: Uses): string[] {
  const named = new Set(statementsOf(kind).flatMap(({ attrs }) => [...attrs]));
  const isOwn = (attr: string) => kind.lists[attr] || kind.lookups[attr] || joinedColumns(kind, attr);
  // What is only written may be a statement's alone.
  const written = writes.filter((attr) => !named.has(attr));
  const columns = [
    ...[...reads, ...written].filter((attr) => !isOwn(attr)),
    ...kind.key.columns,
    ...Object.keys(kind.where),
    ...Object.keys(kind.deletedBy ?? {}),
    ...Object.keys(kind.updatedBy),
    ...Object.values(kind.joined).flat(),
    ...Object.values(kind.lookups).map(({ column }) => column),
  ];
  return [
    ...missing(kind, columns),
    ...Object.entries(kind.lists).flatMap(([attr, list]) =>
      missing(
        list,
        [...list.owner, ...list.value, ...Object.keys(list.where), ...Object.keys(list.set)],
        `, for "${attr}",`,
      ),
    ),
    ...Object.entries(kind.lookups).flatMap(([attr, lookup]) =>
      missing(lookup, [lookup.key, lookup.value, ...Object.keys(lookup.where)], `, for "${attr}",`),
    ),
  ];
}

const statementsOf = ({ statements }: Kind) => [
  ...statements.create,
  ...statements.update.map(({ statement }) => statement),
  ...statements.delete,
  ...(statements.lock ? [statements.lock] : []),
];

/** Parameters of statements that nothing gives a value. */
function absentParameters(kind: Kind, { writes }: Uses): string[] {
  const isKnown = (attr: string) =>
    kind.columns.has(attr) || kind.lists[attr] || kind.lookups[attr] || kind.joined[attr] || writes.includes(attr);
  const unknown = statementsOf(kind).flatMap(({ attrs }) => [...attrs].filter((attr) => !isKnown(attr)));
  return [...new Set(unknown)].map(
    (attr) =>
      `a statement has the parameter :${attr}, which is no column of ${kind.name.table}, and no mapping writes it`,
  );
}

/** The look-ups that read the whole table, each with what would make it quick. */
export function slowMatches(kind: Kind, matches: Uses["matches"]): string[] {
  return matches.flatMap(({ attr, caseExact }) => {
    const lookup = kind.lookups[attr];
    const column = lookup ? undefined : kind.columns.get(attr);
    if (!column || (column.type !== "text" && column.type !== "any")) return [];
    if (caseExact ? column.indexed.exact : column.indexed.folded) return [];
    return [indexText(kind, attr, column, caseExact)];
  });
}

function indexText({ name: { table }, dialect }: Kind, attr: string, column: Column, caseExact: boolean): string {
  const advice = caseExact ? `create index on ${table} (${attr})` : dialect.indexAdvice(table, attr, column);
  return `every look-up by "${attr}" reads the whole table ${table}: ${advice}`;
}
