import type { Database } from "./database.ts";

/** The last saved end of an audit log's chain. */
export interface ChainHead {
  /** The name of the chain. */
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  /** When it was saved, in milliseconds since 1970. */
  readonly at: number;
}

/** The table of chains, for kysely. */
export interface ChainTables {
  audit_chains: ChainHead;
}

/** The ends of all audit chains, stored apart from the files, so that records removed from the end of a file are missed. */
export interface Chains {
  readonly all: () => Promise<readonly ChainHead[]>;
  readonly head: (chain: string) => Promise<ChainHead | undefined>;
  /** Saves the end of a chain. An earlier end than the saved one is ignored. */
  readonly keep: (head: Omit<ChainHead, "at">) => Promise<void>;
  /** Forgets a chain, for example when its log has moved. Returns whether it existed. */
  readonly forget: (chain: string) => Promise<boolean>;
}

/** Stores the ends of chains in a table. Every call waits for `ready`. */
export function createChains({ db }: Database<ChainTables>, ready: () => Promise<void>): Chains {
  const all = async () => {
    await ready();
    return db.selectFrom("audit_chains").selectAll().orderBy("chain").execute();
  };
  return {
    all,
    head: async (chain) => {
      await ready();
      return db.selectFrom("audit_chains").selectAll().where("chain", "=", chain).executeTakeFirst();
    },
    keep: async (head) => {
      await ready();
      const row = { ...head, at: Date.now() };
      await db
        .insertInto("audit_chains")
        .values(row)
        .onConflict((conflict) => conflict.column("chain").doUpdateSet(row).where("audit_chains.seq", "<", row.seq))
        .execute();
    },
    forget: async (chain) => {
      await ready();
      const { numDeletedRows } = await db
        .deleteFrom("audit_chains")
        .where("chain", "=", chain)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}
