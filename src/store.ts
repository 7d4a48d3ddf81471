import type { Loaded } from "./config/load.ts";
import { SettingError } from "./connector/error.ts";
import { filesIn } from "./connector/kit/files.ts";
import type { Log } from "./observe/log.ts";
import { StartError } from "./routes.ts";
import type { Anchor, ChainEnd } from "./sink/sink.ts";
import type { Ledger } from "./state/guard.ts";
import { isSharedState, openState, type State } from "./state/state.ts";

/** The store, opened when something needs it first. */
export interface Store {
  /** Throws `StartError` where the store cannot be opened. */
  readonly ledger: () => Ledger;
  /** The whole store, for syncs. Throws `StartError` where it cannot be opened. */
  readonly state: () => State;
  /** Anchors chains of audit records; undefined where no other gateway may share the store. */
  readonly anchor: ((chain: string, holder: string) => Promise<Anchor>) | undefined;
  /**
   * Waits until it can be used, where anything needs it; says in the log where it is new, or away for now. Rejects with a `StartError` where it
   * cannot be used.
   */
  readonly started: () => Promise<void>;
  /** Whether it can be asked; undefined where nothing has needed it. */
  readonly isUp: () => Promise<boolean | undefined>;
  readonly close: () => Promise<void>;
}

/** Opens the store that a configuration names. Throws `StartError`. */
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
  const hint = isSharedState(url) ? "" : ": name a file that can be written by state.url";
  return new StartError(`state: ${url} cannot be used: ${message}. What outlives the gateway is kept there${hint}`);
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
        if (isNew) log.warn({ url }, "the change guard has a new store: it counts from nothing");
      } catch (error) {
        if (!isSharedState(url) || !opened.willPass(error)) throw unusable(url, error);
        const reason = (error as Error).message;
        log.warn({ url, reason }, "the store cannot be reached: what the change guard counts is refused until it can");
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

/** How often the end of a chain is noted, if it has changed, and how often its lease is renewed, in milliseconds. */
const KEEP_MS = 1000;
const RENEW_MS = 5000;
/** For how long nobody else may write the chain of a gateway that was killed, in milliseconds. */
const LEASE_MS = 15_000;

interface Chained {
  readonly url: string;
  readonly chain: string;
  readonly holder: string;
  readonly log: Pick<Log, "warn">;
}

/** Anchors a chain, and holds its lease. A store that is away keeps nobody from writing: the end is noted when it is there again. */
async function anchored({ chains, leases, willPass }: State, of: Chained): Promise<Anchor> {
  const { chain, log } = of;
  const lease = leaseOf(leases, of);
  const checkpoint = checkpointOf(chains, of);
  let isAway = false;
  const failed = (error: unknown) => {
    if (!isAway) log.warn({ chain, reason: (error as Error).message }, "the end of the audit log cannot be noted");
    isAway = true;
  };
  let end: ChainEnd | undefined;
  try {
    const other = await lease.hold();
    if (other !== undefined)
      throw new StartError(
        `audit: another gateway (${other}) already writes the audit chain ${JSON.stringify(chain)}: set a unique audit.chain. If that one was killed, its chain is free ${LEASE_MS / 1000} seconds later`,
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
    if (isAway) log.warn({ chain }, "the end of the audit log is noted again");
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
      // A log that was not opened may be that of a gateway which runs: the lease is its own then.
      if (!checkpoint.hasBegun()) return;
      await note().catch(failed);
      await lease.release().catch(() => {});
    },
  };
}

/** The lease of a chain: renewed every few seconds, and lost where another holds it. */
function leaseOf(leases: State["leases"], { chain, holder, log }: Chained) {
  const name = `audit ${chain}`;
  let renewed = Number.NEGATIVE_INFINITY;
  let other: string | undefined;
  return {
    /** Renews the lease. Gives who else holds it; undefined where nobody does. */
    hold: async (): Promise<string | undefined> => {
      if (Date.now() - renewed < RENEW_MS) return other;
      const held = await leases.take(name, holder, LEASE_MS);
      renewed = Date.now();
      const before = other;
      other = held === holder ? undefined : held;
      if (other !== undefined && other !== before)
        log.warn({ chain, other }, "another gateway writes an audit chain of the same name: its end is not noted here");
      return other;
    },
    release: () => leases.release(name, holder),
  };
}

/** The end of a chain in the store. It moves on only if the log has the record where it was. */
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
            "the audit log does not have the record that the store knows as its last: the store keeps that. Look into it, then: postern audit forget",
          );
      }
      if (state !== "held") return;
      await chains.keep({ chain, seq: latest.seq, hash: latest.hash });
      saved = latest;
    },
  };
}
