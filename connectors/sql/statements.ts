import {
  type Bookmark,
  type Entry,
  fromValues,
  type Order,
  type SearchRequest,
  type Value,
} from "../../src/connector/connector.ts";
import { behindPosition, expired, positionIn } from "../../src/connector/paging.ts";
import { type Position, positionOf } from "../../src/connector/reference.ts";
import { parseExactly } from "../../src/json/exact.ts";
import { type Column, columnIn } from "./column.ts";
import { conditionSql, listRows, lookupRow } from "./conditions.ts";
import { documentSql, documentsOf, pathIn, valuesAt } from "./documents.ts";
import { haveValues, isKey, isKeyed, joinParts, keyValues } from "./keys.ts";
import {
  allOf,
  columnOf,
  columnSql,
  fixedSql,
  joinedColumns,
  keySql,
  type List,
  type SqlKind,
  tableSql,
} from "./kind.ts";
import { behind, orderOf } from "./order.ts";
import { type Sql, sql } from "./sql.ts";

/** The conditions for rows of the kind. */
export const inKind = (kind: SqlKind): Sql[] => fixedSql(kind, kind.where, kind.dialect);

/** The result name of one column of a combined attribute. */
const partOf = (attr: string, index: number): string => `${index} of ${attr}`;

/** The select list for some attributes, generated once for each combination. */
const selections = new WeakMap<SqlKind, WeakMap<readonly string[], Sql>>();

function selection(kind: SqlKind, attrs: readonly string[]): Sql {
  const known = selections.get(kind) ?? new WeakMap<readonly string[], Sql>();
  selections.set(kind, known);
  const made = known.get(attrs) ?? selectionOf(kind, attrs);
  known.set(attrs, made);
  return made;
}

/** The entry's columns, and its lists as JSON, so that one statement reads everything. */
function selectionOf(kind: SqlKind, attrs: readonly string[]): Sql {
  const documents = new Set(attrs.flatMap((attr) => pathIn(kind, attr)?.column ?? []));
  const columns = attrs.filter((attr) => !pathIn(kind, attr));
  const wanted = attrs.length > 0 ? [...new Set(columns)] : [kind.key.attr];
  const parts = wanted.flatMap((attr): Sql[] => {
    const list = kind.lists[attr];
    if (list) {
      const { from, values, where } = listRows(kind, attr, list);
      const texts = values.map((value, index) => inJson(kind, list, index, value));
      return [sql`(${kind.dialect.jsonList(texts, sql`${from}${allOf(where)}`)}) as ${sql.id(attr)}`];
    }
    const lookup = kind.lookups[attr];
    if (lookup) {
      const { from, value, where } = lookupRow(kind, attr, lookup);
      return [sql`(select ${value} ${from}${allOf(where)}) as ${sql.id(attr)}`];
    }
    const joined = joinedColumns(kind, attr);
    if (joined)
      return joined.map((column, index) => sql`${columnSql(kind.name, column)} as ${sql.id(partOf(attr, index))}`);
    return [sql`${columnSql(kind.name, attr)} as ${sql.id(attr)}`];
  });
  return sql.join([...parts, ...[...documents].map((column) => documentSql(kind, column))]);
}

const isOfBytes = ({ type }: Column): boolean => type === "bytes" || type === "uuidBytes";

/** A list value in a form that JSON can hold, which has no bytes. */
function inJson({ dialect }: SqlKind, { columns, value: names }: List, index: number, value: Sql): Sql {
  const column = columnIn(columns, names[index]!, dialect);
  if (column.isBytes) return dialect.decoded(value);
  return isOfBytes(column) ? dialect.hex(value) : value;
}

/** The search condition, after the time limit. */
export const whereSql = (kind: SqlKind, where: SearchRequest["where"]): Sql[] => [
  ...(kind.dialect.inTime ? [kind.dialect.inTime] : []),
  ...(where ? [conditionSql(kind, where)] : []),
];

/** The arguments of a search. */
type Asked = Omit<SearchRequest, "kind" | "signal" | "count"> & { readonly count?: boolean };

/** The default order. */
export const byKey = ({ key }: SqlKind): Order => ({ attr: key.attr, descending: false });

/** The attributes that pages read: the requested ones and that of the order. */
const pageAttrs = new WeakMap<readonly string[], Map<string, readonly string[]>>();

/** The attributes that a search reads: the requested ones and, when paging, those of its bookmark. */
export function attrsRead(
  kind: SqlKind,
  { attrs, orderBy, count }: Pick<Asked, "attrs" | "orderBy" | "count">,
): readonly string[] {
  if (!count) return attrs;
  const more = [kind.key.attr, (orderBy ?? byKey(kind)).attr];
  if (more.every((attr) => attrs.includes(attr))) return attrs;
  const known = pageAttrs.get(attrs) ?? new Map<string, readonly string[]>();
  pageAttrs.set(attrs, known);
  const name = more.join("\0");
  const read = known.get(name) ?? [...new Set([...attrs, ...more])];
  known.set(name, read);
  return read;
}

/** The rows of a search. When paging, one more is selected to find out whether another page follows. */
export function searchStatement(kind: SqlKind, asked: Asked): Sql {
  const { where, limit, offset = 0, orderBy = byKey(kind), bookmark, count } = asked;
  const conditions = [
    ...inKind(kind),
    ...whereSql(kind, where),
    ...(bookmark ? [behind(kind, orderBy, positionOfRow(kind, bookmark))] : []),
  ];
  const table = tableSql(kind.name);
  const selected = selection(kind, attrsRead(kind, asked));
  const order = sql`order by ${orderOf(kind, orderBy)}`;
  const rows = count && limit > 0 ? limit + 1 : limit;
  const passed = bookmark ? 0 : Math.trunc(offset);
  const page = sql`${allOf(conditions)} ${order} ${kind.dialect.page(Math.trunc(rows), passed)}`;
  if (passed === 0) return sql`select ${selected} from ${table}${page}`;
  // Databases evaluate the select list even for skipped rows: for those, only keys are selected.
  const keys = keySql(kind);
  const named = keys.map((key, index) => sql`${key} as ${sql.id(`key ${index}`)}`);
  const same = keys.map((key, index) => sql`${key} = ${sql.id("page", `key ${index}`)}`);
  return sql`select ${selected} from ${table} join (select ${sql.join(named)} from ${table}${page}) as ${sql.id("page")} on ${sql.join(same, sql` and `)} ${order}`;
}

/** The bookmark after the last row of a page. */
export const bookmarkBehind = (kind: SqlKind, last: Entry, orderBy: Order | undefined): Bookmark =>
  behindPosition(positionOf(last, (orderBy ?? byKey(kind)).attr, kind.key.attr));

/** The row of a bookmark. Throws `expired` if another search created it. */
export function positionOfRow(kind: SqlKind, bookmark: Bookmark): Position {
  const position = positionIn(bookmark);
  if (!isKey(kind, position.key)) throw expired();
  return position;
}

/** How far entries are counted with a page. A request without entries asks for the total, which is never cut off. */
export const countedTo = ({ countTo }: SqlKind, limit: number): number =>
  limit === 0 ? Number.POSITIVE_INFINITY : countTo;

/** Counts matching rows, up to `upTo`. */
export function countStatement(kind: SqlKind, where: SearchRequest["where"], upTo = Number.POSITIVE_INFINITY): Sql {
  const from = sql`from ${tableSql(kind.name)}${allOf([...inKind(kind), ...whereSql(kind, where)])}`;
  if (upTo === Number.POSITIVE_INFINITY) return sql`select count(*) as total ${from}`;
  const some = sql`select 1 as one ${from} order by (select null) ${kind.dialect.page(upTo, 0)}`;
  return sql`select count(*) as total from (${some}) as counted`;
}

/** Reads the row of a key. */
export const getStatement = (kind: SqlKind, key: string, attrs: readonly string[]): Sql =>
  sql`select ${selection(kind, attrs)} from ${tableSql(kind.name)}${allOf([isKeyed(kind, key), ...inKind(kind)])}`;

/** Selects the key that the columns consider equal to another one. */
export const likeStatement = (kind: SqlKind, key: string): Sql =>
  sql`select ${selection(kind, [kind.key.attr])} from ${tableSql(kind.name)}${allOf([haveValues(keySql(kind), keyValues(kind, key)), ...inKind(kind)])}`;

/** Finds which keys belong to rows of the kind. */
export function keysStatement(kind: SqlKind, keys: readonly string[]): Sql {
  const [column, ...more] = keySql(kind);
  const named =
    more.length === 0
      ? sql`${column} in (${sql.join(keys.map((key) => keyValues(kind, key)[0]))})`
      : sql`(${sql.join(
          keys.map((key) => sql`(${haveValues(keySql(kind), keyValues(kind, key))})`),
          sql` or `,
        )})`;
  return sql`select ${selection(kind, [kind.key.attr])} from ${tableSql(kind.name)}${allOf([named, ...inKind(kind)])}`;
}

/** Converts a row to an entry: lists parsed, NULL and empty text omitted, the key as text. */
export function toEntry(kind: SqlKind, attrs: readonly string[], row: Record<string, unknown>): Entry {
  const entry: Record<string, Entry[string]> = {};
  const documents = documentsOf(kind, row);
  for (const attr of attrs.length > 0 ? attrs : [kind.key.attr]) {
    const path = pathIn(kind, attr);
    const value = path ? valuesAt(documents.get(path.column), path) : valueIn(kind, attr, row);
    if (value !== undefined && value !== "") entry[attr] = value;
  }
  return entry;
}

function valueIn(kind: SqlKind, attr: string, row: Record<string, unknown>): Entry[string] {
  const { dialect } = kind;
  const list = kind.lists[attr];
  if (list) return row[attr] === null ? undefined : listIn(kind, list, row[attr]);
  const joined = joinedColumns(kind, attr);
  if (joined) {
    const parts = joined.map((column, index) => dialect.fromDatabase(row[partOf(attr, index)], columnOf(kind, column)));
    return parts.every((part) => part !== undefined && part !== null) ? joinParts(parts as Value[]) : undefined;
  }
  if (row[attr] === null || row[attr] === undefined) return undefined;
  const lookup = kind.lookups[attr];
  if (lookup) return dialect.fromDatabase(row[attr], columnIn(lookup.columns, lookup.value, dialect));
  const value = dialect.fromDatabase(row[attr], columnIn(kind.columns, attr, dialect));
  return value !== undefined && attr === kind.key.attr ? String(value) : value;
}

function listIn({ dialect }: SqlKind, { columns, value }: List, given: unknown): Entry[string] {
  const rows = (typeof given === "string" ? parseExactly(given, String) : given) as unknown[];
  const read = (each: unknown, index: number) =>
    each === null || each === undefined ? undefined : fromJson(each, columnIn(columns, value[index]!, dialect));
  const fromJson = (each: unknown, column: Column) =>
    dialect.fromDatabase(isOfBytes(column) && typeof each === "string" ? Buffer.from(each, "hex") : each, column);
  const values = rows.map((row): Value | undefined => {
    if (value.length === 1) return read(row, 0);
    const parts = (row as unknown[]).map(read);
    return parts.every((part) => part !== undefined) ? joinParts(parts as Value[]) : undefined;
  });
  return fromValues(values.filter((each) => each !== undefined).sort(inOrder));
}

/** Lists have no order in tables. They are sorted, so that pages and responses are stable. */
const inOrder = (a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);
