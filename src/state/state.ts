import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { z } from "zod";
import type { Files } from "../connector/kit/files.ts";
import { type Chains, type ChainTables, createChains } from "./chains.ts";
import { type Database, type Location, openDatabase } from "./database.ts";
import { createLedger, type GuardTables, type Ledger } from "./guard.ts";
import { createLeases, type Leases, type LeaseTables } from "./leases.ts";
import { migrations } from "./migrations.ts";
import { createSyncs, type Syncs, type SyncTables } from "./syncs.ts";

/** Where what outlives the process is kept. */
export const stateConfig = z
  .strictObject({
    url: z
      .string()
      .default("sqlite:postern-state.db")
      .refine(isLocation, "a store is sqlite:FILE, sqlite::memory: or postgres://USER@HOST:PORT/DATABASE")
      .refine((url) => !/^postgres(ql)?:\/\/[^@/]*:[^@/]*@/.test(url), "give the password by state.password")
      .describe(
        "Where it is kept. sqlite:FILE serves one gateway; a relative path starts at the configuration's folder. postgres://USER@HOST:PORT/DATABASE serves several. sqlite::memory: forgets it with the process.",
      ),
    password: z.string().min(1).optional().describe("The password for PostgreSQL, best ${env:NAME} or ${file:PATH}."),
    tls: z
      .strictObject({
        ca: z.string().optional().describe("The authority of the server's certificate, PEM; the system's without it."),
        cert: z.string().optional().describe("A certificate of the gateway's own, PEM."),
        key: z.string().optional().describe("Its key, PEM."),
      })
      .optional()
      .describe("Encrypts the connection to PostgreSQL, and checks the server's certificate."),
  })
  .prefault({})
  .describe(
    "What outlives the process: the counts of the change guard, what syncs know of people and, in PostgreSQL, where each gateway's audit log ends. It is made on first use.",
  );

function isLocation(url: string): boolean {
  if (/^sqlite:.+$/.test(url)) return true;
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) return false;
  const { hostname, pathname, username, search, hash } = new URL(url);
  return hostname !== "" && username !== "" && /^\/[^/]+$/.test(pathname) && search === "" && hash === "";
}

/** Whether several gateways may share a store. */
export const isSharedState = (url: string): boolean => !url.startsWith("sqlite:");

/** The store of what outlives a process. */
export interface State {
  readonly guard: Ledger;
  readonly leases: Leases;
  readonly chains: Chains;
  readonly syncs: Syncs;
  /**
   * Makes the tables, or brings them up to date, and says whether there were none before: counts begin at nothing. It is done before the first
   * use, and tried again with each where it failed.
   */
  readonly ready: () => Promise<{ readonly isNew: boolean }>;
  /** Rejects where the store cannot be asked. Makes nothing in it. */
  readonly probe: () => Promise<void>;
  /** Whether a failure of the store will pass by itself. */
  readonly willPass: (error: unknown) => boolean;
  readonly close: () => Promise<void>;
}

type Tables = GuardTables & LeaseTables & ChainTables & SyncTables;

/** Opens the store. Throws where its file cannot be opened; a server that is away is only found out by `ready`. */
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
    ready,
    probe: async () => {
      if (!isSharedState(location.url)) return void (await sql`select 1`.execute(db));
      const { rows } = await sql<{
        schema: string;
        may: boolean;
      }>`select current_schema() as schema, has_schema_privilege(current_schema(), 'CREATE') as may`.execute(db);
      if (!rows[0]?.may)
        throw new Error(
          `the account may not create tables in the schema ${rows[0]?.schema}: make the database for it, create database ... owner ...`,
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
 * Brings the tables up to date. Kysely holds a lock meanwhile, so that of several gateways that start one does it. Steps of a later version
 * that are done already are left alone: that version runs beside this one.
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
