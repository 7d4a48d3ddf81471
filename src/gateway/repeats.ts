import { createHash, randomUUID } from "node:crypto";
import { ConnectorError } from "../connector/error.ts";
import { ScimError } from "../scim/error.ts";
import type { Context } from "./context.ts";
import { BackendError } from "./failure.ts";

/** A creation of which it is not known whether it was made is remembered for so long, in milliseconds. */
const KEPT_MS = 15 * 60_000;
const MAX_KEPT = 10_000;

/** A client's request to create something. */
export interface CreationRequest {
  /** The same for each repeat of the request, as long as it is not known what became of it; else another one. */
  readonly key: string;
  /** Whether the client asked for the same before, and nobody knows whether it was made. */
  readonly isRepeat: boolean;
  /** Takes note of how an attempt ended, by its failure; `undefined` for none. */
  readonly ended: (failure: unknown) => void;
}

/** Creations of which it is not known whether they were made. They survive configuration reloads. */
export interface Repeats {
  readonly requestOf: (type: string, body: unknown, context: Context) => CreationRequest;
}

/**
 * Knows a creation again that a client repeats because it was told that it may or may not have been made. The request is the same
 * when the caller, the route, the type and the body are.
 */
export function createRepeats(): Repeats {
  const kept = new Map<string, { readonly key: string; readonly until: number }>();
  return {
    requestOf: (type, body, { caller, baseUrl }) => {
      const content = JSON.stringify([caller ?? null, new URL(baseUrl, "http://localhost").pathname, type, body]);
      const name = createHash("sha256").update(content).digest("base64url");
      const known = kept.get(name);
      const isRepeat = known !== undefined && known.until > Date.now();
      const key = isRepeat ? known.key : randomUUID();
      return {
        key,
        isRepeat,
        ended: (failure) => {
          // A repeat that was refused says nothing of the one before it.
          if (failure !== undefined && isRepeat) return;
          kept.delete(name);
          if (!mayHaveHappened(failure)) return;
          kept.set(name, { key, until: Date.now() + KEPT_MS });
          if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
        },
      };
    },
  };
}

/** Whether a write that failed may have been made all the same: only the backend's own word says that it was not. */
export function mayHaveHappened(failure: unknown): boolean {
  if (failure === undefined) return false;
  if (failure instanceof BackendError) return failure.failure.mayHaveHappened;
  if (failure instanceof ConnectorError) return failure.mayHaveHappened;
  return !(failure instanceof ScimError);
}
