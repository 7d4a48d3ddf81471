import type { Loaded } from "../config/load.ts";
import { SettingError } from "../connector/error.ts";
import { filesIn } from "../connector/kit/files.ts";
import type { Log } from "../observe/log.ts";
import type { Anchor, ChainEnd } from "../sink/sink.ts";
import type { Ledger } from "../state/guard.ts";
import { isSharedState, openState, type State } from "../state/state.ts";
import { StartError } from "./routes.ts";

/** The store, opened on first use. */
export interface Store {
  /** Throws `StartError` if the store cannot be opened. */
  readonly ledger: () => Ledger;
  /** The whole store, for syncs. Throws `StartError` if it cannot be opened. */
  readonly state: () => State;
  /** Anchors audit chains; undefined if no other gateway can share the store. */
  readonly anchor: ((chain: string, holder: string) => Promise<Anchor>) | undefined;
  /**
   * Waits until the store is usable, if anything needs it. Logs if it is new or temporarily unavailable. Rejects with a `StartError` if it
   * cannot be used.
   */
  readonly started: () => Promise<void>;
  /** Reports whether the store is available; undefined if nothing has needed it. */
  readonly isUp: () => Promise<boolean | undefined>;
  readonly close: () => Promise<void>;
}

/** Opens the configured store. Throws `StartError`. */
export function openStateOf({ config, folder }: Pick<Loaded, "config" | "folder">): State {
  try {
    return openState(config.state, filesIn(folder));
  } catch (error) {
    throw unusable(config.state.url, error);
  }
}

const unusable = (url: string, error: unknown): StartError => {
  const { message } = error as Error;
  if (error instanceof SettingError) return new StartError(message, { cause: error });
  const hint = isSharedState(url) ? "" : ": set state.url to a writable file";
  return new StartError(`state: ${url} cannot be used: ${message}. It holds the state that survives restarts${hint}`);
};

/** Keeps the store closed until something needs it. */
export function lazyStore(loaded: Pick<Loaded, "config" | "folder">, log: Pick<Log, "warn">): Store {
  const { url } = loaded.config.state;
  let opened: State | undefined;
  const state = (): State => {
    opened ??= openStateOf(loaded);
    return opened;
  };
  return {
    ledger: () => state().guard,
    state,
    anchor: isSharedState(url) ? (chain, holder) => anchored(state(), { url, chain, holder, log }) : undefined,
    started: async () => {
      if (!opened) return;
      try {
        const { isNew } = await opened.ready();
        if (isNew) log.warn({ url }, "change guard has a new store: counts start at zero");
      } catch (error) {
        if (!isSharedState(url) || !opened.willPass(error)) throw unusable(url, error);
        const reason = (error as Error).message;
        log.warn(
          { url, reason },
          "store unavailable: changes that the change guard counts are refused until it is back",
        );
      }
    },
    isUp: async () =>
      opened?.probe().then(
        () => true,
        () => false,
      ),
    close: async () => opened?.close(),
  };
}

/** How often the end of a chain is saved, if it has changed, and its lease renewed, in milliseconds. */
const KEEP_MS = 1000;
const RENEW_MS = 5000;
/** How long the chain of a killed gateway stays locked for others, in milliseconds. */
const LEASE_MS = 15_000;

interface Chained {
  readonly url: string;
  readonly chain: string;
  readonly holder: string;
  readonly log: Pick<Log, "warn">;
}

/** Anchors a chain and holds its lease. If the store is unavailable, writing goes on and the end is saved later. */
async function anchored({ chains, leases, willPass }: State, of: Chained): Promise<Anchor> {
  const { chain, log } = of;
  const lease = leaseOf(leases, of);
  const checkpoint = checkpointOf(chains, of);
  let isAway = false;
  const failed = (error: unknown) => {
    if (!isAway) log.warn({ chain, reason: (error as Error).message }, "end of the audit log could not be saved");
    isAway = true;
  };
  let end: ChainEnd | undefined;
  try {
    const other = await lease.hold();
    if (other !== undefined)
      throw new StartError(
        `audit: another gateway (${other}) already writes the audit chain ${JSON.stringify(chain)}: set a unique audit.chain. If that gateway was killed, the chain is released after ${LEASE_MS / 1000} seconds`,
      );
    end = await checkpoint.stored();
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (!willPass(error)) throw unusable(of.url, error);
    failed(error);
  }
  let latest: ChainEnd | undefined;
  const note = async () => {
    if ((await lease.hold()) === undefined && latest) await checkpoint.save(latest);
    if (isAway) log.warn({ chain }, "end of the audit log saved again");
    isAway = false;
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= note()
      .catch(failed)
      .finally(() => {
        running = undefined;
      });
  }, KEEP_MS).unref();
  return {
    end: end && { seq: end.seq, hash: end.hash },
    begin: checkpoint.begin,
    keep: (given) => {
      latest = given;
    },
    close: async () => {
      clearInterval(timer);
      await running;
      // A log that was never opened may belong to a running gateway, which then holds the lease.
      if (!checkpoint.hasBegun()) return;
      await note().catch(failed);
      await lease.release().catch(() => {});
    },
  };
}

/** The lease of a chain. It is renewed every few seconds, and lost if another gateway takes it. */
function leaseOf(leases: State["leases"], { chain, holder, log }: Chained) {
  const name = `audit ${chain}`;
  let renewed = Number.NEGATIVE_INFINITY;
  let other: string | undefined;
  return {
    /** Renews the lease. Returns the other holder, or undefined. */
    hold: async (): Promise<string | undefined> => {
      if (Date.now() - renewed < RENEW_MS) return other;
      const held = await leases.take(name, holder, LEASE_MS);
      renewed = Date.now();
      const before = other;
      other = held === holder ? undefined : held;
      if (other !== undefined && other !== before)
        log.warn({ chain, other }, "another gateway writes an audit chain of the same name: set a unique audit.chain");
      return other;
    },
    release: () => leases.release(name, holder),
  };
}

/** The saved end of a chain. It advances only if the log contains the previous one. */
function checkpointOf(chains: State["chains"], { chain, log }: Chained) {
  let holds: ((stored: ChainEnd) => boolean) | undefined;
  let state: "unchecked" | "held" | "broken" = "unchecked";
  let saved: ChainEnd | undefined;
  return {
    stored: () => chains.head(chain),
    hasBegun: () => holds !== undefined,
    begin: (given: (stored: ChainEnd) => boolean) => {
      holds = given;
    },
    save: async (latest: ChainEnd): Promise<void> => {
      if (!holds || state === "broken" || latest === saved) return;
      if (state === "unchecked") {
        const stored = await chains.head(chain);
        state = !stored || holds(stored) ? "held" : "broken";
        if (state === "broken")
          log.warn(
            { chain, seq: stored!.seq, expected: stored!.hash },
            "audit log does not contain the last record known to the store. Investigate, then run: postern audit forget",
          );
      }
      if (state !== "held") return;
      await chains.keep({ chain, seq: latest.seq, hash: latest.hash });
      saved = latest;
    },
  };
}
