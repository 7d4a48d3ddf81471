import type { Quarantine } from "../report-data.ts";
import { type Finding, pages } from "./finding.ts";

const finding = <const Id extends string>(each: Finding<Id>): Finding<Id> => each;

const SLOWED = "In quarantine Entra runs one cycle a day at most, and disables the job after four weeks";

/** Why the job would stand in quarantine, by the reasons that Graph names. */
export const quarantines = {
  EncounteredBaseEscrowThreshold: finding({
    id: "quarantine-base-escrows",
    severity: "fault",
    title: "Quarantine: too many objects failed",
    why: `${SLOWED}. Its threshold is 40,000; references that could not be resolved are not counted.`,
    change:
      "Look at the faults with the highest counts above; usually one of them explains nearly all. Correct it, and restart the job from the portal.",
    page: pages.quarantine,
  }),
  EncounteredTotalEscrowThreshold: finding({
    id: "quarantine-total-escrows",
    severity: "fault",
    title: "Quarantine: too many objects and references failed",
    why: `${SLOWED}. Its threshold is 60,000; managers and members that have no account count, too.`,
    change:
      "If references are the most of it, check the scope: managers and members outside of it can never be resolved. Otherwise look at the faults with the highest counts.",
    page: pages.quarantine,
  }),
  EncounteredEscrowProportionThreshold: finding({
    id: "quarantine-escrow-proportion",
    severity: "fault",
    title: "Quarantine: too large a share of the objects failed",
    why: `${SLOWED}. Its threshold is 40 %, looked at from 5,000 failures on.`,
    change:
      "A fault that hits nearly everybody is at work: look at the first of the list. Try one person with provisioning on demand before you restart the job.",
    page: pages.quarantine,
  }),
  EncounteredQuarantineException: finding({
    id: "quarantine-exception",
    severity: "fault",
    title: "Quarantine: the endpoint did not pass the probe",
    why: `${SLOWED}. The probe at the start of the cycle was refused, unreadable or not answered.`,
    change:
      "Look at the faults of the requests with purpose probe: credentials, a 404 in place of an empty list, TLS, or a page that is not SCIM. Then press Test Connection, and restart the job.",
    page: pages.quarantine,
  }),
  TooManyDeletes: finding({
    id: "quarantine-too-many-deletes",
    severity: "warning",
    title: "Quarantine: more deletions and disablements than allowed",
    why: "Accidental deletions prevention held all of them back, and none was sent. It counts users and groups together in one cycle.",
    change:
      "Check who they are: a scoping filter or an assignment that was changed is the usual cause. If they are meant, allow them in the portal, or raise the threshold.",
    page: pages.deletions,
  }),
} as const satisfies Record<Quarantine["reason"], Finding>;
