import type { LiveSources } from "../../console/pages/live.ts";
import { type Generation, type Shared, whereIs } from "../generation.ts";

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
      const { routes } = current();
      const types = [...routes.values()].flatMap(({ endpoints }) => [...endpoints.keys()]);
      return { routes: [...routes.keys()], types: [...new Set(types)].toSorted() };
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
