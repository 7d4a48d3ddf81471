import { readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { MAX_LINE } from "./lines.ts";
import type { AuditRecord } from "./record.ts";
import { openSegments, type Segment } from "./segments.ts";

/** The kinds of records: writes, refused requests, acts of operators, and what happened to the log itself. */
export const RECORD_KINDS = ["writes", "refused", "acts", "log"] as const;

/** What records are looked for by. All that is given must hold. */
export interface RecordFilter {
  /** Times in milliseconds since 1970: from this one on, and before that one. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly kind?: (typeof RECORD_KINDS)[number] | undefined;
  /** The caller of a write, or the operator of an act. */
  readonly by?: string | undefined;
  /** The key of an entry, or of a person of a sync. */
  readonly resource?: string | undefined;
  /** A route, or a sync. */
  readonly route?: string | undefined;
}

/** A place in a log: everything before it is older. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

/** Records, newest first, and where the search goes on; undefined at the log's beginning. */
export interface SearchedRecords {
  readonly records: readonly AuditRecord[];
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
    const records: AuditRecord[] = [];
    let [left, unreadable, reached] = [maxBytes, 0, undefined as number | undefined];
    const first = place === undefined ? segments.length - 1 : segments.findIndex(({ id }) => id === place.file);
    if (first < 0) throw new LostPlaceError("The file that the search had reached is no longer there.");
    for (let index = first; index >= 0; index--) {
      const segment = segments[index]!;
      const end = index === first && place ? Math.min(place.offset, segment.size) : segment.size;
      const begin = filter.until === undefined ? end : Math.min(end, behindTime(segment, filter.until + SLACK_MS));
      for await (const { line, offset } of linesBackwards(segment, begin)) {
        left -= line.length;
        const { record, at } = lookAt(line, filter);
        if (at === undefined) unreadable++;
        else reached = at;
        if (filter.from !== undefined && at !== undefined && at < filter.from - SLACK_MS)
          return { records, next: undefined, reached, unreadable };
        if (record) records.push(record);
        if (records.length >= limit || left <= 0) {
          const hasMore = offset > 0 || index > 0;
          return { records, next: hasMore ? { file: segment.id, offset } : undefined, reached, unreadable };
        }
      }
    }
    return { records, next: undefined, reached, unreadable };
  } finally {
    close();
  }
}

/** A record by its number, as its line; undefined if the log has none. */
export function recordLine(file: string, seq: number): string | undefined {
  const { segments, close } = openSegments(file);
  try {
    for (const segment of segments.toReversed()) {
      const head = headFrom(segment, 0);
      if (!head || head.seq > seq) continue;
      const from = lastBefore(segment, (each) => each.seq > seq);
      for (let found = headFrom(segment, from); found && found.seq <= seq; found = headFrom(segment, found.end))
        if (found.seq === seq) return textAt(segment, found.offset, found.end - 1);
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

const HEAD = /^\{"seq":(\d+),"time":"([^"]+)"/;

/** The first line that begins at a position or behind it. Undefined if there is none, or it is no record. */
function headFrom(segment: Segment, position: number): LineHead | undefined {
  const offset = position === 0 ? 0 : lineEnd(segment, position - 1);
  const end = offset === undefined ? undefined : lineEnd(segment, offset);
  if (offset === undefined || end === undefined) return undefined;
  const [, seq, time] = HEAD.exec(textAt(segment, offset, Math.min(end, offset + 100))) ?? [];
  return seq === undefined ? undefined : { seq: Number(seq), at: Date.parse(time!), offset, end };
}

/** The position behind the next line break; undefined if there is none. */
function lineEnd({ descriptor, size }: Segment, from: number): number | undefined {
  const block = Buffer.alloc(4096);
  for (let position = from; position < Math.min(size, from + MAX_LINE); ) {
    const length = readSync(descriptor, block, 0, Math.min(block.length, size - position), position);
    if (length === 0) return undefined;
    const found = block.subarray(0, length).indexOf(0x0a);
    if (found >= 0) return position + found + 1;
    position += length;
  }
  return undefined;
}

function textAt({ descriptor }: Segment, from: number, to: number): string {
  const bytes = Buffer.alloc(to - from);
  const length = readSync(descriptor, bytes, 0, bytes.length, from);
  return bytes.toString("utf8", 0, length);
}

/** A position before which lines are not beyond something, by halving the file; soon behind it they are. */
function lastBefore(segment: Segment, isBeyond: (head: LineHead) => boolean): number {
  let [low, high] = [0, segment.size];
  while (high - low > BLOCK) {
    const middle = Math.floor((low + high) / 2);
    const head = headFrom(segment, middle);
    if (!head || isBeyond(head)) high = middle;
    else low = middle;
  }
  return low;
}

/** The end of a line behind which all lines are of a later time. */
function behindTime(segment: Segment, time: number): number {
  let position = lastBefore(segment, ({ at }) => at > time);
  for (let head = headFrom(segment, position); head && head.at <= time; head = headFrom(segment, position))
    position = head.end;
  return position;
}

/** Lines before a position, which is a line's beginning or the file's end, the last one first. What is too long for a record comes in pieces. */
async function* linesBackwards(
  { descriptor }: Segment,
  end: number,
): AsyncGenerator<{ readonly line: Buffer; readonly offset: number }> {
  let rest: Buffer = Buffer.alloc(0);
  for (let position = end; position > 0; ) {
    const length = Math.min(BLOCK, position);
    const block = Buffer.alloc(length);
    readSync(descriptor, block, 0, length, position - length);
    position -= length;
    const text = Buffer.concat([block, rest]);
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

/** The time of a line's record, and the record if it is looked for. */
function lookAt(line: Buffer, filter: RecordFilter): { readonly record?: AuditRecord; readonly at?: number } {
  const [, , time] = HEAD.exec(line.toString("latin1", 0, 100)) ?? [];
  const at = time === undefined ? Number.NaN : Date.parse(time);
  if (Number.isNaN(at)) return {};
  const { from, until, by, resource, route } = filter;
  if ((from !== undefined && at < from) || (until !== undefined && at >= until)) return { at };
  // Looking for the words is a hundred times cheaper than parsing.
  const words = [by, resource, route].filter((word) => word !== undefined);
  if (words.some((word) => !line.includes(JSON.stringify(word).slice(1, -1)))) return { at };
  const record = parsed(line);
  if (!record) return {};
  return isMeant(record, filter) ? { at, record } : { at };
}

function parsed(line: Buffer): AuditRecord | undefined {
  try {
    return JSON.parse(line.toString("utf8")) as AuditRecord;
  } catch {
    return undefined;
  }
}

function isMeant(record: AuditRecord, { kind, by, resource, route }: RecordFilter): boolean {
  if (kind !== undefined && kindOf(record) !== kind) return false;
  if (by !== undefined && record.by !== by && record.caller !== by) return false;
  if (route !== undefined && record.route !== route && record.sync !== route) return false;
  return resource === undefined || keysOf(record).includes(resource);
}

function kindOf({ event, by, caller, route, sync }: AuditRecord): (typeof RECORD_KINDS)[number] {
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
