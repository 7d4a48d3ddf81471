import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AuditEvent } from "../../src/sink/sink.ts";

/** A record's place in its chain. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
}

/** The predecessor of the first record. */
export const ORIGIN: Link = { seq: 0, hash: "0".repeat(64) };

/** A parsed record, with its link and its predecessor's among its fields. */
export interface AuditRecord extends Link {
  readonly previous: string;
  readonly event?: unknown;
  readonly [field: string]: unknown;
}

/** Acts of operators that have a record before and one after them, on the change guard, syncs, the configuration, its files and sessions: what these are called. */
export const ACTS: ReadonlyMap<unknown, string> = new Map([
  ["release", "released"],
  ["dismiss", "dismissed"],
  ["run", "ran"],
  ["retry", "retried"],
  ["forget", "forgotten"],
  ["cancel", "cancelled"],
  ["reload", "reloaded"],
  ["save", "saved"],
  ["end-sessions", "ended-sessions"],
]);

/** Reports whether another record says how it ended. */
export const isIntent = ({ event }: Pick<AuditRecord, "event">): boolean => event === "intent" || ACTS.has(event);

/** Hashes a text with SHA-256 or, with a key, HMAC, which cannot be forged without it. */
const digestOf = (text: string, key: string | undefined): string =>
  (key === undefined ? createHash("sha256") : createHmac("sha256", key)).update(text).digest("hex");

/** How records are hashed. */
export const integrityOf = (key: string | undefined): "sha256" | "hmac-sha256" =>
  key === undefined ? "sha256" : "hmac-sha256";

/** Maximum record length, in characters. What does not fit is omitted and marked as such. */
export const MAX_RECORD = 262_144;

/** A record as a line: its fields, its predecessor and finally the hash of everything. */
export function lineOf(fields: AuditEvent, previous: Link, key: string | undefined): { line: string; link: Link } {
  const seq = previous.seq + 1;
  const time = new Date().toISOString();
  const whole = JSON.stringify({ seq, time, ...fields, previous: previous.hash });
  const body =
    whole.length <= MAX_RECORD
      ? whole
      : JSON.stringify({ seq, time, ...shortened(fields), omitted: whole.length, previous: previous.hash });
  const hash = digestOf(body, key);
  return { line: `${body.slice(0, -1)}${hashField(hash)}`, link: { seq, hash } };
}

const hashField = (hash: string): string => `,"hash":"${hash}"}`;

/** Shortens a record that would be too long: without values, with shorter texts, lists and objects. */
function shortened({ before: _, after: __, ...fields }: AuditEvent): AuditEvent {
  const few = bounded(fields, 100, 2) as AuditEvent;
  return JSON.stringify(few).length < MAX_RECORD / 2 ? few : (bounded(fields, 100, 0) as AuditEvent);
}

/** Limits a value: texts to 200 characters, and the size of lists and objects and their depth. */
function bounded(value: unknown, most: number, levels: number): unknown {
  if (typeof value === "string") return value.slice(0, 200);
  if (typeof value !== "object" || value === null) return value;
  const inner = (each: unknown) =>
    levels === 0 && typeof each === "object" && each !== null ? undefined : bounded(each, most, levels - 1);
  if (Array.isArray(value)) return value.slice(0, most).map(inner);
  const entries = Object.entries(value).slice(0, most);
  return Object.fromEntries(entries.map(([name, each]) => [name.slice(0, 200), inner(each)]));
}

/**
 * Parses a line as a record. Undefined for a line that the log would not have written byte by byte: fields after the hash, repeated fields,
 * other blanks.
 */
export function recordIn(line: string): AuditRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || JSON.stringify(parsed) !== line) return undefined;
  const { seq, hash, previous } = parsed as Partial<AuditRecord>;
  const isLink = Number.isSafeInteger(seq) && isHash(hash) && isHash(previous);
  return isLink && line.endsWith(hashField(hash!)) ? (parsed as AuditRecord) : undefined;
}

const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** Reports whether a record's hash matches its content. */
export function isWhole(line: string, { hash }: Link, key: string | undefined): boolean {
  const body = `${line.slice(0, -hashField(hash).length)}}`;
  return timingSafeEqual(Buffer.from(digestOf(body, key)), Buffer.from(hash));
}

/** The end of a chain according to its head file. */
export type Head = Link;

/** The content of the head file, of fixed length, so that it can be written in place. */
export function headText({ seq, hash }: Head, key: string | undefined): string {
  const mac = digestOf(`${seq} ${hash}`, key);
  return `${JSON.stringify({ seq, hash, mac }).padEnd(255)}\n`;
}

/** Reports whether a file is a head file of any log: anything else must not be overwritten. */
export const isHeadLike = (text: string): boolean =>
  /^\{"seq":\d+,"hash":"[0-9a-f]{64}","mac":"[0-9a-f]{64}"\}/.test(text);

/** Parses a head file. Undefined if it is not one or, with a key, was made without it. */
export function headIn(text: string, key: string | undefined): Head | undefined {
  try {
    const { seq, hash, mac } = JSON.parse(text) as Head & { mac: unknown };
    if (!Number.isSafeInteger(seq) || !isHash(hash) || mac !== digestOf(`${seq} ${hash}`, key)) return undefined;
    return { seq, hash };
  } catch {
    return undefined;
  }
}
