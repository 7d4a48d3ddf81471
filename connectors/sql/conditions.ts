import { sql } from "kysely";
import type { ComparisonLeaf, Condition, Leaf, Scalar, Support } from "../../src/connector/connector.ts";
import type { SqlDialect } from "./dialect.ts";
import {
  type Column,
  columnIn,
  columnSql,
  fixedSql,
  isUuid,
  isWhole,
  type Kind,
  keySql,
  type Sql,
  tableSql,
} from "./kind.ts";

const always = sql`1 = 1`;
const never = sql`1 = 0`;

/**
 * A condition as SQL, values bound, identifiers quoted. SQL's third truth value is kept away: a comparison with NULL
 * is false, so that `not` of it is true.
 */
export function conditionSql(kind: Kind, condition: Condition): Sql {
  switch (condition.op) {
    case "and":
    case "or": {
      const parts = condition.conditions.map((each) => conditionSql(kind, each));
      if (parts.length === 0) return condition.op === "and" ? always : never;
      return sql`(${sql.join(parts, condition.op === "and" ? sql` and ` : sql` or `)})`;
    }
    case "not":
      return sql`not ${kind.dialect.isTrue(conditionSql(kind, condition.condition))}`;
    default: {
      const { dialect } = kind;
      const list = kind.lists[condition.attr];
      if (!list)
        return leafSql(condition, columnSql(kind.name, condition.attr), columnOf(kind, condition.attr), dialect);
      const held = leafSql(
        condition,
        columnSql(list.name, list.value),
        columnIn(list.columns, list.value, dialect),
        dialect,
      );
      const owned = sql`${columnSql(list.name, list.owner)} = ${keySql(kind)}`;
      const all = [owned, ...fixedSql(list.name, list.columns, list.where, dialect), held];
      return sql`exists (select 1 from ${tableSql(list.name)} where ${sql.join(all, sql` and `)})`;
    }
  }
}

/** A kind's column; its key is what the configuration says. */
export function columnOf(kind: Kind, name: string): Column {
  const column = columnIn(kind.columns, name, kind.dialect);
  return name === kind.key.column && kind.key.type === "integer" ? { ...column, type: "integer" } : column;
}

/** How well a database answers a condition: letters beyond ASCII it may fold in ways of its own. */
export function supports(condition: Condition, { foldsAll }: SqlDialect): Support {
  if (foldsAll || !("value" in condition) || condition.caseExact || typeof condition.value !== "string") return "exact";
  if (/^[\x00-\x7f]*$/.test(condition.value)) return "exact";
  return ["gt", "ge", "lt", "le"].includes(condition.op) ? "none" : "superset";
}

function leafSql(leaf: Leaf, column: Sql, of: Column, dialect: SqlDialect): Sql {
  const { type } = of;
  const isText = type === "text" || type === "any";
  if (leaf.op === "pr") return isText ? sql`(${column} is not null and ${column} <> '')` : sql`${column} is not null`;
  if (leaf.op === "has") return isText && type !== "any" ? never : sql`(${column} & ${leaf.bits}) = ${leaf.bits}`;
  const { op, value } = leaf;
  switch (type) {
    case "any":
      return typeof value === "string" ? textSql(leaf, column, value, of, dialect) : compared(column, op, value);
    case "text":
      return typeof value === "string" ? textSql(leaf, column, value, of, dialect) : never;
    case "integer":
    case "decimal": {
      // A key is text to those who ask for it.
      const number = typeof value === "string" && isWhole(value) ? Number(value) : value;
      return typeof number === "number" && !isPart(op) ? compared(column, op, number) : never;
    }
    case "boolean":
    case "bit":
      return op === "eq" && typeof value !== "string" ? compared(column, op, bound(value, of, dialect)) : never;
    case "time":
    case "date":
      return isPart(op) || Number.isNaN(Date.parse(String(value)))
        ? never
        : compared(column, op, bound(value, of, dialect));
    case "uuid":
    case "uuidBytes":
      return op === "eq" && isUuid(String(value).toLowerCase())
        ? compared(column, op, bound(value, of, dialect))
        : never;
    default:
      return never;
  }
}

const bound = (value: Scalar, of: Column, dialect: SqlDialect): Sql => sql`${dialect.toDatabase(value, of)}`;
const isPart = (op: ComparisonLeaf["op"]): boolean => op === "co" || op === "sw" || op === "ew";

function textSql({ op, caseExact }: ComparisonLeaf, column: Sql, value: string, of: Column, dialect: SqlDialect): Sql {
  const isAscii = /^[\x00-\x7f]*$/.test(value);
  const form = caseExact ? dialect.exact : dialect.folded;
  // Of letters beyond ASCII the database makes what it makes of the column's; others are folded here.
  const isPlain = caseExact || isAscii || dialect.foldsAll;
  const given = (text: string) =>
    isPlain ? sql`${caseExact ? text : text.toLowerCase()}` : dialect.folded(sql`${text}`);
  const wanted = isPlain ? dialect.exact(given(value)) : given(value);
  const left = form(column);
  const like = (pattern: string) => sql`${left} like ${given(pattern)} escape '!'`;
  switch (op) {
    case "eq": {
      const indexed = isAscii ? dialect.indexed(column, value, of, caseExact === true) : undefined;
      const exact = sql`${left} = ${wanted}`;
      if (!indexed) return exact;
      return indexed.isExact ? indexed.condition : sql`(${indexed.condition} and ${exact})`;
    }
    case "co":
      return like(`%${likeEscaped(value)}%`);
    case "sw":
      return like(`${likeEscaped(value)}%`);
    case "ew":
      return like(`%${likeEscaped(value)}`);
    default:
      return compared(left, op, wanted);
  }
}

const likeEscaped = (value: string): string => value.replace(/[!%_]/g, "!$&");

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
