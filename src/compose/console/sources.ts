import type { Generation, Shared } from "../generation.ts";
import type { GuardActs } from "../guard-acts.ts";
import type { Reloads } from "../reloads.ts";
import type { Store } from "../store.ts";
import type { RunningSyncs } from "../syncs/running.ts";

/** What the console's pages are handed of the running gateway. */
export interface ConsoleSources {
  readonly shared: Shared;
  readonly current: () => Generation;
  readonly store: Store;
  readonly syncs: RunningSyncs;
  /** Aborted when the gateway stops: streams end then. */
  readonly stopping: AbortSignal;
  readonly reloads: Reloads;
  /** The configuration's file. */
  readonly file: string;
  /** Where the gateway listens for clients. */
  readonly url: string;
  readonly guard: GuardActs;
}
