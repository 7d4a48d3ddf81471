import { randomUUID } from "node:crypto";
import { abortable } from "../../connector/kit/deadline.ts";
import type { GuardDanger } from "../../console/api/guard.ts";
import type { GuardFact } from "../../console/api/people.ts";
import type { Looking, PeopleDeps } from "../../console/people/deps.ts";
import type { Context } from "../../gateway/context.ts";
import { notFound } from "../../scim/error.ts";
import { type GuardTables, RELEASED_MS, stoppedSince } from "../../state/guard-lists.ts";
import { guardedRoutes } from "../guarded-routes.ts";
import { entraCallers, retriesIn } from "./entra.ts";
import type { ConsoleSources } from "./sources.ts";
import { syncFacts } from "./sync-facts.ts";

/** How long the store may take to say what the guard knows, and what syncs do, in milliseconds. */
const STORE_MS = 1500;
/** What the guard counts. */
const DANGERS = ["deletes", "disables"] as const;

/** What the page on people and groups asks of a running gateway: its routes, as a caller that may only read, and its journal. */
export function peopleDeps({ shared, current, store, syncs }: ConsoleSources): PeopleDeps {
  const contextOf = ({ route, by, signal }: Looking): Context => {
    const { limits, server } = current().loaded.config;
    const operationMs = Math.round(limits.seconds * 1000);
    return {
      baseUrl: `${server.publicUrl ?? ""}${route}`,
      signal: AbortSignal.any([signal, AbortSignal.timeout(operationMs)]),
      operationMs,
      requestId: randomUUID(),
      caller: `console:${by}`,
      source: "",
      mayDo: async () => true,
      allows: (_, action) => action === "read",
      isLook: true,
      note: () => {},
      waited: () => {},
    };
  };
  const routeAt = (route: string) => {
    const found = current().routes.get(route);
    if (!found) throw notFound(`The gateway has no route ${route}.`);
    return found;
  };
  return {
    routes: () => new Map([...current().routes].map(([base, { endpoints }]) => [base, endpoints])),
    get: async (looking, id, query) =>
      routeAt(looking.route).run({ name: "get", type: looking.type, id, query, context: contextOf(looking) }),
    list: async (looking, query) =>
      routeAt(looking.route).run({ name: "list", type: looking.type, query, context: contextOf(looking) }),
    journal: shared.services.journal?.store,
    guard: async ({ route, type }, id) => {
      if (!guardedRoutes(current()).includes(route)) return [];
      const places = DANGERS.map((danger) => ({ type, danger, key: id }));
      const ledger = store.ledger();
      const asked = Promise.all([ledger.stoppedOf(route, places), ledger.releasesOf(route, places)]);
      const [stopped, released] = await abortable(AbortSignal.timeout(STORE_MS), asked);
      return [...stopped.map(stoppedFact), ...released.map(releasedFact)];
    },
    syncs: (looking, id) => abortable(AbortSignal.timeout(STORE_MS), syncFacts({ current, syncs }, looking, id)),
    entra: () => entraCallers(current().loaded.config),
    // Only a start changes the console's settings.
    retries: retriesIn(current().loaded.config),
  };
}

const stoppedFact = (row: GuardTables["guard_stopped"]): GuardFact => ({
  is: "stopped",
  danger: row.danger as GuardDanger,
  since: stoppedSince(row),
  at: Number(row.at),
  caller: row.caller,
});

const releasedFact = ({ danger, at, by, reason }: GuardTables["guard_released"]): GuardFact => ({
  is: "released",
  danger: danger as GuardDanger,
  at: Number(at),
  until: Number(at) + RELEASED_MS,
  by,
  reason,
});
