import type { LiveSources } from "../../console/pages/live.ts";
import type { Generation, Shared } from "../generation.ts";

/** What the page of requests shows of the running gateway. */
export function liveSources({
  shared,
  current,
  stopping,
}: {
  readonly shared: Pick<Shared, "services">;
  readonly current: () => Generation;
  readonly stopping: AbortSignal;
}): LiveSources {
  return {
    journal: shared.services.journal?.store,
    stopping,
    choices: () => {
      const { routes } = current();
      const types = [...routes.values()].flatMap(({ endpoints }) => [...endpoints.keys()]);
      return { routes: [...routes.keys()], types: [...new Set(types)].toSorted() };
    },
    sentTo: (route, type) => {
      const { routes, loaded } = current();
      const mapping = routes.get(route)?.endpoints.get(type)?.mapping;
      return mapping && { url: addressOf(loaded.config.server), endpoint: mapping.type.endpoint };
    },
  };
}

/** The gateway's address as clients see it, or as it listens. */
function addressOf({ publicUrl, tls, host, port }: Generation["loaded"]["config"]["server"]): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, "");
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${tls ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
