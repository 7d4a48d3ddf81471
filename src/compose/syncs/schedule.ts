import { Cron } from "croner";
import type { SyncSettings } from "../../sync/definition.ts";

/** When a schedule is next due after a time, both in milliseconds since 1970, in the sync's own time zone. Undefined if it never is. */
export function nextRun(pattern: string, { asOf }: Pick<SyncSettings, "asOf">, after = Date.now()): number | undefined {
  const timezone = typeof asOf.zone === "string" ? asOf.zone : "UTC";
  return new Cron(pattern, { timezone, paused: true }).nextRun(new Date(after))?.getTime();
}
