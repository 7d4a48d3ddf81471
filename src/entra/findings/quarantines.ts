import type { Quarantine } from "../report-data.ts";
import { type Finding, pages } from "./finding.ts";

const finding = <const Id extends string>(each: Finding<Id>): Finding<Id> => each;

const SLOWED = "In quarantine Entra runs at most one cycle a day, and disables the job after four weeks";

/** Why the job would be in quarantine, by Graph's reasons. */
export const quarantines = {
  EncounteredBaseEscrowThreshold: finding({
    id: "quarantine-base-escrows",
    severity: "fault",
    title: "Quarantine: too many objects failed",
    why: `${SLOWED}. The threshold is 40,000; unresolved references are not counted.`,
    change:
      "Check the faults with the highest counts above; usually one of them explains nearly all. Correct it, and restart the job from the portal.",
    page: pages.quarantine,
  }),
  EncounteredTotalEscrowThreshold: finding({
    id: "quarantine-total-escrows",
    severity: "fault",
    title: "Quarantine: too many objects and references failed",
    why: `${SLOWED}. The threshold is 60,000; managers and members without an account count, too.`,
    change:
      "If most are references, check the scope: managers and members outside of it can never be resolved. Otherwise check the faults with the highest counts.",
    page: pages.quarantine,
  }),
  EncounteredEscrowProportionThreshold: finding({
    id: "quarantine-escrow-proportion",
    severity: "fault",
    title: "Quarantine: too large a share of the objects failed",
    why: `${SLOWED}. The threshold is 40 %, checked from 5,000 failures on.`,
    change:
      "A fault affects nearly everybody: check the first of the list. Try one person with provisioning on demand before you restart the job.",
    page: pages.quarantine,
  }),
  EncounteredQuarantineException: finding({
    id: "quarantine-exception",
    severity: "fault",
    title: "Quarantine: the endpoint did not pass the probe",
    why: `${SLOWED}. The probe at the start of the cycle was refused, unreadable or not answered.`,
    change:
      "Check the faults of the requests with purpose probe: credentials, a 404 instead of an empty list, TLS, or a page that is not SCIM. Then select Test Connection, and restart the job.",
    page: pages.quarantine,
  }),
  TooManyDeletes: finding({
    id: "quarantine-too-many-deletes",
    severity: "warning",
    title: "Quarantine: more deletions and disables than allowed",
    why: "Accidental deletions prevention held back all of them; none was sent. It counts users and groups together in one cycle.",
    change:
      "Check who is affected: the usual cause is a changed scoping filter or assignment. If the deletions are intended, allow them in the portal, or raise the threshold.",
    page: pages.deletions,
  }),
} as const satisfies Record<Quarantine["reason"], Finding>;
