import type { JournalStore } from "../../journal/store.ts";
import type { ListResponse } from "../../scim/list.ts";
import type { Resource } from "../../scim/schema.ts";
import type { Pace } from "../api/pace.ts";
import type { GuardFact, SyncFact } from "../api/people.ts";
import type { RetryRules } from "./expectation.ts";
import type { PeopleEndpoint } from "./ways.ts";

/** Which resources are asked for, and on whose behalf. */
export interface Looking {
  readonly route: string;
  readonly type: string;
  /** Who looks. */
  readonly by: string;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What the page asks. */
export interface PeopleDeps {
  /** The routes with their types, as they are served now. */
  readonly routes: () => ReadonlyMap<string, ReadonlyMap<string, PeopleEndpoint>>;
  /** Reads a resource as a client would. Rejects with a `ScimError`. */
  readonly get: (looking: Looking, id: string, query: Readonly<Record<string, string>>) => Promise<Resource>;
  /** Lists resources as a client would. Rejects with a `ScimError`. */
  readonly list: (looking: Looking, query: Readonly<Record<string, string>>) => Promise<ListResponse>;
  /** Undefined if the gateway keeps no journal. Its searches reject with a `Refusal` while its store is away. */
  readonly journal: Pick<JournalStore, "search"> | undefined;
  /** What the guard knows of a resource. Rejects while the store cannot be asked. */
  readonly guard: (looking: Pick<Looking, "route" | "type">, id: string) => Promise<readonly GuardFact[]>;
  /** What syncs say of a resource that they keep. Rejects while their store cannot be asked. */
  readonly syncs: (looking: Pick<Looking, "route" | "type">, id: string) => Promise<readonly SyncFact[]>;
  /** Which callers are Entra, and whether Entra may write a type's resources through a route. */
  readonly entra: () => {
    readonly isEntra: (caller: string) => boolean;
    readonly mayWrite: (route: string, type: string) => boolean;
  };
  readonly retries: RetryRules & Pace;
}

/** A resource type's endpoint; undefined if the route doesn't serve it. */
export const endpointAt = (
  { routes }: Pick<PeopleDeps, "routes">,
  { route, type }: Pick<Looking, "route" | "type">,
): PeopleEndpoint | undefined => routes().get(route)?.get(type);
