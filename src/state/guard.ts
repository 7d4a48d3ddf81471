import type { Transaction } from "kysely";
import type { Endangered, GuardLedger } from "../gateway/guard.ts";
import type { Database } from "./database.ts";
import {
  createGuardLists,
  type GuardLists,
  type GuardTables,
  RELEASED_MS,
  type SeenPlace,
  type StoppedPlace,
  seenOf,
} from "./guard-lists.ts";

/** What a route's guard has admitted within the hour, and what it has stopped. */
export interface GuardStatus {
  readonly type: string;
  readonly deletes: number;
  readonly disables: number;
  readonly stopped: readonly StoppedChange[];
}

/** A stopped change: the entry, when it was last attempted, by whom and with which request. */
export interface StoppedChange {
  readonly danger: string;
  readonly key: string;
  readonly at: string;
  readonly caller: string;
  readonly requestId: string;
}

/** Which stopped changes to release or dismiss; by default all of a route's. */
export interface Release {
  readonly route: string;
  readonly type?: string | undefined;
  readonly danger?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  /** Only these, as far as they have been stopped since the same time as when the operator looked. */
  readonly places?: readonly SeenPlace[] | undefined;
  /** What the operator saw, as `GuardLists.seen` told it. Something else is refused with a `ChangedError`. */
  readonly seen?: string | undefined;
  /** Who releases them, and why. */
  readonly by: string;
  readonly reason: string;
}

/** What an operator saw is no longer what is stopped. Nothing was released. */
export class ChangedError extends Error {
  override name = "ChangedError";
}

/** The change guard's ledger, with operators' actions. */
export interface Ledger extends GuardLedger, GuardLists {
  readonly status: (route: string) => Promise<readonly GuardStatus[]>;
  /** Reports whether anything of a route is stopped, without waiting for other gateways. */
  readonly isStopping: (route: string) => Promise<boolean>;
  /** Permits stopped changes once, whatever the counts. Returns them. */
  readonly release: (release: Release) => Promise<readonly (StoppedChange & StoppedPlace)[]>;
  /** Takes stopped changes off the list and releases none. Returns them. */
  readonly dismiss: (release: Release) => Promise<readonly (StoppedChange & StoppedPlace)[]>;
}

const HOUR_MS = 3_600_000;
/** Maximum number of listed stopped changes per route and type. Further ones are stopped without being listed. */
const MAX_STOPPED = 100_000;
/** Maximum number of changes in one statement. */
const BATCH = 200;

/** Stores the guard's ledger in tables. Every call waits for `ready`. */
export function createLedger({ db, exclusively }: Database<GuardTables>, ready: () => Promise<void>): Ledger {
  /** Serialises everything that concerns a route, across gateways. */
  const inTransaction = async <T>(
    route: string,
    work: (transaction: Transaction<GuardTables>) => Promise<T>,
  ): Promise<T> => {
    await ready();
    return exclusively(`guard ${route}`, work);
  };
  return {
    ...createGuardLists(db, ready),
    reserve: (change, { own, both }, { caller = "", requestId }) =>
      inTransaction(change.route, async (transaction) => {
        const now = Date.now();
        await forget(transaction, change.route, now);
        if (await isReleased(transaction, change)) return "passed";
        const isKnown = await isIn(transaction, "guard_passed", change);
        const counts = await countsOf(transaction, change);
        const isOver =
          (own !== undefined && counts[change.danger] >= own) ||
          (both !== undefined && counts.deletes + counts.disables >= both);
        if (!isKnown && isOver) {
          await note(transaction, change, { at: now, caller, request_id: requestId });
          return "stopped";
        }
        await transaction
          .insertInto("guard_passed")
          .values({ ...placeOf(change), at: now, under_way: 1, happened: 0 })
          .onConflict((conflict) =>
            conflict
              .columns(["route", "type", "danger", "key"])
              .doUpdateSet((set) => ({ at: now, under_way: set("guard_passed.under_way", "+", 1) })),
          )
          .execute();
        await transaction.deleteFrom("guard_stopped").where(isOf(change)).execute();
        return "passed";
      }),

    settle: (change, fate) =>
      inTransaction(change.route, async (transaction) => {
        // A release is used up by the change that it permits, which does not count: an operator has checked it.
        if (fate === "done") await transaction.deleteFrom("guard_released").where(isOf(change)).execute();
        await transaction
          .updateTable("guard_passed")
          .set((set) => ({
            under_way: set("under_way", "-", 1),
            ...(fate !== "not done" && { happened: 1 }),
          }))
          .where(isOf(change))
          .execute();
        await transaction
          .deleteFrom("guard_passed")
          .where(isOf(change))
          .where("under_way", "<=", 0)
          .where("happened", "=", 0)
          .execute();
      }),

    status: (route) =>
      inTransaction(route, async (transaction) => {
        await forget(transaction, route, Date.now());
        const passed = await transaction.selectFrom("guard_passed").selectAll().where("route", "=", route).execute();
        const stopped = await transaction
          .selectFrom("guard_stopped")
          .selectAll()
          .where("route", "=", route)
          .orderBy("at")
          .execute();
        const types = [...new Set([...passed, ...stopped].map(({ type }) => type))].sort();
        return types.map((type) => {
          const of = passed.filter((each) => each.type === type);
          const count = (danger: string) => of.filter((each) => each.danger === danger).length;
          return {
            type,
            deletes: count("deletes"),
            disables: count("disables"),
            stopped: stopped.filter((each) => each.type === type).map(shown),
          };
        });
      }),

    isStopping: async (route) => {
      await ready();
      const found = await db
        .selectFrom("guard_stopped")
        .select("key")
        .where("route", "=", route)
        .where("at", ">=", Date.now() - RELEASED_MS)
        .limit(1)
        .executeTakeFirst();
      return found !== undefined;
    },

    release: (release) =>
      inTransaction(release.route, async (transaction) => {
        const { by, reason } = release;
        const chosen = await chosenIn(transaction, release);
        const about = { at: Date.now(), by, reason };
        for (let from = 0; from < chosen.length; from += BATCH) {
          const places = chosen.slice(from, from + BATCH).map(placeOf);
          await transaction
            .insertInto("guard_released")
            .values(places.map((place) => ({ ...place, ...about })))
            .onConflict((conflict) => conflict.columns(["route", "type", "danger", "key"]).doUpdateSet(about))
            .execute();
        }
        await forgetStopped(transaction, chosen);
        return chosen.map((each) => ({ type: each.type, ...shown(each) }));
      }),

    dismiss: (release) =>
      inTransaction(release.route, async (transaction) => {
        const chosen = await chosenIn(transaction, release);
        await forgetStopped(transaction, chosen);
        return chosen.map((each) => ({ type: each.type, ...shown(each) }));
      }),
  };
}

/** The stopped changes that an operator means. Throws a `ChangedError` if they are others than those that the operator saw. */
async function chosenIn(
  transaction: Transaction<GuardTables>,
  { route, type, danger, keys, places, seen }: Release,
): Promise<GuardTables["guard_stopped"][]> {
  await forget(transaction, route, Date.now());
  // In the order in which a fingerprint is made of them.
  const all = await transaction
    .selectFrom("guard_stopped")
    .selectAll()
    .where("route", "=", route)
    .orderBy("type")
    .orderBy("danger")
    .orderBy("key")
    .execute();
  const wanted = keys && new Set(keys);
  const named = places && new Map(places.map((place) => [nameOf(place), place.since]));
  const chosen = all.filter(
    (each) =>
      (type === undefined || each.type === type) &&
      (danger === undefined || each.danger === danger) &&
      (wanted === undefined || wanted.has(each.key)) &&
      (named === undefined || isSeen(each, named.get(nameOf(each)))),
  );
  if (seen !== undefined && seenOf(chosen) !== seen)
    throw new ChangedError("What is stopped is no longer what you looked at. Nothing was done: look again.");
  return chosen;
}

/** Reports whether a change is the one that was seen: not one that was dismissed and is stopped anew. Versions before didn't note since when. */
const isSeen = ({ since }: Pick<GuardTables["guard_stopped"], "since">, seen: number | undefined): boolean =>
  seen !== undefined && (Number(since) === 0 || Number(since) === seen);

const nameOf = ({ type, danger, key }: StoppedPlace): string => JSON.stringify([type, danger, key]);

async function forgetStopped(
  transaction: Transaction<GuardTables>,
  chosen: readonly GuardTables["guard_stopped"][],
): Promise<void> {
  for (let from = 0; from < chosen.length; from += BATCH) {
    const places = chosen.slice(from, from + BATCH).map(placeOf);
    await transaction
      .deleteFrom("guard_stopped")
      .where((expression) => expression.or(places.map((place) => isOf(place)(expression))))
      .execute();
  }
}

type Keyed = Pick<Endangered, "route" | "type" | "key"> & { readonly danger: string };

const placeOf = ({ route, type, danger, key }: Keyed) => ({ route, type, danger, key });

// biome-ignore lint/suspicious/noExplicitAny: the same condition on each of the three tables
const isOf = (change: Keyed) => (expression: any) => expression.and(placeOf(change));

const shown = ({ danger, key, at, caller, request_id }: GuardTables["guard_stopped"]): StoppedChange => ({
  danger,
  key,
  at: new Date(at).toISOString(),
  caller,
  requestId: request_id,
});

/** Deletes entries of a route that no longer count. */
async function forget(transaction: Transaction<GuardTables>, route: string, now: number): Promise<void> {
  for (const [table, ms] of [
    ["guard_passed", HOUR_MS],
    ["guard_stopped", RELEASED_MS],
    ["guard_released", RELEASED_MS],
  ] as const)
    await transaction
      .deleteFrom(table)
      .where("at", "<", now - ms)
      .where("route", "=", route)
      .execute();
}

async function isIn(transaction: Transaction<GuardTables>, table: keyof GuardTables, change: Keyed): Promise<boolean> {
  const found = await transaction.selectFrom(table).select("key").where(isOf(change)).executeTakeFirst();
  return found !== undefined;
}

const isReleased = (transaction: Transaction<GuardTables>, change: Keyed) =>
  isIn(transaction, "guard_released", change);

async function countsOf(
  transaction: Transaction<GuardTables>,
  { route, type }: Keyed,
): Promise<{ readonly deletes: number; readonly disables: number }> {
  const rows = await transaction
    .selectFrom("guard_passed")
    .select(["danger", ({ fn }) => fn.countAll<number>().as("count")])
    .where("route", "=", route)
    .where("type", "=", type)
    .groupBy("danger")
    .execute();
  const count = (danger: string) => Number(rows.find((row) => row.danger === danger)?.count ?? 0);
  return { deletes: count("deletes"), disables: count("disables") };
}

/** Lists a change as stopped. */
async function note(
  transaction: Transaction<GuardTables>,
  change: Keyed,
  about: { readonly at: number; readonly caller: string; readonly request_id: string },
): Promise<void> {
  const { count } = await transaction
    .selectFrom("guard_stopped")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("route", "=", change.route)
    .where("type", "=", change.type)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MAX_STOPPED) return;
  await transaction
    .insertInto("guard_stopped")
    .values({ ...placeOf(change), ...about, since: about.at })
    .onConflict((conflict) => conflict.columns(["route", "type", "danger", "key"]).doUpdateSet(about))
    .execute();
}
