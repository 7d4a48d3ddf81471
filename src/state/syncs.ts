import type { Kysely } from "kysely";
import { copyStore, dropStore } from "./copies.ts";
import type { Database } from "./database.ts";
import { createMemberships, type Memberships, type MembershipTables } from "./memberships.ts";
import { createNames, type Names } from "./names.ts";
import { createPeople, type People } from "./people.ts";
import type { PeopleTables } from "./person.ts";
import { createTargets, type Targets, type TargetTables } from "./targets.ts";

/** What is known of a sync as a whole. Times are milliseconds since 1970. */
export interface SyncRecord {
  readonly sync: string;
  /** How often its source was read. */
  readonly reads: number;
  /** The hash of the rules that the last run went by. */
  readonly rules: string;
  /** When somebody released the first run; null before. */
  readonly begun: number | null;
  /** When a run began last. */
  readonly ran: number | null;
  /** How many runs in a row failed as a whole. */
  readonly failures: number;
  /** Before this no run begins by its schedule. */
  readonly not_before: number;
  /** 1 where somebody asked the run that is under way to end. */
  readonly cancelled: number;
}

/** A run of a sync. */
export interface RunRecord {
  readonly sync: string;
  /** Counts up from 1. */
  readonly run: number;
  readonly started: number;
  readonly ended: number | null;
  /** Who or what began it. */
  readonly cause: string;
  /** `running`, `done`, `incomplete`, `planned`, `held`, `failed`, `cancelled`, `interrupted`; or `released`, which is no run. */
  readonly outcome: string;
  /** What it did, by kind, as JSON; and why it failed, in words. */
  readonly counts: string;
  readonly error: string | null;
}

/** The tables of syncs, as kysely knows them. */
export type SyncTables = { syncs: SyncRecord; sync_runs: RunRecord; sync_requests: RequestRecord } & PeopleTables &
  MembershipTables &
  TargetTables;

/** A request that counts for a budget, such as one of a tenant's day. */
interface RequestRecord {
  readonly budget: string;
  readonly at: number;
  readonly number: number;
}

/** What is kept of one sync. */
export interface SyncStore extends People, Names, Memberships {
  readonly record: () => Promise<SyncRecord>;
  readonly update: (fields: Partial<Omit<SyncRecord, "sync">>) => Promise<void>;
  /** Notes that a run began, and that the one before was killed if it has not ended. Gives the run's number. */
  readonly begin: (cause: string, now: number) => Promise<number>;
  readonly end: (run: number, fields: Partial<RunRecord>) => Promise<void>;
  /** The last runs, the latest first. */
  readonly runs: (limit: number) => Promise<readonly RunRecord[]>;
}

/** What is kept of all syncs. */
export interface Syncs {
  readonly of: (sync: string) => SyncStore;
  /** The targets that a sync has written, and the name under which each is kept. */
  readonly targets: (sync: string) => Targets;
  /** Copies all that is kept of a sync under another name, in place of what is there; and drops what is kept under a name. */
  readonly copy: (from: string, to: string) => Promise<void>;
  readonly drop: (name: string) => Promise<void>;
  /**
   * Takes one of so many requests within some milliseconds; gives when the next one is free where there is none, over all processes that
   * share the store.
   */
  readonly take: (
    budget: string,
    now: number,
    limits: readonly { readonly requests: number; readonly ms: number }[],
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly until: number }>;
}

/** The outcome of a run whose process ended without a word. */
export const INTERRUPTED = "interrupted";

/** This many runs are kept of each sync. */
const RUNS_KEPT = 500;

/** Keeps what syncs know in tables. Every answer waits for `ready`. */
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
          // One runs at a time: whatever has not ended by now was killed.
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
        // A clock that was set back delays nobody for longer than a period.
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
