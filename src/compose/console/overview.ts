import { hostname } from "node:os";
import type { OverviewSources } from "../../console/pages/overview.ts";
import { isSharedState } from "../../state/state.ts";
import { createAttention } from "./attention.ts";
import { healthOf } from "./connectors.ts";
import type { ConsoleSources } from "./sources.ts";

/** How long a look at the overview waits for connectors that are slow to answer, in milliseconds. */
const PROBED_MS = 1500;

/** What the overview shows of a running gateway. */
export function overviewSources(sources: ConsoleSources): OverviewSources {
  const { shared, reloads } = sources;
  const { activity, readiness } = shared;
  const attention = createAttention(sources);
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
        routes: activity.requests.names(),
      };
    },
    requests: (span, route) => activity.requests.read(span, Date.now(), route === undefined ? undefined : [route]),
  };
}
