import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { z } from "zod";
import type { Files } from "../connector/kit/files.ts";
import type { ConsoleStore } from "../console/store.ts";
import { type Chains, type ChainTables, createChains } from "./chains.ts";
import { type ConsoleTables, createConsoleStore } from "./console.ts";
import { type Database, type Location, openDatabase } from "./database.ts";
import { createLedger, type Ledger } from "./guard.ts";
import type { GuardTables } from "./guard-lists.ts";
import { createLeases, type Leases, type LeaseTables } from "./leases.ts";
import { migrations } from "./migrations.ts";
import { createSyncs, type Syncs, type SyncTables } from "./syncs.ts";

/** Settings of the store for state that survives restarts. */
export const stateConfig = z
  .strictObject({
    url: z
      .string()
      .default("sqlite:postern-state.db")
      .refine(isLocation, "a store is sqlite:FILE, sqlite::memory: or postgres://USER@HOST:PORT/DATABASE")
      .refine((url) => !/^postgres(ql)?:\/\/[^@/]*:[^@/]*@/.test(url), "set the password in state.password")
      .describe(
        "Location of the store. sqlite:FILE serves one gateway; relative paths start at the configuration's folder. postgres://USER@HOST:PORT/DATABASE serves several. sqlite::memory: is lost when the process ends.",
      ),
    password: z
      .string()
      .meta({ secret: true })
      .min(1)
      .optional()
      .describe("Password for PostgreSQL, preferably as ${env:NAME} or ${file:PATH}."),
    tls: z
      .strictObject({
        ca: z.string().optional().describe("CA of the server's certificate, PEM. Default: the system's CAs."),
        cert: z.string().optional().describe("Client certificate of the gateway, PEM."),
        key: z.string().optional().describe("Private key of the certificate, PEM."),
      })
      .optional()
      .describe("Encrypts the connection to PostgreSQL, and verifies the server's certificate."),
  })
  .prefault({})
  .describe(
    "State that survives restarts: counts of the change guard, the memory of syncs, sessions of the console and, in PostgreSQL, the ends of audit logs. Created on first use.",
  );

function isLocation(url: string): boolean {
  if (/^sqlite:.+$/.test(url)) return true;
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) return false;
  const { hostname, pathname, username, search, hash } = new URL(url);
  return hostname !== "" && username !== "" && /^\/[^/]+$/.test(pathname) && search === "" && hash === "";
}

/** Reports whether several gateways can share a store. */
export const isSharedState = (url: string): boolean => !url.startsWith("sqlite:");

/** The store of state that survives restarts. */
export interface State {
  readonly guard: Ledger;
  readonly leases: Leases;
  readonly chains: Chains;
  readonly syncs: Syncs;
  readonly console: ConsoleStore;
  /**
   * Creates or updates the tables, and reports whether they are new, so that counts start at zero. Done before first use, and retried with
   * each use after a failure.
   */
  readonly ready: () => Promise<{ readonly isNew: boolean }>;
  /** Rejects if the store is unavailable. Creates nothing. */
  readonly probe: () => Promise<void>;
  /** Reports whether a failure of the store is temporary. */
  readonly willPass: (error: unknown) => boolean;
  readonly close: () => Promise<void>;
}

type Tables = GuardTables & LeaseTables & ChainTables & SyncTables & ConsoleTables;

/** Opens the store. Throws if its file cannot be opened; an unreachable server shows only in `ready`. */
export function openState(location: Location, files: Files): State {
  const database = openDatabase<Tables>(location, files);
  const { db, willPass } = database;
  let made: Promise<{ readonly isNew: boolean }> | undefined;
  const ready = () => {
    made ??= migrated(db).catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  const whenReady = async () => {
    await ready();
  };
  return {
    guard: createLedger(database, whenReady),
    leases: createLeases(database, whenReady),
    chains: createChains(database, whenReady),
    syncs: createSyncs(database as unknown as Database<SyncTables>, whenReady),
    console: createConsoleStore(database as unknown as Database<ConsoleTables>, whenReady),
    ready,
    probe: async () => {
      if (!isSharedState(location.url)) return void (await sql`select 1`.execute(db));
      const { rows } = await sql<{
        schema: string;
        may: boolean;
      }>`select current_schema() as schema, has_schema_privilege(current_schema(), 'CREATE') as may`.execute(db);
      if (!rows[0]?.may)
        throw new Error(
          `the account may not create tables in the schema ${rows[0]?.schema}: create the database with this account as its owner (create database ... owner ...)`,
        );
    },
    willPass,
    close: async () => {
      await made?.catch(() => {});
      await db.destroy();
    },
  };
}

/**
 * Updates the tables. Kysely holds a lock meanwhile, so that only one of several starting gateways does it. Migrations of a later version
 * are ignored: that version runs alongside this one.
 */
async function migrated(db: Kysely<Tables>): Promise<{ readonly isNew: boolean }> {
  let names: readonly string[] = [];
  const provider = {
    getMigrations: async (): Promise<Record<string, Migration>> => ({
      ...Object.fromEntries(names.map((name) => [name, { up: async () => {} }])),
      ...migrations,
    }),
  };
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const isNew = !tables.some(({ name }) => name === "kysely_migration");
  if (!isNew) names = await doneBefore(db as unknown as Kysely<{ kysely_migration: { name: string } }>);
  if (isNew || Object.keys(migrations).some((name) => !names.includes(name))) {
    const { error } = await new Migrator({ db, provider, allowUnorderedMigrations: true }).migrateToLatest();
    if (error !== undefined) throw error;
  }
  return { isNew };
}

async function doneBefore(db: Kysely<{ kysely_migration: { name: string } }>): Promise<string[]> {
  const rows = await db.selectFrom("kysely_migration").select("name").execute();
  return rows.map(({ name }) => name);
}
