import type { Resource } from "../scim/schema.ts";
import type { Person } from "../state/person.ts";
import type { ValueChange } from "./values.ts";

/** The kinds of changes that are counted, most serious first. */
export const KINDS = ["deletes", "disables", "creates", "adoptions", "removals", "changes", "references"] as const;
/** The possible states of a person; docs/reference/syncs.md explains them. */
export const STATUSES = ["new", "ok", "waiting", "sent", "left", "ignored", "stopped", "failed", "gone"] as const;
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
  /** The number of the stage of leaving, from 1. */
  readonly stage?: number;
  /** For a rehire, whose account it may be. */
  readonly of?: string;
}

/** What the engine remembers about a person. */
export interface Memory {
  /** The chosen unique names, by path. */
  readonly names?: Readonly<Record<string, string>>;
  /** The rules' results when the account last matched them, and what the target showed, by path. */
  readonly applied?: Readonly<Record<string, unknown>>;
  readonly confirmed?: Readonly<Record<string, unknown>>;
  /** When and why the person left, and how many stages are done. */
  readonly left?: { readonly since: number; readonly why: string; readonly stage: number };
  /** When the sync created the account; absent if it existed before. */
  readonly created?: number;
  /** Whether the account was ever active. */
  readonly wasActive?: boolean;
  /** Whether an administrator disabled it against the rules. */
  readonly isOverridden?: boolean;
  /** The last failure. */
  readonly error?: PersonFailure;
  /** The last change. */
  readonly last?: { readonly at: number; readonly did: string };
  /** Further information: unresolved references, circular managers. */
  readonly warnings?: readonly string[];
  /** Why nothing is done. */
  readonly why?: string;
  /** Who has the account now, if it was handed over. */
  readonly handedTo?: string;
  /** Whose account the person takes over, or that it is a new person, as decided by an operator. */
  readonly rehire?: { readonly of: string } | "new";
  /** The hash of a record that the target refused. */
  readonly failed?: string;
  /** The hash and time of the last record sent, for targets that answer later. */
  readonly sent?: { readonly at: number; readonly hash: string; readonly values: Readonly<Record<string, unknown>> };
}

/** A failure in words. */
export interface PersonFailure {
  readonly code: string;
  readonly message: string;
  /** When it first occurred, the number of attempts, and the next attempt; null for none. */
  readonly since: number;
  readonly attempts: number;
  readonly next: number | null;
}

/** The memory of a person. */
export const memoryOf = ({ memory }: Pick<Person, "memory">): Memory => JSON.parse(memory) as Memory;
/** The resource as last read from the source. */
export const resourceOf = ({ resource }: Pick<Person, "resource">): Resource => JSON.parse(resource) as Resource;
/** A person's plan; undefined for none. */
export const planOf = ({ planned }: Pick<Person, "planned">): Plan | undefined =>
  planned === null ? undefined : (JSON.parse(planned) as Plan);
