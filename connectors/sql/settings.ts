import { z } from "zod";

const table = {
  table: z.string().describe("The table, or view."),
  schema: z.string().optional().describe("The schema, or database, that it is in."),
};
const fixed = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const list = z.strictObject({
  ...table,
  owner: z.string().describe("Its column with the entry's key."),
  value: z.string().describe("Its column with the value; owner and value together are unique."),
  where: fixed
    .default({})
    .describe("What tells these rows from others of the table, such as { type: work }; new rows are given it."),
});

const kind = z.strictObject({
  ...table,
  key: z
    .strictObject({
      column: z.string().default("id").describe("The primary key's column."),
      type: z.enum(["integer", "text"]).default("integer").describe("The type of the key; a UUID is text."),
      generate: z
        .enum(["database", "uuid"])
        .default("database")
        .describe("Who makes a new key: the database, or Postern as a UUID."),
    })
    .prefault({})
    .describe("The primary key; it is the SCIM id."),
  where: fixed
    .default({})
    .describe(
      "What the kind's rows have in common, such as { tenant: 7, deleted_at: null }; others are out of reach, new ones are given it.",
    ),
  deletedBy: fixed
    .optional()
    .describe(
      "What DELETE sets in place of taking the row away, such as { deleted: 1 }; `where` must then leave such rows out.",
    ),
  lists: z
    .record(z.string(), list)
    .default({})
    .describe("Attributes of several values that a table of their own holds, such as memberships."),
});

/** What each dialect must be told. */
const needed = {
  sqlite: ["file"],
  postgres: ["host", "database", "user"],
  mysql: ["host", "database", "user"],
} as const;
const ofFiles = ["file", "script"];
const ofServers = ["host", "port", "database", "user", "password", "tls"];

/** The settings of the connector. */
export const config = z
  .strictObject({
    dialect: z.enum(["sqlite", "postgres", "mysql"]).describe("The database's dialect; mysql is MariaDB's, too."),
    file: z
      .string()
      .optional()
      .describe("SQLite: the database file; a relative path starts at the configuration's folder."),
    script: z.string().optional().describe("SQLite: a file of SQL that makes the database where there is none yet."),
    host: z.string().optional().describe("The database server."),
    port: z.int().min(1).max(65535).optional().describe("Its port; the usual one without it."),
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
  });

export type Settings = z.output<typeof config>;
