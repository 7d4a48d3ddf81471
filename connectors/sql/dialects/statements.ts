import { type Sql, sql } from "../sql.ts";

/** One value, or an array that a database function builds from several. */
export const oneOrArray = (values: readonly Sql[], array: Sql): Sql =>
  values.length === 1 ? values[0]! : sql`${array}(${sql.join(values)})`;

/** An insert, with a final clause. */
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

/** What most databases have in common. */
export const usual = {
  isSameJson: (column: Sql, text: string) => sql`${column} = ${text}`,
  countsInserted: true,
  maxWhole: 2n ** 63n - 1n,
  equals: (left: Sql, right: Sql) => sql`${left} = ${right}`,
  asValue: (condition: Sql) => condition,
  returning: (columns: readonly Sql[]) => sql` returning ${sql.join([...columns])}`,
  lockHint: sql``,
  // Our own numbers, which some drivers would send as types that the database does not accept here.
  page: (limit: number, offset: number) => sql.raw(`limit ${limit}${offset > 0 ? ` offset ${offset}` : ""}`),
};
