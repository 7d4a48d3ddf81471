import { type AuditRecord, type Head, integrityOf, isWhole, type Link, ORIGIN, recordIn } from "./record.ts";

/** What is known of a log from elsewhere. */
export interface Anchors {
  /** The key of the log's hashes; SHA-256 alone without it. */
  readonly key?: string | undefined;
  /** The hash of the record before the first one, where the log begins in its middle. */
  readonly first?: string | undefined;
  /** The hash of a record that must be there. */
  readonly last?: string | undefined;
  /** What the log's head file says; undefined where there is none. */
  readonly head?: Head | undefined;
  /** Whether it is a part of a log, of which nothing says where it begins and ends. */
  readonly isExcerpt?: boolean;
}

/** A write of which the log does not say what became. */
export interface Question {
  readonly seq: number;
  readonly about: string;
}

/** What is wrong in an audit log, and in which line; or how far it is whole. */
export type Verdict =
  | {
      readonly ok: true;
      readonly records: number;
      readonly first: number;
      readonly last: number;
      readonly hash: string;
      /** Whether there is half a record behind the last one, as a crash leaves it. */
      readonly torn: boolean;
      readonly questions: readonly Question[];
    }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/**
 * Verifies the text of an audit log, of its files one after the other: that no record was altered, taken out, put in or moved,
 * and none is missing before the first or behind the last, by what is known from elsewhere.
 */
export function verifyAudit(text: string, anchors: Anchors = {}): Verdict {
  const lines = text.split("\n");
  // Behind the last line break is nothing, or what a crash left.
  const torn = lines.pop() !== "";
  const hashes = new Map<number, string>();
  const open = new Map<number, string>();
  let previous: Link | undefined;
  let isKeyed = false;
  let first = 0;
  for (const [index, line] of lines.entries()) {
    const record = recordIn(line);
    const wrong = (problem: string): Verdict => ({ ok: false, line: index + 1, problem });
    if (!record) return wrong("this is no record as the log writes them");
    // Once records are keyed all are: only who has the key can go on with them.
    if (anchors.key !== undefined && record.integrity === integrityOf(anchors.key)) isKeyed = true;
    if (!isWhole(line, record, isKeyed ? anchors.key : undefined)) return wrong(alteredProblem(record, anchors));
    const problem = previous ? linkProblem(record, previous) : beginningProblem(record, anchors);
    if (problem !== undefined) return wrong(problem);
    if (!previous) first = record.seq;
    noteQuestion(record, open);
    previous = record;
    hashes.set(record.seq, record.hash);
  }
  const problem = endProblem(previous, hashes, isKeyed, anchors);
  if (problem !== undefined) return { ok: false, line: lines.length, problem };
  const { seq: last, hash } = previous ?? ORIGIN;
  const questions = [...open].map(([seq, about]) => ({ seq, about }));
  return { ok: true, records: lines.length, first, last, hash, torn, questions };
}

const alteredProblem = ({ integrity }: AuditRecord, { key }: Anchors): string =>
  key === undefined && integrity === "hmac-sha256"
    ? "the log is keyed from here on: give its key, --key-file"
    : "the record was altered: its hash is another";

function linkProblem(record: AuditRecord, previous: Link): string | undefined {
  if (record.seq !== previous.seq + 1)
    return `records are missing: behind number ${previous.seq} comes number ${record.seq}`;
  if (record.previous !== previous.hash) return "the record before it is another than was there";
  return undefined;
}

function beginningProblem({ seq, previous }: AuditRecord, { first, isExcerpt }: Anchors): string | undefined {
  if (first !== undefined)
    return previous === first
      ? undefined
      : `the record before it has the hash ${previous}, not the one that --first says`;
  if (isExcerpt || (seq === 1 && previous === ORIGIN.hash)) return undefined;
  return `records are missing: the log begins with number ${seq}. Give the files before it, or by --first the hash of record ${seq - 1}`;
}

function endProblem(
  end: Link | undefined,
  hashes: ReadonlyMap<number, string>,
  isKeyed: boolean,
  { key, last, head, isExcerpt }: Anchors,
): string | undefined {
  if (!end && !isExcerpt) return "there is no record";
  if (key !== undefined && !isKeyed) return "no record is keyed: this is not a log that was written with the key";
  if (last !== undefined && ![...hashes.values()].includes(last))
    return `there is no record with the hash ${last}: records at the end are missing`;
  if (head && end && head.seq > end.seq)
    return `records at the end are missing: the last is number ${end.seq}, and the head file says ${head.seq}`;
  const atHead = head && hashes.get(head.seq);
  if (atHead !== undefined && atHead !== head!.hash) return `record ${head!.seq} is another than the head file says`;
  if (last === undefined && !head && !isExcerpt)
    return "nothing says where the log ends, so records at its end may be missing: give its head file by --head, or by --last a hash that must be there; or say --excerpt";
  return undefined;
}

/** Takes note of intents, and of what became of them. */
function noteQuestion(record: AuditRecord, open: Map<number, string>): void {
  if (record.event === "intent") {
    const { type, action, backend } = record;
    const key = (backend as { key?: unknown } | undefined)?.key;
    open.set(record.seq, [action, type, ...(key === undefined ? [] : [key])].map(String).join(" "));
  }
  if (typeof record.intent === "number") open.delete(record.intent);
}
