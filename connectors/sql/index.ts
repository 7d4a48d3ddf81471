import { Kysely } from "kysely";
import { type Condition, type Connector, defineConnector } from "../../src/connector/connector.ts";
import { ConnectorError, isOwnFault } from "../../src/connector/error.ts";
import { createObserver } from "../../src/connector/kit/observe.ts";
import { searchFailure } from "../../src/connector/paging.ts";
import { attributesOf } from "./attributes.ts";
import { describeTables } from "./catalogue.ts";
import { checkTables, slowConditions } from "./check.ts";
import { supports } from "./conditions.ts";
import { rowsBehind } from "./deletions.ts";
import { dialectOf } from "./dialects/index.ts";
import { readAddress } from "./dialects/server.ts";
import { pathIn } from "./documents.ts";
import { explain } from "./explain.ts";
import { groupCountStatement, groupKeysStatement, groupSupports, ROWS } from "./grouped.ts";
import { KEYS_AT_ONCE, readGroup, readGroups } from "./groups.ts";
import { init, options } from "./init/init.ts";
import { isKey } from "./keys.ts";
import type { SqlKind } from "./kind.ts";
import { createIn, deleteIn, updateIn } from "./operations.ts";
import { openSession, type Run } from "./session.ts";
import { config, type Settings } from "./settings.ts";
import {
  attrsRead,
  bookmarkBehind,
  countedTo,
  countStatement,
  getStatement,
  keysStatement,
  searchStatement,
  toEntry,
} from "./statements.ts";
import { kindsOf, tablesOf } from "./tables.ts";

/** SQL databases through kysely: SQLite in the process, PostgreSQL, MariaDB, MySQL and Microsoft SQL Server. */
export default defineConnector({
  type: "sql",
  summary: "Users and groups in the tables of a SQL database: SQLite, PostgreSQL, MariaDB, MySQL or SQL Server.",
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
    deletedBy: { deleted_at: { sql: now() } }
    lists:
      team_ids: { table: team_members, owner: person_id, value: team_id }
  team:
    table: teams
    lists:
      member_ids: { table: team_members, owner: team_id, value: person_id }
`,
  init: { example: "postern init sql --dialect sqlite --file people.db", options, run: init },
  address: (settings) => placeOf(settings),
  open: (settings, { files, references = [], mapped, operationMs }): Connector => {
    const observer = createObserver();
    const opening = { statementMs: operationMs, observer };
    const dialect = dialectOf(settings, files, opening);
    const db = new Kysely<unknown>({ dialect: dialect.kysely() });
    const replicas = (settings.replicas ?? []).map((address) => {
      const { host, port } = readAddress(address);
      return new Kysely<unknown>({ dialect: dialectOf({ ...settings, host, port }, files, opening).kysely() });
    });
    const session = openSession(db, replicas, dialect);
    const { configured, known, current } = kindsOf(settings.kinds, dialect, db, mapped, references);
    /** A kind with its columns from the catalogue. */
    const kindNamed = async (name: string): Promise<SqlKind> => (await told(known())).get(name)!;
    /** What the catalogue is asked, with failures as connectors tell them. */
    const told = <T>(answer: Promise<T>): Promise<T> =>
      answer.catch((error) => {
        throw isOwnFault(error) ? error : dialect.failure(error);
      });
    const entriesOf = (of: SqlKind, attrs: readonly string[], rows: readonly unknown[]) =>
      rows.map((row) => toEntry(of, attrs, row as Record<string, unknown>));
    const write = async <T>(
      { kind, signal }: { kind: string; signal: AbortSignal },
      work: (run: Run, of: SqlKind) => Promise<T>,
    ): Promise<T> => {
      const of = await kindNamed(kind);
      if (of.rows) throw readOnly(kind);
      return session
        .transaction(signal, (run) => work(run, of))
        .catch((error) => {
          throw byColumn(error, of);
        });
    };

    return {
      kinds: new Map([...configured].map(([name, { key }]) => [name, { key: key.attr }])),
      supports: (name, condition) => {
        const of = configured.get(name)!;
        return of.rows ? groupSupports(of, condition) : supports(of, condition);
      },
      isSingle: (name, attr) => {
        const of = configured.get(name)!;
        if (of.rows && attr === ROWS) return false;
        return of.lists[attr] === undefined && !pathIn(of, attr)?.isList;
      },
      sorts: (name, attr) => {
        const of = configured.get(name)!;
        if (of.rows) return attr === of.key.attr;
        return attr === of.key.attr || (!of.lists[attr] && !of.joined[attr] && !pathIn(of, attr));
      },
      search: async (request) => {
        const { kind: name, where, orderBy, bookmark, limit, count, signal } = request;
        const of = await kindNamed(name);
        const { offset = 0 } = request;
        const found = async () =>
          of.rows
            ? readGroups(session, of, request)
            : entriesOf(of, attrsRead(of, request), (await session.read(searchStatement(of, request), signal)).rows);
        const read =
          limit === 0
            ? []
            : await found().catch((error) => {
                throw searchFailure(error, bookmark);
              });
        const entries = read.slice(0, limit);
        if (!count) return { entries };
        const next = read.length > limit && limit > 0 ? bookmarkBehind(of, entries.at(-1)!, orderBy) : undefined;
        const result = { entries, ...(next && { next }) };
        const seen = offset + entries.length + (next ? 1 : 0);
        // Entries may have come or gone since the bookmark was created. Beyond the end nothing tells where the end was.
        const isBeyond = limit > 0 && entries.length === 0 && offset > 0;
        const isLast = limit > 0 && !next && !bookmark && !isBeyond;
        if (isLast) return { ...result, total: seen };
        const upTo = isBeyond ? Number.POSITIVE_INFINITY : countedTo(of, limit);
        if (upTo === 0) return { ...result, total: seen };
        // Counting scans the whole table, which later pages can avoid.
        if (request.total !== undefined && upTo === Number.POSITIVE_INFINITY)
          return { ...result, total: Math.max(request.total, seen) };
        const [row] = (await session.read(counting(of, where, upTo), signal)).rows;
        const total = Number((row as { total: number }).total);
        return { ...result, total: total < upTo ? total : Math.max(total, seen) };
      },
      get: async ({ kind: name, key, attrs, signal }) => {
        const of = await kindNamed(name);
        if (!isKey(of, key)) return undefined;
        if (of.rows) return readGroup(session, of, key, attrs, signal);
        return entriesOf(of, attrs, (await session.read(getStatement(of, key, attrs), signal)).rows)[0];
      },
      create: (request) => write(request, (run, of) => createIn(run, of, request)),
      update: (request) => write(request, (run, of) => updateIn(run, of, request)),
      delete: (request) =>
        write(request, (run, of) => deleteIn(run, of, request, rowsBehind(current(), request.kind, references))),
      // References are keys. If every row is of the kind, foreign keys guarantee them, and only IDs from clients
      // are looked up.
      resolve: async ({ kind: name, to, values, signal }) => {
        const of = await kindNamed(name);
        if (to === "keys" && Object.keys(of.where).length === 0) return new Map(values.map((value) => [value, value]));
        const keys = values.filter((value) => isKey(of, value));
        const { attr } = of.key;
        const found = new Map<string, string>();
        for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
          const { rows } = await session.read(keysStatement(of, keys.slice(at, at + KEYS_AT_ONCE)), signal);
          for (const entry of entriesOf(of, [attr], rows)) found.set(String(entry[attr]), String(entry[attr]));
        }
        return found;
      },
      // Entries out of the kind's reach may have list rows. Removing one that does not exist is harmless.
      outside: async ({ kind: name, values }) => {
        const of = await kindNamed(name);
        return new Map(values.filter((value) => isKey(of, value)).map((value) => [value, value]));
      },
      probe: async (signal) => {
        for (const name of configured.keys()) await session.read(firstStatement(await kindNamed(name)), signal);
        const [row] = (await session.read(dialect.version, signal)).rows;
        return `${(row as { version: string }).version}, ${placeOf(settings)}`;
      },
      check: async (uses) => {
        const kinds = await known();
        return checkTables(
          kinds,
          uses,
          await describeTables(db, settings.dialect, [...kinds.values()].flatMap(tablesOf)),
        );
      },
      attributes: (name) => told(attributesOf(db, settings.dialect, configured.get(name)!)),
      explain: (operation) => explain(current().get(operation.kind)!, operation, db),
      slow: async (name, where) => slowConditions(await kindNamed(name), where),
      ...(settings.dialect !== "sqlite" && { observe: observer.observe }),
      close: async () => {
        await Promise.all([dialect.apart?.close(), ...[db, ...replicas].map((each) => each.destroy())]);
      },
    };
  },
});

const counting = (of: SqlKind, where: Condition | undefined, upTo: number) =>
  of.rows ? groupCountStatement(of, where, upTo) : countStatement(of, where, upTo);

/** A statement that fails if the kind cannot be read. */
const firstStatement = (of: SqlKind) =>
  of.rows ? groupKeysStatement(of, { attrs: [], limit: 1 }) : searchStatement(of, { attrs: [], limit: 1 });

const readOnly = (kind: string) =>
  new ConnectorError("invalid", `The kind "${kind}" has several rows for each entry ("rows") and is read-only.`, {
    mayHaveHappened: false,
  });

const placeOf = ({ file, host, port, database }: Settings): string =>
  file ?? `${database} at ${host}${port === undefined ? "" : `:${port}`}`;

/** Names the column of a conflict. The database's message contains the name of a column, key or index. */
function byColumn(error: unknown, { columns, where }: SqlKind): unknown {
  if (!(error instanceof ConnectorError) || error.kind !== "conflict" || error.attr === undefined) return error;
  const { attr: said } = error;
  const named = [...columns.keys()].filter((column) => said.includes(column) && !(column in where));
  const [column] = named.sort((a, b) => b.length - a.length);
  if (column === undefined) return error;
  return new ConnectorError("conflict", `An entry with this ${column} already exists.`, {
    attr: column,
    cause: error.cause,
  });
}
