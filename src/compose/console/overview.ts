import { hostname } from "node:os";
import type { Loaded } from "../../config/load.ts";
import type { Overview } from "../../console/api/overview.ts";
import type { OverviewDeps } from "../../console/pages/overview.ts";
import { isSharedState } from "../../state/state.ts";
import { createAttention } from "./attention.ts";
import { healthOf } from "./connectors.ts";
import type { Drifts } from "./drifts.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long a look at the overview waits for connectors that are slow to answer, in milliseconds. */
const PROBED_MS = 1500;

/** What the overview asks of a running gateway. */
export function overviewDeps(sources: ConsoleSources, drifts: Drifts): OverviewDeps {
  const { shared, reloads, current } = sources;
  const { activity, readiness } = shared;
  const attention = createAttention(sources, drifts);
  const routes = () => [...new Set([...Object.keys(current().loaded.config.routes), ...activity.requests.names()])];
  return {
    overview: async () => {
      // Connectors that nobody uses are asked, too: health that is shown is health as it is now.
      const asked = readiness.current?.ask().catch(() => undefined);
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, PROBED_MS).unref())]);
      return {
        replica: hostname(),
        isShared: isSharedState(reloads.inForce().config.state.url),
        started: activity.started,
        connectors: healthOf(sources),
        attention: await attention(),
        routes: routes(),
        written: writtenIn(current().loaded.config.syncs),
      };
    },
    requests: (span, route) => {
      if (route === undefined) return activity.requests.read(span, Date.now());
      return routes().includes(route) ? activity.requests.read(span, Date.now(), [route]) : undefined;
    },
  };
}

/** The routes that syncs write to. */
const writtenIn = (syncs: Loaded["config"]["syncs"]): Overview["written"] =>
  Object.entries(syncs).flatMap(([sync, { to }]) => ("route" in to ? [{ route: to.route, sync }] : []));
