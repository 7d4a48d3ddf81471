import { type Sql, sql } from "../sql.ts";

/** One value, or an array of several, that a function of the database makes. */
export const oneOrArray = (values: readonly Sql[], array: Sql): Sql =>
  values.length === 1 ? values[0]! : sql`${array}(${sql.join(values)})`;

/** An insert of rows, and what it ends with. */
export function insertRows(
  table: Sql,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  end: Sql,
): Sql {
  const names = sql.join(columns.map((column) => sql.id(column)));
  const values = rows.map((row) => sql`(${sql.join([...row])})`);
  return sql`insert into ${table} (${names}) values ${sql.join(values)}${end}`;
}

/** What most makes do alike. */
export const usual = {
  isSameJson: (column: Sql, text: string) => sql`${column} = ${text}`,
  countsInserted: true,
  maxWhole: 2n ** 63n - 1n,
  equals: (left: Sql, right: Sql) => sql`${left} = ${right}`,
  asValue: (condition: Sql) => condition,
  returning: (columns: readonly Sql[]) => sql` returning ${sql.join([...columns])}`,
  lockHint: sql``,
  // Numbers of ours, that drivers would send as what some databases do not take here.
  page: (limit: number, offset: number) => sql.raw(`limit ${limit}${offset > 0 ? ` offset ${offset}` : ""}`),
};
