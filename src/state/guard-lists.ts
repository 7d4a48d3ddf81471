import { createHash } from "node:crypto";
import type { ExpressionBuilder, Kysely } from "kysely";

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
  guard_stopped: Place & { readonly caller: string; readonly request_id: string };
  guard_released: Place & { readonly by: string; readonly reason: string };
}

/** A stopped change's place within its route. */
export type StoppedPlace = Pick<Place, "type" | "danger" | "key">;

/** What a route's guard has counted of one danger to one type: times are in milliseconds since 1970. */
export interface GuardCount extends Pick<Place, "type" | "danger"> {
  /** How many passed within the hour, and when the first of them did. */
  readonly counted: number;
  readonly oldest: number | undefined;
  /** How many are stopped, and how many are released and have not come again. */
  readonly stopped: number;
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
  /** What is stopped at present: how many changes of which type, who sent them, and a fingerprint of them. */
  readonly seen: (filter: GuardFilter) => Promise<{
    readonly groups: readonly (Pick<Place, "type" | "danger"> & { readonly count: number })[];
    readonly callers: readonly string[];
    readonly seen: string;
  }>;
}

/** What passed counts for an hour; stopped and released changes are kept for a day. In milliseconds. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How many places one statement names. */
const BATCH = 200;

/** A fingerprint of stopped changes, in any order. */
export function seenOf(places: readonly StoppedPlace[]): string {
  const names = places.map(({ type, danger, key }) => JSON.stringify([type, danger, key])).sort();
  return createHash("sha256").update(names.join("\n")).digest("hex");
}

/** The lists of the guard's tables. Every call waits for `ready`. */
export function createGuardLists(db: Kysely<GuardTables>, ready: () => Promise<void>): GuardLists {
  const since = (table: keyof GuardTables) => Date.now() - (table === "guard_passed" ? HOUR_MS : DAY_MS);
  const countsOf = async (table: keyof GuardTables, route: string) =>
    db
      .selectFrom(table)
      .select(["type", "danger", ({ fn }) => fn.countAll<number>().as("count"), ({ fn }) => fn.min("at").as("oldest")])
      .where("route", "=", route)
      .where("at", ">=", since(table))
      .groupBy(["type", "danger"])
      .execute();
  async function page<Table extends "guard_stopped" | "guard_released">(
    table: Table,
    { route, type, danger }: GuardFilter,
    after: StoppedPlace | undefined,
    limit: number | undefined,
  ): Promise<GuardTables[Table][]> {
    await ready();
    // The two tables have these columns in common.
    let query = db
      .selectFrom(table as "guard_stopped")
      .selectAll()
      .where("route", "=", route)
      .where("at", ">=", since(table));
    if (type !== undefined) query = query.where("type", "=", type);
    if (danger !== undefined) query = query.where("danger", "=", danger);
    if (after) query = query.where(behind(after));
    if (limit !== undefined) query = query.orderBy("type").orderBy("danger").orderBy("key").limit(limit);
    return (await query.execute()) as unknown as GuardTables[Table][];
  }
  return {
    counts: async (route) => {
      await ready();
      const tables = ["guard_passed", "guard_stopped", "guard_released"] as const;
      const [passed, stopped, released] = await Promise.all(tables.map((table) => countsOf(table, route)));
      const all = [...passed!, ...stopped!, ...released!];
      const places = new Map(all.map(({ type, danger }) => [JSON.stringify([type, danger]), { type, danger }]));
      return [...places.values()].map(({ type, danger }) => {
        const of = (rows: typeof all) => rows.find((row) => row.type === type && row.danger === danger);
        const count = (rows: typeof all) => Number(of(rows)?.count ?? 0);
        const oldest = of(passed!)?.oldest;
        return {
          type,
          danger,
          counted: count(passed!),
          oldest: oldest === undefined ? undefined : Number(oldest),
          stopped: count(stopped!),
          released: count(released!),
        };
      });
    },
    stopped: (filter, after, limit) => page("guard_stopped", filter, after, limit),
    released: (filter, after, limit) => page("guard_released", filter, after, limit),
    releasesOf: async (route, places) => {
      await ready();
      const found: GuardTables["guard_released"][] = [];
      for (let from = 0; from < places.length; from += BATCH) {
        const piece = places.slice(from, from + BATCH);
        found.push(
          ...(await db
            .selectFrom("guard_released")
            .selectAll()
            .where("route", "=", route)
            .where(({ or, and, eb }) =>
              or(
                piece.map(({ type, danger, key }) =>
                  and([eb("type", "=", type), eb("danger", "=", danger), eb("key", "=", key)]),
                ),
              ),
            )
            .execute()),
        );
      }
      return found;
    },
    seen: async (filter) => {
      const all = await page("guard_stopped", filter, undefined, undefined);
      const callers = [...new Set(all.map(({ caller }) => caller))].filter((caller) => caller !== "").sort();
      const groups = [...Map.groupBy(all, ({ type, danger }) => JSON.stringify([type, danger])).values()].map((of) => ({
        type: of[0]!.type,
        danger: of[0]!.danger,
        count: of.length,
      }));
      return { groups, callers, seen: seenOf(all) };
    },
  };
}

const behind =
  ({ type, danger, key }: StoppedPlace) =>
  ({ or, and, eb }: ExpressionBuilder<GuardTables, "guard_stopped">) =>
    or([
      eb("type", ">", type),
      and([eb("type", "=", type), eb("danger", ">", danger)]),
      and([eb("type", "=", type), eb("danger", "=", danger), eb("key", ">", key)]),
    ]);
