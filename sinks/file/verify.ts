import { type AuditRecord, type Head, isWhole, type Link, ORIGIN, recordIn } from "./record.ts";

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
  /** Where chains end as the store knows them, by their names; undefined where it was not asked. */
  readonly chains?: ReadonlyMap<string, Link> | undefined;
  /** Whether it is a part of a log, of which nothing says where it begins and ends. */
  readonly isExcerpt?: boolean;
}

/** A record to look into: a write of which the log does not say what became, or what happened to the log itself. */
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
      /** The names that its chain has had, the last one last. */
      readonly chains: readonly string[];
      /** Whether there is half a record behind the last one, as a crash leaves it. */
      readonly torn: boolean;
      readonly questions: readonly Question[];
      /** Records in which the log says that something happened to itself. */
      readonly notes: readonly Question[];
    }
  | {
      readonly ok: false;
      readonly line: number;
      readonly problem: string;
      /** The names that the chain has had, as far as it was read. */
      readonly chains: readonly string[];
    };

/** Takes a log's lines one after the other, so that a log of any length is verified in little memory. */
export interface Verifier {
  /** Takes the next line, without its line break. Gives what is wrong with it, where anything is. */
  readonly line: (line: string) => string | undefined;
  /** The names that the chain has had so far. */
  readonly chains: () => readonly string[];
  /** Says, behind the last line, how it is; `torn` where something without a line break is left. */
  readonly end: (torn: boolean) => Verdict;
}

/**
 * Verifies an audit log, its files one after the other: that no record was altered, taken out, put in or moved, and none is
 * missing before the first or behind the last, by what is known from elsewhere. With a key each record must have been made by who has it.
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
  /** The chains that the records name, the last one last, and the record of each that the store knows. */
  const named = new Map<string, string | undefined>();
  return {
    chains: () => [...named.keys()],
    line: (line) => {
      lines++;
      const record = recordIn(line);
      if (!record) return "this is no record as the log writes them";
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
      const problem =
        endProblem(previous, isLastThere, atHead, anchors) ??
        (chains && storedProblem({ first, end: previous ?? ORIGIN, named }, chains));
      if (problem !== undefined) return { ok: false, line: lines, problem, chains: [...named.keys()] };
      const { seq, hash } = previous ?? ORIGIN;
      const questions = [...open.values()];
      return { ok: true, records: lines, first, last: seq, hash, chains: [...named.keys()], torn, questions, notes };
    },
  };
}

/** What the log says of itself that somebody should look into. */
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
  // Behind the last line break is nothing, or what a crash left.
  const torn = lines.pop() !== "";
  for (const [index, line] of lines.entries()) {
    const problem = verifier.line(line);
    if (problem !== undefined) return { ok: false, line: index + 1, problem, chains: verifier.chains() };
  }
  return verifier.end(torn);
}

function alteredProblem(line: string, record: AuditRecord, { key }: Anchors): string {
  if (key === undefined && record.integrity === "hmac-sha256") return "the log has a key: give it by --key-file";
  return key !== undefined && isWhole(line, record, undefined)
    ? "the record was made without the key, as anybody could have made it"
    : "the record was altered: its hash is another";
}

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
  isLastThere: boolean,
  atHead: string | undefined,
  { last, head, chains, isExcerpt }: Anchors,
): string | undefined {
  if (!end && !isExcerpt) return "there is no record";
  if (!isLastThere) return `there is no record with the hash ${last}: records at the end are missing`;
  if (head && end && head.seq > end.seq)
    return `records at the end are missing: the last is number ${end.seq}, and the head file says ${head.seq}`;
  if (atHead !== undefined && atHead !== head!.hash) return `record ${head!.seq} is another than the head file says`;
  if (last === undefined && !head && !chains && !isExcerpt)
    return "nothing says where the log ends, so records at its end may be missing: give its head file by --head, or by --last a hash that must be there; or say --excerpt";
  return undefined;
}

function noteChain(
  chain: string,
  { seq, hash }: Link,
  named: Map<string, string | undefined>,
  chains: Anchors["chains"],
): void {
  const known = seq === chains?.get(chain)?.seq ? hash : named.get(chain);
  // The last one that is named stands last.
  if (!named.has(chain)) named.set(chain, known);
  else if (known !== undefined) named.set(chain, known);
}

/** What is wrong with a log by where the store says that its chain ended, under each of the names that it has had. */
function storedProblem(
  {
    first,
    end,
    named,
  }: { readonly first: number; readonly end: Link; readonly named: ReadonlyMap<string, string | undefined> },
  chains: ReadonlyMap<string, Link>,
): string | undefined {
  if (named.size === 0) return "no record names its chain, so the store knows nothing of this log";
  const last = [...named.keys()].at(-1)!;
  if (!chains.has(last))
    return `the store knows no chain ${JSON.stringify(last)}: it is told of a new one within a second or two`;
  for (const [chain, atStored] of named) {
    const stored = chains.get(chain);
    if (!stored) continue;
    if (stored.seq > end.seq)
      return `records at the end are missing: the last is number ${end.seq}, and the store says ${stored.seq}`;
    if (stored.seq >= first && atStored !== stored.hash) return `record ${stored.seq} is another than the store says`;
  }
  return undefined;
}

/** What operators do: releases of the change guard, and acts on syncs. */
const ACTS = ["release", "retry", "forget", "cancel"];

/** Takes note of intents, and of what became of them. One is known by its id or, in logs of older versions, by its number. */
function noteQuestion(record: AuditRecord, open: Map<unknown, Question>): void {
  const { seq, event, id = seq, intent } = record;
  if (event === "intent") {
    const { type, action, backend } = record;
    const key = (backend as { key?: unknown } | undefined)?.key;
    open.set(id, { seq, about: [action, type, ...(key === undefined ? [] : [key])].map(String).join(" ") });
  }
  if (ACTS.includes(String(event))) open.set(id, { seq, about: `${event} ${String(record.route ?? record.sync)}` });
  open.delete(intent);
}
