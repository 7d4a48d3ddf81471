import type { JournalLine } from "../../journal/store.ts";
import type { Expectation, GuardFact, Now } from "../api/people.ts";

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
  /** The newest entries of the resource, newest first. */
  readonly lines: readonly JournalLine[];
  /** Whether the journal has older ones. */
  readonly hasMore: boolean;
  /** What the guard knows of it. */
  readonly guard: readonly GuardFact[];
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

/** What Entra is expected to do next with a resource, by the rules that Microsoft documents: what is most urgent first. */
export function expectedOf({ now, lines, hasMore, guard, at }: Facts, rules: RetryRules): Expectation[] {
  const writes = lines.filter(({ action }) => WRITES.has(action));
  const [last] = writes;
  const lastDone = writes.find(isDone);
  const deletion = lastDone?.action === "delete" ? lastDone : undefined;
  if (now.is === "gone" && (deletion || !last || isDone(last))) return [{ is: "gone", by: deletion }];
  const found = guardedOf(guard, writes, rules);
  const isHeld = guard.some((fact) => last && isAbout(fact, last));
  if (last && !isDone(last) && !isHeld) found.push(retryOf(last, { lines: writes, hasMore, at }, rules));
  if (now.is === "gone") found.push({ is: "gone", by: undefined });
  if (now.is === "there") {
    if (now.resource.active === false) found.push(disabledOf(writes));
    const changed = changedAt(now.resource);
    // Older entries than those at hand don't matter: the last write is among them, or there are none.
    if (lastDone && changed !== undefined && changed > lastDone.at + lastDone.ms + CLOCKS_MS)
      found.push({ is: "changedElsewhere", at: changed, last: lastDone });
  }
  if (guard.length > 0) return found;
  if (!last) return [...found, { is: "untold" }];
  if (last === lastDone && !found.some(({ is }) => is === "disabled")) found.push({ is: "settled", last });
  return found;
}

/** What the guard stops or lets pass next. Entra takes a stopped change for one that could not be done then. */
export const guardedOf = (
  guard: readonly GuardFact[],
  writes: readonly JournalLine[],
  { cycleMs }: Pick<RetryRules, "cycleMs">,
): Expectation[] =>
  guard.map((fact) =>
    fact.is === "released"
      ? fact
      : { ...fact, next: fact.at + cycleMs, last: writes.find((line) => isAbout(fact, line)) },
  );

/** Reports whether an entry of the journal is an attempt that the guard stopped. */
const isAbout = ({ danger }: GuardFact, { action, status }: JournalLine): boolean =>
  status === 503 && (action === "delete") === (danger === "deletes");

function retryOf(
  last: JournalLine,
  { lines: writes, hasMore, at }: Omit<Facts, "now" | "guard">,
  { cycleMs, nextAttempt, givenUpAfterMs }: RetryRules,
): Expectation {
  const until = writes.findIndex(isDone);
  const failed = until < 0 ? writes : writes.slice(0, until);
  const first = failed.at(-1)!;
  const why = whyOf(last);
  const next = why === "later" ? last.at + cycleMs : nextAttempt(failed.length, last.at);
  const givenUp = first.at + givenUpAfterMs;
  const isAtLeast = until < 0 && hasMore;
  return {
    is: "retry",
    last,
    first,
    failures: failed.length,
    isAtLeast,
    state: at > givenUp ? "over" : at > next + cycleMs ? "late" : "due",
    why,
    next,
    givenUp,
  };
}

/** What Entra makes of an answer. */
function whyOf({ status, action }: JournalLine): Extract<Expectation, { is: "retry" }>["why"] {
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
