import { existsSync } from "node:fs";
import { join } from "node:path";
import { Kysely } from "kysely";
import { stringify } from "yaml";
import type { Initial, InitRequest } from "../../../src/connector/connector.ts";
import { timedOut } from "../../../src/connector/error.ts";
import { abortable } from "../../../src/connector/kit/deadline.ts";
import { type CatalogueTable, readCatalogue } from "../catalogue.ts";
import { dialectOf } from "../dialects/index.ts";
import { tableSql } from "../kind.ts";
import type { Settings } from "../settings.ts";
import { type Sql, sql } from "../sql.ts";
import { type Draft, draftTables, type Samples } from "./draft.ts";
import { guessTable } from "./guess.ts";
import { draftSeveral, numberColumn } from "./several.ts";

/** The options of `postern init sql`. */
export const options = [
  {
    flags: "--dialect <name>",
    description: "the database: sqlite, postgres, mysql (MariaDB too) or mssql",
    required: true,
  },
  { flags: "--file <path>", description: "SQLite: the database file" },
  { flags: "--host <name>", description: "the database server" },
  { flags: "--port <number>", description: "its port; the usual one without it" },
  { flags: "--database <name>", description: "the database on it" },
  { flags: "--user <name>", description: "the account" },
  { flags: "--password-env <name>", description: "the environment variable with its password; DB_PASSWORD without it" },
  { flags: "--ca <file>", description: "encrypt, and check the server against these certificates, PEM" },
  { flags: "--tls", description: "encrypt, and check the server against the system's certificates" },
  { flags: "--schema <name>", description: "the schema that the tables are in; the account's own without it" },
  { flags: "--users <table>", description: "the table, or view, that holds the users; a guess without it" },
  { flags: "--groups <table>", description: "the one that holds groups, roles or teams; a guess without it" },
] as const;

interface Options {
  readonly dialect: Settings["dialect"];
  readonly file?: string;
  readonly host?: string;
  readonly port?: string;
  readonly database?: string;
  readonly user?: string;
  readonly passwordEnv?: string;
  readonly ca?: string;
  readonly tls?: boolean;
  readonly schema?: string;
  readonly users?: string;
  readonly groups?: string;
}

const DIALECTS: readonly string[] = ["sqlite", "postgres", "mysql", "mssql"];

/**
 * Asks a database's catalogue about its tables, and writes a configuration and mappings for those that hold users and
 * groups; what could not be guessed is marked. Of the rows only the values of a flag's column are read, how stored
 * passwords begin, and whether a person's number is there twice. Rejects with a `ConnectorError` where the database cannot be asked, and with an `Error` that says what
 * is missing of the options.
 */
export async function init({ options: given, env, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  const settings = settingsOf(asked, env, files);
  const dialect = dialectOf(settings, files, { settingOf: (name) => `--${name}` });
  const db = new Kysely<unknown>({ dialect: dialect.kysely() });
  const ask = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await abortable(signal, work);
    } catch (error) {
      throw signal.aborted ? timedOut("The database", error) : dialect.failure(error);
    }
  };
  try {
    const tables = await ask(readCatalogue(db, asked.dialect, asked.schema));
    const users = chosen(tables, asked.users, "users");
    if (!users) throw new Error(`No table looks like one of users: name it by --users. There are ${namesOf(tables)}.`);
    const groups = chosen(tables, asked.groups, "groups");
    const samples: Samples = {
      values: (table, column) => ask(distinct(db, dialect, table, column, sql.id(column))),
      beginnings: async (table, column) =>
        (await ask(distinct(db, dialect, table, column, sql`substring(${sql.id(column)}, 1, 7)`))).map(String),
    };
    const number = numberColumn(users);
    const hasSeveralRows = number !== undefined && (await ask(repeats(db, dialect, users, number)));
    const draft = hasSeveralRows
      ? draftSeveral(users, number)
      : await draftTables(asked.dialect, tables, users, groups, samples);
    return {
      files: new Map([
        ["gateway.config.yaml", configuration(asked, settings, draft, groups !== undefined && !hasSeveralRows)],
        ...draft.mappings.map(({ file, text }) => [join("mappings", file), text] as const),
      ]),
      notes: draft.notes,
    };
  } finally {
    await db.destroy();
  }
}

/** The settings that the options are; paths are whole, because they are read from another folder later. */
function settingsOf(
  asked: Options,
  env: InitRequest["env"],
  files: InitRequest["files"],
): Omit<Settings, "kinds" | "replicas"> {
  const { dialect } = asked;
  if (!DIALECTS.includes(dialect)) throw new Error(`--dialect is one of ${DIALECTS.join(", ")}, not "${dialect}".`);
  const needed = dialect === "sqlite" ? (["file"] as const) : (["host", "database", "user"] as const);
  const missing = needed.filter((name) => asked[name] === undefined);
  if (missing.length > 0) throw new Error(`${dialect} needs ${missing.map((name) => `--${name}`).join(", ")}.`);
  const usual = { dialect, connections: 2, wait: 10 };
  if (dialect === "sqlite") {
    const file = files.path(asked.file!);
    if (!existsSync(file)) throw new Error(`There is no file ${asked.file}.`);
    return { ...usual, file };
  }
  const variable = asked.passwordEnv ?? "DB_PASSWORD";
  const password = env[variable];
  if (!password) throw new Error(`Put the password of ${asked.user} into the environment variable ${variable}.`);
  const port = asked.port === undefined ? undefined : Number(asked.port);
  if (port !== undefined && !Number.isInteger(port)) throw new Error(`--port is a number, not "${asked.port}".`);
  const { host, database, user } = asked;
  return {
    ...usual,
    host,
    port,
    database,
    user,
    password,
    tls: asked.ca ? { ca: files.path(asked.ca) } : asked.tls,
  };
}

function chosen(tables: readonly CatalogueTable[], name: string | undefined, what: "users" | "groups") {
  if (name === undefined) return guessTable(tables, what);
  const found = tables.find(({ name: { table } }) => table.toLowerCase() === name.toLowerCase());
  if (!found) throw new Error(`There is no table "${name}". There are ${namesOf(tables)}.`);
  return found;
}

const namesOf = (tables: readonly CatalogueTable[]): string =>
  tables.length === 0
    ? "no tables that the account can see"
    : tables
        .map(({ name }) => name.table)
        .sort()
        .join(", ");

type Dialect = ReturnType<typeof dialectOf>;

/** More values than a flag has. */
const MANY = 12;

/** What a column's values are, or an expression of it, each once. */
async function distinct(db: Kysely<unknown>, dialect: Dialect, { name }: CatalogueTable, column: string, shown: Sql) {
  const { rows } = await sql<{ value: unknown }>`
    select distinct ${shown} as value from ${tableSql(name)} where ${sql.id(column)} is not null
    order by value ${dialect.page(MANY, 0)}`.execute(db);
  return rows.map(({ value }) => value);
}

/** Whether a value of a column is there more than once. */
async function repeats(db: Kysely<unknown>, dialect: Dialect, { name }: CatalogueTable, column: string) {
  const { rows } = await sql`
    select ${sql.id(column)} from ${tableSql(name)} where ${sql.id(column)} is not null
    group by ${sql.id(column)} having count(*) > 1 order by ${sql.id(column)} ${dialect.page(1, 0)}`.execute(db);
  return rows.length > 0;
}

function configuration(asked: Options, settings: Partial<Settings>, { kinds }: Draft, hasGroups: boolean): string {
  const { dialect, file, host, port, database, user, tls } = settings;
  const password = dialect === "sqlite" ? undefined : `\${env:${asked.passwordEnv ?? "DB_PASSWORD"}}`;
  const connector = { type: "sql", dialect, file, host, port, database, user, password, tls };
  const lines = stringify(connector, { lineWidth: 0 }).trimEnd().split("\n");
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init sql\`, as the catalogue described the tables. What is marked by # ? was guessed, or is missing.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  app:
${lines.map((line) => `    ${line}`).join("\n")}
    kinds:
${kinds.map((line) => `      ${line}`).join("\n")}
routes:
  /scim/v2:
    User: { connector: app, mapping: mappings/user.yaml }
${hasGroups ? "    Group: { connector: app, mapping: mappings/group.yaml }\n" : ""}`;
}
