import type { Kysely } from "kysely";

/** A target that a sync has written, and where what is known of it is kept. */
export interface KnownTarget {
  readonly sync: string;
  /** What is written, in words that are the same as long as it is. */
  readonly target: string;
  /** The name under which people, links and runs are kept. */
  readonly store: string;
  /** When a run used it last, in milliseconds since 1970. */
  readonly used: number;
}

/** The table of targets, as kysely knows it. */
export interface TargetTables {
  readonly sync_targets: KnownTarget;
}

/** The targets of one sync. */
export interface Targets {
  /** All of them, the one that was used last first. */
  readonly all: () => Promise<readonly KnownTarget[]>;
  readonly keep: (target: Omit<KnownTarget, "sync">) => Promise<void>;
}

/** Keeps the targets of a sync in a table. Every answer waits for `ready`. */
export const createTargets = (db: Kysely<TargetTables>, ready: () => Promise<void>, sync: string): Targets => ({
  all: async () => {
    await ready();
    return db.selectFrom("sync_targets").selectAll().where("sync", "=", sync).orderBy("used", "desc").execute();
  },
  keep: async (target) => {
    await ready();
    await db
      .insertInto("sync_targets")
      .values({ sync, ...target })
      .onConflict((conflict) => conflict.columns(["sync", "target"]).doUpdateSet(target))
      .execute();
  },
});
