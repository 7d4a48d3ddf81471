import type { Condition, Finding, Uses } from "../../src/connector/connector.ts";
import { columnOf, joinedColumns, type Kind, type Table, type TableName } from "./kind.ts";

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
    const problems = [
      ...absentColumns(kind, use),
      ...absentParameters(kind, use),
      ...emptyColumns(kind, use),
      ...slowMatches(kind, use.matches),
    ];
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
        [...list.owner, ...list.value, ...Object.keys({ ...list.where, ...list.set, ...list.deletedBy })],
        `, for "${attr}",`,
      ),
    ),
    ...Object.entries(kind.lookups).flatMap(([attr, lookup]) =>
      missing(lookup, [lookup.key, lookup.value, ...Object.keys(lookup.where)], `, for "${attr}",`),
    ),
  ];
}

/** Columns that take no NULL, have no default, and are given nothing when a row is made. */
function emptyColumns(kind: Kind, { writes }: Uses): string[] {
  const required = ({ columns }: Table, given: readonly string[]) =>
    [...columns].flatMap(([name, { isRequired }]) => (isRequired && !given.includes(name) ? [name] : []));
  const given = [
    ...writes.flatMap((attr) => joinedColumns(kind, attr) ?? [kind.lookups[attr]?.column ?? attr]),
    ...Object.keys(kind.where),
    ...kind.key.columns,
  ];
  const isMade = kind.statements.create.length === 0 && writes.length > 0;
  const ofRow = isMade ? required(kind, given) : [];
  const ofLists = Object.entries(kind.lists).flatMap(([attr, list]) =>
    writes.includes(attr)
      ? required(list, [...list.owner, ...list.value, ...Object.keys({ ...list.where, ...list.set })]).map(
          (column) =>
            `nothing gives "${column}" of ${list.name.table} a value, for "${attr}", and it takes no NULL: give it by the list's \`set\`, unless a trigger does`,
        )
      : [],
  );
  return [
    ...ofRow.map(
      (column) =>
        `nothing gives "${column}" of ${kind.name.table} a value, and it takes no NULL: give it by the mapping's \`create\`, unless a trigger does`,
    ),
    ...ofLists,
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
const slowMatches = (kind: Kind, matches: Uses["matches"]): string[] =>
  matches.flatMap(({ attr, caseExact }) => {
    const { type } = columnOf(kind, attr);
    const isText = type === "text" || type === "any";
    return isText && kind.columns.has(attr) ? slowEquality(kind, attr, caseExact) : [];
  });

function slowEquality(kind: Kind, attr: string, caseExact: boolean): string[] {
  const {
    dialect,
    name: { table },
  } = kind;
  const column = columnOf(kind, attr);
  const isText = column.type === "text" || column.type === "any";
  if (column.indexed[caseExact || !isText ? "exact" : "folded"]) return [];
  const [on, by] = [quoted(kind.name), quoted({ table: attr })];
  const advice = caseExact || !isText ? `create index on ${on} (${by})` : dialect.indexAdvice(on, by, column);
  return [`every look-up by "${attr}" reads the whole table ${table}: ${advice}`];
}

/** What of a condition no index answers, so that every row of the table is read. */
export function slowConditions(kind: Kind, where: Condition): string[] {
  switch (where.op) {
    case "and": {
      const each = where.conditions.map((condition) => slowConditions(kind, condition));
      return each.some((slow) => slow.length === 0) ? [] : [...new Set(each.flat())];
    }
    case "or":
      return [...new Set(where.conditions.flatMap((condition) => slowConditions(kind, condition)))];
    case "not":
      return [`what is not so is looked for in the whole table ${kind.name.table}: narrow it by something that is`];
    case "eq": {
      const [first] = kind.key.columns;
      if (where.attr === kind.key.attr || where.attr === first) return [];
      if (kind.lists[where.attr] || kind.lookups[where.attr]) return [];
      const columns = kind.joined[where.attr] ?? [where.attr];
      const each = columns.map((column) => slowEquality(kind, column, where.caseExact === true || columns.length > 1));
      return each.some((slow) => slow.length === 0) ? [] : (each[0] ?? []);
    }
    default:
      return [`"${where.attr}" ${where.op} is looked for in the whole table ${kind.name.table}: no index serves it`];
  }
}

/** A name as SQL has it: quoted where it is not plain. */
const quoted = ({ schema, table }: TableName): string =>
  [...(schema === undefined ? [] : [schema]), table]
    .map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`))
    .join(".");
