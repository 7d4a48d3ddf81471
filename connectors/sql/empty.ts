import { type Column, mayHoldText } from "./column.ts";
import type { SqlDialect } from "./dialect.ts";
import { inText } from "./keys.ts";
import { type Sql, sql } from "./sql.ts";

/** The condition that a column is read as empty: NULL, empty text or no bytes. A blank is a value. */
export function isEmpty(given: Sql, of: Column, dialect: SqlDialect): Sql {
  if (of.type === "bytes" || of.isBytes) return sql`(${given} is null or ${given} = ${Buffer.alloc(0)})`;
  if (!mayHoldText(of)) return sql`(${given} is null)`;
  const text = inText(given, of, dialect);
  return sql`(${text} is null or ${dialect.equals(dialect.exact(text), sql`''`)})`;
}
