import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { Kysely, sql } from "kysely";
import { z } from "zod";
import { type Connector, defineConnector, type Operation } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { columnOf, isKey, type Kind, type Sql } from "./conditions.ts";
import { sqliteDialect, sqliteFailure } from "./sqlite.ts";
import {
  countStatement,
  deleteStatement,
  getStatement,
  guardStatement,
  insertStatements,
  keysStatement,
  searchStatement,
  toEntry,
  updateStatements,
} from "./statements.ts";

const list = z.strictObject({
  table: z.string().describe("The table that holds the list's values, one a row."),
  owner: z.string().describe("Its column with the entry's key."),
  value: z.string().describe("Its column with the value; owner and value together are unique."),
});

const kind = z.strictObject({
  table: z.string().describe("The table that holds the entries, one a row."),
  key: z
    .strictObject({
      column: z.string().default("id").describe("The primary key's column."),
      type: z.enum(["integer", "text"]).default("integer").describe("The type of the key."),
      generate: z
        .enum(["database", "uuid"])
        .default("database")
        .describe("Who makes a new key: the database, or Postern as a UUID."),
    })
    .prefault({})
    .describe("The primary key; it is the SCIM id."),
  lists: z
    .record(z.string(), list)
    .default({})
    .describe("Attributes of several values that a table of their own holds, such as memberships."),
});

const config = z.strictObject({
  dialect: z.literal("sqlite").describe("The database's dialect."),
  file: z.string().describe("The database file; a relative path starts at the configuration's folder."),
  script: z.string().optional().describe("A file of SQL that makes the database where there is none yet."),
  kinds: z.record(z.string(), kind).describe("The kinds of entries that there are."),
});

/** SQL databases through kysely: SQLite for now. */
export default defineConnector({
  type: "sql",
  summary: "Users and groups in the tables of a SQL database. SQLite.",
  config,
  example: `type: sql
dialect: sqlite
file: data/hr.db
kinds:
  person:
    table: people
    lists:
      team_ids: { table: team_members, owner: person_id, value: team_id }
  team:
    table: teams
    lists:
      member_ids: { table: team_members, owner: team_id, value: person_id }
`,
  open: (settings, { folder }): Connector => {
    const kinds = settings.kinds as Record<string, Kind>;
    const kindOf = (name: string): Kind => kinds[name]!;
    const file = settings.file === ":memory:" ? settings.file : resolve(folder, settings.file);
    const script = settings.script === undefined ? undefined : resolve(folder, settings.script);
    const db = new Kysely<unknown>({ dialect: sqliteDialect(file, script) });

    const failure = (error: unknown) => sqliteFailure(error);
    const rows = async (statement: Sql, on: Kysely<unknown> = db) => {
      try {
        return await statement.execute(on);
      } catch (error) {
        throw failure(error);
      }
    };
    const entries = async (of: Kind, statement: Sql, on?: Kysely<unknown>) =>
      (await rows(statement, on)).rows.map((row) => toEntry(of, row as Record<string, unknown>));
    const written = async (statement: Sql, on: Kysely<unknown>) =>
      Number((await rows(statement, on)).numAffectedRows ?? 0);
    const transaction = async <T>(signal: AbortSignal, work: (on: Kysely<unknown>) => Promise<T>): Promise<T> => {
      signal.throwIfAborted();
      return db
        .transaction()
        .execute(work)
        .catch((error) => {
          throw failure(error);
        });
    };
    /** Why a guarded write met no row. */
    const missed = async (name: string, key: string, on: Kysely<unknown>): Promise<ConnectorError> => {
      const [present] = (await rows(getStatement(kindOf(name), key, []), on)).rows;
      return present
        ? new ConnectorError("versionMismatch", "The row is no longer what it was when it was read.")
        : entryNotFound(name, key);
    };

    return {
      kinds: new Map(Object.entries(kinds).map(([name, { key }]) => [name, { key: key.column }])),
      supports: () => "exact",
      sorts: (name, attr) => !kindOf(name).lists[attr],
      search: async ({ kind: name, where, attrs, offset = 0, orderBy, after, limit, count, signal }) => {
        signal.throwIfAborted();
        const of = kindOf(name);
        if (after && !isKey(of, after.key)) throw new ConnectorError("invalid", "The position names no key.");
        const page = { ...(where && { where }), ...(orderBy && { orderBy }), ...(after && { after }) };
        const found = limit === 0 ? [] : await entries(of, searchStatement(of, { ...page, attrs, offset, limit }));
        if (!count) return { entries: found };
        const isLast = !after && found.length < limit && (found.length > 0 || offset === 0);
        if (isLast) return { entries: found, total: offset + found.length };
        const [row] = (await rows(countStatement(of, where))).rows;
        return { entries: found, total: Number((row as { total: number }).total) };
      },
      get: async ({ kind: name, key, attrs, signal }) => {
        signal.throwIfAborted();
        const of = kindOf(name);
        return isKey(of, key) ? (await entries(of, getStatement(of, key, attrs)))[0] : undefined;
      },
      create: async ({ kind: name, entry, attrs, signal }) => {
        const of = kindOf(name);
        return transaction(signal, async (on) => {
          const statements = insertStatements(of, entry, of.key.generate === "uuid" ? randomUUID() : undefined);
          const [made] = (await rows(statements.row, on)).rows;
          const key = String((made as { key: unknown }).key);
          for (const statement of statements.lists(key)) await rows(statement, on);
          return (await entries(of, getStatement(of, key, attrs), on))[0]!;
        });
      },
      update: async ({ kind: name, key, changes, expected, attrs, signal }) => {
        const of = kindOf(name);
        if (!isKey(of, key)) throw entryNotFound(name, key);
        return transaction(signal, async (on) => {
          const statements = updateStatements(of, key, changes, expected);
          const held = statements.row
            ? await written(statements.row, on)
            : (await rows(guardStatement(of, key, expected), on)).rows.length;
          if (held === 0) throw await missed(name, key, on);
          for (const statement of statements.lists) await rows(statement, on);
          return (await entries(of, getStatement(of, key, attrs), on))[0]!;
        });
      },
      delete: async ({ kind: name, key, expected, signal }) => {
        const of = kindOf(name);
        if (!isKey(of, key)) throw entryNotFound(name, key);
        await transaction(signal, async (on) => {
          if ((await written(deleteStatement(of, key, expected), on)) === 0) throw await missed(name, key, on);
        });
      },
      // A reference is the key itself, and the database's foreign keys hold: only ids that clients send are looked up.
      resolve: async ({ kind: name, to, values }) => {
        if (to === "keys") return new Map(values.map((value) => [value, value]));
        const of = kindOf(name);
        const keys = values.filter((value) => isKey(of, value));
        if (keys.length === 0) return new Map();
        const found = (await rows(keysStatement(of, keys))).rows.map((row) => String((row as { key: unknown }).key));
        return new Map(found.map((key) => [key, key]));
      },
      probe: async () => {
        for (const of of Object.values(kinds))
          await rows(sql`select ${columnOf(of, of.key.column)} from ${sql.table(of.table)} limit 1`);
        const [row] = (await rows(sql`select sqlite_version() as version`)).rows;
        return `SQLite ${(row as { version: string }).version}, ${settings.file}`;
      },
      explain: (operation) => explain(kindOf(operation.kind), operation, db),
      close: () => db.destroy(),
    };
  },
});

/** The statements of an operation, each with its parameters. */
function explain(of: Kind, operation: Operation, db: Kysely<unknown>): string {
  return statementsOf(of, operation)
    .map((statement) => {
      const { sql: text, parameters } = statement.compile(db);
      return parameters.length > 0 ? `${text}\n-- ${JSON.stringify(parameters)}` : text;
    })
    .join("\n");
}

function statementsOf(of: Kind, operation: Operation): Sql[] {
  switch (operation.type) {
    case "search":
      return [searchStatement(of, operation), ...(operation.count ? [countStatement(of, operation.where)] : [])];
    case "get":
      return isKey(of, operation.key) ? [getStatement(of, operation.key, operation.attrs)] : [];
    case "create": {
      const { row, lists } = insertStatements(
        of,
        operation.entry,
        of.key.generate === "uuid" ? "a new UUID" : undefined,
      );
      return [sql`begin`, row, ...lists("0"), sql`commit`];
    }
    case "update": {
      const { key, changes, expected } = operation;
      const { row, lists } = updateStatements(of, key, changes, expected);
      return [sql`begin`, row ?? guardStatement(of, key, expected), ...lists, sql`commit`];
    }
    case "delete":
      return [deleteStatement(of, operation.key, operation.expected)];
  }
}
