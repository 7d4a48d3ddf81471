import { type Entry, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError } from "../../src/connector/error.ts";
import { mayHoldText } from "./column.ts";
import { conditionSql } from "./conditions.ts";
import { isKeyed } from "./keys.ts";
import { allOf, columnOf, type SqlKind, tableSql } from "./kind.ts";
import type { Run } from "./session.ts";
import { sql } from "./sql.ts";
import { inKind } from "./statements.ts";

/**
 * Rejects with `conflict` if another entry has a value that must be unique, within the caller's transaction. Nothing is queried if an index
 * enforces it. Without a database lock, two simultaneous writes of a value can both pass.
 */
export async function checkUnique(run: Run, kind: SqlKind, entry: Entry, key: string | undefined): Promise<void> {
  const { dialect } = kind;
  for (const { attr, caseExact } of kind.mapped?.unique ?? []) {
    const [value] = valuesOf(entry, attr);
    if (value === undefined || typeof value === "object" || kind.lists[attr] || kind.lookups[attr]) continue;
    const column = columnOf(kind, attr);
    const { unique } = column;
    if (unique?.folded || (unique?.exact && (caseExact || !mayHoldText(column)))) continue;
    const name = caseExact ? String(value) : String(value).toLowerCase();
    if (dialect.lockValue) await run(dialect.lockValue(`${kind.name.table} ${attr} ${name}`));
    const same = conditionSql(kind, { op: "eq", attr, value, ...(caseExact && { caseExact }) });
    const others = key === undefined ? [] : [sql`not ${dialect.isTrue(isKeyed(kind, key))}`];
    const where = allOf([...inKind(kind), same, ...others]);
    const { rows } = await run(sql`select count(*) as total from ${tableSql(kind.name)}${where}`);
    if (Number((rows[0] as { total: unknown }).total) > 0)
      throw new ConnectorError("conflict", `An entry with this ${attr} already exists.`, { attr });
  }
}
