import type { Conversation } from "./conversation.ts";
import type { Dialect } from "./dialects.ts";
import type { SourceObject, SourceValue } from "./directory.ts";
import { evaluate, type Value } from "./expression/index.ts";
import type { AttributeFlow, Job } from "./job.ts";
import type { Observation, Trace } from "./report-data.ts";
import type { Store } from "./store.ts";
import { asText } from "./target-path.ts";

/** How a simulation behaves, beside what its job says. */
export interface Behaviour {
  readonly dialect: Dialect;
  /** Everybody is in scope who passes the filters, or only who is assigned. */
  readonly scope: "all" | "assigned";
  /** Members in one PATCH. */
  readonly membersPerRequest: number;
  /** Objects that fall out of scope are left as they are. */
  readonly skipsOutOfScopeDeletions: boolean;
  /** Deletions and disablings of one cycle above which none is sent; undefined for no limit. */
  readonly deletionThreshold?: number | undefined;
  /** Conversations at a time. */
  readonly lanes: number;
  /** Whatever was written is read back at the end of a cycle, which Entra does not do. */
  readonly verifies: boolean;
  readonly quarantine: QuarantineLimits;
}

/** When a job is put in quarantine. */
export interface QuarantineLimits {
  /** The proportion of failures is looked at from so many failures on. */
  readonly from: number;
  /** Failures among the objects of a job. */
  readonly proportion: number;
  /** Failures, references not counted. */
  readonly base: number;
  /** Failures, references counted. */
  readonly total: number;
}

/** What each part of a cycle works with. */
export interface Engine {
  readonly store: Store;
  readonly job: Job;
  readonly behaviour: Behaviour;
  readonly cycle: number;
  /** The job's clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly random: () => number;
  readonly defaultDomain: string;
  /** Aborted when the cycle is to end. */
  readonly signal: AbortSignal;
  /** Runs work alone among all that has the same key. */
  readonly alone: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  readonly conversation: (type: SourceObject["type"]) => Conversation;
  readonly traced: (trace: Trace) => void;
  readonly observed: (observation: Observation) => void;
}

/** An attribute of an object by its name. What every directory object has is there even where the input does not say it. */
export function attributeOf(object: SourceObject, overrides: Readonly<Record<string, SourceValue>> = {}) {
  return (name: string): SourceValue | undefined => {
    const value = overrides[name] ?? object.attributes[name];
    if (value !== undefined) return value;
    if (name === "objectId") return object.objectId;
    if (name === "IsSoftDeleted") return false;
    return name === "accountEnabled" && object.type === "User" ? true : undefined;
  };
}

/** What the mapping gives for an attribute. `overrides` stand in for attributes of the source. Throws an `ExpressionError`. */
export function mapped(
  { now, random, defaultDomain }: Engine,
  { source }: AttributeFlow,
  object: SourceObject,
  overrides: Readonly<Record<string, SourceValue>> = {},
): Value {
  if (!source) return undefined;
  const value = evaluate(source, {
    attribute: attributeOf(object, overrides),
    now: new Date(now()),
    random,
    defaultDomain,
  });
  return value === "" || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

/** The name that an object is shown by. */
export const displayNameOf = ({ attributes, objectId }: SourceObject): string =>
  String(attributes.displayName ?? attributes.userPrincipalName ?? objectId);

/** Whether what the target shows is what is wanted, as Entra compares it. */
export function isSame({ type, isCaseExact }: AttributeFlow, wanted: Value, current: unknown): boolean {
  const [a, b] = [asText(wanted), asText(current)];
  if (a === undefined || b === undefined) return a === b;
  if (type === "DateTime" && !Number.isNaN(Date.parse(a))) return Date.parse(a) === Date.parse(b);
  return isCaseExact ? a === b : a.toLowerCase() === b.toLowerCase();
}

/** A cycle that was told to end before it was through. What was done is kept. */
export class InterruptedError extends Error {
  override readonly message = "The cycle was interrupted. The next one goes on from here.";
}

/**
 * Processes items, with as many at a time as the engine has lanes. After a failure, or once the engine is told to end, no further item is
 * begun; what is under way is finished first. Rejects with the failure, or with an `InterruptedError`.
 */
export async function inLanes<T>(
  { behaviour, signal }: Pick<Engine, "behaviour" | "signal">,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  const lane = async () => {
    while (!hasFailed) {
      if (signal.aborted) throw new InterruptedError();
      const { done, value } = iterator.next();
      if (done) return;
      try {
        await work(value);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: behaviour.lanes }, lane));
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

const HOUR = 3_600_000;
/** Time between the starts of two cycles. */
export const CYCLE_MS = 40 * 60_000;
/** Failed objects are retried for at most 28 days. */
export const GIVEN_UP_AFTER_MS = 28 * 24 * HOUR;
const RETRIES_MS = [CYCLE_MS, 2 * CYCLE_MS, 6 * HOUR, 12 * HOUR, 24 * HOUR];

/** When something that failed so often is tried again. */
export const nextAttempt = (attempts: number, now: number): number =>
  now + (RETRIES_MS[Math.min(attempts, RETRIES_MS.length) - 1] ?? CYCLE_MS);
