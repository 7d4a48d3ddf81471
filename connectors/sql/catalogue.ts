import type { Kysely } from "kysely";
import type { TableName } from "./column.ts";
import type { Settings } from "./settings.ts";
import { sql } from "./sql.ts";

/** A table or view in the database's catalogue. */
export interface CatalogueTable {
  readonly name: TableName;
  readonly columns: readonly CatalogueColumn[];
  readonly primaryKey: readonly string[];
  readonly unique: readonly (readonly string[])[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Whether it is a view. */
  readonly isView: boolean;
  /** The storage engine if it cannot roll back, such as MyISAM. */
  readonly withoutTransactions?: string | undefined;
}

/** A column in the database's catalogue. */
export interface CatalogueColumn {
  readonly name: string;
  /** The type as the database names it, in lower case: `varchar`, `tinyint(1)`. */
  readonly type: string;
  /** Whether a new row needs a value: NOT NULL without a default. */
  readonly isRequired: boolean;
  /** Whether the database generates the value of a new row. */
  readonly isMade: boolean;
}

/** A foreign key: its columns, and the columns that they refer to. */
export interface ForeignKey {
  readonly columns: readonly string[];
  readonly table: TableName;
  readonly to: readonly string[];
}

interface ColumnRow {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: number | boolean;
  readonly made: number | boolean;
  readonly given: number | boolean;
}
interface TableRow {
  readonly table: string;
  readonly type: string;
  readonly engine: string | null;
}
interface KeyRow {
  readonly schema: string;
  readonly table: string;
  readonly constraint: string;
  readonly type: string;
  readonly column: string;
  readonly to_schema: string | null;
  readonly to_table: string | null;
  readonly to_column: string | null;
}

/** Reads the tables of a schema, or of the default search path. */
export async function readCatalogue(
  db: Kysely<unknown>,
  dialect: Settings["dialect"],
  schema: string | undefined,
): Promise<CatalogueTable[]> {
  if (dialect === "sqlite") return readSqlite(db);
  const here = { postgres: sql`current_schema()`, mysql: sql`database()`, mssql: sql`schema_name()` }[dialect];
  const of = schema === undefined ? here : sql`${schema}`;
  const { rows: columns } = await columnsQuery[dialect](of).execute(db);
  const { rows: keys } = await keysQuery[dialect](of).execute(db);
  const { rows: tables } = await tablesQuery[dialect === "mysql" ? "mysql" : "others"](of).execute(db);
  const tableOf = new Map(tables.map((row) => [row.table, row]));
  const named = (name: string): TableName => (schema === undefined ? { table: name } : { schema, table: name });
  return [...Map.groupBy(columns, ({ table }) => table)].map(([table, ofTable]) => {
    const constraints = [
      ...Map.groupBy(
        keys.filter((key) => key.table === table),
        ({ constraint }) => constraint,
      ).values(),
    ];
    const ofType = (type: string) => constraints.filter(([first]) => first!.type === type);
    const names = (rows: readonly KeyRow[]) => [...new Set(rows.map(({ column }) => column))];
    return {
      name: named(table),
      columns: ofTable.map(({ name, type, nullable, made, given }) => ({
        name,
        type: type.toLowerCase(),
        isRequired: !Number(nullable) && !Number(made) && !Number(given),
        isMade: Boolean(Number(made)),
      })),
      primaryKey: names(ofType("PRIMARY KEY")[0] ?? []),
      unique: ofType("UNIQUE").map(names),
      foreignKeys: ofType("FOREIGN KEY").map((rows) => ({
        columns: names(rows),
        table:
          rows[0]!.to_schema === rows[0]!.schema
            ? named(rows[0]!.to_table!)
            : { schema: rows[0]!.to_schema!, table: rows[0]!.to_table! },
        to: [...new Set(rows.map(({ to_column }) => to_column!))],
      })),
      isView: tableOf.get(table)?.type !== "BASE TABLE",
      withoutTransactions: tableOf.get(table)?.engine ?? undefined,
    };
  });
}

/** The catalogue's description of tables by name, without those that do not exist. Each schema is read once. */
export async function describeTables(
  db: Kysely<unknown>,
  dialect: Settings["dialect"],
  tables: readonly { readonly name: TableName }[],
): Promise<(name: TableName) => CatalogueTable | undefined> {
  const schemas = [...new Set(tables.map(({ name }) => name.schema))];
  const found = (await Promise.all(schemas.map((schema) => readCatalogue(db, dialect, schema)))).map(
    (each, index) => [schemas[index], new Map(each.map((table) => [table.name.table, table]))] as const,
  );
  const bySchema = new Map(found);
  return ({ schema, table }) => bySchema.get(schema)?.get(table);
}

type Of = ReturnType<typeof sql>;

/** Tables and views of a schema, with the engine if it has no transactions. */
const tablesQuery = {
  others: (of: Of) => sql<TableRow>`
    select table_name as "table", table_type as type, null as engine from information_schema.tables
    where table_schema = ${of}`,
  mysql: (of: Of) => sql<TableRow>`
    select t.table_name as \`table\`, t.table_type as type, case when e.transactions = 'NO' then t.engine end as engine
    from information_schema.tables t left join information_schema.engines e on e.engine = t.engine
    where t.table_schema = ${of}`,
};

/** Columns of a schema's tables: `made` if the database generates values, `given` if there is a default. */
const columnsQuery = {
  postgres: (of: Of) => sql<ColumnRow>`
    select table_schema as schema, table_name as table, column_name as name,
      case when data_type = 'USER-DEFINED' then udt_name else data_type end as type, (is_nullable = 'YES')::int as nullable,
      (is_identity = 'YES' or coalesce(column_default like 'nextval(%', false) or is_generated = 'ALWAYS')::int as made,
      (column_default is not null)::int as given
    from information_schema.columns where table_schema = ${of} order by table_name, ordinal_position`,
  mysql: (of: Of) => sql<ColumnRow>`
    select table_schema as \`schema\`, table_name as \`table\`, column_name as name, column_type as type,
      is_nullable = 'YES' as nullable, extra like '%auto_increment%' or extra like '%GENERATED%' as made,
      column_default is not null as given
    from information_schema.columns where table_schema = ${of} order by table_name, ordinal_position`,
  mssql: (of: Of) => sql<ColumnRow>`
    select table_schema as "schema", table_name as "table", column_name as name, data_type as type,
      case when is_nullable = 'YES' then 1 else 0 end as nullable,
      columnproperty(object_id(quotename(table_schema) + '.' + quotename(table_name)), column_name, 'IsIdentity') as made,
      case when column_default is null then 0 else 1 end as given
    from information_schema.columns where table_schema = ${of} order by table_name, ordinal_position`,
};

const constraintsFrom = sql`information_schema.table_constraints c
  join information_schema.key_column_usage k on k.constraint_schema = c.constraint_schema
    and k.constraint_name = c.constraint_name and k.table_name = c.table_name`;
/** Joins the columns that a foreign key refers to. */
const referred = sql`left join information_schema.referential_constraints r on r.constraint_schema = c.constraint_schema
    and r.constraint_name = c.constraint_name
  left join information_schema.key_column_usage u on u.constraint_schema = r.unique_constraint_schema
    and u.constraint_name = r.unique_constraint_name and u.ordinal_position = k.ordinal_position`;

/** Unique indexes that are not constraints, which the information schema omits. */
const uniqueIndexes = {
  postgres: (of: Of) => sql`
    select n.nspname, t.relname, i.relname, 'UNIQUE', a.attname, null, null, null, array_position(x.indkey::int2[], a.attnum)
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      join pg_namespace n on n.oid = t.relnamespace join pg_attribute a on a.attrelid = t.oid and a.attnum = any(x.indkey)
    where x.indisunique and x.indisvalid and x.indpred is null and x.indexprs is null and n.nspname = ${of}
      and array_position(x.indkey::int2[], a.attnum) < x.indnkeyatts
      and not exists (select 1 from pg_constraint c where c.conindid = x.indexrelid)`,
  mssql: (of: Of) => sql`
    select schema_name(t.schema_id), t.name, i.name, 'UNIQUE', col_name(t.object_id, c.column_id), null, null, null, c.key_ordinal
    from sys.indexes i join sys.tables t on t.object_id = i.object_id
      join sys.index_columns c on c.object_id = i.object_id and c.index_id = i.index_id and c.key_ordinal > 0
    where i.is_unique = 1 and i.has_filter = 0 and i.is_primary_key = 0 and i.is_unique_constraint = 0
      and schema_name(t.schema_id) = ${of}`,
};

const keysQuery = {
  postgres: (of: Of) => sql<KeyRow>`
    select c.table_schema as schema, c.table_name as table, c.constraint_name as constraint, c.constraint_type as type,
      k.column_name as column, u.table_schema as to_schema, u.table_name as to_table, u.column_name as to_column,
      k.ordinal_position as place
    from ${constraintsFrom} ${referred} where c.table_schema = ${of}
    union all ${uniqueIndexes.postgres(of)} order by "constraint", place`,
  mysql: (of: Of) => sql<KeyRow>`
    select c.table_schema as \`schema\`, c.table_name as \`table\`, c.constraint_name as \`constraint\`, c.constraint_type as type,
      k.column_name as \`column\`, k.referenced_table_schema as to_schema, k.referenced_table_name as to_table,
      k.referenced_column_name as to_column
    from ${constraintsFrom} where c.table_schema = ${of} order by c.constraint_name, k.ordinal_position`,
  mssql: (of: Of) => sql<KeyRow>`
    select c.table_schema as "schema", c.table_name as "table", c.constraint_name as "constraint", c.constraint_type as type,
      k.column_name as "column", u.table_schema as to_schema, u.table_name as to_table, u.column_name as to_column,
      k.ordinal_position as place
    from ${constraintsFrom} ${referred} where c.table_schema = ${of}
    union all ${uniqueIndexes.mssql(of)} order by "constraint", place`,
};

async function readSqlite(db: Kysely<unknown>): Promise<CatalogueTable[]> {
  const { rows: tables } = await sql<{ name: string; type: string }>`
    select name, type from sqlite_master where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name`.execute(
    db,
  );
  return Promise.all(
    tables.map(async ({ name: table, type }) => {
      const { rows: columns } = await sql<{ name: string; type: string; notnull: number; given: number; pk: number }>`
        select name, type, "notnull", dflt_value is not null as given, pk from pragma_table_xinfo(${table}) order by cid`.execute(
        db,
      );
      const { rows: indexes } = await sql<{ index: string; column: string }>`
        select i.name as "index", c.name as "column" from pragma_index_list(${table}) i, pragma_index_info(i.name) c
        where i."unique" = 1 and i.partial = 0 order by i.seq, c.seqno`.execute(db);
      const { rows: references } = await sql<{ id: number; to: string | null; from: string; table: string }>`
        select id, "from", "to", "table" from pragma_foreign_key_list(${table}) order by id, seq`.execute(db);
      const primaryKey = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
      // A single integer key is the rowid, which SQLite generates.
      const isMade = (name: string) =>
        primaryKey.length === 1 && primaryKey[0]!.name === name && primaryKey[0]!.type.toLowerCase() === "integer";
      return {
        name: { table },
        columns: columns.map(({ name, type, notnull, given, pk }) => ({
          name,
          type: type.toLowerCase(),
          isRequired: (notnull === 1 || pk > 0) && given === 0 && !isMade(name),
          isMade: isMade(name),
        })),
        primaryKey: primaryKey.map(({ name }) => name),
        unique: [...Map.groupBy(indexes, ({ index }) => index).values()].map((rows) =>
          rows.map(({ column }) => column),
        ),
        foreignKeys: [...Map.groupBy(references, ({ id }) => id).values()].map((rows) => ({
          columns: rows.map(({ from }) => from),
          table: { table: rows[0]!.table },
          to: rows.map(({ to }) => to ?? "id"),
        })),
        isView: type === "view",
      };
    }),
  );
}
