import type { ConsolePage } from "./console/env.ts";
import type { Generation, Shared } from "./generation.ts";
import type { RunningSyncs } from "./running-syncs.ts";
import type { Store } from "./store.ts";

/** What the console's pages are handed of the running gateway. */
export interface ConsoleSources {
  readonly shared: Shared;
  readonly current: () => Generation;
  readonly store: Store;
  readonly syncs: RunningSyncs;
}

/** The server's part of each page of the console, by name: what they show of the running gateway, and what they do to it. */
export function consolePages(_: ConsoleSources): Readonly<Record<string, ConsolePage>> {
  return {};
}
