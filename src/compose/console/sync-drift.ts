import type { SyncDifference } from "../../console/api/syncs.ts";
import type { SyncsDeps } from "../../console/pages/syncs.ts";
import { Refusal } from "../../console/refusal.ts";
import type { AuditTrail } from "../../sink/trail.ts";
import { text } from "../../sync/report.ts";
import { driftsOf } from "../syncs/drift.ts";
import type { Drifts } from "./drifts.ts";
import type { ConsoleSources } from "./sources.ts";

/** How many differences are kept of a route. */
const MAX_DIFFERENCES = 1000;

interface DriftSources extends Pick<ConsoleSources, "current" | "syncs"> {
  readonly audit: AuditTrail | undefined;
}

/** What the pages ask about drift. Syncs that write the same route share what was found. */
export function driftDeps(
  { current, syncs, audit }: DriftSources,
  drifts: Drifts,
): Pick<SyncsDeps, "drift" | "lookForDrift"> {
  const here = () => drifts(current().loaded);
  const routeOf = (name: string) => {
    const { to } = current().loaded.config.syncs[name]!;
    return "route" in to ? to.route : undefined;
  };
  return {
    drift: async (name) => here().get(routeOf(name) ?? "") ?? { is: "none" },
    lookForDrift: async (name, by) => {
      const base = routeOf(name);
      if (base === undefined) throw new Refusal("wrong", "Entra cannot be asked what its accounts are like.");
      const found = here();
      if (found.get(base)?.is === "running") return;
      const started = Date.now();
      const tell = (count: number) => found.set(base, { is: "running", by, started, found: count });
      tell(0);
      const about = { sync: name, by, route: base };
      // Changes nothing, so it goes on if it cannot be recorded now.
      await audit?.outcome({ event: "compare", ...about });
      void differences(name, base, tell)
        .then((all) => ({ is: "done", started, ended: Date.now(), ...all }) as const)
        .catch((error: Error) => ({ is: "failed", ended: Date.now(), error: error.message }) as const)
        .then((result) => {
          found.set(base, result);
          const outcome = result.is === "done" ? { count: result.count } : { error: result.error };
          void audit?.outcome({ event: "compared", ...about, result: result.is, ...outcome });
        });
    },
  };

  /** Everything that is not as syncs wrote it: how much, and some of it. */
  function differences(name: string, base: string, tell: (count: number) => void) {
    return syncs.using(name, async (parts, signal) => {
      const some: SyncDifference[] = [];
      let count = 0;
      for await (const { what, key, id, path, was, is } of driftsOf(parts, base, "console", signal)) {
        tell(++count);
        if (some.length < MAX_DIFFERENCES)
          some.push({
            what,
            id,
            was: text(was),
            is: text(is),
            ...(key !== undefined && { key }),
            ...(path !== undefined && { path }),
          });
      }
      return { count, some };
    });
  }
}
