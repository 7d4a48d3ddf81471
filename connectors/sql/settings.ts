import { z } from "zod";

const table = {
  table: z.string().describe("Table or view."),
  schema: z.string().optional().describe("Schema or database of the table."),
  text: z
    .array(z.string())
    .default([])
    .describe("Binary columns (binary, varbinary, bytea, blob) that contain UTF-8 text."),
};
const constant = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const fixed = z.record(z.string(), constant);
const expression = z.strictObject({
  sql: z.string().describe("SQL expression, such as now()."),
});
/** A constant, or an SQL expression. */
const assigned = z.record(z.string(), z.union([constant, expression]));
/** One column, or several whose values are joined into one text. */
const columns = z.union([z.string(), z.array(z.string()).min(1)]);

const list = z.strictObject({
  ...table,
  owner: columns.describe("Column with the entry's key. For a composite key, its columns in order."),
  value: columns.describe("Column or columns with the value. Owner and value together must be unique."),
  where: fixed
    .default({})
    .describe(
      "Values that distinguish these rows from others in the table, such as { type: work }. New rows get them.",
    ),
  of: z
    .string()
    .optional()
    .describe("Kind whose keys the values are. Entries outside its reach, such as deleted ones, are skipped."),
  set: assigned.default({}).describe("Further values for new rows, such as { granted_at: { sql: now() } }."),
  onDelete: z
    .enum(["delete", "keep"])
    .optional()
    .describe(
      "Whether deleting the entry, or one that the values refer to, deletes the rows. Default: yes, except that rows of a table that holds the entries of a kind, and rows that the value numbers as their primary key, are kept without their owner.",
    ),
  deletedBy: assigned
    .optional()
    .describe(
      "Values to set instead of deleting the row. `where` must exclude such rows. A value that is added again reuses its row.",
    ),
});

const lookup = z.strictObject({
  column: z.string().describe("Column of the kind's table that refers to the other table."),
  ...table,
  key: z.string().default("id").describe("Column of the other table that is referred to."),
  value: z.string().describe("Column of the other table with the value."),
  where: fixed.default({}).describe("Values of the rows that may be referred to."),
});

const statements = z.union([z.string(), z.array(z.string()).min(1)]);
const step = z.strictObject({
  when: z
    .union([z.array(z.string()).min(1), fixed])
    .optional()
    .describe(
      "Runs the statement for changes of these attributes, [enabled], or to a value, { enabled: false }. Default: for every other change.",
    ),
  sql: z.string().describe("SQL statement. :name stands for the attribute's value after the change."),
});

const own = z.strictObject({
  create: statements
    .optional()
    .describe("Statements that replace the insert. The last row with a column named key returns the new key."),
  update: z
    .union([z.string(), z.array(step).min(1)])
    .optional()
    .describe("Statements that replace updates of what their `when` names. Other changes are written to the table."),
  delete: statements.optional().describe("Statements that replace the delete."),
  lock: z
    .string()
    .optional()
    .describe(
      "Statement that locks the entry until the transaction ends and returns a row if it exists. Default: locks the row in the table.",
    ),
});

const kind = z.strictObject({
  ...table,
  key: z
    .strictObject({
      column: columns
        .default("id")
        .describe("Column or columns of the primary key. For several, the ID is their values joined with colons."),
      type: z
        .enum(["integer", "text"])
        .optional()
        .describe("Type of a single-column key; a UUID is text. Default: the column's type."),
      generate: z
        .union([z.enum(["database", "uuid"]), expression])
        .default("database")
        .describe(
          "How a new key is generated if the mapping does not set it: by the database, as a UUID, or by an SQL expression such as { sql: nextval('staff') }.",
        ),
    })
    .prefault({})
    .describe("Primary key. It becomes the SCIM ID."),
  where: fixed
    .default({})
    .describe(
      "Values that all rows of this kind have, such as { tenant: 7, deleted_at: null }. Other rows are out of reach. New rows get these values.",
    ),
  deletedBy: assigned
    .optional()
    .describe(
      "Values to set instead of deleting the row, such as { deleted_at: { sql: now() } }. `where` must exclude such rows.",
    ),
  updatedBy: assigned.default({}).describe("Values to set with each change, such as { changed_at: { sql: now() } }."),
  lists: z
    .record(z.string(), list)
    .default({})
    .describe("Multi-valued attributes stored as rows of another table, such as memberships."),
  lookups: z
    .record(z.string(), lookup)
    .default({})
    .describe(
      "Attributes from a row of another table that a column refers to, such as a department's name or a manager's number.",
    ),
  joined: z
    .record(z.string(), z.array(z.string()).min(2))
    .default({})
    .describe("Attributes that combine several columns: references to composite keys."),
  json: z
    .array(z.string())
    .default([])
    .describe(
      "Columns that hold JSON objects. Mappings can use places in them as attributes, such as profile.contact.phone. Other content is kept.",
    ),
  statements: own.prefault({}).describe("Custom statements or procedure calls, for tables that do not fit."),
  rows: z
    .strictObject({
      by: z.string().describe("Column whose distinct values are the entries. It is the key, and the SCIM ID."),
      order: z.array(z.string()).default([]).describe("Columns that order an entry's rows. All other columns follow."),
      maximum: z.int().min(1).max(10_000).default(200).describe("Maximum number of rows per entry."),
    })
    .optional()
    .describe(
      "For tables with several rows per person, such as jobs or history: one entry for each value of a column, with an attribute `rows` that lists its rows. The kind is read-only.",
    ),
  countTo: z
    .int()
    .min(0)
    .optional()
    .describe(
      "How far entries are counted for totalResults, where counting is expensive. 0 disables counting. Default: count all.",
    ),
});

/** Required settings by dialect. */
const needed = {
  sqlite: ["file"],
  postgres: ["host", "database", "user"],
  mysql: ["host", "database", "user"],
  mssql: ["host", "database", "user"],
} as const;
const ofFiles = ["file", "script", "create"];
const ofServers = ["host", "port", "database", "user", "password", "tls", "replicas"];

/** Settings that a kind with `rows` cannot have. */
const notWithRows = ["lists", "lookups", "joined", "json", "statements", "deletedBy", "updatedBy"] as const;
const isGiven = (value: unknown): boolean => Object.values((value ?? {}) as object).some((each) => each !== undefined);

/** The settings of the connector. */
export const config = z
  .strictObject({
    dialect: z
      .enum(["sqlite", "postgres", "mysql", "mssql"])
      .describe("SQL dialect. mysql includes MariaDB; mssql is Microsoft SQL Server."),
    file: z.string().optional().describe("SQLite: database file. Relative paths start at the configuration's folder."),
    create: z
      .boolean()
      .optional()
      .describe(
        "SQLite: creates the database file if it doesn't exist. By default a missing file is an error, since it is usually a mistyped path.",
      ),
    script: z
      .string()
      .optional()
      .describe(
        'SQLite: a file of SQL statements that a new database is filled with; needs `create`, or `file: ":memory:"`.',
      ),
    host: z.string().optional().describe("Database server."),
    port: z.int().min(1).max(65535).optional().describe("Port. Default: the dialect's usual one."),
    replicas: z
      .array(z.string())
      .optional()
      .describe("Read replicas, host or host:port. They serve reads, except soon after a write."),
    database: z.string().optional().describe("Name of the database."),
    user: z.string().optional().describe("Database account."),
    password: z
      .string()
      .meta({ secret: true })
      .optional()
      .describe("Password, preferably as ${file:PATH} or ${env:NAME}."),
    tls: z
      .union([
        z.boolean(),
        z.strictObject({
          ca: z.string().describe("File with the CAs of the server's certificate, PEM."),
        }),
      ])
      .optional()
      .describe("Encrypts connections: true, or the CAs to trust. Certificates and host names are always verified."),
    connections: z.int().min(1).max(100).default(10).describe("Maximum number of connections per server."),
    wait: z
      .number()
      .min(0.1)
      .max(30)
      .default(3)
      .describe("Seconds that a request waits for a connection before it is rejected with 503."),
    kinds: z.record(z.string(), kind).describe("The kinds of entries, under names that mappings use."),
  })
  .superRefine((settings, context) => {
    const { dialect } = settings;
    const given = settings as Record<string, unknown>;
    for (const name of needed[dialect])
      if (given[name] === undefined)
        context.addIssue({ code: "custom", path: ["dialect"], message: `${dialect} requires "${name}"` });
    for (const name of dialect === "sqlite" ? ofServers : ofFiles)
      if (given[name] !== undefined)
        context.addIssue({ code: "custom", path: [name], message: `${dialect} does not support "${name}"` });
    for (const [name, { key, lists, joined, lookups, rows }] of Object.entries(settings.kinds)) {
      const wrong = (path: string[], message: string) =>
        context.addIssue({ code: "custom", path: ["kinds", name, ...path], message });
      if (rows)
        for (const other of notWithRows)
          if (isGiven(settings.kinds[name]![other]))
            wrong([other], `a kind with "rows" is read-only and cannot have "${other}"`);
      if (rows?.by === "rows")
        wrong(["rows", "by"], 'rename this column in a view: "rows" is the name of the list of rows');
      const width = [key.column].flat().length;
      if (width > 1 && key.generate === "uuid") wrong(["key", "generate"], "a UUID must be a key of one column");
      for (const [attr, { owner, value, of, where, deletedBy }] of Object.entries(lists)) {
        if (deletedBy && Object.keys(where).length === 0)
          wrong(["lists", attr, "deletedBy"], "add `where` to exclude deleted rows");
        const values = of === undefined ? undefined : settings.kinds[of];
        if (of !== undefined && !values) wrong(["lists", attr, "of"], `there is no kind "${of}"`);
        if (values && [values.key.column].flat().length !== [value].flat().length)
          wrong(["lists", attr, "value"], `a key of "${of}" has a different number of columns`);
        if ([owner].flat().length !== width)
          wrong(["lists", attr, "owner"], `the key has ${width} column${width > 1 ? "s" : ""}: list as many`);
        if (joined[attr] || lookups[attr]) wrong(["lists", attr], `"${attr}" is defined twice`);
      }
      for (const attr of Object.keys(lookups)) if (joined[attr]) wrong(["lookups", attr], `"${attr}" is defined twice`);
    }
  });

/** The connector's settings with defaults. */
export type Settings = z.output<typeof config>;
