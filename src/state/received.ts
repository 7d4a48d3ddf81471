import { type Kysely, sql as raw } from "kysely";
import { inPieces, NAME, NO_PLAN, type PeopleTables, type Received } from "./person.ts";

/** Stores a page of a read. Changed people are marked for evaluation, and those whose key occurs twice. */
export async function receive(
  db: Kysely<PeopleTables>,
  sync: string,
  read: number,
  page: readonly Received[],
): Promise<{ readonly twice: readonly string[]; readonly repeated: number }> {
  const twice = new Set<string>();
  const byKey = new Map<string, Received>();
  /** Identical repeats: overlapping pages, not two people. */
  let repeated = 0;
  for (const each of page) {
    const before = byKey.get(each.key);
    if (!before) byKey.set(each.key, each);
    else if (before.hash === each.hash) repeated++;
    else twice.add(each.key);
  }
  const changed: Received[] = [];
  const seen: Received[] = [];
  for (const piece of inPieces([...byKey.values()])) {
    const present = await db
      .selectFrom("sync_people")
      .select(["key", "hash", "seen", "twice"])
      .where("sync", "=", sync)
      .where(
        "key",
        "in",
        piece.map(({ key }) => key),
      )
      .execute();
    const known = new Map(present.map((each) => [each.key, each]));
    for (const each of piece) {
      const before = known.get(each.key);
      // Of several different records none is trusted: the known state stays.
      if (before?.seen === read && before.hash === each.hash && before.twice !== read) repeated++;
      else if (before?.seen === read || (before && twice.has(each.key))) twice.add(each.key);
      else if (before?.hash === each.hash && before.twice === 0) seen.push(each);
      else changed.push(each);
    }
  }
  for (const piece of inPieces(seen)) {
    const keys = piece.map(({ key }) => key);
    await db.updateTable("sync_people").set({ seen: read }).where("sync", "=", sync).where("key", "in", keys).execute();
    await nameThem(db, sync, piece);
  }
  for (const piece of inPieces(changed)) await take(db, sync, read, piece);
  for (const piece of inPieces([...twice]))
    await db
      .updateTable("sync_people")
      .set({ twice: read, seen: read, next: 0 })
      .where("sync", "=", sync)
      .where("key", "in", piece)
      .execute();
  return { twice: [...twice], repeated };
}

/** Adds names of people who were stored by a version that had none. */
async function nameThem(db: Kysely<PeopleTables>, sync: string, people: readonly Received[]): Promise<void> {
  const keys = people.map(({ key }) => key);
  const known = await db
    .selectFrom("sync_aliases")
    .select("key")
    .where("sync", "=", sync)
    .where("key", "in", keys)
    .where("place", "=", NAME)
    .execute();
  if (known.length === keys.length) return;
  const named = new Set(known.map(({ key }) => key));
  const nameless = people.filter(({ key }) => !named.has(key));
  await addAliases(
    db,
    sync,
    nameless.map(({ aliases, ...each }) => ({ ...each, aliases: aliases.filter(({ place }) => place === NAME) })),
  );
}

async function take(db: Kysely<PeopleTables>, sync: string, read: number, changed: readonly Received[]): Promise<void> {
  const blank = { target: null, missing: null, status: "new", ...NO_PLAN, memory: "{}" };
  await db
    .insertInto("sync_people")
    .values(
      changed.map(({ key, resource, hash }) => ({
        ...blank,
        sync,
        key,
        resource,
        hash,
        seen: read,
        twice: 0,
        next: 0,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["sync", "key"]).doUpdateSet({
        resource: raw.ref("excluded.resource"),
        hash: raw.ref("excluded.hash"),
        seen: read,
        twice: 0,
        next: 0,
      }),
    )
    .execute();
  await db
    .deleteFrom("sync_aliases")
    .where("sync", "=", sync)
    .where(
      "key",
      "in",
      changed.map(({ key }) => key),
    )
    .execute();
  await addAliases(db, sync, changed);
}

async function addAliases(db: Kysely<PeopleTables>, sync: string, people: readonly Received[]): Promise<void> {
  const aliases = people.flatMap(({ key, aliases: all }) => all.map((alias) => ({ sync, key, ...alias })));
  for (const piece of inPieces(aliases))
    await db
      .insertInto("sync_aliases")
      .values(piece)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}
