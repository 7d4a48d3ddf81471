import { type RawBuilder, sql } from "kysely";
import type { ComparisonLeaf, Condition, Scalar } from "../../src/connector/connector.ts";

/** A kind's place in the database: its table, the column of its key, and the lists that other tables hold. */
export interface Kind {
  readonly table: string;
  readonly key: { readonly column: string; readonly type: "integer" | "text"; readonly generate: "database" | "uuid" };
  readonly lists: { readonly [attr: string]: List };
}

export interface List {
  readonly table: string;
  /** The column that holds the entry's key. */
  readonly owner: string;
  readonly value: string;
}

export type Sql = RawBuilder<unknown>;

/**
 * A condition as SQL, values bound, identifiers quoted. SQL's third truth value is kept away: a comparison with NULL
 * is false, so that `not` of it is true.
 */
export function conditionSql(kind: Kind, condition: Condition): Sql {
  switch (condition.op) {
    case "and":
      return condition.conditions.length === 0
        ? sql`1 = 1`
        : joined(
            condition.conditions.map((each) => conditionSql(kind, each)),
            sql` and `,
          );
    case "or":
      return condition.conditions.length === 0
        ? sql`1 = 0`
        : joined(
            condition.conditions.map((each) => conditionSql(kind, each)),
            sql` or `,
          );
    case "not":
      return sql`not coalesce(${conditionSql(kind, condition.condition)}, 0)`;
    default: {
      const list = kind.lists[condition.attr];
      if (!list)
        return leafSql(
          condition,
          columnOf(kind, condition.attr),
          condition.attr === kind.key.column ? kind.key.type : undefined,
        );
      const owned = sql`${sql.ref(`${list.table}.${list.owner}`)} = ${columnOf(kind, kind.key.column)}`;
      const held = leafSql(condition, sql.ref(`${list.table}.${list.value}`), undefined);
      return sql`exists (select 1 from ${sql.table(list.table)} where ${owned} and ${held})`;
    }
  }
}

export const columnOf = (kind: Kind, column: string): Sql => sql.ref(`${kind.table}.${column}`);

const joined = (parts: readonly Sql[], separator: Sql): Sql => sql`(${sql.join(parts, separator)})`;

/** True when a key can be one of the kind's: text, or a whole number as databases write it. */
export const isKey = (kind: Kind, key: string): boolean =>
  kind.key.type === "text" || (/^-?\d{1,16}$/.test(key) && String(Number(key)) === key);

function leafSql(
  leaf: Exclude<Condition, { op: "and" | "or" | "not" }>,
  column: Sql,
  keyType: "integer" | "text" | undefined,
): Sql {
  if (leaf.op === "pr") return sql`(${column} is not null and ${column} <> '')`;
  if (leaf.op === "has") return sql`(${column} & ${leaf.bits}) = ${leaf.bits}`;
  const { op, value } = leaf;
  if (keyType === "integer" && op === "eq") {
    return /^-?\d{1,16}$/.test(String(value)) && String(Number(value)) === String(value)
      ? sql`${column} = ${Number(value)}`
      : sql`1 = 0`;
  }
  return typeof value === "string" ? textSql(leaf, column, value) : compared(column, op, value);
}

function textSql({ op, caseExact }: ComparisonLeaf, column: Sql, value: string): Sql {
  const isAscii = /^[\x00-\x7f]*$/.test(value);
  if (!caseExact && isAscii && op === "eq") return sql`${column} = ${value} collate nocase`;
  const [left, right] = caseExact ? [column, value] : [sql`fold(${column})`, value.toLowerCase()];
  switch (op) {
    case "co":
      return sql`instr(${left}, ${right}) > 0`;
    case "sw":
      return caseExact || !isAscii
        ? sql`substr(${left}, 1, ${[...right].length}) = ${right}`
        : sql`${column} like ${`${likeEscaped(value)}%`} escape '\\'`;
    case "ew":
      return sql`substr(${left}, ${-[...right].length}) = ${right}`;
    default:
      // The column may fold case by a collation of its own.
      return compared(left, op, sql`${right} collate binary`);
  }
}

const likeEscaped = (value: string): string => value.replace(/[\\%_]/g, "\\$&");

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
