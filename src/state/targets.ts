import type { Kysely } from "kysely";

/** A target that a sync has written, and where its state is stored. */
export interface KnownTarget {
  readonly sync: string;
  /** Describes the target in words that stay the same as long as it does. */
  readonly target: string;
  /** The name under which people, links and runs are stored. */
  readonly store: string;
  /** When a run last used it, in milliseconds since 1970. */
  readonly used: number;
}

/** The table of targets, for kysely. */
export interface TargetTables {
  readonly sync_targets: KnownTarget;
}

/** The targets of one sync. */
export interface Targets {
  /** All targets, most recently used first. */
  readonly all: () => Promise<readonly KnownTarget[]>;
  readonly keep: (target: Omit<KnownTarget, "sync">) => Promise<void>;
}

/** Stores the targets of a sync in a table. Every call waits for `ready`. */
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
