import type { Log } from "../observe/log.ts";
import type { AuditTrail } from "../sink/trail.ts";
import { ChangedError, type Ledger, type Release } from "../state/guard.ts";
import { recordBefore } from "./recorded-acts.ts";

/** What operators do to changes that the guard stopped. Each act is recorded before it is done, and after it. */
export type GuardActs = Pick<Ledger, "release" | "dismiss">;

/** What the acts need: the ledger, and where they are recorded. */
export interface GuardParts {
  readonly ledger: () => Ledger;
  readonly audit: AuditTrail | undefined;
  readonly log: Pick<Log, "warn">;
}

/** Maximum number of entries that one record names. */
const RECORDED = 500;

/** The audit log's names for completed acts. */
const DONE = { release: "released", dismiss: "dismissed" } as const;

/** The acts on a guard's ledger. They reject with an `UnrecordedError` if they cannot be recorded, and then nothing was done. */
export function guardActs({ ledger, audit, log }: GuardParts): GuardActs {
  const recorded = (event: keyof typeof DONE) => async (act: Release) => {
    const { route, by, reason } = act;
    const about = { route, by, reason };
    const intent = await recordBefore(audit, { event, ...about });
    const record = (entries: readonly object[], refused?: { readonly result: string; readonly error: string }) =>
      audit?.outcome({ event: DONE[event], intent, ...about, entries, ...refused });
    const done = await ledger()
      [event](act)
      .catch(async (error: unknown) => {
        // Nothing was done, and nobody needs to look into it.
        if (error instanceof ChangedError) await record([], { result: "refused", error: error.message });
        throw error;
      });
    if (done.length === 0) await record([], { result: "refused", error: "Nothing of what was meant was stopped." });
    for (let at = 0; at < done.length; at += RECORDED) await record(done.slice(at, at + RECORDED));
    log.warn({ ...about, [DONE[event]]: done.length }, `change guard ${DONE[event]}`);
    return done;
  };
  return { release: recorded("release"), dismiss: recorded("dismiss") };
}
