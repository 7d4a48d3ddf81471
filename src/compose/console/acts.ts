import { acting } from "../../console/acting.ts";
import type { AuditEvent } from "../../sink/sink.ts";
import type { AuditLog } from "../../sink/trail.ts";

/** Adds to the records of what somebody does in the console who that is at the identity provider: several people may have one name. */
export function withIdentities(audit: AuditLog): AuditLog {
  const identified = <Event extends AuditEvent>(event: Event): Event => {
    const who = acting.getStore();
    // What an act has set off goes on after it, and records what others do as theirs.
    return who?.sub !== undefined && event.by === who.name ? { ...event, issuer: who.issuer, sub: who.sub } : event;
  };
  return {
    ...audit,
    intent: (event) => audit.intent(identified(event)),
    outcome: (event) => audit.outcome(identified(event)),
  };
}
