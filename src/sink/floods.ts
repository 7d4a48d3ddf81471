import type { AuditLog } from "./trail.ts";

/** Refusals of one caller, or of nobody, that are recorded in a minute; of more only their number is. */
const MAX_REFUSALS = 100;

/**
 * An audit log that records so many refusals of a caller in a minute, and of more, with the first one after it, how many there were: who
 * knocks at the door must not fill the disk. Writes are all recorded.
 */
export function withoutFloods(audit: AuditLog): AuditLog {
  const counts = new Map<string, { minute: number; count: number }>();
  return {
    ...audit,
    outcome: async (fields) => {
      if (fields.event !== "refused") return audit.outcome(fields);
      const minute = Math.floor(Date.now() / 60_000);
      // Who is known has a budget of its own: strangers do not use it up.
      const caller = String(fields.caller ?? "");
      const budget = counts.get(caller) ?? { minute, count: 0 };
      counts.set(caller, budget);
      const missed = budget.minute === minute ? 0 : Math.max(0, budget.count - MAX_REFUSALS);
      if (budget.minute !== minute) Object.assign(budget, { minute, count: 0 });
      if (++budget.count > MAX_REFUSALS) return;
      await audit.outcome(missed > 0 ? { ...fields, notRecorded: missed } : fields);
    },
  };
}
