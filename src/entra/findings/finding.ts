import type { Seen } from "./seen.ts";

/**
 * How serious a finding is. `fault`: Entra fails objects, loses track of them, or stops the job. `warning`: it works today, but costs time,
 * fails in a validator, or fails with another mapping. `note`: worth knowing.
 */
export type Severity = "fault" | "warning" | "note";

/** A page to read: Microsoft's by its address, or ours by its path, such as `docs/guides/access.md`. */
export interface Page {
  readonly title: string;
  readonly url: string;
}

/** Something that can be found about an endpoint, in the report's words. */
export interface Finding<Id extends string = string> {
  readonly id: Id;
  readonly severity: Severity;
  readonly title: string;
  /** How Entra reacts. */
  readonly why: string;
  /** What to change in the SCIM server and, if it is Postern, which setting. */
  readonly change: string;
  readonly page: Page;
}

/** A finding that a single exchange reveals. */
export interface Rule<Id extends string = string> extends Finding<Id> {
  readonly applies: (seen: Seen) => boolean;
}

/** Types a list of rules by their IDs. */
export const rules = <const Id extends string>(list: readonly Rule<Id>[]): readonly Rule<Id>[] => list;

const learn = (title: string, path: string): Page => ({
  title,
  url: `https://learn.microsoft.com/en-us/entra/${path}`,
});
const provisioning = (title: string, name: string): Page => learn(title, `identity/app-provisioning/${name}`);

/** The pages that findings refer to. */
export const pages = {
  tutorial: provisioning("Develop a SCIM endpoint for user provisioning", "use-scim-to-provision-users-and-groups"),
  compatibility: provisioning(
    "Known issues with SCIM 2.0 protocol compliance",
    "application-provisioning-config-problem-scim-compatibility",
  ),
  how: provisioning("How application provisioning works", "how-provisioning-works"),
  quarantine: provisioning(
    "Application provisioning in quarantine status",
    "application-provisioning-quarantine-status",
  ),
  known: provisioning("Known issues for application provisioning", "known-issues"),
  mappings: provisioning("Customize attribute mappings", "customize-application-attributes"),
  deletions: provisioning("Enable accidental deletions prevention", "accidental-deletions"),
  discovery: provisioning("Account discovery", "how-to-account-discovery"),
  logs: learn("Analyze the provisioning logs", "identity/monitoring-health/howto-analyze-provisioning-logs"),
  gallery: learn(
    "Requirements for provisioning apps",
    "identity/enterprise-apps/app-gallery-user-provisioning-requirements",
  ),
  access: { title: "Decide who may call", url: "docs/guides/access.md" },
  slow: { title: "Set limits and survive overload", url: "docs/guides/limits-and-overload.md" },
  errors: { title: "Errors that clients see", url: "docs/reference/errors.md" },
  sizing: { title: "Size a gateway", url: "docs/guides/sizing.md" },
} as const satisfies Record<string, Page>;
