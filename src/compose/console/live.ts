import { callersOf } from "../../auth/chain.ts";
import type { LiveSources } from "../../console/pages/live.ts";
import { type Generation, type Shared, whereIs } from "../generation.ts";

/** How many callers are offered. */
const MAX_CALLERS = 500;

/** What the page of requests shows of the running gateway. */
export function liveSources({
  shared,
  current,
  stopping,
  url,
}: {
  readonly shared: Pick<Shared, "services">;
  readonly current: () => Generation;
  readonly stopping: AbortSignal;
  /** Where the gateway listens for clients. */
  readonly url: string;
}): LiveSources {
  return {
    journal: shared.services.journal?.store,
    stopping,
    choices: () => {
      const { routes, loaded } = current();
      const { auth, syncs } = loaded.config;
      const types = [...routes.values()].flatMap(({ endpoints }) => [...endpoints.keys()]);
      const callers = [...callersOf(auth).map(({ name }) => name), ...Object.keys(syncs).map((name) => `sync:${name}`)];
      return {
        routes: [...routes.keys()],
        types: [...new Set(types)].toSorted(),
        callers: [...new Set(callers)].toSorted().slice(0, MAX_CALLERS),
      };
    },
    serverOf: (connector) => {
      const { loaded, connectors } = current();
      if (!connectors.has(connector)) return undefined;
      const { type, address } = whereIs(loaded, connector);
      return { type, address };
    },
    sentTo: (route, type) => {
      const { routes, loaded } = current();
      const mapping = routes.get(route)?.endpoints.get(type)?.mapping;
      return (
        mapping && { url: loaded.config.server.publicUrl?.replace(/\/+$/, "") ?? url, endpoint: mapping.type.endpoint }
      );
    },
  };
}
