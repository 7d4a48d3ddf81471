import type { Kysely } from "kysely";
import { type Alias, inPieces, NAME, type PeopleTables } from "./person.ts";

/** The names by which a sync's people are known, refer to each other and are distinguished. */
export interface Names {
  /** The keys of people with a name. */
  readonly known: (alias: Alias, limit: number) => Promise<readonly string[]>;
  /** The keys of others who share a person's name at a place. */
  readonly namesakes: (key: string, place: string) => Promise<readonly string[]>;
  /** Records whom a person refers to, and marks people for evaluation if their referenced account has changed. */
  readonly referTo: (key: string, aliases: readonly Alias[]) => Promise<void>;
  readonly wake: (key: string) => Promise<void>;
  /** Reserves a unique name. Returns the key of its holder. */
  readonly reserve: (place: string, value: string, key: string) => Promise<string>;
}

/** Stores the names of a sync's people in tables. Every call waits for `ready`. */
export function createNames(db: Kysely<PeopleTables>, ready: () => Promise<void>, sync: string): Names {
  const whenReady = async <T>(ask: () => Promise<T>): Promise<T> => {
    await ready();
    return ask();
  };
  return {
    known: ({ place, value }, limit) =>
      whenReady(async () => {
        if (place === "")
          return (
            await db.selectFrom("sync_people").select("key").where("sync", "=", sync).where("key", "=", value).execute()
          ).map(({ key }) => key);
        const rows = await db
          .selectFrom("sync_aliases")
          .select("key")
          .where("sync", "=", sync)
          .where("place", "=", place)
          .where("value", "=", value)
          .orderBy("key")
          .limit(limit)
          .execute();
        return rows.map(({ key }) => key);
      }),
    namesakes: (key, place) =>
      whenReady(async () => {
        const rows = await db
          .selectFrom("sync_aliases as own")
          .innerJoin("sync_aliases as other", (join) =>
            join
              .onRef("other.sync", "=", "own.sync")
              .onRef("other.place", "=", "own.place")
              .onRef("other.value", "=", "own.value"),
          )
          .select("other.key")
          .where("own.sync", "=", sync)
          .where("own.place", "=", place)
          .where("own.key", "=", key)
          .where("other.key", "!=", key)
          .orderBy("other.key")
          .execute();
        return rows.map((row) => row.key);
      }),
    referTo: (key, aliases) =>
      whenReady(async () => {
        const present = await db
          .selectFrom("sync_references")
          .select(["place", "value"])
          .where("sync", "=", sync)
          .where("key", "=", key)
          .execute();
        const names = (all: readonly Alias[]) =>
          all
            .map(({ place, value }) => `${place}\0${value}`)
            .toSorted()
            .join("\0\0");
        if (names(present) === names(aliases)) return;
        await db.deleteFrom("sync_references").where("sync", "=", sync).where("key", "=", key).execute();
        if (aliases.length > 0)
          await db
            .insertInto("sync_references")
            .values(aliases.map((alias) => ({ sync, key, ...alias })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
      }),
    wake: (key) =>
      whenReady(async () => {
        const referring = (place: string, value: string) =>
          db
            .selectFrom("sync_references")
            .select("key")
            .where("sync", "=", sync)
            .where("place", "=", place)
            .where("value", "=", value)
            .execute();
        const aliases = await db
          .selectFrom("sync_aliases")
          .select(["place", "value"])
          .where("sync", "=", sync)
          .where("key", "=", key)
          .where("place", "!=", NAME)
          .execute();
        const all = [{ place: "", value: key }, ...aliases];
        const found = (await Promise.all(all.map(({ place, value }) => referring(place, value)))).flat();
        const keys = [...new Set(found.map((each) => each.key))];
        for (const piece of inPieces(keys))
          await db
            .updateTable("sync_people")
            .set({ woken: 1 })
            .where("sync", "=", sync)
            .where("key", "in", piece)
            .execute();
      }),
    reserve: (place, value, key) =>
      whenReady(async () => {
        await db
          .insertInto("sync_names")
          .values({ sync, place, value, key })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const row = await db
          .selectFrom("sync_names")
          .select("key")
          .where("sync", "=", sync)
          .where("place", "=", place)
          .where("value", "=", value)
          .executeTakeFirstOrThrow();
        return row.key;
      }),
  };
}
