import type { Kysely } from "kysely";
import { copyStore, dropStore } from "./copies.ts";
import type { Database } from "./database.ts";
import { createMemberships, type Memberships, type MembershipTables } from "./memberships.ts";
import { createNames, type Names } from "./names.ts";
import { createPeople, type People } from "./people.ts";
import type { PeopleTables } from "./person.ts";
import { createTargets, type Targets, type TargetTables } from "./targets.ts";

/** The state of a whole sync. Times are in milliseconds since 1970. */
export interface SyncRecord {
  readonly sync: string;
  /** How often its source has been read. */
  readonly reads: number;
  /** The hash of the rules in the last run. */
  readonly rules: string;
  /** When an operator released the first run; null before. */
  readonly begun: number | null;
  /** When the last run started. */
  readonly ran: number | null;
  /** The number of consecutive failed runs. */
  readonly failures: number;
  /** No scheduled run starts before this time. */
  readonly not_before: number;
  /** 1 if an operator asked the current run to stop. */
  readonly cancelled: number;
}

/** A run of a sync. */
export interface RunRecord {
  readonly sync: string;
  /** Counts up from 1. */
  readonly run: number;
  readonly started: number;
  readonly ended: number | null;
  /** Who or what started it. */
  readonly cause: string;
  /** `running`, `done`, `incomplete`, `planned`, `held`, `failed`, `cancelled`, `interrupted`; or `released`, which is not a run. */
  readonly outcome: string;
  /** What it did, by kind, as JSON; and why it failed. */
  readonly counts: string;
  readonly error: string | null;
}

/** The tables of syncs, for kysely. */
export type SyncTables = { syncs: SyncRecord; sync_runs: RunRecord; sync_requests: RequestRecord } & PeopleTables &
  MembershipTables &
  TargetTables;

/** A request that counts towards a budget, such as a tenant's daily one. */
interface RequestRecord {
  readonly budget: string;
  readonly at: number;
  readonly number: number;
}

/** What is stored for one sync. */
export interface SyncStore extends People, Names, Memberships {
  readonly record: () => Promise<SyncRecord>;
  readonly update: (fields: Partial<Omit<SyncRecord, "sync">>) => Promise<void>;
  /** Records the start of a run, and that the previous one was killed if it has not ended. Returns the run's number. */
  readonly begin: (cause: string, now: number) => Promise<number>;
  readonly end: (run: number, fields: Partial<RunRecord>) => Promise<void>;
  /** The last runs, latest first. */
  readonly runs: (limit: number) => Promise<readonly RunRecord[]>;
}

/** What is stored for all syncs. */
export interface Syncs {
  readonly of: (sync: string) => SyncStore;
  /** The targets that a sync has written, and the name under which each is stored. */
  readonly targets: (sync: string) => Targets;
  /** Copies everything stored for a sync to another name, replacing what is there; or deletes everything under a name. */
  readonly copy: (from: string, to: string) => Promise<void>;
  readonly drop: (name: string) => Promise<void>;
  /**
   * Takes one of a limited number of requests per period, across all processes that share the store. If none is left, returns when the next
   * one is free.
   */
  readonly take: (
    budget: string,
    now: number,
    limits: readonly { readonly requests: number; readonly ms: number }[],
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly until: number }>;
}

/** The outcome of a run whose process ended abruptly. */
export const INTERRUPTED = "interrupted";

/** How many runs are kept per sync. */
const RUNS_KEPT = 500;

/** Stores the state of syncs in tables. Every call waits for `ready`. */
export function createSyncs(database: Database<SyncTables>, ready: () => Promise<void>): Syncs {
  const { db, exclusively } = database;
  const first = (sync: string): SyncRecord => ({
    sync,
    reads: 0,
    rules: "",
    begun: null,
    ran: null,
    failures: 0,
    not_before: 0,
    cancelled: 0,
  });
  return {
    of: (sync) => ({
      ...createPeople(database as unknown as Database<PeopleTables>, ready, sync),
      ...createNames(db as unknown as Kysely<PeopleTables>, ready, sync),
      ...createMemberships(db as unknown as Kysely<MembershipTables>, ready, sync),
      record: async () => {
        await ready();
        const found = await db.selectFrom("syncs").selectAll().where("sync", "=", sync).executeTakeFirst();
        return found ?? first(sync);
      },
      update: async (fields) => {
        await ready();
        await db
          .insertInto("syncs")
          .values({ ...first(sync), ...fields })
          .onConflict((conflict) => conflict.column("sync").doUpdateSet({ sync, ...fields }))
          .execute();
      },
      begin: async (cause, now) => {
        await ready();
        return exclusively(`runs of ${sync}`, async (transaction) => {
          const last = await transaction
            .selectFrom("sync_runs")
            .select(({ fn }) => fn.max("run").as("run"))
            .where("sync", "=", sync)
            .executeTakeFirst();
          const run = Number(last?.run ?? 0) + 1;
          // Only one runs at a time: any run that has not ended was killed.
          await transaction
            .updateTable("sync_runs")
            .set({ outcome: INTERRUPTED })
            .where("sync", "=", sync)
            .where("outcome", "=", "running")
            .execute();
          const record = { sync, run, started: now, ended: null, cause, outcome: "running", counts: "{}", error: null };
          await transaction.insertInto("sync_runs").values(record).execute();
          await transaction
            .deleteFrom("sync_runs")
            .where("sync", "=", sync)
            .where("run", "<=", run - RUNS_KEPT)
            .execute();
          return run;
        });
      },
      end: async (run, fields) => {
        await ready();
        await db.updateTable("sync_runs").set(fields).where("sync", "=", sync).where("run", "=", run).execute();
      },
      runs: async (limit) => {
        await ready();
        return db
          .selectFrom("sync_runs")
          .selectAll()
          .where("sync", "=", sync)
          .orderBy("run", "desc")
          .limit(limit)
          .execute();
      },
    }),
    targets: (sync) => createTargets(db as unknown as Kysely<TargetTables>, ready, sync),
    copy: async (from, to) => {
      await ready();
      await copyStore(db as unknown as Kysely<PeopleTables>, from, to);
    },
    drop: async (name) => {
      await ready();
      await dropStore(db as unknown as Kysely<PeopleTables>, name);
    },
    take: async (budget, now, limits) => {
      await ready();
      return exclusively(`budget ${budget}`, async (transaction) => {
        const longest = Math.max(...limits.map(({ ms }) => ms));
        await transaction
          .deleteFrom("sync_requests")
          .where("budget", "=", budget)
          .where("at", "<=", now - longest)
          .execute();
        // A clock that was set back delays nobody for longer than one period.
        await transaction
          .updateTable("sync_requests")
          .set({ at: now })
          .where("budget", "=", budget)
          .where("at", ">", now)
          .execute();
        let until = now;
        for (const { requests, ms } of limits) {
          const within = await transaction
            .selectFrom("sync_requests")
            .select("at")
            .where("budget", "=", budget)
            .where("at", ">", now - ms)
            .orderBy("at", "desc")
            .offset(requests - 1)
            .limit(1)
            .executeTakeFirst();
          if (within) until = Math.max(until, within.at + ms);
        }
        if (until > now) return { ok: false, until };
        const last = await transaction
          .selectFrom("sync_requests")
          .select(({ fn }) => fn.max("number").as("number"))
          .where("budget", "=", budget)
          .executeTakeFirst();
        await transaction
          .insertInto("sync_requests")
          .values({ budget, at: now, number: Number(last?.number ?? 0) + 1 })
          .execute();
        return { ok: true };
      });
    },
  };
}
