import type { Resource } from "../scim/schema.ts";
import type { Person } from "../state/person.ts";
import type { ValueChange } from "./values.ts";

/** The kinds of changes that are counted, the gravest first. */
export const KINDS = ["deletes", "disables", "creates", "adoptions", "removals", "changes", "references"] as const;
/** The states that a person may be in; docs/reference/syncs.md says what they mean. */
export const STATUSES = ["new", "ok", "waiting", "sent", "left", "ignored", "stopped", "failed", "gone"] as const;
/** A kind of change. References of accounts that are new are set behind, and belong to the creation. */
export type Kind = (typeof KINDS)[number] | "rehires";

/** What is to be done for a person. */
export interface Plan {
  readonly kind: Kind;
  /** Why, in words. */
  readonly reason: string;
  readonly do: "create" | "update" | "delete" | "propose" | "upload";
  /** What changes of the account; of one that is created, what it will hold as far as that is known. Secrets never. */
  readonly changes: readonly ValueChange[];
  /** The account that is taken over, where one was found. */
  readonly adopt?: string;
  /** Whether the account is taken out of its groups. */
  readonly strip?: boolean;
  /** The groups that the account is to be in, where that changes. */
  readonly groups?: readonly { readonly type: string; readonly name: string }[];
  /** The stage of leaving that this is, counted from 1. */
  readonly stage?: number;
  /** Whose account it may be, of a rehire. */
  readonly of?: string;
}

/** What the engine remembers of a person. */
export interface Memory {
  /** The unique names that were chosen, by path. */
  readonly names?: Readonly<Record<string, string>>;
  /** What the rules wanted when the account was last as they say, and what the target showed of it then, by path. */
  readonly applied?: Readonly<Record<string, unknown>>;
  readonly confirmed?: Readonly<Record<string, unknown>>;
  /** Since when the person has left, why, and how many stages are done. */
  readonly left?: { readonly since: number; readonly why: string; readonly stage: number };
  /** When the sync created the account; absent where it was there already. */
  readonly created?: number;
  /** Whether the account was ever active. */
  readonly wasActive?: boolean;
  /** An administrator disabled it, and the rules say otherwise. */
  readonly isOverridden?: boolean;
  /** What went wrong last. */
  readonly error?: PersonFailure;
  /** What was done last. */
  readonly last?: { readonly at: number; readonly did: string };
  /** What is told beside: references that nobody has, managers in a circle. */
  readonly warnings?: readonly string[];
  /** Why nothing is done, in words. */
  readonly why?: string;
  /** Who has the account now, of a record that was handed over. */
  readonly handedTo?: string;
  /** Whose account the person takes over, or that it is new, where somebody said so. */
  readonly rehire?: { readonly of: string } | "new";
  /** The hash of a record that the target refused. */
  readonly failed?: string;
  /** The hash of the record that was sent, and when, of a target that answers later. */
  readonly sent?: { readonly at: number; readonly hash: string; readonly values: Readonly<Record<string, unknown>> };
}

/** A failure, told in words. */
export interface PersonFailure {
  readonly code: string;
  readonly message: string;
  /** When it was first so, how often it was tried, and when it is tried next; null for not by itself. */
  readonly since: number;
  readonly attempts: number;
  readonly next: number | null;
}

/** What a record of the store holds. */
export const memoryOf = ({ memory }: Pick<Person, "memory">): Memory => JSON.parse(memory) as Memory;
/** The resource as the source gave it last. */
export const resourceOf = ({ resource }: Pick<Person, "resource">): Resource => JSON.parse(resource) as Resource;
/** What is planned for a person; undefined for nothing. */
export const planOf = ({ planned }: Pick<Person, "planned">): Plan | undefined =>
  planned === null ? undefined : (JSON.parse(planned) as Plan);
