import { sql as raw } from "kysely";
import type { Database } from "./database.ts";
import { HELD, inPieces, NAME, type PeopleTables, type Person } from "./person.ts";

/** Which people to list: with a status, with a held or released plan, with a plan of a kind or of any. */
export interface PeopleFilter {
  readonly status?: string;
  readonly held?: Person["held"];
  readonly kind?: string;
  readonly isPlanned?: boolean;
}

/** Lists of a sync's people, in order of keys. Each question is answered by an index, or looks at few people. */
export interface PeopleLists {
  /** The next people after a key. */
  readonly listed: (filter: PeopleFilter, after: string, limit: number) => Promise<readonly Person[]>;
  /**
   * Looks at a stretch of people in order of names for those who are known by every word, which must be in small letters. Returns the place
   * up to which it looked; undefined at the end.
   */
  readonly searched: (
    words: readonly string[],
    after: NamePlace,
    limit: number,
  ) => Promise<{ readonly people: readonly Found[]; readonly reached: NamePlace | undefined }>;
}

/** A place in the order of names: a name, and the key of one of those who have it. The first is before all. */
export type NamePlace = readonly [name: string, key: string];

/** Somebody who was found, and where in the order of names. */
export interface Found {
  readonly person: Person;
  readonly place: NamePlace;
}

/** How many people one search looks at: SQLite holds up the process meanwhile, for ten milliseconds or so. */
const STRETCH = 50_000;

/** The columns of a person. */
export const ALL = [
  "key",
  "target",
  "resource",
  "hash",
  "seen",
  "twice",
  "missing",
  "next",
  "status",
  "kind",
  "planned",
  "held",
  "memory",
] as const;

/** The lists of the people of a sync. Every call waits for `ready`. */
export function createPeopleLists(
  { db, isInProcess }: Pick<Database<PeopleTables>, "db" | "isInProcess">,
  ready: () => Promise<void>,
  sync: string,
): PeopleLists {
  const people = () => db.selectFrom("sync_people").where("sync", "=", sync);
  const after = (key: string, limit: number) =>
    people().select(ALL).where("key", ">", key).orderBy("key").limit(limit).$castTo<Person>();
  /** The kinds of planned changes: the index is entered once for each. */
  const kindsPlanned = async (): Promise<string[]> => {
    const kinds: string[] = [];
    for (let last = ""; ; ) {
      const next = await people().select("kind").where("kind", ">", last).orderBy("kind").limit(1).executeTakeFirst();
      if (!next) return kinds;
      last = next.kind!;
      kinds.push(last);
    }
  };
  const byKeys = async (keys: readonly string[]): Promise<ReadonlyMap<string, Person>> => {
    const pieces = inPieces(keys).map((piece) => after("", piece.length).where("key", "in", piece).execute());
    return new Map((await Promise.all(pieces)).flat().map((each) => [each.key, each]));
  };
  return {
    listed: async ({ status, held, kind, isPlanned }, key, limit) => {
      await ready();
      const having = () => (status === undefined ? after(key, limit) : after(key, limit).where("status", "=", status));
      if (kind === undefined && held === undefined && !isPlanned) return having().execute();
      // Among a million people, few may have a plan: each kind's are found by the index, and the database puts them in order.
      const kinds = kind === undefined ? await kindsPlanned() : [kind];
      const [first, ...others] = kinds.flatMap((of) =>
        (held === undefined ? Object.values(HELD) : [held]).map((is) =>
          db.selectFrom(having().where("kind", "=", of).where("held", "=", is).as("found")).selectAll(),
        ),
      );
      if (!first) return [];
      const all = others.reduce((union, each) => union.unionAll(each), first);
      return db.selectFrom(all.as("any")).selectAll().orderBy("key").limit(limit).execute() as Promise<Person[]>;
    },
    searched: async (words, place, limit) => {
      await ready();
      const behind = db
        .selectFrom("sync_aliases")
        .select(["value", "key"])
        .where("sync", "=", sync)
        .where("place", "=", NAME)
        .where(raw<boolean>`(value, ${raw.ref("key")}) > (${raw.join(place)})`)
        .orderBy("value")
        .orderBy("key");
      // A server searches all in one go, and bounds the time itself.
      const end = isInProcess
        ? await behind
            .offset(STRETCH - 1)
            .limit(1)
            .executeTakeFirst()
        : undefined;
      let matching = behind.limit(limit);
      if (end)
        matching = matching.where(raw<boolean>`(value, ${raw.ref("key")}) <= (${raw.join([end.value, end.key])})`);
      for (const word of words) matching = matching.where(raw<boolean>`value like ${patternOf(word)} escape '!'`);
      const found = await matching.execute();
      const last = found.length === limit ? found.at(-1)! : end;
      const known = await byKeys(found.map((each) => each.key));
      return {
        people: found.flatMap(({ value, key }) => {
          const person = known.get(key);
          return person ? [{ person, place: [value, key] as const }] : [];
        }),
        reached: last && [last.value, last.key],
      };
    },
  };
}

const patternOf = (word: string): string => `%${word.replace(/[%_!]/g, "!$&")}%`;
