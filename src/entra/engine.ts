import type { Conversation } from "./conversation.ts";
import type { Dialect } from "./dialects.ts";
import type { SourceObject, SourceValue } from "./directory.ts";
import { evaluate, type Value } from "./expression/index.ts";
import type { AttributeFlow, Job } from "./job.ts";
import type { Observation, Trace } from "./report-data.ts";
import type { Store } from "./store.ts";
import { asText } from "./target-path.ts";

/** How a simulation behaves, in addition to its job. */
export interface Behaviour {
  readonly dialect: Dialect;
  /** Whether everybody who passes the filters is in scope, or only assigned objects. */
  readonly scope: "all" | "assigned";
  /** Maximum members in one PATCH. */
  readonly membersPerRequest: number;
  /** Whether objects that fall out of scope are left unchanged. */
  readonly skipsOutOfScopeDeletions: boolean;
  /** The number of deletions and disables in one cycle above which none is sent; undefined for no limit. */
  readonly deletionThreshold?: number | undefined;
  /** Concurrent conversations. */
  readonly lanes: number;
  /** Whether everything written is read back at the end of a cycle, which Entra does not do. */
  readonly verifies: boolean;
  readonly quarantine: QuarantineLimits;
}

/** When a job is put in quarantine. */
export interface QuarantineLimits {
  /** Minimum number of failures for the proportion to count. */
  readonly from: number;
  /** Maximum share of a job's objects that may fail. */
  readonly proportion: number;
  /** Maximum failures without references. */
  readonly base: number;
  /** Maximum failures including references. */
  readonly total: number;
}

/** What each part of a cycle uses. */
export interface Engine {
  readonly store: Store;
  readonly job: Job;
  readonly behaviour: Behaviour;
  readonly cycle: number;
  /** The job's clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly random: () => number;
  readonly defaultDomain: string;
  /** Aborted when the cycle should end. */
  readonly signal: AbortSignal;
  /** Serialises work with the same key. */
  readonly alone: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  readonly conversation: (type: SourceObject["type"]) => Conversation;
  readonly traced: (trace: Trace) => void;
  readonly observed: (observation: Observation) => void;
}

/** An attribute of an object by name. Properties of every directory object exist even if the input omits them. */
export function attributeOf(object: SourceObject, overrides: Readonly<Record<string, SourceValue>> = {}) {
  return (name: string): SourceValue | undefined => {
    const value = overrides[name] ?? object.attributes[name];
    if (value !== undefined) return value;
    if (name === "objectId") return object.objectId;
    if (name === "IsSoftDeleted") return false;
    return name === "accountEnabled" && object.type === "User" ? true : undefined;
  };
}

/** The mapping's result for an attribute. `overrides` replace attributes of the source. Throws an `ExpressionError`. */
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

/** The display name of an object. */
export const displayNameOf = ({ attributes, objectId }: SourceObject): string =>
  String(attributes.displayName ?? attributes.userPrincipalName ?? objectId);

/** Reports whether the target's value equals the wanted one, as Entra compares them. */
export function isSame({ type, isCaseExact }: AttributeFlow, wanted: Value, current: unknown): boolean {
  const [a, b] = [asText(wanted), asText(current)];
  if (a === undefined || b === undefined) return a === b;
  if (type === "DateTime" && !Number.isNaN(Date.parse(a))) return Date.parse(a) === Date.parse(b);
  return isCaseExact ? a === b : a.toLowerCase() === b.toLowerCase();
}

/** A cycle that was stopped early. Completed work is kept. */
export class InterruptedError extends Error {
  override readonly message = "The cycle was interrupted. The next one continues from here.";
}

/**
 * Processes items on the engine's lanes. After a failure, or once the engine should end, no further item is started, and running ones
 * finish. Rejects with the failure, or with an `InterruptedError`.
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
