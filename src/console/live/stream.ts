import { setTimeout as sleep } from "node:timers/promises";
import type { SSEStreamingApi } from "hono/streaming";
import { idOfTime, timeOfId } from "../../journal/entry.ts";
import { type JournalFilter, matches } from "../../journal/matches.ts";
import type { JournalLine, JournalStore } from "../../journal/store.ts";
import type { LiveEvents } from "../api/live.ts";
import { lineOf } from "./line.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { PAGE, type Tail, VERY_LATE_MS } from "./tail.ts";

/** What streams are made of. */
export interface Streaming {
  readonly tail: Tail;
  readonly search: JournalStore["search"];
}

/** What one browser follows. */
export interface Followed {
  readonly filter: JournalFilter;
  /** The last entry that the browser has. */
  readonly after: string | undefined;
  /** Reports whether the browser's session still lasts. */
  readonly isSignedIn: () => Promise<boolean>;
}

/** How many entries wait for one browser: more than the tail tells of at a time. */
const MAX_WAITING = 10 * PAGE;
/** How often something is sent, and the session looked at, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** How many entries a browser gets that comes back. If there are more, it should load its list anew. */
const MAX_MISSED = 1000;
/** How long a browser may have been away to be sent what it missed, in milliseconds. After longer, it should load its list anew. */
const MAX_AWAY_MS = 3_600_000;
/** How long until the store is asked again for what a browser missed, in milliseconds. */
const AGAIN_MS = 1000;

/** Sends new entries to a browser, after those that it missed, until it leaves or its session ends. */
export async function streamEntries(
  stream: SSEStreamingApi,
  { tail, search }: Streaming,
  { filter, after, isSignedIn }: Followed,
): Promise<void> {
  const outbox = createOutbox(MAX_WAITING);
  const leave = tail.follow((event) => {
    if (event.kind === "rows") {
      const rows = event.rows.filter((row) => matches(row, filter));
      if (rows.length > 0) outbox.add({ rows });
    } else outbox.add(event.kind === "flooded" ? { isFlooded: true } : { isAway: event.isAway });
  });
  stream.onAbort(outbox.end);
  try {
    // Sent at once, so that the browser knows that it is connected.
    await stream.write(": connected\n\n");
    const sent = await sendMissed(stream, { outbox, search }, { filter, after });
    let checked = Date.now();
    for (let parcel = await outbox.take(HEARTBEAT_MS); parcel; parcel = await outbox.take(HEARTBEAT_MS)) {
      if (parcel.isAway !== undefined) await send(stream, "store", { isAway: parcel.isAway });
      if (parcel.isFlooded) await send(stream, "reset", {});
      if (parcel.lost > 0) await send(stream, "lost", { count: parcel.lost });
      await sendRows(
        stream,
        parcel.rows.filter(({ id }) => !sent.has(id)),
      );
      if (Date.now() - checked < HEARTBEAT_MS) continue;
      checked = Date.now();
      await stream.write(": still here\n\n");
      if (!(await isSignedIn())) return;
    }
  } finally {
    leave();
  }
}

/** Sends what came since the browser's last entry. Entries that are kept late come before it, so some that the browser has are sent again. */
async function sendMissed(
  stream: SSEStreamingApi,
  { outbox, search }: { readonly outbox: Outbox; readonly search: JournalStore["search"] },
  { filter, after }: Pick<Followed, "filter" | "after">,
): Promise<ReadonlySet<string>> {
  const last = after === undefined ? Date.now() : Math.min(timeOfId(after), Date.now());
  if (Date.now() - last > MAX_AWAY_MS) {
    await send(stream, "reset", {});
    return new Set();
  }
  const behind = idOfTime(last - VERY_LATE_MS);
  for (let isAway = false; !outbox.isEnded(); isAway = true)
    try {
      const missed = await search({ ...filter, after: behind, limit: MAX_MISSED });
      if (missed.length < MAX_MISSED) await sendRows(stream, missed);
      else await send(stream, "reset", {});
      if (isAway) await send(stream, "store", { isAway: false });
      return new Set(missed.map(({ id }) => id));
    } catch {
      await send(stream, "store", { isAway: true });
      await sleep(AGAIN_MS);
    }
  return new Set();
}

/** The id of a message is that of the newest entry: browsers repeat it when they come back. */
async function sendRows(stream: SSEStreamingApi, rows: readonly JournalLine[]): Promise<void> {
  if (rows.length === 0) return;
  const id = rows.reduce((last, row) => (row.id > last ? row.id : last), "");
  await stream.writeSSE({ event: "rows", id, data: JSON.stringify(rows.map(lineOf)) });
}

const send = <Name extends keyof LiveEvents>(stream: SSEStreamingApi, event: Name, data: LiveEvents[Name]) =>
  stream.writeSSE({ event, data: JSON.stringify(data) });
