/** The kinds of changes that are counted, most serious first. */
export const KINDS = ["deletes", "disables", "creates", "adoptions", "removals", "changes", "references"] as const;
/** A kind of change. References to new accounts are set later, and belong to the creation. */
export type Kind = (typeof KINDS)[number] | "rehires";

/** What to do for a person. */
export interface Plan {
  readonly kind: Kind;
  /** The reason, in words. */
  readonly reason: string;
  readonly do: "create" | "update" | "delete" | "propose" | "upload";
  /** The changes to the account; for a new one, its values as far as known. Never secrets. */
  readonly changes: readonly ValueChange[];
  /** The account to take over, if one was found. */
  readonly adopt?: string;
  /** Whether the account is removed from its groups. */
  readonly strip?: boolean;
  /** The groups that the account should be in, if they change. */
  readonly groups?: readonly { readonly type: string; readonly name: string }[];
  /** The groups that it is in by rule before that. */
  readonly groupsNow?: readonly { readonly type: string; readonly name: string }[];
  /** The number of the stage of leaving, from 1. */
  readonly stage?: number;
  /** For a rehire, whose account it may be. */
  readonly of?: string;
}

/** A change of a value. */
export interface ValueChange {
  readonly name: string;
  readonly path: string;
  readonly from: unknown;
  /** The new value; undefined for none. */
  readonly to: unknown;
}

/** Everything that is known of a person, in words, with times in ISO 8601. */
export interface PersonPage {
  readonly key: string;
  readonly account?: string | undefined;
  readonly status: string;
  readonly why?: string | undefined;
  readonly error?:
    | {
        readonly code: string;
        readonly message: string;
        readonly since: string | undefined;
        readonly attempts: number;
        readonly nextTry: string | undefined;
      }
    | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly missingSince?: string | undefined;
  readonly left?: { readonly since: string | undefined; readonly why: string; readonly stagesDone: number } | undefined;
  readonly planned?: (Plan & { readonly held: boolean }) | undefined;
  readonly lastAction?: { readonly at: string | undefined; readonly did: string } | undefined;
  readonly waitsForEntraSince?: string | undefined;
  readonly nextDue?: string | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
  readonly wasActive?: boolean | undefined;
  readonly overridden?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly source: unknown;
}
