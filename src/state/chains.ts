import type { Database } from "./database.ts";

/** Where an audit log's chain of records ended when that was noted last. */
export interface ChainHead {
  /** The chain's name. */
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  /** When it was noted, in milliseconds since 1970. */
  readonly at: number;
}

/** The table of chains, as kysely knows it. */
export interface ChainTables {
  audit_chains: ChainHead;
}

/** Where the chains of all audit logs end, kept away from the files: records cut from the end of a file are missed. */
export interface Chains {
  readonly all: () => Promise<readonly ChainHead[]>;
  readonly head: (chain: string) => Promise<ChainHead | undefined>;
  /** Notes where a chain ends now. An earlier place than is known is not noted. */
  readonly keep: (head: Omit<ChainHead, "at">) => Promise<void>;
  /** Forgets a chain, once its log is kept elsewhere. Says whether there was one. */
  readonly forget: (chain: string) => Promise<boolean>;
}

/** Keeps the ends of chains in a table. Every answer waits for `ready`. */
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
