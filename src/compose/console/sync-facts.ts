import type { SyncFact } from "../../console/api/people.ts";
import { memoryOf } from "../../sync/person.ts";
import { nextRun } from "../syncs/schedule.ts";
import type { ConsoleSources } from "./sources.ts";
import { lineOf } from "./sync-views.ts";

/** What the syncs that write to a route say of one of its accounts, each that knows it. */
export async function syncFacts(
  { current, syncs }: Pick<ConsoleSources, "current" | "syncs">,
  { route, type }: { readonly route: string; readonly type: string },
  id: string,
): Promise<readonly SyncFact[]> {
  const writing = Object.entries(current().loaded.config.syncs).filter(
    ([, { to }]) => "route" in to && to.route === route && to.type === type,
  );
  const facts = await Promise.all(
    writing.map(async ([sync, settings]): Promise<readonly SyncFact[]> => {
      const person = await (await syncs.looked(sync)).store.byTarget(id);
      if (!person) return [];
      const { key, status, kind, held, reason } = lineOf(person);
      const { error, why } = memoryOf(person);
      const next = settings.schedule === undefined ? undefined : nextRun(settings.schedule, settings);
      return [
        {
          ...{ sync, key, status, isHeld: held, reason: reason || (why ?? ""), isFailed: error !== undefined },
          ...(kind !== undefined && { kind }),
          ...(typeof error?.next === "number" && { nextTry: error.next }),
          ...(next !== undefined && { nextRun: next }),
        },
      ];
    }),
  );
  return facts.flat();
}
