import { type Applying, apply } from "../apply.ts";
import { settleGroups } from "../groups.ts";
import { look } from "../look.ts";
import { failedWith } from "../outcomes.ts";
import { AWAY_AFTER, type Engine, inLanes, type RunOptions } from "../steps.ts";
import { TargetError } from "../target.ts";

/** Works on a target that answers at once, person by person. */
export function liveEngine(work: Applying, { isReconciling = false, signal }: RunOptions): Engine {
  const { settings } = work;
  let away = 0;
  return {
    begin: async () => {},
    look: (person) => look(work, person),
    apply: async (people, done) => {
      await inLanes(people, settings.concurrency, async (person) => {
        try {
          await done(await apply(work, person, signal));
          away = 0;
        } catch (error) {
          // A single account that always fails must not block others; many in a row mean that the target is unavailable.
          if (!(error instanceof TargetError) || ++away >= AWAY_AFTER) throw error;
          const current = (await work.store.person(person.key)) ?? person;
          await done(failedWith(work, current, "unavailable", error.message));
        }
      });
    },
    finish: async () =>
      settings.groups.length > 0 ? settleGroups(work, isReconciling) : { added: 0, removed: 0, failures: [] },
  };
}
