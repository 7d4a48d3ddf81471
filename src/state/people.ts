import { sql as raw } from "kysely";
import type { Database } from "./database.ts";
import { ALL, createPeopleLists, type PeopleLists } from "./people-lists.ts";
import { HELD, inPieces, type PeopleTables, type Person, type Received } from "./person.ts";
import { receive } from "./received.ts";

/** The people of a sync. They are never held in memory: lists are read in batches, in order of keys. */
export interface People extends PeopleLists {
  /** Stores a page of a read of the source. Returns keys with several records, and the number of identical repeats. */
  readonly receive: (
    read: number,
    page: readonly Received[],
  ) => Promise<{ readonly twice: readonly string[]; readonly repeated: number }>;
  /** Records that a read was complete: whoever was not in it is missing from now on. */
  readonly complete: (read: number, now: number) => Promise<void>;
  /** Reverts what a read recorded about missing people, because it was a plan's. */
  readonly uncomplete: (now: number) => Promise<void>;
  /** The number of people before a read, the number that it lacks, and the number with an account. */
  readonly count: (read: number) => Promise<{ before: number; lost: number; linked: number }>;
  readonly person: (key: string) => Promise<Person | undefined>;
  readonly byTarget: (target: string) => Promise<Person | undefined>;
  /** People due between two times, after a key; or all with an account. Changed people are due from 0, others from their own time. */
  readonly due: (
    times: { readonly from: number; readonly to: number },
    after: string,
    limit: number,
  ) => Promise<readonly Person[]>;
  readonly linked: (after: string, limit: number) => Promise<readonly Person[]>;
  /** People with a planned change of a kind that is not held, after a key. Released ones are included only if they were evaluated. */
  readonly ready: (kind: string, hasReleased: boolean, after: string, limit: number) => Promise<readonly Person[]>;
  readonly save: (people: readonly Person[]) => Promise<void>;
  /** Saves people after evaluation. */
  readonly saveLooked: (people: readonly Person[]) => Promise<void>;
  readonly forget: (key: string) => Promise<void>;
  /** Marks everyone for evaluation, or those with an unreleased plan, which is dropped. */
  readonly lookAtAll: () => Promise<void>;
  readonly dropPlans: (isWhole: boolean) => Promise<void>;
  /** The number of planned changes by kind, and whether they are held. */
  readonly planned: () => Promise<readonly { kind: string; held: number; count: number }[]>;
  readonly byStatus: () => Promise<readonly { status: string; count: number }[]>;
  /** Holds all planned changes of a kind that are not released. */
  readonly hold: (kind: string) => Promise<void>;
  /** Releases held changes: of some people, of one kind, or all. Returns how many. */
  readonly release: (which: { readonly keys?: readonly string[]; readonly kind?: string }) => Promise<number>;
}

/** How many people one statement changes. */
const RANGE = 5000;

/** Stores the people of a sync in tables. Every call waits for `ready`. */
export function createPeople(
  { db, exclusively, isInProcess }: Database<PeopleTables>,
  ready: () => Promise<void>,
  sync: string,
): People {
  const people = () => db.selectFrom("sync_people").where("sync", "=", sync);
  const whenReady = async <T>(ask: () => Promise<T>): Promise<T> => {
    await ready();
    return ask();
  };
  const save = async (given: readonly Person[], overwritten: typeof excluded) => {
    for (const piece of inPieces(given))
      await db
        .insertInto("sync_people")
        .values(piece.map((each) => ({ ...each, sync })))
        .onConflict((conflict) => conflict.columns(["sync", "key"]).doUpdateSet(overwritten))
        .execute();
  };
  /** Works in ranges of keys, so that no statement takes long. */
  const inRanges = async (work: (from: string, to: string | undefined) => Promise<void>): Promise<void> => {
    for (let from = ""; ; ) {
      const last = await people()
        .select("key")
        .where("key", ">", from)
        .orderBy("key")
        .offset(RANGE - 1)
        .limit(1)
        .executeTakeFirst();
      await work(from, last?.key);
      if (!last) return;
      from = last.key;
    }
  };
  const within = <T extends ReturnType<typeof db.updateTable<"sync_people">>>(
    query: T,
    from: string,
    to: string | undefined,
  ) => {
    const behind = query.where("sync", "=", sync).where("key", ">", from);
    return to === undefined ? behind : behind.where("key", "<=", to);
  };
  // A row has a complete plan or none.
  const selected = () => people().select(ALL).$castTo<Person>();
  const listed = (after: string, limit: number) => selected().where("key", ">", after).orderBy("key").limit(limit);
  return {
    ...createPeopleLists({ db, isInProcess }, ready, sync),
    receive: (read, page) =>
      whenReady(() => exclusively(`people of ${sync}`, (transaction) => receive(transaction, sync, read, page))),
    complete: (read, now) =>
      whenReady(() =>
        inRanges(async (from, to) => {
          const changed = () => within(db.updateTable("sync_people"), from, to);
          await changed()
            .set({ missing: now, next: 0 })
            .where("seen", "!=", read)
            .where("missing", "is", null)
            .execute();
          await changed()
            .set({ missing: null, next: 0 })
            .where("seen", "=", read)
            .where("missing", "is not", null)
            .execute();
        }),
      ),
    uncomplete: (now) =>
      whenReady(() =>
        inRanges(async (from, to) => {
          await within(db.updateTable("sync_people"), from, to)
            .set({ missing: null, next: 0 })
            .where("missing", "=", now)
            .execute();
        }),
      ),
    count: (read) =>
      whenReady(async () => {
        const row = await people()
          .select([
            // People who are new with this read were not there before it.
            raw<number>`coalesce(sum(case when missing is null and not (status = 'new' and seen = ${read}) then 1 else 0 end), 0)`.as(
              "before",
            ),
            raw<number>`coalesce(sum(case when missing is null and seen != ${read} then 1 else 0 end), 0)`.as("lost"),
            raw<number>`coalesce(sum(case when target is not null then 1 else 0 end), 0)`.as("linked"),
          ])
          .executeTakeFirstOrThrow();
        return { before: Number(row.before), lost: Number(row.lost), linked: Number(row.linked) };
      }),
    person: (key) => whenReady(() => selected().where("key", "=", key).executeTakeFirst()),
    byTarget: (target) => whenReady(() => selected().where("target", "=", target).executeTakeFirst()),
    due: ({ from, to }, after, limit) =>
      whenReady(() =>
        listed(after, limit)
          .where(({ eb, or, and }) => or([and([eb("next", ">=", from), eb("next", "<=", to)]), eb("woken", "=", 1)]))
          .execute(),
      ),
    linked: (after, limit) => whenReady(() => listed(after, limit).where("target", "is not", null).execute()),
    ready: (kind, hasReleased, after, limit) =>
      whenReady(() => {
        const held = hasReleased ? [HELD.no, HELD.released] : [HELD.no];
        return listed(after, limit).where("kind", "=", kind).where("held", "in", held).execute();
      }),
    save: (given) => whenReady(() => save(given, excluded)),
    saveLooked: (given) => whenReady(() => save(given, { ...excluded, woken: 0 })),
    forget: (key) =>
      whenReady(async () => {
        for (const table of ["sync_people", "sync_aliases", "sync_references", "sync_names"] as const)
          await db.deleteFrom(table).where("sync", "=", sync).where("key", "=", key).execute();
      }),
    lookAtAll: () =>
      whenReady(async () => {
        await inRanges(async (from, to) => {
          await within(db.updateTable("sync_people"), from, to).set({ next: 0 }).execute();
        });
      }),
    dropPlans: (isWhole) =>
      whenReady(() =>
        inRanges(async (from, to) => {
          const planned = () => within(db.updateTable("sync_people"), from, to).where("kind", "is not", null);
          const left = isWhole ? [HELD.no, HELD.held] : [HELD.no];
          // Only a complete read clears the mark of a changed person, 0; others become due at 1.
          const next = raw<number>`case when next = 0 then 0 else 1 end`;
          await planned().set({ next, kind: null, planned: null, held: HELD.no }).where("held", "in", left).execute();
          if (isWhole) await planned().set({ next }).where("held", "=", HELD.released).execute();
        }),
      ),
    planned: () =>
      whenReady(async () => {
        const rows = await people()
          .select(["kind", "held"])
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .where("kind", "is not", null)
          .groupBy(["kind", "held"])
          .execute();
        return rows.map(({ kind, held, count }) => ({ kind: kind!, held, count: Number(count) }));
      }),
    byStatus: () =>
      whenReady(async () => {
        const rows = await people()
          .select("status")
          .select(({ fn }) => fn.countAll<number>().as("count"))
          .groupBy("status")
          .execute();
        return rows.map(({ status, count }) => ({ status, count: Number(count) }));
      }),
    hold: (kind) =>
      whenReady(() =>
        inRanges(async (from, to) => {
          await within(db.updateTable("sync_people"), from, to)
            .set({ held: HELD.held })
            .where("kind", "=", kind)
            .where("held", "=", HELD.no)
            .execute();
        }),
      ),
    release: ({ keys, kind }) =>
      whenReady(async () => {
        let count = 0;
        const pieces = keys === undefined ? [undefined] : inPieces(keys);
        for (const piece of pieces) {
          let held = db
            .updateTable("sync_people")
            .set({ held: HELD.released, next: 0 })
            .where("sync", "=", sync)
            // Whose account a rehire takes over is decided individually.
            .where("kind", "!=", "rehires")
            .where("held", "=", HELD.held);
          if (piece) held = held.where("key", "in", piece);
          if (kind !== undefined) held = held.where("kind", "=", kind);
          const { numUpdatedRows } = await held.executeTakeFirst();
          count += Number(numUpdatedRows);
        }
        return count;
      }),
  };
}

/** The columns that an upsert overwrites: all but the key. */
const excluded: object = Object.fromEntries(
  ALL.filter((column) => column !== "key").map((column) => [column, raw.ref(`excluded.${column}`)]),
);
