import { randomUUID } from "node:crypto";
import type { Looking, PeopleDeps } from "../../console/people/deps.ts";
import { CYCLE_MS, retriesAt } from "../../entra/retries.ts";
import type { Context } from "../../gateway/context.ts";
import { notFound } from "../../scim/error.ts";
import type { Generation, Shared } from "../generation.ts";

/** What the page on people and groups asks of a running gateway: its routes, as a caller that may only read, and its journal. */
export function peopleSources({
  shared,
  current,
}: {
  readonly shared: Pick<Shared, "services">;
  readonly current: () => Generation;
}): PeopleDeps {
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
    // Only a start changes the console's settings.
    retries: retriesAt((current().loaded.config.console?.cycleMinutes ?? CYCLE_MS / 60_000) * 60_000),
  };
}
