import { isObject, type Resource } from "../scim/schema.ts";
import type { Person } from "../state/person.ts";
import type { Plan } from "./shown.ts";

/** The possible states of a person; docs/reference/syncs.md explains them. */
export const STATUSES = ["new", "ok", "waiting", "sent", "left", "ignored", "stopped", "failed", "gone"] as const;

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

/** What people know a person by; empty for nothing. */
export function displayOf({ displayName, name, userName }: Resource): string {
  const { formatted, givenName, familyName } = isObject(name) ? name : {};
  const full = [givenName, familyName].filter((part) => typeof part === "string" && part !== "").join(" ");
  const found = [displayName, formatted, full, userName].find((each) => typeof each === "string" && each !== "");
  return (found as string | undefined) ?? "";
}

/** Maximum length of what people are searched by: an index has it. */
const MAX_NAME = 200;

/** What a person is found by: key, names, user name and addresses, in small letters. */
export function searchedBy(key: string, resource: Resource): string {
  const { name, userName, nickName, emails } = resource;
  const { givenName, familyName } = isObject(name) ? name : {};
  const addresses = Array.isArray(emails) ? emails.map((each) => (isObject(each) ? each.value : undefined)) : [];
  const all = [displayOf(resource), givenName, familyName, nickName, userName, key, ...addresses];
  const words = all.flatMap((each) => (typeof each === "string" ? each.toLowerCase().split(/[\s\p{Cc}]+/u) : []));
  return [...new Set(words)].join(" ").trim().slice(0, MAX_NAME).toWellFormed();
}

/** The memory of a person. */
export const memoryOf = ({ memory }: Pick<Person, "memory">): Memory => JSON.parse(memory) as Memory;
/** The resource as last read from the source. */
export const resourceOf = ({ resource }: Pick<Person, "resource">): Resource => JSON.parse(resource) as Resource;
/** A person's plan; undefined for none. */
export const planOf = ({ planned }: Pick<Person, "planned">): Plan | undefined =>
  planned === null ? undefined : (JSON.parse(planned) as Plan);
