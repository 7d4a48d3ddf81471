import type { ComparisonLeaf, Condition, Leaf, Scalar, Support } from "../../src/connector/connector.ts";
import { booleanOf, bytesOf } from "../../src/connector/kit/values.ts";
import { instantOf } from "../../src/json/date.ts";
import { type Column, columnIn, mayHoldText, type Table } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { pathIn } from "./documents.ts";
import { isEmpty } from "./empty.ts";
import { fitsColumn, haveValues, inText, isInCharset, isText, keyTakesForSame, splitParts } from "./keys.ts";
import {
  allOf,
  columnOf,
  columnSql,
  fixedSql,
  isUuid,
  isWhole,
  joinedColumns,
  keySql,
  type List,
  type Lookup,
  type SqlKind,
  tableSql,
} from "./kind.ts";
import { type Sql, sql } from "./sql.ts";

const always = sql`1 = 1`;
const never = sql`1 = 0`;

/**
 * A condition as SQL, with bound values and quoted identifiers. Comparisons with NULL are false instead of NULL, so that `not` of them is
 * true.
 */
export function conditionSql(kind: SqlKind, condition: Condition): Sql {
  switch (condition.op) {
    case "and":
    case "or": {
      const parts = condition.conditions.map((each) => conditionSql(kind, each));
      if (parts.length === 0) return condition.op === "and" ? always : never;
      return sql`(${sql.join(parts, condition.op === "and" ? sql` and ` : sql` or `)})`;
    }
    case "not":
      return sql`not ${kind.dialect.isTrue(conditionSql(kind, condition.condition))}`;
    default:
      return attributeSql(kind, condition);
  }
}

function attributeSql(kind: SqlKind, leaf: Leaf): Sql {
  const { dialect } = kind;
  const { attr } = leaf;
  const list = kind.lists[attr];
  if (list) return existsSql(leaf, listRows(kind, attr, list), aliased(attr, list), list.value, dialect);
  const lookup = kind.lookups[attr];
  if (lookup) return existsSql(leaf, lookupRow(kind, attr, lookup), aliased(attr, lookup), [lookup.value], dialect);
  const joined = joinedColumns(kind, attr);
  if (joined) return columnsSql(leaf, kind, joined, dialect);
  return leafSql(leaf, columnSql(kind.name, attr), columnOf(kind, attr), dialect);
}

/** The condition that a row of another table belongs to the entry and has a matching value. */
const existsSql = (
  leaf: Leaf,
  { from, where }: { readonly from: Sql; readonly where: readonly Sql[] },
  table: Table,
  names: readonly string[],
  dialect: SqlDialect,
): Sql => sql`exists (select 1 ${from}${allOf([...where, columnsSql(leaf, table, names, dialect)])})`;

/** A comparison with one column, or with several, which support only equality. */
function columnsSql(leaf: Leaf, { name, columns }: Table, names: readonly string[], dialect: SqlDialect): Sql {
  if (names.length === 1)
    return leafSql(leaf, columnSql(name, names[0]!), columnIn(columns, names[0]!, dialect), dialect);
  const sides = names.map((each) => columnSql(name, each));
  if (leaf.op === "pr")
    return sql`(${sql.join(
      sides.map((side) => sql`${side} is not null`),
      sql` and `,
    )})`;
  const parts = leaf.op === "eq" ? splitParts(String(leaf.value), names.length) : undefined;
  if (!parts?.every((part, index) => fitsColumn(part, columnIn(columns, names[index]!, dialect), dialect)))
    return never;
  const values = parts.map((part, index) => dialect.toDatabase(part, columnIn(columns, names[index]!, dialect)));
  return sql`(${haveValues(sides, values)})`;
}

/** An alias for a list's or lookup's table, which may be the kind's own table. */
const aliased = (attr: string, { columns }: Table): Table => ({ name: { table: `of ${attr}` }, columns });
const fromAliased = (attr: string, { name }: Table): Sql => sql`from ${tableSql(name)} as ${sql.id(`of ${attr}`)}`;

/** Joins the rows of a list to the kind's row. */
export function listRows(kind: SqlKind, attr: string, list: List): { from: Sql; values: Sql[]; where: Sql[] } {
  const { name, columns } = aliased(attr, list);
  const keys = keySql(kind);
  const values = list.value.map((column) => columnSql(name, column));
  return {
    from: fromAliased(attr, list),
    values,
    where: [
      ...list.owner.flatMap((column, index) => {
        const owner = columnSql(name, column);
        const of = columnIn(columns, column, kind.dialect);
        const equal = sql`${owner} = ${keys[index]}`;
        if (!isText(of) || !of.foldsCase || keyTakesForSame(kind)) return [equal];
        const { exact } = kind.dialect;
        return [equal, sql`${exact(inText(owner, of, kind.dialect))} = ${exact(keys[index]!)}`];
      }),
      ...fixedSql({ name, columns }, list.where, kind.dialect),
      ...withinReach(list, values, kind.dialect),
    ],
  };
}

/** The condition that values are keys of entries within their kind's reach, if that is limited. */
function withinReach({ of }: List, values: readonly Sql[], dialect: SqlDialect): Sql[] {
  if (!of || Object.keys(of.where).length === 0) return [];
  const target = { name: { table: "of its kind" }, columns: of.columns };
  const conditions = [
    ...of.key.map((column, index) => sql`${columnSql(target.name, column)} = ${values[index]}`),
    ...fixedSql(target, of.where, dialect),
  ];
  return [sql`exists (select 1 from ${tableSql(of.name)} as ${sql.id("of its kind")}${allOf(conditions)})`];
}

/** Joins the row that the kind's row refers to. */
export function lookupRow(kind: SqlKind, attr: string, lookup: Lookup): { from: Sql; value: Sql; where: Sql[] } {
  const { name, columns } = aliased(attr, lookup);
  return {
    from: fromAliased(attr, lookup),
    value: columnSql(name, lookup.value),
    where: [
      sql`${columnSql(name, lookup.key)} = ${columnSql(kind.name, lookup.column)}`,
      ...fixedSql({ name, columns }, lookup.where, kind.dialect),
    ],
  };
}

/** How well a database answers a condition. It may fold letters beyond ASCII differently. */
export function supports(kind: SqlKind, condition: Condition): Support {
  const { foldsAll } = kind.dialect;
  // Values within documents are compared by the gateway.
  if ("attr" in condition && pathIn(kind, condition.attr)) return "none";
  if ("attr" in condition && condition.op !== "eq" && condition.op !== "pr" && isOfSeveral(kind, condition.attr))
    return "none";
  if (foldsAll || !("value" in condition) || typeof condition.value !== "string") return "exact";
  if (/^[\x00-\x7f]*$/.test(condition.value)) return "exact";
  if (condition.caseExact) return isOrder(condition.op) ? "superset" : "exact";
  return isOrder(condition.op) ? "none" : "superset";
}

const isOfSeveral = (kind: SqlKind, attr: string): boolean =>
  joinedColumns(kind, attr) !== undefined || (kind.lists[attr]?.value.length ?? 1) > 1;

/** A comparison with a column's value. */
export function leafSql(leaf: Leaf, given: Sql, of: Column, dialect: SqlDialect): Sql {
  const { type, isBytes } = of;
  // Equal bytes are equal text, and an index can be used.
  if (isBytes && leaf.op === "eq" && leaf.caseExact) return compared(given, "eq", bound(leaf.value, of, dialect));
  const column = isBytes ? dialect.decoded(given) : inText(given, of, dialect);
  const isText = mayHoldText(of);
  if (leaf.op === "pr") return sql`not ${isEmpty(given, of, dialect)}`;
  if (leaf.op === "has") return isText && type !== "any" ? never : sql`(${column} & ${leaf.bits}) = ${leaf.bits}`;
  const { op, value } = leaf;
  // A column cannot contain what its character set lacks, and MariaDB reports an error for the comparison.
  if (typeof value === "string" && !isInCharset(value, of)) return isOrder(op) ? sql`${column} is not null` : never;
  if (isText && leaf.instant)
    return instantOf(String(value)) && !isPart(op)
      ? compared(dialect.instantOf(column), op, dialect.instantOf(sql`${String(value)}`))
      : never;
  switch (type) {
    case "any":
      return typeof value === "string" ? textSql(leaf, column, value, of, dialect) : compared(column, op, value);
    case "text":
      return typeof value === "string" ? textSql(leaf, column, value, of, dialect) : never;
    case "integer":
    case "decimal": {
      // A key is compared as text with text.
      if (type === "integer" && typeof value === "string" && op !== "eq")
        return textSql(leaf, dialect.castToText(column), value, { ...of, type: "text" }, dialect);
      if (type === "integer" && typeof value === "number" && !Number.isInteger(value))
        return fraction(column, op, value);
      const isNumber = typeof value === "number" || (typeof value === "string" && isWhole(value, dialect));
      return isNumber && !isPart(op) ? compared(column, op, bound(value, of, dialect)) : never;
    }
    case "boolean":
    case "bit":
      return op === "eq" && booleanOf(value) !== undefined ? compared(column, op, bound(value, of, dialect)) : never;
    case "time":
    case "date":
      return isPart(op) || !instantOf(String(value)) ? never : compared(column, op, bound(value, of, dialect));
    case "uuid":
    case "uuidBytes":
      return op === "eq" && isUuid(String(value).toLowerCase())
        ? compared(column, op, bound(value, of, dialect))
        : never;
    case "bytes":
      return op === "eq" && bytesOf(value) ? compared(column, op, bound(value, of, dialect)) : never;
    default:
      return never;
  }
}

/** A comparison of integers with a fraction. */
function fraction(column: Sql, op: ComparisonLeaf["op"], value: number): Sql {
  if (op === "gt" || op === "ge") return sql`${column} > ${Math.floor(value)}`;
  return op === "lt" || op === "le" ? sql`${column} < ${Math.ceil(value)}` : never;
}

const bound = (value: Scalar, of: Column, dialect: SqlDialect): Sql => sql`${dialect.toDatabase(value, of)}`;
const isOrder = (op: Leaf["op"]): boolean => op === "gt" || op === "ge" || op === "lt" || op === "le";
const isPart = (op: ComparisonLeaf["op"]): boolean => op === "co" || op === "sw" || op === "ew";

function textSql({ op, caseExact }: ComparisonLeaf, column: Sql, value: string, of: Column, dialect: SqlDialect): Sql {
  const isAscii = /^[\x00-\x7f]*$/.test(value);
  const form = caseExact ? dialect.exact : dialect.folded;
  // The database folds letters beyond ASCII as in the column; others are folded here.
  const isPlain = caseExact || isAscii || dialect.foldsAll;
  const given = (text: string) =>
    isPlain
      ? sql`${caseExact ? text : text.toLowerCase()}`
      : // Next to the column, the value is folded in the same way.
        dialect.folded(of.hasCollation ? sql`coalesce(${text}, ${column})` : sql`${text}`);
  const wanted = isPlain ? dialect.exact(given(value)) : given(value);
  const left = form(column);
  const like = (text: string) => sql`${left} like ${given(text)} escape '!'`;
  switch (op) {
    case "eq": {
      const indexed = isAscii ? dialect.indexed(column, value, of, caseExact === true) : undefined;
      const exact = dialect.equals(left, wanted);
      if (!indexed) return exact;
      return indexed.isExact ? indexed.condition : sql`(${indexed.condition} and ${exact})`;
    }
    case "co":
      return dialect.contains?.(left, wanted) ?? like(`%${likeEscaped(value)}%`);
    case "sw":
      return like(`${likeEscaped(value)}%`);
    case "ew":
      return like(`%${likeEscaped(value)}`);
    default:
      return compared(left, op, wanted);
  }
}

/** Escapes text for a pattern; `[` is special only in SQL Server. */
const likeEscaped = (value: string): string => value.replace(/[!%_[]/g, "!$&");

function compared(left: Sql, op: ComparisonLeaf["op"], value: Scalar | Sql): Sql {
  switch (op) {
    case "gt":
      return sql`${left} > ${value}`;
    case "ge":
      return sql`${left} >= ${value}`;
    case "lt":
      return sql`${left} < ${value}`;
    case "le":
      return sql`${left} <= ${value}`;
    default:
      return sql`${left} = ${value}`;
  }
}
