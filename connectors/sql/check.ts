import type { Condition, Finding, Uses } from "../../src/connector/connector.ts";
import type { CatalogueTable } from "./catalogue.ts";
import { mayHoldText, type Table, type TableName } from "./column.ts";
import { pathIn } from "./documents.ts";
import { ROWS } from "./grouped.ts";
import { columnOf, joinedColumns, type SqlKind } from "./kind.ts";
import { tablesOf } from "./tables.ts";

/**
 * Checks that the tables have the columns that mappings and settings use, indexes for look-ups, unique indexes where required, and
 * transactions. `described` has what the catalogue says about whole tables.
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
    if (kind.columns.size === 0) return [{ ok: false, text: `${name}: the table ${table} does not exist` }];
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
    return [{ ok: true, text: `${name}: ${table} has all columns, and indexes for look-ups` }];
  });
}

/** Problems of a kind with several rows for each entry. */
function rowsProblems(kind: SqlKind, { reads, writes }: Uses): string[] {
  const { by, order } = kind.rows!;
  const { indexed } = columnOf(kind, by);
  // An expression over `rows` uses the columns within them.
  const inRows = reads.filter((attr) => attr !== by && attr !== ROWS);
  const direct = reads.includes(ROWS) ? [] : inRows;
  return [
    ...missing(kind, [by, ...order, ...Object.keys(kind.where), ...inRows]),
    ...direct.map((attr) => `entries of this kind have only "${by}" and "${ROWS}": the mapping reads "${attr}"`),
    ...writes.map((attr) => `this kind is read-only, but the mapping writes "${attr}"; mark it readOnly`),
    ...(indexed.exact || indexed.folded
      ? []
      : [`no index of ${kind.name.table} starts with "${by}": each page reads the whole table`]),
  ];
}

const missing = ({ name, columns }: Table, wanted: readonly string[], why = ""): string[] =>
  [...new Set(wanted)]
    .filter((column) => !columns.has(column))
    .map((column) => `${name.table}${why} has no column "${column}"`);

function absentColumns(kind: SqlKind, { reads, writes }: Uses): string[] {
  const named = new Set(statementsOf(kind).flatMap(({ attrs }) => [...attrs]));
  const isOwn = (attr: string) => kind.lists[attr] || kind.lookups[attr] || joinedColumns(kind, attr);
  // Attributes that are only written may be parameters of a statement.
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

/** NOT NULL columns without a default that new rows do not set. */
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
            `"${column}" of ${list.name.table} is NOT NULL, but nothing sets it for "${attr}": set it with the list's \`set\`, unless a trigger does`,
        )
      : [],
  );
  return [
    ...ofRow.map(
      (column) =>
        `"${column}" of ${kind.name.table} is NOT NULL, but nothing sets it: set it with the mapping's \`create\`, unless a trigger does`,
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

/** Statement parameters without a value. */
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
      `a statement has the parameter :${attr}, but that is not a column of ${kind.name.table}, and no mapping writes it`,
  );
}

type Described = (name: TableName) => CatalogueTable | undefined;

/** A key that several rows could share: writes to such rows would be refused. */
function repeatableKey(kind: SqlKind, described: Described): string[] {
  const table = described(kind.name);
  const { columns } = kind.key;
  const within = [...columns, ...Object.keys(kind.where)];
  if (!table || table.isView || columns.some((column) => !kind.columns.has(column))) return [];
  const keys = [table.primaryKey, ...table.unique];
  if (keys.some((key) => key.length > 0 && key.every((column) => within.includes(column)))) return [];
  const how = createIndex(kind, kind.name, columns, "unique index");
  return [`two rows of ${kind.name.table} could have the same key, ${columns.join(" and ")}: ${how}`];
}

/** Values that two entries could share against the mapping, when other programs write. */
const repeatable = (kind: SqlKind, described: Described): string[] =>
  repeatableColumns(kind, described).map(({ attr, caseExact }) => {
    const how = columnIndex(kind, attr, caseExact, "unique index");
    return `two rows of ${kind.name.table} could have the same "${attr}"; only the gateway checks: ${how}`;
  });

function repeatableColumns(kind: SqlKind, described: Described) {
  const table = described(kind.name);
  const keys = table ? [table.primaryKey, ...table.unique] : [];
  return (kind.mapped?.unique ?? []).filter(({ attr, caseExact }) => {
    // Reported for the key already.
    if (kind.key.attr === attr) return false;
    // An index over the whole table would also apply to deleted rows.
    if (Object.values(kind.where).includes(null)) return false;
    if (!kind.columns.has(attr) || kind.lists[attr] || kind.lookups[attr] || table?.isView) return false;
    const column = columnOf(kind, attr);
    const { unique, foldsCase } = column;
    const isAlike = caseExact || foldsCase || !mayHoldText(column);
    // A key with additional columns that are the same for all rows of the kind.
    const isKept = keys.some((key) => key.includes(attr) && key.every((name) => name === attr || name in kind.where));
    return !(unique?.folded || (isAlike && (isKept || unique?.exact)));
  });
}

/** Lists that could contain a value twice, because no key prevents it. */
function repeatableLists(kind: SqlKind, { writes }: Uses, described: Described): string[] {
  return Object.entries(kind.lists).flatMap(([attr, list]) => {
    const table = described(list.name);
    if (!writes.includes(attr) || !table || table.isView) return [];
    const columns = [...list.owner, ...list.value];
    const told = new Set([...columns, ...Object.keys({ ...list.where, ...list.set })]);
    if ([table.primaryKey, ...table.unique].some((key) => key.length > 0 && key.every((column) => told.has(column))))
      return [];
    const how = createIndex(kind, list.name, [...columns, ...Object.keys(list.where)], "unique index");
    return [`${list.name.table} could contain a value of "${attr}" twice: ${how}`];
  });
}

/** Lists whose values are found only by a full table scan. */
const slowLists = (kind: SqlKind, { reads, writes }: Uses): string[] =>
  Object.entries(kind.lists).flatMap(([attr, list]) => {
    const [first] = list.owner;
    const column = first === undefined ? undefined : list.columns.get(first);
    if (!column || column.indexed.exact || column.indexed.folded || ![...reads, ...writes].includes(attr)) return [];
    const how = createIndex(kind, list.name, list.owner, "index");
    return [`reading an entry's "${attr}" scans the whole table ${list.name.table}: ${how}`];
  });

/** Tables that keep half of a failed change. */
function withoutTransactions(kind: SqlKind, { writes }: Uses, described: Described): string[] {
  if (writes.length === 0) return [];
  const written = new Map(tablesOf(kind).map(({ name }) => [quoted(name, kind.dialect), described(name)]));
  return [...written].flatMap(([name, table]) => {
    const engine = table?.withoutTransactions;
    return engine === undefined
      ? []
      : [
          `${name} uses ${engine}, which has no transactions, so a failed change is left half done: alter table ${name} engine = InnoDB`,
        ];
  });
}

/** Look-ups that scan a whole table, with a remedy. Missing unique indexes are reported above. */
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
  return [`every look-up by "${attr}" scans the whole table ${kind.name.table}: ${advice}`];
}

/** How to get an index for equality of a column. */
function columnIndex(kind: SqlKind, attr: string, caseExact: boolean, what: Index): string {
  const column = columnOf(kind, attr);
  const isText = mayHoldText(column);
  const plain = quoted({ table: attr }, kind.dialect);
  const index = caseExact || !isText ? { on: plain } : kind.dialect.foldedIndex(plain, column);
  if ("on" in index) return createIndex(kind, kind.name, [attr], what, index.on);
  return `${index.first}, then ${createIndex(kind, kind.name, [attr], what)}`;
}

type Index = "index" | "unique index";

/** The statement that creates an index. */
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

/** Maximum name length that every database accepts, in characters. */
const MAX_NAME = 60;

/** Parts of a condition that no index answers and that need a full table scan. */
export function slowConditions(kind: SqlKind, where: Condition): string[] {
  switch (where.op) {
    case "and": {
      const each = where.conditions.map((condition) => slowConditions(kind, condition));
      return each.some((slow) => slow.length === 0) ? [] : [...new Set(each.flat())];
    }
    case "or":
      return [...new Set(where.conditions.flatMap((condition) => slowConditions(kind, condition)))];
    case "not":
      return [`a negated condition scans the whole table ${kind.name.table}: combine it with one that has an index`];
    case "eq": {
      const [first] = kind.key.columns;
      if (where.attr === kind.key.attr || where.attr === first) return [];
      if (kind.lists[where.attr] || kind.lookups[where.attr]) return [];
      const columns = kind.joined[where.attr] ?? [where.attr];
      const each = columns.map((column) => slowEquality(kind, column, where.caseExact === true || columns.length > 1));
      return each.some((slow) => slow.length === 0) ? [] : (each[0] ?? []);
    }
    default:
      return [`"${where.attr}" ${where.op} scans the whole table ${kind.name.table}: it has no suitable index`];
  }
}

/** A name in SQL, quoted if necessary. */
const quoted = ({ schema, table }: TableName, { quote }: SqlKind["dialect"]): string =>
  [...(schema === undefined ? [] : [schema]), table]
    .map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quote + name.replaceAll(quote, quote + quote) + quote))
    .join(".");
