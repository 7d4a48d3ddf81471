import { type Drift, driftOf } from "../../sync/drift.ts";
import { routeTarget } from "../../sync/targets/route.ts";
import { StartError } from "../routes.ts";
import type { SyncParts } from "./syncs.ts";
import { storeOf } from "./target.ts";

/** The names of the syncs that write to a route. */
export const writersOf = ({ config }: SyncParts["loaded"], base: string): string[] =>
  Object.entries(config.syncs).flatMap(([name, { to }]) => ("route" in to && to.route === base ? [name] : []));

/** What of a route is not as syncs wrote it last. Reads the whole route and writes nothing. Throws a `StartError` if no sync writes there. */
export async function* driftsOf(
  parts: Pick<SyncParts, "loaded" | "routes" | "state">,
  base: string,
  caller: string,
  signal: AbortSignal,
): AsyncGenerator<Drift> {
  const { loaded, routes, state } = parts;
  const names = writersOf(loaded, base);
  if (names.length === 0) throw new StartError(`no sync writes to ${base}, so nothing is known of what it should hold`);
  const { to } = loaded.config.syncs[names[0]!]! as { to: { route: string; type: string } };
  const route = routes.get(base)!;
  const operationMs = Math.round(loaded.config.limits.seconds * 1000);
  const asking = { caller, operationMs, signal };
  const target = routeTarget(route, to.type, asking);
  const syncs = await Promise.all(
    names.map(async (name) => ({
      store: state.syncs.of(await storeOf(parts, name)),
      rules: loaded.syncs.get(name)!,
    })),
  );
  yield* driftOf({ route, type: to.type, target, asking, syncs });
}
