import type { AuditLog } from "./trail.ts";

/** Refusals per minute and caller that are recorded individually; of more, only the number is. */
const MAX_REFUSALS = 100;

/**
 * Wraps an audit log to limit refusals: up to a number per caller and minute are recorded, and then the number of further ones, so that
 * repeated attempts cannot fill the disk. All writes are recorded.
 */
export function withoutFloods(audit: AuditLog): AuditLog {
  const counts = new Map<string, { minute: number; count: number }>();
  return {
    ...audit,
    outcome: async (fields) => {
      if (fields.event !== "refused") return audit.outcome(fields);
      const minute = Math.floor(Date.now() / 60_000);
      // Known callers have a budget of their own, which strangers cannot use up.
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
