import { z } from "zod";

const table = {
  table: z.string().describe("The table, or view."),
  schema: z.string().optional().describe("The schema, or database, that it is in."),
  text: z
    .array(z.string())
    .default([])
    .describe("Its columns of bytes (binary, varbinary, bytea, blob) that hold text, in UTF-8."),
};
const constant = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const fixed = z.record(z.string(), constant);
const expression = z.strictObject({
  sql: z.string().describe("An expression of the database's own, such as now()."),
});
/** A constant, or an expression of the database's own. */
const assigned = z.record(z.string(), z.union([constant, expression]));
/** One column, or several, whose values are then one text. */
const columns = z.union([z.string(), z.array(z.string()).min(1)]);

const list = z.strictObject({
  ...table,
  owner: columns.describe("Its column with the entry's key; its columns, in their order, where the key has several."),
  value: columns.describe("Its column with the value, or columns; owner and value together are unique."),
  where: fixed
    .default({})
    .describe("What tells these rows from others of the table, such as { type: work }; new rows are given it."),
  of: z
    .string()
    .optional()
    .describe(
      "The kind whose keys the values are: those of entries out of its reach, deleted ones perhaps, are left out.",
    ),
  set: assigned
    .default({})
    .describe("What new rows are given beside it, such as { granted_at: { sql: now() } }; it tells nothing apart."),
  onDelete: z
    .enum(["delete", "keep"])
    .optional()
    .describe(
      "Whether a DELETE of the entry, or of one that the values are keys of, deletes the rows, too. Without it they are deleted, but rows of a table that holds the entries of a kind, and rows that the value numbers as their primary key, stay and lose their owner.",
    ),
  deletedBy: assigned
    .optional()
    .describe(
      "What taking a value out sets in place of taking its row away; `where` must then leave such rows out, and a value that comes back takes its row again.",
    ),
});

const lookup = z.strictObject({
  column: z.string().describe("The kind's column that refers to the table."),
  ...table,
  key: z.string().default("id").describe("The table's column that it refers to."),
  value: z.string().describe("The table's column with the value."),
  where: fixed.default({}).describe("What the rows have in common that may be referred to."),
});

const statements = z.union([z.string(), z.array(z.string()).min(1)]);
const step = z.strictObject({
  when: z
    .union([z.array(z.string()).min(1), fixed])
    .optional()
    .describe(
      "Runs it for changes of these attributes, [enabled], or of one to a value, { enabled: false }; without it for every other change.",
    ),
  sql: z.string().describe("The statement; :name stands for the attribute's value after the change."),
});

const own = z.strictObject({
  create: statements
    .optional()
    .describe("In place of the insert: the last row with a column named key says what key was made."),
  update: z
    .union([z.string(), z.array(step).min(1)])
    .optional()
    .describe("In place of the update of what their `when` names; what none names is written to the table."),
  delete: statements.optional().describe("In place of the delete."),
  lock: z
    .string()
    .optional()
    .describe(
      "Keeps others from changing the entry until the transaction ends, and gives a row while it is there; without it the table's row is locked.",
    ),
});

const kind = z.strictObject({
  ...table,
  key: z
    .strictObject({
      column: columns
        .default("id")
        .describe("The primary key's column, or columns: the id is then their values with a colon between them."),
      type: z
        .enum(["integer", "text"])
        .optional()
        .describe("The type of a key of one column; a UUID is text. Default: the type of the table's column."),
      generate: z
        .union([z.enum(["database", "uuid"]), expression])
        .default("database")
        .describe(
          "Who makes a new key that the mapping does not give: the database, Postern as a UUID, or an expression of the database's such as { sql: nextval('staff') }.",
        ),
    })
    .prefault({})
    .describe("The primary key; it is the SCIM id."),
  where: fixed
    .default({})
    .describe(
      "What the kind's rows have in common, such as { tenant: 7, deleted_at: null }; others are out of reach, new ones are given it.",
    ),
  deletedBy: assigned
    .optional()
    .describe(
      "What DELETE sets in place of taking the row away, such as { deleted_at: { sql: now() } }; `where` must then leave such rows out.",
    ),
  updatedBy: assigned
    .default({})
    .describe("What each change of a row sets as well, such as { changed_at: { sql: now() } }."),
  lists: z
    .record(z.string(), list)
    .default({})
    .describe("Attributes of several values that a table of their own holds, such as memberships."),
  lookups: z
    .record(z.string(), lookup)
    .default({})
    .describe(
      "Attributes whose value is in a row of another table that a column refers to: a department by its name, a manager by a number.",
    ),
  joined: z
    .record(z.string(), z.array(z.string()).min(2))
    .default({})
    .describe("Attributes of several columns: references to keys of several columns."),
  json: z
    .array(z.string())
    .default([])
    .describe(
      "Columns that hold JSON objects: an attribute of mappings may be a place in one, such as profile.contact.phone. What else they hold stays.",
    ),
  statements: own
    .prefault({})
    .describe("Statements, or calls of procedures, of the site's own, for tables that do not fit."),
  rows: z
    .strictObject({
      by: z.string().describe("The column whose values are the entries: it is the key, and the SCIM id."),
      order: z
        .array(z.string())
        .default([])
        .describe("Columns by which an entry's rows are ordered; then, and without it, by all columns."),
      maximum: z.int().min(1).max(10_000).default(200).describe("Maximum number of rows that an entry may have."),
    })
    .optional()
    .describe(
      "For tables with several rows for each person, such as jobs or history: one entry for each value of a column, with an attribute `rows` that lists its rows. The kind is read only.",
    ),
  countTo: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Counts no further for totalResults, where counting costs too much; 0 counts nothing. Without it all are counted.",
    ),
});

/** What each dialect must be told. */
const needed = {
  sqlite: ["file"],
  postgres: ["host", "database", "user"],
  mysql: ["host", "database", "user"],
  mssql: ["host", "database", "user"],
} as const;
const ofFiles = ["file", "script", "create"];
const ofServers = ["host", "port", "database", "user", "password", "tls", "replicas"];

/** What a kind with `rows` cannot have. */
const notWithRows = ["lists", "lookups", "joined", "json", "statements", "deletedBy", "updatedBy"] as const;
const isGiven = (value: unknown): boolean => Object.values((value ?? {}) as object).some((each) => each !== undefined);

/** The settings of the connector. */
export const config = z
  .strictObject({
    dialect: z
      .enum(["sqlite", "postgres", "mysql", "mssql"])
      .describe("The database's dialect; mysql is MariaDB's, too, and mssql Microsoft SQL Server's."),
    file: z
      .string()
      .optional()
      .describe("SQLite: the database file; a relative path starts at the configuration's folder."),
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
    host: z.string().optional().describe("The database server."),
    port: z.int().min(1).max(65535).optional().describe("Its port; the usual one without it."),
    replicas: z
      .array(z.string())
      .optional()
      .describe(
        "Servers, host or host:port, that follow it and are only read from: they take the reads, except soon after a write.",
      ),
    database: z.string().optional().describe("The database on it."),
    user: z.string().optional().describe("The account."),
    password: z.string().optional().describe("Its password; best ${file:PATH} or ${env:NAME}."),
    tls: z
      .union([
        z.boolean(),
        z.strictObject({
          ca: z.string().describe("A file with the certificates, PEM, that the server's is checked against."),
        }),
      ])
      .optional()
      .describe(
        "Encrypts connections: true, or the certificates to trust. Certificates and host names are always checked.",
      ),
    connections: z.int().min(1).max(100).default(10).describe("The most connections to a server at a time."),
    wait: z
      .number()
      .min(0.1)
      .max(30)
      .default(3)
      .describe("Seconds that a request waits for a connection; then it is 503."),
    kinds: z.record(z.string(), kind).describe("The kinds of entries that there are."),
  })
  .superRefine((settings, context) => {
    const { dialect } = settings;
    const given = settings as Record<string, unknown>;
    for (const name of needed[dialect])
      if (given[name] === undefined)
        context.addIssue({ code: "custom", path: ["dialect"], message: `${dialect} needs "${name}"` });
    for (const name of dialect === "sqlite" ? ofServers : ofFiles)
      if (given[name] !== undefined)
        context.addIssue({ code: "custom", path: [name], message: `${dialect} has no "${name}"` });
    for (const [name, { key, lists, joined, lookups, rows }] of Object.entries(settings.kinds)) {
      const wrong = (path: string[], message: string) =>
        context.addIssue({ code: "custom", path: ["kinds", name, ...path], message });
      if (rows)
        for (const other of notWithRows)
          if (isGiven(settings.kinds[name]![other]))
            wrong([other], `a kind with "rows" is read only, and has no "${other}"`);
      if (rows?.by === "rows") wrong(["rows", "by"], 'name the column otherwise in a view: "rows" is the list of rows');
      const width = [key.column].flat().length;
      if (width > 1 && key.generate === "uuid") wrong(["key", "generate"], "a UUID is a key of one column");
      for (const [attr, { owner, value, of, where, deletedBy }] of Object.entries(lists)) {
        if (deletedBy && Object.keys(where).length === 0)
          wrong(["lists", attr, "deletedBy"], "say by `where` which rows are left");
        const values = of === undefined ? undefined : settings.kinds[of];
        if (of !== undefined && !values) wrong(["lists", attr, "of"], `there is no kind "${of}"`);
        if (values && [values.key.column].flat().length !== [value].flat().length)
          wrong(["lists", attr, "value"], `a key of "${of}" has another number of columns`);
        if ([owner].flat().length !== width)
          wrong(["lists", attr, "owner"], `the key has ${width} column${width > 1 ? "s" : ""}: name as many`);
        if (joined[attr] || lookups[attr]) wrong(["lists", attr], `"${attr}" is there twice`);
      }
      for (const attr of Object.keys(lookups)) if (joined[attr]) wrong(["lookups", attr], `"${attr}" is there twice`);
    }
  });

/** The connector's settings, with the defaults. */
export type Settings = z.output<typeof config>;
