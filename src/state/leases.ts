import type { Database } from "./database.ts";

/** The table of leases, as kysely knows it. */
export interface LeaseTables {
  leases: {
    readonly name: string;
    readonly holder: string;
    /** Milliseconds since 1970. */
    readonly until: number;
  };
}

/** What one process at a time may do, of all that share the store. A lease ends by itself where its holder does not renew it. */
export interface Leases {
  /** Takes a lease, or renews it, for some milliseconds. Gives who holds it then: another, where that one's has not ended. */
  readonly take: (name: string, holder: string, ms: number) => Promise<string>;
  /** Who holds a lease that has not ended; undefined where nobody does. */
  readonly holder: (name: string) => Promise<string | undefined>;
  /** Gives a lease back before it ends. */
  readonly release: (name: string, holder: string) => Promise<void>;
}

/** Keeps leases in a table. Every answer waits for `ready`. */
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
