import { hostname } from "node:os";
import type { Loaded } from "../config/load.ts";
import { filesIn } from "../connector/kit/files.ts";
import type { RefusedRequest } from "../edge/app.ts";
import { type JournalEntry, journalId } from "../journal/entry.ts";
import { createJournal, type Journal } from "../journal/journal.ts";
import type { Activity } from "../observe/activity.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { openJournalStore } from "../state/journal-store.ts";
import { StartError } from "./routes.ts";

/** How often lost entries are told in the log, in milliseconds. */
const TELL_MS = 60_000;

/** Where lost entries are told. */
interface JournalWatchers {
  readonly metrics: Pick<Metrics, "journalDropped">;
  readonly activity: Pick<Activity, "journalLost">;
  readonly log: Pick<Log, "warn">;
}

/** Opens the journal that a configuration asks for. Rejects with a `StartError` if its file cannot be used. */
export async function openJournalFor(
  { config, folder }: Pick<Loaded, "config" | "folder">,
  { metrics, activity, log }: JournalWatchers,
): Promise<Journal | undefined> {
  if (!config.journal) return undefined;
  const { days, megabytes, values } = config.journal;
  const store = openJournalStore(config.state, filesIn(folder));
  let told = 0;
  const dropped = (count: number, reason: string) => {
    metrics.journalDropped.inc(count);
    activity.journalLost(count, reason);
    if (Date.now() - told < TELL_MS) return;
    told = Date.now();
    log.warn({ reason }, "the journal lost entries; postern_journal_dropped_total counts them");
  };
  const unforgotten = ({ message: reason }: Error) =>
    log.warn({ reason }, "old entries of the journal could not be deleted; it is tried again in five minutes");
  try {
    await store.search({ limit: 1 });
  } catch (error) {
    // A server that is away may come back; a file that cannot be written stays so.
    if (config.state.url.startsWith("sqlite:"))
      throw new StartError(`journal: its file beside ${config.state.url} cannot be used: ${(error as Error).message}`);
    log.warn({ reason: (error as Error).message }, "the journal's store cannot be reached: entries wait until it can");
  }
  return createJournal({ store, kept: { days, megabytes }, replica: hostname(), values, dropped, unforgotten });
}

/** The entry of a request that came to no operation. Of its failure only what the gateway itself says is kept: no word of the client's. */
export function refusedEntry(request: RefusedRequest): JournalEntry {
  const { at, ms, route, operation, status, source, caller = "", requestId } = request;
  const sentence = `${operation} was answered with ${status}: ${WORDS[status] ?? "the request was refused"}.`;
  return {
    id: journalId(Date.now()),
    at,
    replica: hostname(),
    route,
    caller,
    source,
    requestId,
    action: "",
    type: "",
    resource: "",
    display: "",
    status,
    result: "failure",
    sentence,
    ms: Math.round(ms * 100) / 100,
    backendMs: 0,
    attributes: [],
    request: null,
    steps: [
      { step: "received", at: 0, text: `${operation}.` },
      { step: "answered", at: Math.round(ms * 100) / 100, text: sentence },
    ],
  };
}

const WORDS: Readonly<Record<number, string>> = {
  400: "the request could not be understood",
  401: "it came without a credential that is known",
  403: "the caller may not do this, or not from that address",
  404: "there is nothing at this address",
  405: "the address does not take this method",
  413: "the body is larger than limits.body allows",
  415: "the body is not JSON",
  429: "the caller's rate was used up",
  500: "a fault of the gateway's; its log has it",
  501: "this is not supported",
  503: "the gateway could not take it",
};
