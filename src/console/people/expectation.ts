import type { JournalLine } from "../../journal/store.ts";
import type { Client, Expectation, GuardFact, Now, SyncFact } from "../api/people.ts";

/** When Entra tries again, in milliseconds. */
export interface RetryRules {
  readonly cycleMs: number;
  /** When something is tried again that failed this often in succession, the last time at `at`. */
  readonly nextAttempt: (failures: number, at: number) => number;
  /** How long after the first failure it stops. */
  readonly givenUpAfterMs: number;
}

/** What an expectation rests on. */
export interface Facts {
  readonly now: Now;
  /** The newest entries of the resource, newest first; undefined if there is no journal, or it can't be asked. */
  readonly lines: readonly JournalLine[] | undefined;
  /** Whether the journal has older ones. */
  readonly hasMore: boolean;
  /** What the guard knows of it, and what syncs do. */
  readonly guard: readonly GuardFact[];
  readonly syncs: readonly SyncFact[];
  /** Reports whether a caller is Entra, and whether Entra may write such resources at all. */
  readonly isEntra: (caller: string) => boolean;
  readonly mayEntra: boolean;
  /** The time now, in milliseconds since 1970. */
  readonly at: number;
}

/** How long Entra keeps a deleted person before it deletes the accounts, in milliseconds. */
const SOFT_DELETED_MS = 30 * 24 * 3_600_000;
/** Clocks of the gateway and the backend may differ by this much, in milliseconds. */
const CLOCKS_MS = 60_000;

/** Reports whether the client got what it asked for. That what it deletes is not there is as good. */
const isDone = ({ result, action, status }: JournalLine): boolean =>
  result === "success" || (action === "delete" && status === 404);

const WRITES = new Set(["create", "replace", "patch", "delete"]);
const writesIn = ({ lines = [] }: Pick<Facts, "lines">) => lines.filter(({ action }) => WRITES.has(action));

const SYNC = "sync:";

/** Whose doings are to be expected: Entra's if it has ever written the resource, else those of whoever wrote it last. */
export function clientOf(facts: Facts): Client {
  const { guard, syncs, isEntra, mayEntra } = facts;
  const callers = writesIn(facts).map(({ caller }) => caller);
  if (callers.some(isEntra)) return { is: "entra" };
  const [last = guard.find((fact) => fact.is === "stopped")?.caller] = callers;
  if (last === undefined && syncs[0]) return { is: "sync", name: syncs[0].sync };
  if (last === undefined) return mayEntra ? { is: "entra" } : { is: "other", name: "" };
  if (last.startsWith(SYNC)) return { is: "sync", name: last.slice(SYNC.length) };
  return isEntra(last) ? { is: "entra" } : { is: "other", name: last };
}

/**
 * What is expected to be done next with a resource: what is most urgent first. Of Entra, by the rules that Microsoft documents; of syncs, as
 * they say; of others, nothing but what the guard knows.
 */
export function expectedOf(facts: Facts, rules: RetryRules): Expectation[] {
  const { lines, syncs } = facts;
  const told = [...guardedOf(facts, rules), ...syncs.map((fact) => ({ is: "sync", ...fact }) as const)];
  const { is } = clientOf(facts);
  if (!lines) return told;
  if (is === "entra") return ofEntra(facts, told, rules);
  const [last] = writesIn(facts);
  // A sync that knows the account has said what it does.
  const isTold = !last || (is === "sync" && syncs.length > 0) || facts.guard.some((fact) => isAbout(fact, last));
  return isTold ? told : [...told, { is: "other", last, isDone: isDone(last) }];
}

/** What Entra is expected to do. What it didn't write itself doesn't concern it, and it doesn't notice. */
function ofEntra(facts: Facts, told: readonly Expectation[], rules: RetryRules): Expectation[] {
  const { now, guard, isEntra } = facts;
  const all = writesIn(facts);
  const writes = all.filter(({ caller }) => isEntra(caller));
  const [last] = writes;
  const lastDone = writes.find(isDone);
  const lastOfAll = all.find(isDone);
  const gone = goneBy(lastOfAll, isEntra);
  if (now.is === "gone" && (gone.is === "gone" || !last || isDone(last))) return [gone];
  const found = [...told];
  const isHeld = guard.some((fact) => last && isAbout(fact, last));
  if (last && !isDone(last) && !isHeld) found.push(retryOf(last, writes, facts, rules));
  if (now.is === "unknown") return found;
  if (now.is === "gone") found.push(gone);
  if (now.is === "there") {
    if (now.resource.active === false) found.push(disabledOf(all));
    const changed = changedAt(now.resource);
    // Older entries than those at hand don't matter: the last write is among them, or there are none.
    if (lastOfAll && changed !== undefined && changed > lastOfAll.at + lastOfAll.ms + CLOCKS_MS)
      found.push({ is: "changedElsewhere", at: changed, last: lastOfAll });
  }
  if (guard.length > 0) return found;
  if (!last) return [...found, { is: "untold" }];
  if (last === lastDone && !found.some(({ is }) => is === "disabled")) found.push({ is: "settled", last });
  return found;
}

/** What Entra makes of a resource that is gone: it knows of its own deletions alone. */
function goneBy(
  last: JournalLine | undefined,
  isEntra: Facts["isEntra"],
): Expectation & { readonly is: "gone" | "lost" } {
  const by = last?.action === "delete" ? last : undefined;
  return by && isEntra(by.caller) ? { is: "gone", by } : { is: "lost", by };
}

/** What the guard stops or lets pass next. Entra takes a stopped change for one that could not be done then. */
function guardedOf(facts: Facts, { nextAttempt, cycleMs }: RetryRules): Expectation[] {
  const writes = writesIn(facts);
  return facts.guard.map((fact) => {
    if (fact.is === "released") return fact;
    const tries = failedIn(writes.filter(({ caller }) => caller === fact.caller)).length;
    const next = nextAttempt(Math.max(tries, fact.since < fact.at ? 2 : 1), fact.at);
    const times = facts.isEntra(fact.caller)
      ? { next, isLate: facts.at > next + cycleMs }
      : { next: undefined, isLate: false };
    return { ...fact, ...times, last: writes.find((line) => isAbout(fact, line)) };
  });
}

/** Reports whether an entry of the journal is an attempt that the guard stopped. */
const isAbout = ({ danger }: GuardFact, line: JournalLine): boolean =>
  line.isStopped === true && (line.action === "delete") === (danger === "deletes");

/** The writes that failed in succession, the newest first. */
function failedIn(writes: readonly JournalLine[]): readonly JournalLine[] {
  const until = writes.findIndex(isDone);
  return until < 0 ? writes : writes.slice(0, until);
}

function retryOf(
  last: JournalLine,
  writes: readonly JournalLine[],
  { hasMore, at }: Pick<Facts, "hasMore" | "at">,
  { cycleMs, nextAttempt, givenUpAfterMs }: RetryRules,
): Expectation {
  const failed = failedIn(writes);
  const first = failed.at(-1)!;
  const next = nextAttempt(failed.length, last.at);
  const givenUp = first.at + givenUpAfterMs;
  return {
    is: "retry",
    last,
    first,
    failures: failed.length,
    isAtLeast: failed.length === writes.length && hasMore,
    state: at > givenUp ? "over" : at > next + cycleMs ? "late" : "due",
    why: whyOf(last),
    next,
    givenUp,
  };
}

/** What Entra makes of an answer; and that the guard gave it, which no longer lists the change. */
function whyOf(line: JournalLine): Extract<Expectation, { is: "retry" }>["why"] {
  const { status, action } = line;
  if (line.isStopped) return "guard";
  if (status === 401 || status === 403) return "credentials";
  if (status === 404 && action !== "create") return "missing";
  return status === 429 || status >= 500 ? "later" : "refused";
}

function disabledOf(writes: readonly JournalLine[]): Expectation {
  const names = (line: JournalLine) => line.attributes.some((path) => /^active$/i.test(path));
  const by = writes.find((line) => line.result === "success" && names(line));
  return { is: "disabled", by, due: by && by.at + SOFT_DELETED_MS };
}

function changedAt(resource: Readonly<Record<string, unknown>>): number | undefined {
  const { lastModified } = (resource.meta ?? {}) as { readonly lastModified?: unknown };
  const at = typeof lastModified === "string" ? Date.parse(lastModified) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
