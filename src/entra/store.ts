import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { sourceIn } from "./source-store.ts";
import type { Row, Statements } from "./statements.ts";
import { targetIn } from "./target-store.ts";

/** The format of the state. */
const VERSION = 1;

const SCHEMA = `
create table if not exists settings (name text primary key, value text not null) strict, without rowid;
create table if not exists objects (
  type text not null, id text not null, attributes text not null, assigned integer not null, purged integer not null default 0,
  changed integer not null, ordinal integer not null,
  name text as (lower(attributes ->> 'userPrincipalName')), shown text as (lower(attributes ->> 'displayName')),
  primary key (type, id)) strict, without rowid;
create index if not exists objects_id on objects (id);
create index if not exists objects_name on objects (name);
create index if not exists objects_shown on objects (shown);
create index if not exists objects_changed on objects (type, changed, id);
create index if not exists objects_ordinal on objects (type, ordinal);
create table if not exists members (
  group_id text not null, member text not null, changed integer not null, primary key (group_id, member)) strict, without rowid;
create index if not exists members_of on members (member);
create table if not exists links (
  type text not null, id text not null, target text not null, exported text not null, active integer not null, cycle integer not null,
  since integer not null,
  primary key (type, id)) strict, without rowid;
create unique index if not exists links_target on links (type, target);
create index if not exists links_cycle on links (type, cycle, id);
create table if not exists exported_members (group_id text not null, member text not null, primary key (group_id, member)) strict, without rowid;
create index if not exists exported_members_of on exported_members (member);
create table if not exists removed_members (group_id text not null, member text not null, cycle integer not null, primary key (group_id, member)) strict, without rowid;
create table if not exists pending (type text not null, id text not null, since integer not null, primary key (type, id)) strict, without rowid;
create table if not exists escrows (
  type text not null, id text not null, kind text not null, attempts integer not null, since integer not null, next integer not null,
  code text not null, primary key (type, id, kind)) strict, without rowid;
`;

/** A state that cannot be used, with the reason. */
export class StoreError extends Error {}

function reasonOf(error: unknown, folder: string | undefined): string {
  const { errcode, message } = error as { errcode?: number; message: string };
  const isHeld = errcode !== undefined && [5, 6].includes(errcode & 0xff);
  return isHeld
    ? `another simulation uses the folder ${folder}. Wait until it has finished, or choose another folder with --state.`
    : `the state in ${folder} cannot be used: ${message}`;
}

/** The state of a simulation: the source, and what Entra remembers about the target. For one process at a time. */
export type Store = ReturnType<typeof openStore>;

/** Opens the state in a folder, which is created if necessary; without a folder, in memory. */
export function openStore(folder: string | undefined) {
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(folder === undefined ? ":memory:" : join(folder, "simulation.db"));
  try {
    database.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal;");
    const { user_version: version } = database.prepare("pragma user_version").get() as { user_version: number };
    const isNew = database.prepare("select 1 as n from sqlite_schema limit 1").get() === undefined;
    if (!isNew && version !== VERSION)
      throw new Error("it belongs to another version of Postern. Choose a new folder with --state");
    database.exec(`${SCHEMA}; pragma user_version = ${VERSION};`);
  } catch (error) {
    database.close();
    throw new StoreError(reasonOf(error, folder), { cause: error });
  }
  const kept = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const statement = kept.get(sql) ?? database.prepare(sql);
    kept.set(sql, statement);
    return statement;
  };
  const run = (sql: string, ...values: SQLInputValue[]) => prepared(sql).run(...values);
  const first = (sql: string, ...values: SQLInputValue[]) => prepared(sql).get(...values) as Row | undefined;
  const all = (sql: string, ...values: SQLInputValue[]) => prepared(sql).all(...values) as unknown as Row[];
  const parts = { run, first, all };
  return {
    ...settingsIn(parts),
    ...sourceIn(parts),
    ...targetIn(parts),
    /** Runs `work` in a transaction. */
    together: <T>(work: () => T): T => {
      database.exec("begin");
      try {
        const result = work();
        database.exec("commit");
        return result;
      } catch (error) {
        database.exec("rollback");
        throw error;
      }
    },
    close: () => database.close(),
  };
}

function settingsIn({ run, first }: Statements) {
  return {
    /** A setting, or its default. */
    setting: <T>(name: string, otherwise: T): T => {
      const row = first("select value from settings where name = ?", name);
      return row ? (JSON.parse(row.value) as T) : otherwise;
    },
    set: (name: string, value: unknown) =>
      run(
        "insert into settings values (?, ?) on conflict do update set value = excluded.value",
        name,
        JSON.stringify(value),
      ),
  };
}
