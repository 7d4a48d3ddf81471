import type { Connector, Entry } from "../connector/connector.ts";
import { ConnectorError, type ConnectorErrorKind } from "../connector/error.ts";

/** The methods of a connector that ask its backend for something. */
export type CallName = "search" | "get" | "create" | "update" | "delete" | "resolve" | "outside";

/** One call of a connector, as it happened. */
export interface BackendCall {
  /** The connector's name in the configuration. */
  readonly connector: string;
  readonly name: CallName;
  /** What was asked for, values included. */
  readonly request: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** Puts the call in the backend's own words. */
  readonly explain: Connector["explain"];
  /** When it began, and how long it took, by `performance.now()`, in milliseconds. */
  readonly at: number;
  readonly ms: number;
  /** Why it failed, if it did; "failed" for what is none of a connector's kinds. */
  readonly failure?: ConnectorErrorKind | "failed";
  /** What the connector says of that, with the backend's own answer; undefined for what is none of a connector's kinds. */
  readonly reason?: string;
  /** How many entries came back. */
  readonly found?: number;
}

/** What happened to one operation on its way, for the journal. */
export interface Trace {
  /** When the operation began, by `performance.now()`. */
  readonly begun: number;
  /** The calls of connectors, the first `MAX_CALLS` of them. */
  readonly calls: BackendCall[];
  /** How many calls there were beside. */
  more: number;
  /** When the change was worked out, and which attributes of the entry it sets. Undefined if nothing was to be written. */
  mapped: { readonly at: number; readonly attributes: readonly string[] } | undefined;
  /** Called with each entry that was read by its key: whoever deletes it may know by then what it was called. */
  read?: (kind: string, key: string, entry: Entry) => void;
}

const MAX_CALLS = 40;

/** Begins a trace. */
export const beginTrace = (): Trace => ({ begun: performance.now(), calls: [], more: 0, mapped: undefined });

/** Adds a call that has ended. */
export function addCall(trace: Trace, call: Omit<BackendCall, "failure" | "reason" | "found">, outcome: Outcome): void {
  if (trace.calls.length >= MAX_CALLS) trace.more++;
  else trace.calls.push({ ...call, ...outcomeOf(outcome) });
}

/** How a call ended. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown };

function outcomeOf(outcome: Outcome): Pick<BackendCall, "failure" | "reason" | "found"> {
  if ("error" in outcome) {
    const { error } = outcome;
    return error instanceof ConnectorError ? { failure: error.kind, reason: error.message } : { failure: "failed" };
  }
  const { result } = outcome;
  if (result instanceof Map) return { found: result.size };
  if (typeof result !== "object" || result === null) return { found: 0 };
  return { found: "entries" in result && Array.isArray(result.entries) ? result.entries.length : 1 };
}
