import { createHash, type Hash } from "node:crypto";
import type { ExpressionBuilder, Kysely } from "kysely";
import { createBatches, type StoppedBatch } from "./guard-batches.ts";

interface Place {
  readonly route: string;
  readonly type: string;
  readonly danger: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The guard's tables, for kysely. */
export interface GuardTables {
  guard_passed: Place & { readonly under_way: number; readonly happened: number };
  /** `at` is when a change was last tried; `since` when it was stopped first, 0 if that isn't known. */
  guard_stopped: Place & { readonly caller: string; readonly request_id: string; readonly since: number };
  guard_released: Place & { readonly by: string; readonly reason: string };
}

/** A stopped change's place within its route. */
export type StoppedPlace = Pick<Place, "type" | "danger" | "key">;

/** A stopped change that somebody looked at: its place, and since when it was stopped then, in milliseconds since 1970. */
export interface SeenPlace extends StoppedPlace {
  readonly since: number;
}

/** What a route's guard has counted of one danger to one type: times are in milliseconds since 1970. */
export interface GuardCount extends Pick<Place, "type" | "danger"> {
  /** How many passed within the hour, and when the first of them did. */
  readonly counted: number;
  readonly oldest: number | undefined;
  /** How many are stopped, and how many are released and have not come again. */
  readonly stopped: number;
  /** Since when something is stopped. */
  readonly since: number | undefined;
  readonly released: number;
}

/** Which stopped or released changes to list, in the order of their places. */
export interface GuardFilter {
  readonly route: string;
  readonly type?: string | undefined;
  readonly danger?: string | undefined;
}

/** The guard's lists in pages, of any length. Nothing waits for other gateways here. */
export interface GuardLists {
  readonly counts: (route: string) => Promise<readonly GuardCount[]>;
  /** Stopped changes behind a place. */
  readonly stopped: (
    filter: GuardFilter,
    after: StoppedPlace | undefined,
    limit: number,
  ) => Promise<readonly GuardTables["guard_stopped"][]>;
  /** Released changes that have not come again, behind a place. */
  readonly released: (
    filter: GuardFilter,
    after: StoppedPlace | undefined,
    limit: number,
  ) => Promise<readonly GuardTables["guard_released"][]>;
  /** The releases of some places, as far as they are not used up. */
  readonly releasesOf: (
    route: string,
    places: readonly StoppedPlace[],
  ) => Promise<readonly GuardTables["guard_released"][]>;
  /** The newest release of a route that is not used up; undefined if there is none. */
  readonly lastReleased: (route: string) => Promise<GuardTables["guard_released"] | undefined>;
  /** The stopped ones among some places. */
  readonly stoppedOf: (
    route: string,
    places: readonly StoppedPlace[],
  ) => Promise<readonly GuardTables["guard_stopped"][]>;
  /** What is stopped at present: how many changes of which type, who sent them and when, and a fingerprint of them. */
  readonly seen: (filter: GuardFilter) => Promise<{ readonly groups: readonly StoppedBatch[]; readonly seen: string }>;
}

/** How long what passed counts, in milliseconds. */
const HOUR_MS = 3_600_000;
/** How long a release is valid and a stopped change is listed, in milliseconds: Entra retries after a day at most, in the cycle that begins then. */
export const RELEASED_MS = 26 * HOUR_MS;
/** How many places one statement names. */
const BATCH = 200;
/** How many places are read at a time for a fingerprint: there may be more than fit in memory. */
const PIECE = 1000;

/** What of a stopped change an operator has looked at: what it is, who asks for it, and since when it is stopped. */
type Seen = Pick<GuardTables["guard_stopped"], "type" | "danger" | "key" | "caller" | "since">;

/**
 * A fingerprint of stopped changes, which are in the order of their places as the database orders them. One that was taken off the list and
 * is stopped anew is another one.
 */
export function seenOf(stopped: readonly Seen[]): string {
  const hash = createHash("sha256");
  hashInto(hash, stopped);
  return hash.digest("hex");
}

function hashInto(hash: Hash, stopped: readonly Seen[]): void {
  for (const { type, danger, key, caller, since } of stopped)
    hash.update(`${JSON.stringify([type, danger, key, caller, Number(since)])}\n`);
}

/** The lists of the guard's tables. Every call waits for `ready`. */
export function createGuardLists(db: Kysely<GuardTables>, ready: () => Promise<void>): GuardLists {
  const since = (table: keyof GuardTables) => Date.now() - (table === "guard_passed" ? HOUR_MS : RELEASED_MS);
  const countsOf = async (table: keyof GuardTables, route: string) =>
    db
      .selectFrom(table)
      .select(["type", "danger", ({ fn }) => fn.countAll<number>().as("count"), ({ fn }) => fn.min("at").as("oldest")])
      .where("route", "=", route)
      .where("at", ">=", since(table))
      .groupBy(["type", "danger"])
      .execute();
  const behindIn = (
    table: "guard_stopped" | "guard_released",
    { route, type, danger }: GuardFilter,
    after: StoppedPlace | undefined,
  ) => {
    // The two tables have these columns in common.
    let query = db
      .selectFrom(table as "guard_stopped")
      .where("route", "=", route)
      .where("at", ">=", since(table));
    if (type !== undefined) query = query.where("type", "=", type);
    if (danger !== undefined) query = query.where("danger", "=", danger);
    if (after) query = query.where(behind(after));
    return query.orderBy("type").orderBy("danger").orderBy("key");
  };
  async function page<Table extends "guard_stopped" | "guard_released">(
    table: Table,
    filter: GuardFilter,
    after: StoppedPlace | undefined,
    limit: number,
  ): Promise<GuardTables[Table][]> {
    await ready();
    const found = await behindIn(table, filter, after).selectAll().limit(limit).execute();
    return found as unknown as GuardTables[Table][];
  }
  async function placesIn<Table extends "guard_stopped" | "guard_released">(
    table: Table,
    route: string,
    places: readonly StoppedPlace[],
  ): Promise<GuardTables[Table][]> {
    await ready();
    const found: unknown[] = [];
    for (let from = 0; from < places.length; from += BATCH) {
      const piece = places.slice(from, from + BATCH);
      const isOne = ({ or, and, eb }: ExpressionBuilder<GuardTables, "guard_stopped">) =>
        or(
          piece.map(({ type, danger, key }) =>
            and([eb("type", "=", type), eb("danger", "=", danger), eb("key", "=", key)]),
          ),
        );
      const query = behindIn(table, { route }, undefined).where(isOne);
      found.push(...(await query.selectAll().execute()));
    }
    return found as GuardTables[Table][];
  }
  /** Since when something of each type is stopped. */
  const sinceOf = async (route: string) =>
    db
      .selectFrom("guard_stopped")
      .select(["type", "danger"])
      .select(({ fn, eb, ref }) =>
        fn.min<number>(eb.case().when("since", "=", 0).then(ref("at")).else(ref("since")).end()).as("since"),
      )
      .where("route", "=", route)
      .where("at", ">=", since("guard_stopped"))
      .groupBy(["type", "danger"])
      .execute();
  return {
    counts: async (route) => {
      await ready();
      const tables = ["guard_passed", "guard_stopped", "guard_released"] as const;
      const [[passed, stopped, released], sinces] = await Promise.all([
        Promise.all(tables.map((table) => countsOf(table, route))),
        sinceOf(route),
      ]);
      const all = [...passed!, ...stopped!, ...released!];
      const places = new Map(all.map(({ type, danger }) => [JSON.stringify([type, danger]), { type, danger }]));
      return [...places.values()].map(({ type, danger }) => {
        const of = (rows: typeof all) => rows.find((row) => row.type === type && row.danger === danger);
        const count = (rows: typeof all) => Number(of(rows)?.count ?? 0);
        const oldest = of(passed!)?.oldest;
        const first = sinces.find((each) => each.type === type && each.danger === danger)?.since;
        return {
          type,
          danger,
          counted: count(passed!),
          oldest: oldest === undefined ? undefined : Number(oldest),
          stopped: count(stopped!),
          since: first === undefined ? undefined : Number(first),
          released: count(released!),
        };
      });
    },
    stopped: (filter, after, limit) => page("guard_stopped", filter, after, limit),
    released: (filter, after, limit) => page("guard_released", filter, after, limit),
    releasesOf: (route, places) => placesIn("guard_released", route, places),
    stoppedOf: (route, places) => placesIn("guard_stopped", route, places),
    lastReleased: async (route) => {
      await ready();
      return db
        .selectFrom("guard_released")
        .selectAll()
        .where("route", "=", route)
        .where("at", ">=", since("guard_released"))
        .orderBy("at", "desc")
        .limit(1)
        .executeTakeFirst();
    },
    seen: async (filter) => {
      await ready();
      const hash = createHash("sha256");
      const batches = createBatches();
      for (let [after, isEnd] = [undefined as StoppedPlace | undefined, false]; !isEnd; ) {
        const columns = ["type", "danger", "key", "caller", "at", "since"] as const;
        const piece = await behindIn("guard_stopped", filter, after).select(columns).limit(PIECE).execute();
        hashInto(hash, piece);
        for (const each of piece) batches.add({ ...each, since: stoppedSince(each) });
        [after, isEnd] = [piece.at(-1), piece.length < PIECE];
      }
      return { groups: batches.all(), seen: hash.digest("hex") };
    },
  };
}

/** When a change was stopped first, in milliseconds since 1970. */
export const stoppedSince = ({ at, since }: Pick<GuardTables["guard_stopped"], "at" | "since">): number =>
  Number(since) || Number(at);

const behind =
  ({ type, danger, key }: StoppedPlace) =>
  ({ or, and, eb }: ExpressionBuilder<GuardTables, "guard_stopped">) =>
    or([
      eb("type", ">", type),
      and([eb("type", "=", type), eb("danger", ">", danger)]),
      and([eb("type", "=", type), eb("danger", "=", danger), eb("key", ">", key)]),
    ]);
