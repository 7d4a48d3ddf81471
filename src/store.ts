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
  /** Anchors chains of audit records; undefined where no other gateway may share the store. */
  readonly anchor: ((chain: string, holder: string) => Promise<Anchor>) | undefined;
  /**
   * Waits until it can be used, where anything needs it; says in the log where it is new, or away for now. Rejects with a `StartError` where it
   * cannot be used.
   */
  readonly started: () => Promise<void>;
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
  if (error instanceof SettingError) return new StartError(message);
  const hint = isSharedState(url) ? "" : ": name a file that can be written by state.url";
  return new StartError(`state: ${url} cannot be used: ${message}. The change guard keeps its counts there${hint}`);
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
    anchor: isSharedState(url) ? (chain, holder) => anchored(state(), { chain, holder, log }) : undefined,
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
    close: async () => opened?.close(),
  };
}

/** How often the end of a chain is noted, where it has changed, and for how long nobody else may write the chain, in milliseconds. */
const KEEP_MS = 1000;
const LEASE_MS = 15_000;

/** Anchors a chain, and holds its lease. A store that is away keeps nobody from writing: the end is noted when it is there again. */
async function anchored(
  { chains, leases, willPass }: State,
  { chain, holder, log }: { readonly chain: string; readonly holder: string; readonly log: Pick<Log, "warn"> },
): Promise<Anchor> {
  const lease = `audit ${chain}`;
  let end: ChainEnd | undefined;
  let kept: ChainEnd | undefined;
  let renewed = 0;
  let isAway = false;
  const failed = (error: unknown) => {
    if (!isAway) log.warn({ chain, reason: (error as Error).message }, "the end of the audit log cannot be anchored");
    isAway = true;
  };
  const renew = async () => {
    const other = await leases.take(lease, holder, LEASE_MS);
    renewed = Date.now();
    if (other !== holder) log.warn({ chain, other }, "another gateway writes an audit log of the same name");
    return other;
  };
  try {
    const other = await renew();
    if (other !== holder)
      throw new StartError(
        `audit: ${other} writes the chain ${JSON.stringify(chain)} at present. Give each gateway a name of its own by audit.chain`,
      );
    end = kept = await chains.head(chain);
  } catch (error) {
    if (!willPass(error)) throw error;
    failed(error);
  }
  const known = end;
  const keep = async () => {
    const latest = end;
    if (Date.now() - renewed > LEASE_MS / 3) await renew();
    if (latest && latest !== kept) await chains.keep({ chain, seq: latest.seq, hash: latest.hash });
    kept = latest;
    isAway = false;
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= keep()
      .catch(failed)
      .finally(() => {
        running = undefined;
      });
  }, KEEP_MS).unref();
  return {
    end: known && { seq: known.seq, hash: known.hash },
    keep: (latest) => {
      end = latest;
    },
    close: async () => {
      clearInterval(timer);
      await running;
      await keep().catch(failed);
      await leases.release(lease, holder).catch(() => {});
    },
  };
}
