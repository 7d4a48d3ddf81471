import type { ConnectorErrorKind } from "../connector/error.ts";
import type { MemberChanges } from "./members.ts";

/**
 * A step on an operation's way, as in Entra's provisioning log: the request came, its body was understood, the resource was looked for, the
 * change was worked out, the change guard stopped it or the backend was asked to make it, the client was answered.
 */
export type StepName = "received" | "parsed" | "matched" | "mapped" | "guard" | "asked" | "answered";

/** One step, with its time. */
export interface Step {
  readonly step: StepName;
  /** When it began, in milliseconds after the request came. */
  readonly at: number;
  /** How long it took, in milliseconds, where that is known. */
  readonly ms?: number;
  /** What was done, in a sentence. */
  readonly text: string;
  /** What was asked of the backend, in its own words: LDIF, SQL, HTTP. */
  readonly native?: string;
  /** The connector that was asked, by its name in the configuration. */
  readonly connector?: string;
  /** Why it failed, if it did: a kind of a connector's failures, or "failed" for a fault of the gateway's. */
  readonly failure?: ConnectorErrorKind | "failed";
}

/** What the journal keeps of an operation, or of a request that came to none. */
export interface JournalEntry {
  /** Sorts by time, over all replicas. */
  readonly id: string;
  /** When the request came, in milliseconds since 1970. */
  readonly at: number;
  /** The host of the gateway that answered. */
  readonly replica: string;
  readonly route: string;
  readonly caller: string;
  /** The address that the request came from. */
  readonly source: string;
  readonly requestId: string;
  /** get, list, create, replace, patch or delete; empty for a request that came to none of these. */
  readonly action: string;
  readonly type: string;
  /** The resource's id; empty where it is not known. */
  readonly resource: string;
  /** What people know the resource by: its userName, or its displayName. */
  readonly display: string;
  readonly status: number;
  readonly result: "success" | "failure";
  /** Whether the change guard stopped it. */
  readonly isStopped?: true | undefined;
  /** What happened, in a sentence. */
  readonly sentence: string;
  /** How long it took, and how long of that the backend was waited for, in milliseconds. */
  readonly ms: number;
  readonly backendMs: number;
  /** The attributes that the request names, as paths. */
  readonly attributes: readonly string[];
  /** Which members the request adds to a group, or takes out of it. Undefined if it names none, or the group was as it asks already. */
  readonly members?: MemberChanges | undefined;
  /** The body or the query that was sent, with its values hidden unless they are kept. */
  readonly request: unknown;
  readonly steps: readonly Step[];
}

let last = 0;
let counter = 0;
/** Of this process alone, and of one stretch of time in which its clock went forwards. */
let suffix = newSuffix();

/** So far a clock may be set back, in milliseconds, before ids follow it. */
const MAX_BACK_MS = 10_000;
/** How many ids a millisecond has. If it needs more, they go on in the next one. */
export const IDS_A_MS = 2048;

/** An id for an entry that is made now, in milliseconds since 1970: ids sort by time, and those of one process in the order in which they were made. */
export function journalId(now: number): string {
  const isSetBack = last - now > MAX_BACK_MS;
  // Its milliseconds had ids before.
  if (isSetBack) suffix = newSuffix();
  const time = isSetBack ? now : Math.max(now, last);
  counter = time === last ? counter + 1 : 0;
  const isUsedUp = counter === IDS_A_MS;
  if (isUsedUp) counter = 0;
  last = isUsedUp ? time + 1 : time;
  return `${idOfTime(last)}${counter.toString(36).padStart(5, "0")}${suffix}`;
}

function newSuffix(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** What sorts before all ids of a time, in milliseconds since 1970, and behind all earlier ones. */
export const idOfTime = (at: number): string => Math.max(0, Math.floor(at)).toString(36).padStart(9, "0");

/** The time of an id, in milliseconds since 1970. Of what is no id, 0. */
export const timeOfId = (id: string): number => {
  const time = Number.parseInt(id.slice(0, 9), 36);
  return Number.isSafeInteger(time) ? time : 0;
};
