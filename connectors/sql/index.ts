import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { Kysely } from "kysely";
import { type Connector, defineConnector, type Services } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import { checkTables } from "./check.ts";
import { supports } from "./conditions.ts";
import type { SqlDialect } from "./dialect.ts";
import { mysql } from "./dialects/mysql.ts";
import { postgres } from "./dialects/postgres.ts";
import { authorityOf } from "./dialects/server.ts";
import { sqlite } from "./dialects/sqlite.ts";
import { explain } from "./explain.ts";
import { isKey, type Kind, type Sql } from "./kind.ts";
import { createPages } from "./pages.ts";
import { openSession } from "./session.ts";
import { config, type Settings } from "./settings.ts";
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
import { kindsOf } from "./tables.ts";

/** SQL databases through kysely: SQLite in the process, PostgreSQL, MariaDB and MySQL. */
export default defineConnector({
  type: "sql",
  summary: "Users and groups in the tables of a SQL database: SQLite, PostgreSQL, MariaDB or MySQL.",
  config,
  example: `type: sql
dialect: postgres
host: db.example.com
database: hr
user: postern
password: "\${file:/run/secrets/hr-password}"
tls: { ca: /etc/postern/db-ca.pem }
kinds:
  person:
    table: people
    where: { deleted_at: null }
    deletedBy: { deleted_at: "2000-01-01" }
    lists:
      team_ids: { table: team_members, owner: person_id, value: team_id }
  team:
    table: teams
    lists:
      member_ids: { table: team_members, owner: team_id, value: person_id }
`,
  open: (settings, services): Connector => {
    const dialect = dialectOf(settings, services);
    const db = new Kysely<unknown>({ dialect: dialect.kysely() });
    const session = openSession(db, dialect);
    const pages = createPages();
    const { configured, known } = kindsOf(settings.kinds, dialect, db);
    /** A kind with what the catalogue says of its columns. */
    const kindNamed = async (name: string): Promise<Kind> => {
      const kinds = await known().catch((error) => {
        throw dialect.failure(error);
      });
      return kinds.get(name)!;
    };
    const entriesOf = (of: Kind, rows: readonly unknown[]) =>
      rows.map((row) => toEntry(of, row as Record<string, unknown>));
    /** Why a guarded write met no row. */
    const missed = async (
      of: Kind,
      name: string,
      key: string,
      run: (statement: Sql) => Promise<{ rows: unknown[] }>,
    ) => {
      const [present] = (await run(getStatement(of, key, []))).rows;
      return present
        ? new ConnectorError("versionMismatch", "The row is no longer what it was when it was read.")
        : entryNotFound(name, key);
    };

    return {
      kinds: new Map([...configured].map(([name, { key }]) => [name, { key: key.column }])),
      supports: (_, condition) => supports(condition, dialect),
      sorts: (name, attr) => !configured.get(name)!.lists[attr],
      search: async ({ kind: name, where, attrs, offset = 0, orderBy, after, limit, count, signal }) => {
        const of = await kindNamed(name);
        if (after && !isKey(of, after.key)) throw new ConnectorError("invalid", "The position names no key.");
        const listing = { kind: name, ...(where && { where }), ...(orderBy && { orderBy }), offset };
        const known = after ? undefined : pages.before(listing);
        const place = after
          ? { ...(orderBy && { orderBy }), after }
          : (known ?? { ...(orderBy && { orderBy }), offset });
        const statement = searchStatement(of, { ...(where && { where }), ...place, attrs, limit });
        const found = limit === 0 ? [] : entriesOf(of, (await session.read(statement, signal)).rows);
        if (!after && found.length === limit) pages.note(listing, of, found);
        if (!count) return { entries: found };
        const isLast = !after && found.length < limit && (found.length > 0 || offset === 0);
        if (isLast) return { entries: found, total: offset + found.length };
        const [row] = (await session.read(countStatement(of, where), signal)).rows;
        return { entries: found, total: Number((row as { total: number }).total) };
      },
      get: async ({ kind: name, key, attrs, signal }) => {
        const of = await kindNamed(name);
        if (!isKey(of, key)) return undefined;
        return entriesOf(of, (await session.read(getStatement(of, key, attrs), signal)).rows)[0];
      },
      create: async ({ kind: name, entry, attrs, signal }) => {
        const of = await kindNamed(name);
        const given = of.key.generate === "uuid" ? randomUUID() : undefined;
        const statements = insertStatements(of, entry, given);
        return session
          .transaction(signal, async (run) => {
            const { rows, insertId } = await run(statements.row);
            const made = (rows[0] as { key?: unknown } | undefined)?.key;
            const key =
              given ?? String(made === undefined ? insertId : dialect.fromDatabase(made, { ...dialect.unknownColumn }));
            for (const statement of statements.lists(key)) await run(statement);
            return entriesOf(of, (await run(getStatement(of, key, attrs))).rows)[0]!;
          })
          .catch((error) => {
            throw byColumn(error, of);
          });
      },
      update: async ({ kind: name, key, changes, expected, attrs, signal }) => {
        const of = await kindNamed(name);
        if (!isKey(of, key)) throw entryNotFound(name, key);
        const statements = updateStatements(of, key, changes, expected);
        return session
          .transaction(signal, async (run) => {
            const held = statements.row
              ? Number((await run(statements.row)).numAffectedRows ?? 0)
              : (await run(guardStatement(of, key, expected))).rows.length;
            if (held === 0) throw await missed(of, name, key, run);
            for (const statement of statements.lists) await run(statement);
            return entriesOf(of, (await run(getStatement(of, key, attrs))).rows)[0]!;
          })
          .catch((error) => {
            throw byColumn(error, of);
          });
      },
      delete: async ({ kind: name, key, expected, signal }) => {
        const of = await kindNamed(name);
        if (!isKey(of, key)) throw entryNotFound(name, key);
        await session.transaction(signal, async (run) => {
          const { numAffectedRows } = await run(deleteStatement(of, key, expected));
          if (Number(numAffectedRows ?? 0) === 0) throw await missed(of, name, key, run);
        });
      },
      // A reference is the key itself, and the database's foreign keys hold: only ids that clients send are looked up.
      resolve: async ({ kind: name, to, values, signal }) => {
        if (to === "keys") return new Map(values.map((value) => [value, value]));
        const of = await kindNamed(name);
        const keys = values.filter((value) => isKey(of, value));
        if (keys.length === 0) return new Map();
        const { rows } = await session.read(keysStatement(of, keys), signal);
        return new Map(entriesOf(of, rows).map(({ key }) => [String(key), String(key)]));
      },
      probe: async (signal) => {
        for (const name of configured.keys())
          await session.read(searchStatement(await kindNamed(name), { attrs: [], limit: 1 }), signal);
        const [row] = (await session.read(dialect.version, signal)).rows;
        return `${(row as { version: string }).version}, ${placeOf(settings)}`;
      },
      check: async (uses) => checkTables(await known(), uses),
      explain: (operation) => explain(configured.get(operation.kind)!, operation, db),
      close: () => db.destroy(),
    };
  },
});

function dialectOf(settings: Settings, { folder }: Services): SqlDialect {
  if (settings.dialect === "sqlite") {
    const file = settings.file === ":memory:" ? settings.file : resolve(folder, settings.file!);
    return sqlite(file, settings.script === undefined ? undefined : resolve(folder, settings.script));
  }
  const { host, port, database, user, password, connections, tls = false } = settings;
  const server = {
    host: host!,
    port,
    database: database!,
    user: user!,
    password,
    connections,
    ca: authorityOf(folder, tls),
  };
  return settings.dialect === "postgres" ? postgres(server) : mysql(server);
}

const placeOf = ({ file, host, port, database }: Settings): string =>
  file ?? `${database} at ${host}${port === undefined ? "" : `:${port}`}`;

/** A clash names the column by which it is one: what the database says holds its name, as that of a key or of an index. */
function byColumn(error: unknown, { columns, where }: Kind): unknown {
  if (!(error instanceof ConnectorError) || error.kind !== "conflict" || error.attr === undefined) return error;
  const { attr: said } = error;
  const named = [...columns.keys()].filter((column) => said.includes(column) && !(column in where));
  const [column] = named.sort((a, b) => b.length - a.length);
  if (column === undefined) return error;
  return new ConnectorError("conflict", `There is already an entry with this ${column}.`, {
    attr: column,
    cause: error.cause,
  });
}
