import type { Database } from "./database.ts";

/** The table of leases, for kysely. */
export interface LeaseTables {
  leases: {
    readonly name: string;
    readonly holder: string;
    /** Milliseconds since 1970. */
    readonly until: number;
  };
}

/** Exclusive rights among all processes that share the store. A lease expires unless its holder renews it. */
export interface Leases {
  /** Takes or renews a lease for some milliseconds. Returns its holder: another one, if that lease has not expired. */
  readonly take: (name: string, holder: string, ms: number) => Promise<string>;
  /** The holder of a lease that has not expired; undefined if there is none. */
  readonly holder: (name: string) => Promise<string | undefined>;
  /** Releases a lease early. */
  readonly release: (name: string, holder: string) => Promise<void>;
}

/** Stores leases in a table. Every call waits for `ready`. */
export function createLeases({ db, exclusively }: Database<LeaseTables>, ready: () => Promise<void>): Leases {
  return {
    take: async (name, holder, ms) => {
      await ready();
      return exclusively(`lease ${name}`, async (transaction) => {
        const now = Date.now();
        const held = await transaction.selectFrom("leases").selectAll().where("name", "=", name).executeTakeFirst();
        if (held && held.holder !== holder && held.until > now) return held.holder;
        const lease = { name, holder, until: now + ms };
        await transaction
          .insertInto("leases")
          .values(lease)
          .onConflict((conflict) => conflict.column("name").doUpdateSet(lease))
          .execute();
        return holder;
      });
    },
    holder: async (name) => {
      await ready();
      const held = await db
        .selectFrom("leases")
        .select("holder")
        .where("name", "=", name)
        .where("until", ">", Date.now())
        .executeTakeFirst();
      return held?.holder;
    },
    release: async (name, holder) => {
      await ready();
      await db.deleteFrom("leases").where("name", "=", name).where("holder", "=", holder).execute();
    },
  };
}
