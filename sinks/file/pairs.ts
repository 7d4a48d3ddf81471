import { readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { type AuditRecord, isIntent } from "./record.ts";
import type { Segment } from "./segments.ts";

/** A write or an act, a refusal, or something else that a log tells. */
export interface Paired {
  /** The outcome; of what has none, the intent; or any other record. */
  readonly record: AuditRecord;
  /** The record of the intent, beside that of the outcome. */
  intent?: { readonly seq: number; readonly at: number };
  /**
   * Of an intent alone: `unknown` if the log does not say what became of it, `later` if that is beyond the stretch of time, and `unread` if
   * it is not in as much of the log as is read for it.
   */
  open?: "unknown" | "later" | "unread";
}

/** What is joined while a log is read backwards: outcomes come before their intents. */
export interface Pairs {
  readonly rows: Paired[];
  /** Takes the next line, and its record if that is looked for. */
  readonly take: (line: Buffer, head: { readonly seq: number; readonly at: number }, record?: AuditRecord) => void;
}

/** How many outcomes may wait for their intents: those of a log that begins between them would be without number. */
const MAX_WAITING = 10_000;
const BLOCK = 1_048_576;

/** Begins to join the records of a log. What ended `until` a time or later is not looked for. */
export function createPairs(until = Number.POSITIVE_INFINITY): Pairs {
  const rows: Paired[] = [];
  /** The rows of outcomes by their intents' IDs; empty if they are not looked for. */
  const waiting = new Map<string, { readonly of: Paired[]; readonly isLater: boolean }>();
  const outcomeOf = (intent: string, at: number, record: AuditRecord | undefined) => {
    const of = waiting.get(intent)?.of ?? [];
    if (record) of.push({ record });
    if (record) rows.push(of.at(-1)!);
    waiting.set(intent, { of, isLater: at >= until });
    if (waiting.size > MAX_WAITING) waiting.delete(waiting.keys().next().value!);
  };
  return {
    rows,
    take: (line, { seq, at }, record) => {
      const intent = textAt(line, '"intent":"');
      if (intent !== undefined) return outcomeOf(intent, at, record);
      const id = textAt(line, '"id":"');
      const outcomes = id === undefined ? undefined : waiting.get(id);
      if (!outcomes) return void (record && rows.push({ record, ...(isIntent(record) && { open: "unknown" }) }));
      for (const row of outcomes.of) row.intent = { seq, at };
      if (record && outcomes.isLater) rows.push({ record, open: "later" });
      waiting.delete(id!);
    },
  };
}

/** The text behind a name, such as an ID. */
function textAt(line: Buffer, name: string): string | undefined {
  const from = line.indexOf(name);
  if (from < 0) return undefined;
  const to = line.indexOf(0x22, from + name.length);
  return to < 0 ? undefined : line.toString("latin1", from + name.length, to);
}

/** Which intents have an outcome behind a place of a log; `isWhole` if all of it was read, up to its end. */
export async function settledBehind(
  segments: readonly Segment[],
  offset: number,
  ids: ReadonlySet<string>,
  maxBytes: number,
): Promise<{ readonly settled: ReadonlySet<string>; readonly isWhole: boolean }> {
  const settled = new Set<string>();
  // An ID may stand across the border of two blocks.
  const overlap = 200;
  let left = maxBytes;
  for (const [index, { descriptor, size }] of segments.entries()) {
    for (let at = index === 0 ? offset : 0; at < size && settled.size < ids.size; at += BLOCK) {
      if (left <= 0) return { settled, isWhole: false };
      const block = Buffer.alloc(Math.min(BLOCK + overlap, size - at));
      const text = block.subarray(0, readSync(descriptor, block, 0, block.length, at));
      for (const id of ids) if (text.includes(`"intent":${JSON.stringify(id)}`)) settled.add(id);
      left -= BLOCK;
      await turn();
    }
  }
  return { settled, isWhole: true };
}
