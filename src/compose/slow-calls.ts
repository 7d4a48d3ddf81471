import type { BackendOperation, Connector } from "../connector/connector.ts";
import type { SlowCall } from "../console/api/connectors.ts";
import { redactOperationOf } from "../journal/redact.ts";

/** Calls of connectors that take longer than this many milliseconds are kept. */
export const SLOW_MS = 500;
/** Maximum number of them per connector, and of connectors. */
const MAX_CALLS = 50;
const MAX_CONNECTORS = 100;
/** How long the backend's own words for one call may be, in characters. */
const MAX_NATIVE = 4000;

/** A call that has ended. */
export interface Call {
  readonly connector: string;
  readonly operation: string;
  readonly ms: number;
  readonly result: string;
  readonly request: object;
}

/** The last slow calls of each connector. */
export interface SlowCalls {
  readonly called: (call: Call) => void;
  /** Those of a connector, latest first. */
  readonly of: (name: string, connector: Pick<Connector, "explain">) => Promise<readonly SlowCall[]>;
}

type Kept = Omit<SlowCall, "native"> & { readonly asked: BackendOperation | undefined };

const SHOWS = { values: false, secretAttrs: new Set<string>() };
const EXPLAINED = ["search", "get", "create", "update", "delete"];

/** Begins with none. Values are hidden before a call is kept, and it is put into words when it is shown. */
export function createSlowCalls(): SlowCalls {
  const kept = new Map<string, readonly Kept[]>();
  return {
    called: ({ connector, operation, ms, result, request }) => {
      if (ms < SLOW_MS || (!kept.has(connector) && kept.size >= MAX_CONNECTORS)) return;
      const { signal: _, ...asked } = request as { readonly signal?: unknown; readonly kind: string };
      const call = {
        at: Date.now(),
        operation,
        kind: asked.kind,
        ms: Math.round(ms),
        result,
        asked: EXPLAINED.includes(operation)
          ? redactOperationOf({ type: operation, ...asked } as unknown as BackendOperation, SHOWS)
          : undefined,
      };
      kept.set(connector, [call, ...(kept.get(connector) ?? [])].slice(0, MAX_CALLS));
    },
    of: (name, { explain }) =>
      Promise.all(
        (kept.get(name) ?? []).map(async ({ asked, ...call }) => {
          if (!asked) return call;
          try {
            return { ...call, native: (await explain(asked)).slice(0, MAX_NATIVE) };
          } catch {
            // A placeholder is no value of every type, and a kind may be gone since.
            return call;
          }
        }),
      ),
  };
}
