import { ACTS, type AuditRecord, type Head, isWhole, type Link, ORIGIN, recordIn } from "./record.ts";

/** What is known about a log from elsewhere. */
export interface Anchors {
  /** The key of the log's hashes; undefined for plain SHA-256. */
  readonly key?: string | undefined;
  /** The hash before the first record, if the log starts in the middle. */
  readonly first?: string | undefined;
  /** The hash of a record that must be present. */
  readonly last?: string | undefined;
  /** The log's head file; undefined if there is none. */
  readonly head?: Head | undefined;
  /** The ends of chains in the store, by name; undefined if the store was not asked. */
  readonly chains?: ReadonlyMap<string, Link> | undefined;
  /** Whether it is an excerpt, whose start and end are not checked. */
  readonly isExcerpt?: boolean;
}

/** A record to investigate: a write without an outcome, or an event of the log itself. */
export interface Question {
  readonly seq: number;
  readonly about: string;
}

/** What is wrong with an audit log and in which line; or how far it is intact. */
export type Verdict =
  | {
      readonly ok: true;
      readonly records: number;
      readonly first: number;
      readonly last: number;
      readonly hash: string;
      /** The names that its chain has had, latest last. */
      readonly chains: readonly string[];
      /** Whether it ends with half a record, as after a crash. */
      readonly torn: boolean;
      readonly questions: readonly Question[];
      /** Records of events of the log itself. */
      readonly notes: readonly Question[];
    }
  | {
      readonly ok: false;
      readonly line: number;
      readonly problem: string;
      /** The names that the chain has had, as far as it was read. */
      readonly chains: readonly string[];
      /** Whether all that is wrong is that no record has the hash that must be present. */
      readonly isOnlyLast?: boolean;
    };

/** Verifies a log line by line, so that any length fits in little memory. */
export interface Verifier {
  /** Checks the next line, without its line break. Returns what is wrong with it. */
  readonly line: (line: string) => string | undefined;
  /** The names that the chain has had so far. */
  readonly chains: () => readonly string[];
  /** Returns the verdict after the last line; `torn` if something without a line break follows. */
  readonly end: (torn: boolean) => Verdict;
}

/**
 * Verifies an audit log over all its files: no record was altered, removed, inserted or moved, and none is missing at the start or end,
 * according to what is known from elsewhere. With a key, each record must have been made with it.
 */
export function createVerifier(anchors: Anchors): Verifier {
  const { key, last, head, chains } = anchors;
  const open = new Map<unknown, Question>();
  const notes: Question[] = [];
  let previous: Link | undefined;
  let lines = 0;
  let first = 0;
  let isLastThere = last === undefined;
  let atHead: string | undefined;
  /** The chains in the records, latest last, with the saved record of each. */
  const named = new Map<string, string | undefined>();
  return {
    chains: () => [...named.keys()],
    line: (line) => {
      lines++;
      const record = recordIn(line);
      if (!record) return "this line is not a record as the log writes them";
      if (!isWhole(line, record, key)) return alteredProblem(line, record, anchors);
      const problem = previous ? linkProblem(record, previous) : beginningProblem(record, anchors);
      if (problem !== undefined) return problem;
      if (!previous) first = record.seq;
      noteQuestion(record, open);
      if (typeof record.event === "string" && ABOUT_ITSELF.includes(record.event))
        notes.push({ seq: record.seq, about: record.event });
      previous = record;
      isLastThere ||= record.hash === last;
      if (record.seq === head?.seq) atHead = record.hash;
      if (typeof record.chain === "string") noteChain(record.chain, record, named, chains);
      return undefined;
    },
    end: (torn) => {
      const problemIf = (isThere: boolean) =>
        endProblem(previous, isThere, atHead, anchors) ??
        (chains && storedProblem({ first, end: previous ?? ORIGIN, named }, chains));
      const problem = problemIf(isLastThere);
      if (problem !== undefined) {
        const isOnlyLast = problemIf(true) === undefined;
        return { ok: false, line: lines, problem, chains: [...named.keys()], ...(isOnlyLast && { isOnlyLast }) };
      }
      const { seq, hash } = previous ?? ORIGIN;
      const questions = [...open.values()];
      return { ok: true, records: lines, first, last: seq, hash, chains: [...named.keys()], torn, questions, notes };
    },
  };
}

/** Events of the log itself that somebody should investigate. */
const ABOUT_ITSELF = [
  "records are missing",
  "the last record is another than the head file says",
  "the head file was missing",
  "the head file was altered, or had another key",
  "the head file is of an earlier record",
  "the file was removed or replaced",
  "somebody else changed the file",
  "records are missing, the store says",
  "the last record is another than the store says",
  "a record is another than the store says",
];

/** Verifies the text of a whole log. */
export function verifyAudit(text: string, anchors: Anchors = {}): Verdict {
  const verifier = createVerifier(anchors);
  const lines = text.split("\n");
  // What follows the last line break was left by a crash.
  const torn = lines.pop() !== "";
  for (const [index, line] of lines.entries()) {
    const problem = verifier.line(line);
    if (problem !== undefined) return { ok: false, line: index + 1, problem, chains: verifier.chains() };
  }
  return verifier.end(torn);
}

function alteredProblem(line: string, record: AuditRecord, { key }: Anchors): string {
  if (key === undefined && record.integrity === "hmac-sha256") return "the log has a key: pass it with --key-file";
  return key !== undefined && isWhole(line, record, undefined)
    ? "the record was made without the key, as anybody could have made it"
    : "the record was altered: its hash does not match";
}

function linkProblem(record: AuditRecord, previous: Link): string | undefined {
  if (record.seq !== previous.seq + 1)
    return `records are missing: number ${previous.seq} is followed by number ${record.seq}`;
  if (record.previous !== previous.hash) return "the previous record differs from the one that was there";
  return undefined;
}

function beginningProblem({ seq, previous }: AuditRecord, { first, isExcerpt }: Anchors): string | undefined {
  if (first !== undefined)
    return previous === first
      ? undefined
      : `the hash of the previous record is ${previous}, not the one given with --first`;
  if (isExcerpt || (seq === 1 && previous === ORIGIN.hash)) return undefined;
  return `records are missing: the log starts with number ${seq}. Add the earlier files, or pass the hash of record ${seq - 1} with --first`;
}

function endProblem(
  end: Link | undefined,
  isLastThere: boolean,
  atHead: string | undefined,
  { last, head, chains, isExcerpt }: Anchors,
): string | undefined {
  if (!end && !isExcerpt) return "the log contains no record";
  if (!isLastThere) return `no record has the hash ${last}: records at the end are missing`;
  if (head && end && head.seq > end.seq)
    return `records at the end are missing: the last is number ${end.seq}, but the head file says ${head.seq}`;
  if (atHead !== undefined && atHead !== head!.hash) return `record ${head!.seq} differs from the one in the head file`;
  if (last === undefined && !head && !chains && !isExcerpt)
    return "nothing says where the log ends, so records at its end may be missing: pass its head file with --head, or a hash that must be present with --last; or use --excerpt";
  return undefined;
}

function noteChain(
  chain: string,
  { seq, hash }: Link,
  named: Map<string, string | undefined>,
  chains: Anchors["chains"],
): void {
  const known = seq === chains?.get(chain)?.seq ? hash : named.get(chain);
  // Keeps the latest name last.
  if (!named.has(chain)) named.set(chain, known);
  else if (known !== undefined) named.set(chain, known);
}

/** Compares a log's end with the store, under each name that its chain has had. */
function storedProblem(
  {
    first,
    end,
    named,
  }: { readonly first: number; readonly end: Link; readonly named: ReadonlyMap<string, string | undefined> },
  chains: ReadonlyMap<string, Link>,
): string | undefined {
  if (named.size === 0) return "no record names its chain, so the store has nothing to compare";
  const last = [...named.keys()].at(-1)!;
  if (!chains.has(last))
    return `the store has no chain ${JSON.stringify(last)}: a new one is saved there within a second or two`;
  for (const [chain, atStored] of named) {
    const stored = chains.get(chain);
    if (!stored) continue;
    if (stored.seq > end.seq)
      return `records at the end are missing: the last is number ${end.seq}, but the store says ${stored.seq}`;
    if (stored.seq >= first && atStored !== stored.hash)
      return `record ${stored.seq} differs from the one in the store`;
  }
  return undefined;
}

/** Tracks intents and their outcomes, by ID or, in logs of older versions, by number. */
function noteQuestion(record: AuditRecord, open: Map<unknown, Question>): void {
  const { seq, event, id = seq, intent } = record;
  if (event === "intent") {
    const { type, action, backend } = record;
    const key = (backend as { key?: unknown } | undefined)?.key;
    open.set(id, { seq, about: [action, type, ...(key === undefined ? [] : [key])].map(String).join(" ") });
  }
  if (ACTS.has(event)) {
    const { route, sync } = record;
    open.set(id, { seq, about: [event, route ?? sync ?? []].flat().map(String).join(" ") });
  }
  open.delete(intent);
}
