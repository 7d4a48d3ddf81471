import { type Applying, apply } from "../apply.ts";
import { settleGroups } from "../groups.ts";
import { look } from "../look.ts";
import { AWAY_AFTER, type Engine, inLanes, type Progress, type RunOptions } from "../steps.ts";
import { TargetError } from "../target.ts";

/** Works on a target that answers at once, person by person. */
export function liveEngine(work: Applying, progress: Progress, { isReconciling = false }: RunOptions): Engine {
  const { settings } = work;
  let away = 0;
  return {
    begin: async () => {},
    look: (person) => look(work, person),
    apply: async (people, done) => {
      await inLanes(people, settings.concurrency, async (person) => {
        try {
          await done(await apply(work, person));
          away = 0;
        } catch (error) {
          if (!(error instanceof TargetError) || ++away >= AWAY_AFTER) throw error;
          progress.postponed = error;
        }
      });
    },
    finish: async () =>
      settings.groups.length > 0 ? settleGroups(work, isReconciling) : { added: 0, removed: 0, failures: [] },
  };
}
