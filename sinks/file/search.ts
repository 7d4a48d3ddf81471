import { readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { MAX_LINE } from "./lines.ts";
import { createPairs, type Paired, settledBehind } from "./pairs.ts";
import { ACTS, type AuditRecord, isIntent } from "./record.ts";
import { openSegments, type Segment } from "./segments.ts";

/** The kinds of records: writes, refused requests, acts of operators, and what happened to the log itself. */
export type RecordKind = "writes" | "refused" | "acts" | "log";

/** How writes and acts end: well, not, refused before they began, or nobody knows. */
export type RecordResult = "ok" | "failed" | "refused" | "unknown";

/** What records are looked for by. All that is given must hold. */
export interface RecordFilter {
  /** Times in milliseconds since 1970: from this one on, and before that one. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly kind?: RecordKind | undefined;
  /** The caller of a write, or the operator of an act. */
  readonly by?: string | undefined;
  /** Keys of entries, or of people of a sync: one of them. */
  readonly resources?: readonly string[] | undefined;
  /** What was done: the action of a write, or an act's name. */
  readonly action?: string | undefined;
  readonly result?: RecordResult | undefined;
  /** A route, or a sync. */
  readonly route?: string | undefined;
}

/** A place in a log: everything before it is older. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

/** Records, newest first and with their intents, and where the search goes on; undefined at the log's beginning. */
export interface SearchedRecords {
  readonly rows: readonly Paired[];
  readonly next: LogPlace | undefined;
  /** The time of the oldest record that was looked at, in milliseconds since 1970. */
  readonly reached: number | undefined;
  /** Lines that are no records. */
  readonly unreadable: number;
}

/** How much one search reads at most, in bytes. */
export interface SearchBounds {
  readonly limit: number;
  readonly maxBytes: number;
}

/** The log's file at a place is no longer there. */
export class LostPlaceError extends Error {
  override name = "LostPlaceError";
}

const BLOCK = 262_144;
/** Clocks are set back, and outcomes recorded late: so far records may be out of the order of their times, in milliseconds. */
const SLACK_MS = 10 * 60_000;

/** Searches a log from its end backwards, over its rotated files, without reading more than allowed. */
export async function searchBackwards(
  file: string,
  filter: RecordFilter,
  place: LogPlace | undefined,
  { limit, maxBytes }: SearchBounds,
): Promise<SearchedRecords> {
  const { segments, close } = openSegments(file);
  try {
    const pairs = createPairs(filter.until);
    let [left, unreadable, reached] = [maxBytes, 0, undefined as number | undefined];
    const first = place === undefined ? segments.length - 1 : segments.findIndex(({ id }) => id === place.file);
    if (first < 0) throw new LostPlaceError("The file that the search had reached is no longer there.");
    let start = { index: segments.length, offset: 0 };
    const found = async (next: LogPlace | undefined) => {
      const rows = await settled(pairs.rows, { segments, ...start, isFirst: place === undefined }, maxBytes);
      // What is known to have ended is not unknown, whenever that was.
      const isMeantSo = ({ open }: Paired) => filter.result !== "unknown" || open !== "later";
      return { rows: rows.filter(isMeantSo), next, reached, unreadable };
    };
    for (let index = first; index >= 0; index--) {
      const segment = segments[index]!;
      const end = index === first && place ? Math.min(place.offset, segment.size) : segment.size;
      const begin =
        filter.until === undefined ? end : Math.min(end, await behindTime(segment, filter.until + SLACK_MS));
      if (index === first) start = { index, offset: begin };
      for await (const { line, offset } of linesBackwards(segment, begin)) {
        left -= line.length;
        const { record, head } = lookAt(line, filter);
        if (!head) unreadable++;
        else reached = head.at;
        if (filter.from !== undefined && head && head.at < filter.from - SLACK_MS) return await found(undefined);
        if (head) pairs.take(line, head, record);
        if (pairs.rows.length >= limit || left <= 0)
          return await found(offset > 0 || index > 0 ? { file: segment.id, offset } : undefined);
      }
    }
    return await found(undefined);
  } finally {
    close();
  }
}

/** Looks behind where a search began for the outcomes of intents that had none in it. */
async function settled(
  rows: readonly Paired[],
  {
    segments,
    index,
    offset,
    isFirst,
  }: { segments: readonly Segment[]; index: number; offset: number; isFirst: boolean },
  maxBytes: number,
): Promise<readonly Paired[]> {
  const open = rows.filter((row) => row.open === "unknown");
  const ids = new Set(open.map(({ record }) => String(record.id)));
  if (ids.size === 0) return rows;
  const behind = await settledBehind(segments.slice(index), offset, ids, maxBytes);
  for (const row of open) {
    if (behind.settled.has(String(row.record.id))) row.open = "later";
    else if (!behind.isWhole) row.open = "unread";
  }
  // On a later page, what ended behind its beginning was shown on one before.
  return isFirst ? rows : rows.filter((row) => !(open.includes(row) && row.open === "later"));
}

/** A record by its number, as its line; undefined if the log has none. */
export async function recordLine(file: string, seq: number): Promise<string | undefined> {
  const { segments, close } = openSegments(file);
  try {
    for (const segment of segments.toReversed()) {
      const first = await firstHead(segment, 0, segment.size);
      if (!first || first.seq > seq) continue;
      const from = await lastBefore(segment, (head) => head.seq > seq);
      for await (const head of headsFrom(segment, from)) {
        if (head.seq === seq) return readAt(segment, head.offset, head.end - 1).toString("utf8");
        if (head.seq > seq) break;
      }
      return undefined;
    }
    return undefined;
  } finally {
    close();
  }
}

/** The beginning of a record's line, and where the line stands. */
interface LineHead {
  readonly seq: number;
  readonly at: number;
  readonly offset: number;
  /** Behind its line break. */
  readonly end: number;
}

type Head = Pick<LineHead, "seq" | "at">;

/** How long a line's head is at most, in bytes. */
const HEAD_LENGTH = 100;
const HEAD = /^\{"seq":(\d+),"time":"([^"]+)"/;

/** The number and the time that a line begins with; undefined if it is damaged. */
function headOf(beginning: string): Head | undefined {
  const [, seq, time] = HEAD.exec(beginning) ?? [];
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : { seq: Number(seq), at };
}

/** Lines that begin at a position or behind it, and before another, without those that are damaged or have no line break yet. */
async function* headsFrom(segment: Segment, position: number, before = segment.size): AsyncGenerator<LineHead> {
  let offset = position === 0 ? 0 : undefined;
  let beginning = "";
  const stop = Math.min(segment.size, before + MAX_LINE);
  // Mostly one line is wanted, and it is short.
  for (let [at, length] = [Math.max(0, position - 1), 4096]; at < stop; length = BLOCK) {
    const block = readAt(segment, at, Math.min(at + length, stop));
    if (block.length === 0) return;
    for (let from = 0; from < block.length; ) {
      const lineBreak = block.indexOf(0x0a, from);
      const to = lineBreak < 0 ? block.length : lineBreak;
      beginning += block.toString("latin1", from, Math.min(to, from + HEAD_LENGTH - beginning.length));
      from = to + 1;
      if (lineBreak < 0) break;
      const end = at + from;
      const head = offset !== undefined && end - offset <= MAX_LINE ? headOf(beginning) : undefined;
      if (head) yield { ...head, offset: offset!, end };
      if (end >= before) return;
      [offset, beginning] = [end, ""];
    }
    at += block.length;
    if (length === BLOCK) await turn();
  }
}

async function firstHead(segment: Segment, position: number, before: number): Promise<LineHead | undefined> {
  for await (const head of headsFrom(segment, position, before)) return head;
  return undefined;
}

function readAt({ descriptor }: Segment, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, from));
}

/** The beginning of a line before which none is beyond something, by halving the file; soon behind it they are. */
async function lastBefore(segment: Segment, isBeyond: (head: LineHead) => boolean): Promise<number> {
  let [low, high] = [0, segment.size];
  while (high - low > BLOCK) {
    const middle = Math.floor((low + high) / 2);
    // If all lines from the middle on are damaged, what is sought is before it.
    const head = await firstHead(segment, middle, high);
    if (!head || isBeyond(head)) high = middle;
    else low = head.offset;
  }
  return low;
}

/** The beginning of the first line from which on all are of a later time; the file's end if there is none. */
async function behindTime(segment: Segment, time: number): Promise<number> {
  const from = await lastBefore(segment, ({ at }) => at > time);
  for await (const { at, offset } of headsFrom(segment, from)) if (at > time) return offset;
  return segment.size;
}

/** The end of the last line with a line break before a position: what follows it is not yet a record. */
async function wholeBefore(segment: Segment, end: number): Promise<number> {
  // Mostly it is the last byte before it.
  for (let [to, length] = [end, 1]; to > 0; length = BLOCK) {
    const from = Math.max(0, to - length);
    const lineBreak = readAt(segment, from, to).lastIndexOf(0x0a);
    if (lineBreak >= 0) return from + lineBreak + 1;
    to = from;
    await turn();
  }
  return 0;
}

/** Lines with a line break before a position, the last one first. What is too long for a record comes in pieces. */
async function* linesBackwards(
  segment: Segment,
  end: number,
): AsyncGenerator<{ readonly line: Buffer; readonly offset: number }> {
  let rest: Buffer = Buffer.alloc(0);
  for (let position = await wholeBefore(segment, end); position > 0; ) {
    const from = Math.max(0, position - BLOCK);
    const text = Buffer.concat([readAt(segment, from, position), rest]);
    position = from;
    let to = text.length;
    // The line break at a line's end is its own.
    for (let at = text.lastIndexOf(0x0a, to - 2); at >= 0 && to > 1; at = text.lastIndexOf(0x0a, to - 2)) {
      yield { line: text.subarray(at + 1, to), offset: position + at + 1 };
      to = at + 1;
    }
    rest = text.subarray(0, to);
    if (rest.length > MAX_LINE || position === 0) {
      if (rest.length > 0) yield { line: rest, offset: position };
      rest = Buffer.alloc(0);
    }
    await turn();
  }
}

/** The number and time of a line's record, and the record if it is looked for. */
function lookAt(line: Buffer, filter: RecordFilter): { readonly record?: AuditRecord; readonly head?: Head } {
  const head = headOf(line.toString("latin1", 0, HEAD_LENGTH));
  if (!head) return {};
  const { from, until, by, resources, route, action } = filter;
  if ((from !== undefined && head.at < from) || (until !== undefined && head.at >= until)) return { head };
  // Looking for the words is a hundred times cheaper than parsing.
  const has = (word: string) => line.includes(JSON.stringify(word).slice(1, -1));
  const words = [by, route].filter((word) => word !== undefined);
  const actions = action === undefined ? undefined : [action, ...begunAs(action)];
  if (!words.every(has) || (resources && !resources.some(has)) || (actions && !actions.some(has))) return { head };
  const record = parsed(line);
  if (!record) return {};
  return isMeant(record, filter) ? { head, record } : { head };
}

/** What the record is called that comes before an act's outcome. */
const begunAs = (outcome: string): string[] =>
  [...ACTS].flatMap(([begun, ended]) => (ended === outcome ? [String(begun)] : []));

function parsed(line: Buffer): AuditRecord | undefined {
  try {
    return JSON.parse(line.toString("utf8")) as AuditRecord;
  } catch {
    return undefined;
  }
}

function isMeant(record: AuditRecord, { kind, by, resources, route, action, result }: RecordFilter): boolean {
  if (kind !== undefined && kindOf(record) !== kind) return false;
  if (by !== undefined && record.by !== by && record.caller !== by) return false;
  if (route !== undefined && record.route !== route && record.sync !== route) return false;
  if (action !== undefined && ![record.action, record.event, ACTS.get(record.event)].includes(action)) return false;
  if (result !== undefined && resultOf(record) !== result) return false;
  return resources === undefined || keysOf(record).some((key) => resources.includes(key));
}

/** Results of writes, runs, comparisons and verifications that ended well. */
const WELL = new Set(["ok", "done", "held", "planned", "whole"]);

/** How a record says that something ended. Acts that say nothing of it were done; what a run holds or plans is no failure. */
function resultOf(record: AuditRecord): RecordResult | undefined {
  const { event, intent, result } = record;
  if (event === "refused") return "refused";
  if (isIntent(record)) return "unknown";
  if (result === undefined) return intent === undefined ? undefined : "ok";
  if (result === "refused") return "refused";
  return WELL.has(String(result)) ? "ok" : "failed";
}

function kindOf({ event, by, caller, route, sync }: AuditRecord): RecordKind {
  if (event === "refused") return "refused";
  if (event === "intent" || event === "outcome") return "writes";
  return [by, caller, route, sync].some((each) => each !== undefined) ? "acts" : "log";
}

/** The keys of the entries and people that a record names. */
function keysOf({ backend, id, entries, people }: AuditRecord): string[] {
  const { key } = (backend ?? {}) as { readonly key?: unknown };
  const named = Array.isArray(entries) ? entries.map((entry) => (entry as { readonly key?: unknown } | null)?.key) : [];
  return [key, id, ...named, ...(Array.isArray(people) ? people : [])].map(String);
}
