import { LRUCache } from "lru-cache";
import type { GuardBackend, GuardCounted, GuardDanger, GuardMissed, GuardPlace } from "../../console/api/guard.ts";
import type { GuardDeps } from "../../console/pages/guard.ts";
import { Refusal } from "../../console/refusal.ts";
import { ChangedError } from "../../state/guard.ts";
import { type GuardCount, type GuardTables, type StoppedPlace, stoppedSince } from "../../state/guard-lists.ts";
import { inLanes } from "../../sync/steps.ts";
import { contextFor } from "../../sync/targets/route.ts";
import type { Generation } from "../generation.ts";
import { UnrecordedError } from "../recorded-acts.ts";
import { paceIn } from "./entra.ts";
import type { ConsoleSources } from "./sources.ts";

const HOUR_MS = 3_600_000;
/** How long the backend may take to say what entries are called, in milliseconds, and how many are asked for at once. */
const NAMES_MS = 1500;
const LANES = 8;
/** How many changes are shown by name to whoever is about to release them all. */
const SHOWN = 50;
/** How many names are remembered, and for how long in milliseconds: the page asks again every few seconds. */
const MAX_NAMES = 5000;
const REMEMBERED_MS = 60_000;

/** What the page on the guard is handed. */
export function guardDeps({ shared, current, store, guard }: ConsoleSources): GuardDeps {
  const { ledger } = store;
  const guardOf = (route: string) => current().loaded.config.safety[route]?.guard;
  const assertGuarded = (route: string) => {
    if (!guardOf(route)) throw new Refusal("missing", `${route} has no guard.`);
  };
  const known = new LRUCache<string, string>({ max: MAX_NAMES, ttl: REMEMBERED_MS });
  /** Adds what people know entries by: as the journal last saw it, or as the backend says now. */
  async function named<Row extends GuardPlace>(route: string, rows: readonly Row[]): Promise<(Row & Named)[]> {
    const nameOf = (type: string, key: string) => JSON.stringify([route, type, key]);
    for (const [type, of] of Map.groupBy(rows, (row) => row.type)) {
      const keys = of.map(({ key }) => key);
      const displays = await shared.services.journal?.store.displays(route, type, keys).catch(() => undefined);
      for (const [key, display] of displays ?? []) if (display !== "") known.set(nameOf(type, key), display);
    }
    const unknown = rows.filter(({ type, key }) => !known.has(nameOf(type, key)));
    const signal = AbortSignal.timeout(NAMES_MS);
    await inLanes(unknown, LANES, async (row) => {
      const display = await displayIn(current(), route, row, signal);
      if (display !== "") known.set(nameOf(row.type, row.key), display);
    });
    return rows.map((row) => ({ ...row, display: known.get(nameOf(row.type, row.key)) ?? "" }));
  }
  return {
    overview: async () => {
      const { config } = current().loaded;
      const guarded = Object.keys(config.safety).filter(guardOf);
      return {
        routes: await Promise.all(
          guarded.map(async (route) => {
            const { deletes, disables, percent } = guardOf(route)!;
            const limits = {
              ...(deletes !== undefined && { deletes }),
              ...(disables !== undefined && { disables }),
              ...(percent !== undefined && { percent }),
            };
            return { route, limits, types: typesOf(current(), route, await ledger().counts(route)) };
          }),
        ),
        unguarded: Object.keys(config.routes).filter((route) => !guardOf(route)),
        pace: paceIn(config),
      };
    },
    stopped: async ({ after, limit, ...filter }) => {
      assertGuarded(filter.route);
      const found = await ledger().stopped(filter, after, limit);
      return named(filter.route, found.map(stoppedOf));
    },
    released: async ({ after, limit, ...filter }) => {
      assertGuarded(filter.route);
      const found = await ledger().released(filter, after, limit);
      return named(
        filter.route,
        found.map(({ type, danger, key, at, by, reason }) => ({
          type,
          danger: danger as GuardDanger,
          key,
          at: Number(at),
          by,
          reason,
        })),
      );
    },
    seen: async (filter) => {
      assertGuarded(filter.route);
      const [{ groups, seen }, first] = await Promise.all([
        ledger().seen(filter),
        ledger().stopped(filter, undefined, SHOWN),
      ]);
      const types = [...new Set(groups.map(({ type }) => type))];
      const [some, counted] = await Promise.all([
        named(filter.route, first.map(stoppedOf)),
        Promise.all(types.map(async (type) => [type, await totalIn(current(), filter.route, type)] as const)),
      ]);
      return {
        groups: groups.map((each) => ({ ...each, danger: each.danger as GuardDanger })),
        some,
        totals: Object.fromEntries(counted.flatMap(([type, total]) => (total === undefined ? [] : [[type, total]]))),
        seen,
      };
    },
    act: async (name, act, by) => {
      assertGuarded(act.route);
      try {
        const done = await guard[name]({ ...act, by });
        const { places = [], route } = act;
        const isDone = new Set(done.map(placeName));
        const missed = places.filter((place) => !isDone.has(placeName(place)));
        return { count: done.length, missed: await missedOf(route, missed) };
      } catch (error) {
        if (error instanceof ChangedError) throw new Refusal("conflict", await whoElse(act.route, error.message));
        if (error instanceof UnrecordedError) throw new Refusal("unavailable", error.message, { cause: error });
        throw error;
      }
    },
  };

  /** What became of changes that are not stopped as they were seen. */
  async function missedOf(route: string, missed: readonly GuardPlace[]): Promise<GuardMissed[]> {
    if (missed.length === 0) return [];
    const [released, anew] = await Promise.all([ledger().releasesOf(route, missed), ledger().stoppedOf(route, missed)]);
    const releases = new Map(released.map((each) => [placeName(each), each]));
    const stopped = new Set(anew.map(placeName));
    return missed.map((place) => {
      const { by = "", reason = "" } = releases.get(placeName(place)) ?? {};
      return { key: place.key, by, reason, isAnew: stopped.has(placeName(place)) };
    });
  }

  /** Says who released something of a route a moment ago, if somebody did. */
  async function whoElse(route: string, message: string): Promise<string> {
    const last = await ledger()
      .lastReleased(route)
      .catch(() => undefined);
    return last && Date.now() - Number(last.at) < RECENT_MS
      ? `${message} ${last.by} released some of it: “${last.reason}”.`
      : message;
  }
}

/** How old a release of a moment ago may be, in milliseconds. */
const RECENT_MS = 60_000;

type Named = { readonly display: string };

/** What identifies a change within a route. */
const placeName = ({ type, danger, key }: StoppedPlace): string => JSON.stringify([type, danger, key]);

/** A stopped change as the page shows it, but for what people know the entry by. */
const stoppedOf = (row: GuardTables["guard_stopped"]) => ({
  type: row.type,
  danger: row.danger as GuardDanger,
  key: row.key,
  since: stoppedSince(row),
  at: Number(row.at),
  caller: row.caller,
  requestId: row.request_id,
});

/** The types of a route, each with what was counted of it. */
function typesOf({ loaded }: Generation, route: string, counts: readonly GuardCount[]) {
  const types = loaded.routes.get(route) ?? new Map<string, never>();
  const names = [...new Set([...types.keys(), ...counts.map(({ type }) => type)])];
  return names.map((type) => {
    const connector = types.get(type)?.connector ?? "";
    const backend: GuardBackend = { name: connector, type: loaded.config.connectors[connector]?.type ?? "" };
    const of = (danger: GuardDanger): GuardCounted => {
      const found = counts.find((each) => each.type === type && each.danger === danger);
      const { counted = 0, stopped = 0, released = 0, oldest } = found ?? {};
      return { counted, stopped, released, ...(oldest !== undefined && { frees: oldest + HOUR_MS }) };
    };
    return { type, backend, deletes: of("deletes"), disables: of("disables") };
  });
}

/** How many resources of a type a backend has; undefined if it doesn't say. */
async function totalIn({ routes }: Generation, base: string, type: string): Promise<number | undefined> {
  const route = routes.get(base);
  if (!route?.endpoints.has(type)) return undefined;
  const signal = AbortSignal.timeout(NAMES_MS);
  const context = contextFor(base, { caller: "console", operationMs: NAMES_MS, signal, isLook: true });
  const list = await route.run({ name: "list", type, query: { count: "0" }, context }).catch(() => undefined);
  return list?.totalResults;
}

/** What an entry is called, as its route tells; empty if it does not. */
async function displayIn(
  { routes }: Generation,
  base: string,
  { type, key }: GuardPlace,
  signal: AbortSignal,
): Promise<string> {
  const route = routes.get(base);
  if (!route?.endpoints.has(type) || signal.aborted) return "";
  const context = contextFor(base, { caller: "console", operationMs: NAMES_MS, signal, isLook: true });
  const query = { attributes: "userName,displayName" };
  const found = await route.run({ name: "get", type, id: key, query, context }).catch(() => undefined);
  return String(found?.displayName ?? found?.userName ?? "");
}
