import { createHash, randomUUID } from "node:crypto";
import { ConnectorError } from "../connector/error.ts";
import { ScimError } from "../scim/error.ts";
import type { Context } from "./context.ts";
import { BackendError } from "./failure.ts";

/** How long a creation with an unknown outcome is remembered, in milliseconds. */
const KEPT_MS = 15 * 60_000;
const MAX_KEPT = 10_000;

/** A client's request to create a resource. */
export interface CreationRequest {
  /** The same for each repeat of a request with an unknown outcome; otherwise unique. */
  readonly key: string;
  /** Whether the client sent the same request before, with an unknown outcome. */
  readonly isRepeat: boolean;
  /** Records the outcome of an attempt: its failure, or `undefined`. */
  readonly ended: (failure: unknown) => void;
}

/** Creations with unknown outcomes. They survive configuration reloads. */
export interface Repeats {
  readonly requestOf: (type: string, body: unknown, context: Context) => CreationRequest;
}

/** Recognises a creation that a client repeats because its outcome was unknown: the same caller, route, type and body. */
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
          // A refused repeat says nothing about the earlier attempt.
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

/** Reports whether a failed write may have been made. Only the backend can rule it out. */
export function mayHaveHappened(failure: unknown): boolean {
  if (failure === undefined) return false;
  if (failure instanceof BackendError) return failure.failure.mayHaveHappened;
  if (failure instanceof ConnectorError) return failure.mayHaveHappened;
  return !(failure instanceof ScimError);
}
