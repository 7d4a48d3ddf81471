import type { Condition, Finding, Uses } from "../../src/connector/connector.ts";
import type { CatalogueTable } from "./catalogue.ts";
import { mayHoldText, type Table, type TableName } from "./column.ts";
import { pathIn } from "./documents.ts";
import { ROWS } from "./grouped.ts";
import { columnOf, joinedColumns, type SqlKind } from "./kind.ts";
import { tablesOf } from "./tables.ts";

/**
 * Whether the tables have the columns that the mappings and the settings name, an index for each column by which clients look
 * for rows, a unique one where a value may be there once, and transactions. What the catalogue says of a table as a whole is
 * given by `described`.
 */
export function checkTables(
  kinds: ReadonlyMap<string, SqlKind>,
  uses: ReadonlyMap<string, Uses>,
  described: Described,
): Finding[] {
  return [...uses].flatMap(([name, use]): Finding[] => {
    const kind = kinds.get(name);
    if (!kind) return [];
    const { table } = kind.name;
    if (kind.columns.size === 0) return [{ ok: false, text: `${name}: there is no table ${table}` }];
    const problems = kind.rows
      ? rowsProblems(kind, use)
      : [
          ...absentColumns(kind, use),
          ...absentParameters(kind, use),
          ...emptyColumns(kind, use),
          ...repeatableKey(kind, described),
          ...repeatable(kind, described),
          ...repeatableLists(kind, use, described),
          ...withoutTransactions(kind, use, described),
        ];
    const slow = kind.rows ? [] : [...slowMatches(kind, use.matches, described), ...slowLists(kind, use)];
    if (problems.length + slow.length > 0)
      return [
        ...problems.map((text): Finding => ({ ok: false, text: `${name}: ${text}` })),
        ...slow.map((text): Finding => ({ ok: false, severity: "warning", text: `${name}: ${text}` })),
      ];
    return [{ ok: true, text: `${name}: ${table} has all columns, and indexes where clients look for rows` }];
  });
}

/** What is wrong with a kind of several rows for each entry. */
function rowsProblems(kind: SqlKind, { reads, writes }: Uses): string[] {
  const { by, order } = kind.rows!;
  const { indexed } = columnOf(kind, by);
  // An expression over `rows` names the columns within them.
  const inRows = reads.filter((attr) => attr !== by && attr !== ROWS);
  const direct = reads.includes(ROWS) ? [] : inRows;
  return [
    ...missing(kind, [by, ...order, ...Object.keys(kind.where), ...inRows]),
    ...direct.map((attr) => `its entries have "${by}" and "${ROWS}" alone: the mapping reads "${attr}"`),
    ...writes.map((attr) => `it is read only: the mapping writes "${attr}"; mark it readOnly`),
    ...(indexed.exact || indexed.folded
      ? []
      : [`no index of ${kind.name.table} begins with "${by}": each page reads the whole table`]),
  ];
}

const missing = ({ name, columns }: Table, wanted: readonly string[], why = ""): string[] =>
  [...new Set(wanted)]
    .filter((column) => !columns.has(column))
    .map((column) => `${name.table}${why} has no column "${column}"`);

function absentColumns(kind: SqlKind, { reads, writes }: Uses): string[] {
  const named = new Set(statementsOf(kind).flatMap(({ attrs }) => [...attrs]));
  const isOwn = (attr: string) => kind.lists[attr] || kind.lookups[attr] || joinedColumns(kind, attr);
  // What is only written may be a statement's alone.
  const written = writes.filter((attr) => !named.has(attr));
  const columns = [
    ...[...reads, ...written].filter((attr) => !isOwn(attr)).map((attr) => pathIn(kind, attr)?.column ?? attr),
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
function emptyColumns(kind: SqlKind, { writes }: Uses): string[] {
  const required = ({ columns }: Table, given: readonly string[]) =>
    [...columns].flatMap(([name, { isRequired }]) => (isRequired && !given.includes(name) ? [name] : []));
  const given = [
    ...writes.flatMap(
      (attr) => joinedColumns(kind, attr) ?? [kind.lookups[attr]?.column ?? pathIn(kind, attr)?.column ?? attr],
    ),
    ...Object.keys(kind.where),
    ...(kind.key.generate === "database" ? [] : kind.key.columns),
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

const statementsOf = ({ statements }: SqlKind) => [
  ...statements.create,
  ...statements.update.map(({ statement }) => statement),
  ...statements.delete,
  ...(statements.lock ? [statements.lock] : []),
];

/** Parameters of statements that nothing gives a value. */
function absentParameters(kind: SqlKind, { writes }: Uses): string[] {
  const isKnown = (attr: string) =>
    kind.columns.has(attr) ||
    kind.lists[attr] ||
    kind.lookups[attr] ||
    kind.joined[attr] ||
    pathIn(kind, attr) ||
    writes.includes(attr);
  const unknown = statementsOf(kind).flatMap(({ attrs }) => [...attrs].filter((attr) => !isKnown(attr)));
  return [...new Set(unknown)].map(
    (attr) =>
      `a statement has the parameter :${attr}, which is no column of ${kind.name.table}, and no mapping writes it`,
  );
}

type Described = (name: TableName) => CatalogueTable | undefined;

/** A key that two rows could have: a write to one of them would be refused, lest it be one to both. */
function repeatableKey(kind: SqlKind, described: Described): string[] {
  const table = described(kind.name);
  const { columns } = kind.key;
  const within = [...columns, ...Object.keys(kind.where)];
  if (!table || table.isView || columns.some((column) => !kind.columns.has(column))) return [];
  const keys = [table.primaryKey, ...table.unique];
  if (keys.some((key) => key.length > 0 && key.every((column) => within.includes(column)))) return [];
  const how = createIndex(kind, kind.name, columns, "unique index");
  return [`nothing in ${kind.name.table} keeps two rows from having the same key, ${columns.join(" and ")}: ${how}`];
}

/** The values that two entries could have, against what the mapping says, where others write at the same time. */
const repeatable = (kind: SqlKind, described: Described): string[] =>
  repeatableColumns(kind, described).map(({ attr, caseExact }) => {
    const how = columnIndex(kind, attr, caseExact, "unique index");
    return `nothing in ${kind.name.table} keeps a value of "${attr}" from being there twice; only the gateway looks: ${how}`;
  });

function repeatableColumns(kind: SqlKind, described: Described) {
  const table = described(kind.name);
  const keys = table ? [table.primaryKey, ...table.unique] : [];
  return (kind.mapped?.unique ?? []).filter(({ attr, caseExact }) => {
    // Of a key it is said already.
    if (kind.key.attr === attr) return false;
    // An index over the whole table would hold for the deleted, too.
    if (Object.values(kind.where).includes(null)) return false;
    if (!kind.columns.has(attr) || kind.lists[attr] || kind.lookups[attr] || table?.isView) return false;
    const column = columnOf(kind, attr);
    const { unique, foldsCase } = column;
    const isAlike = caseExact || foldsCase || !mayHoldText(column);
    // A key that has columns beside it which are the same in each row of the kind.
    const isKept = keys.some((key) => key.includes(attr) && key.every((name) => name === attr || name in kind.where));
    return !(unique?.folded || (isAlike && (isKept || unique?.exact)));
  });
}

/** The lists whose values could be there twice, because no key of their table keeps them from it. */
function repeatableLists(kind: SqlKind, { writes }: Uses, described: Described): string[] {
  return Object.entries(kind.lists).flatMap(([attr, list]) => {
    const table = described(list.name);
    if (!writes.includes(attr) || !table || table.isView) return [];
    const columns = [...list.owner, ...list.value];
    const told = new Set([...columns, ...Object.keys({ ...list.where, ...list.set })]);
    if ([table.primaryKey, ...table.unique].some((key) => key.length > 0 && key.every((column) => told.has(column))))
      return [];
    const how = createIndex(kind, list.name, [...columns, ...Object.keys(list.where)], "unique index");
    return [`nothing in ${list.name.table} keeps a value of "${attr}" from being there twice: ${how}`];
  });
}

/** The lists of which an entry's values are found by reading the whole table. */
const slowLists = (kind: SqlKind, { reads, writes }: Uses): string[] =>
  Object.entries(kind.lists).flatMap(([attr, list]) => {
    const [first] = list.owner;
    const column = first === undefined ? undefined : list.columns.get(first);
    if (!column || column.indexed.exact || column.indexed.folded || ![...reads, ...writes].includes(attr)) return [];
    const how = createIndex(kind, list.name, list.owner, "index");
    return [`an entry's "${attr}" are found by reading the whole table ${list.name.table}: ${how}`];
  });

/** The tables that keep half of a change that fails. */
function withoutTransactions(kind: SqlKind, { writes }: Uses, described: Described): string[] {
  if (writes.length === 0) return [];
  const written = new Map(tablesOf(kind).map(({ name }) => [quoted(name, kind.dialect), described(name)]));
  return [...written].flatMap(([name, table]) => {
    const engine = table?.withoutTransactions;
    return engine === undefined
      ? []
      : [
          `${name} uses ${engine}, which has no transactions, so that a failed change is left half done: alter table ${name} engine = InnoDB`,
        ];
  });
}

/** The look-ups that read the whole table, each with what would make it quick; what a unique index would is said before. */
const slowMatches = (kind: SqlKind, matches: Uses["matches"], described: Described): string[] => {
  const told = new Set(repeatableColumns(kind, described).map(({ attr }) => attr));
  return matches.flatMap(({ attr, caseExact }) => {
    const isText = mayHoldText(columnOf(kind, attr));
    return isText && kind.columns.has(attr) && !told.has(attr) ? slowEquality(kind, attr, caseExact) : [];
  });
};

function slowEquality(kind: SqlKind, attr: string, caseExact: boolean): string[] {
  const column = columnOf(kind, attr);
  const isText = mayHoldText(column);
  if (column.indexed[caseExact || !isText ? "exact" : "folded"]) return [];
  const advice = columnIndex(kind, attr, caseExact, "index");
  return [`every look-up by "${attr}" reads the whole table ${kind.name.table}: ${advice}`];
}

/** What to do so that an index answers an equality of a column. */
function columnIndex(kind: SqlKind, attr: string, caseExact: boolean, what: Index): string {
  const column = columnOf(kind, attr);
  const isText = mayHoldText(column);
  const plain = quoted({ table: attr }, kind.dialect);
  const index = caseExact || !isText ? { on: plain } : kind.dialect.foldedIndex(plain, column);
  if ("on" in index) return createIndex(kind, kind.name, [attr], what, index.on);
  return `${index.first}, then ${createIndex(kind, kind.name, [attr], what)}`;
}

type Index = "index" | "unique index";

/** The statement that makes an index, as an administrator may run it. */
function createIndex(
  { dialect }: SqlKind,
  table: TableName,
  columns: readonly string[],
  what: Index,
  on?: string,
): string {
  const name = [table.table, ...columns, ...(what === "index" ? [] : ["key"])].join("_").replace(/\W/g, "_");
  const by = on ?? columns.map((column) => quoted({ table: column }, dialect)).join(", ");
  return `create ${what} ${quoted({ table: name.slice(0, MAX_NAME) }, dialect)} on ${quoted(table, dialect)} (${by})`;
}

/** The longest name that every database takes, in characters. */
const MAX_NAME = 60;

/** What of a condition no index answers, so that every row of the table is read. */
export function slowConditions(kind: SqlKind, where: Condition): string[] {
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
const quoted = ({ schema, table }: TableName, { quote }: SqlKind["dialect"]): string =>
  [...(schema === undefined ? [] : [schema]), table]
    .map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quote + name.replaceAll(quote, quote + quote) + quote))
    .join(".");
