import { counted, listed } from "./words.ts";

const KINDS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  deletes: ["deletion", "deletions"],
  disables: ["disablement", "disablements"],
  creates: ["creation", "creations"],
  adoptions: ["takeover of an existing account", "takeovers of existing accounts"],
  removals: ["removal from groups", "removals from groups"],
  changes: ["change", "changes"],
  references: ["reference", "references"],
  rehires: ["possible rehire", "possible rehires"],
};
/** What a change of a kind is called. */
export const kindOf = (kind: string): string => KINDS[kind]?.[0] ?? kind;
const DOES: Readonly<Record<string, (count: number) => string>> = {
  deletes: (count) => `delete ${counted(count, "account")}`,
  disables: (count) => `disable ${counted(count, "account")}`,
  creates: (count) => `create ${counted(count, "account")}`,
  adoptions: (count) => `take over ${counted(count, "account")} that existed before`,
  removals: (count) => `take ${counted(count, "account")} out of groups`,
  changes: (count) => `change ${counted(count, "account")}`,
  references: (count) => `set references of ${counted(count, "account")}`,
};
interface Held extends Count {
  readonly made: number;
  readonly accounts: number;
  readonly released: number;
  readonly waiting: number;
  readonly limit?: number | string | readonly [number, string];
}
const verb = (count: number): string => (count === 1 ? "is" : "are");
const percent = (share: number): string => `${(100 * share).toLocaleString("en", { maximumFractionDigits: 1 })} %`;
interface Count {
  readonly kind: string;
  readonly count: number;
}
const ofKind = ({ kind, count }: Count): string => counted(count, ...(KINDS[kind] ?? ([kind, kind] as const)));
const does = (counts: readonly Count[]): string =>
  listed(counts.map(({ kind, count }) => DOES[kind]?.(count) ?? ofKind({ kind, count })));

interface Did {
  readonly read: number;
  readonly looked?: number;
  readonly counts: readonly (Count & { readonly done: number; readonly failed: number })[];
  readonly held: readonly Count[];
  readonly groups: { readonly added: number; readonly removed: number };
  readonly released?: number;
  readonly outcome: string;
}

/** Texts of the pages on syncs. */
export const syncsTexts = {
  lead: "Syncs read people from one route and keep their accounts on another.",
  none: "No sync is configured.",
  noneHelp: "This command writes a first one from two routes:",
  noneCode: "postern init sync --from /hr --to /ad",
  noneLabel: "the command that drafts a sync",
  list: "Syncs",
  name: "Sync",
  way: "From and to",
  wayOf: (from: string, to: string | undefined) => `${from} → ${to ?? "Entra"}`,
  state: "State",
  next: "Next run",
  nextReconcile: "next reconciliation",
  lastRun: "Last run",
  nextRun: "Next run",
  held: "Held",
  people: "People",
  never: "never",
  byHand: "by hand or signal",
  peopleCount: (people: readonly { readonly count: number }[]) =>
    people.reduce((sum, { count }) => sum + count, 0).toLocaleString("en"),
  outcomes: {
    running: "Running",
    done: "Done",
    incomplete: "Incomplete",
    planned: "Planned",
    held: "Held",
    failed: "Failed",
    cancelled: "Cancelled",
    interrupted: "Interrupted",
    released: "Released",
  } as Readonly<Record<string, string>>,
  run: "Run now",
  plan: "Plan",
  reconcile: "Reconcile",
  cancelRun: "Cancel the run",
  runTitle: "Run now",
  runMeans: (name: string, to: string | undefined) =>
    `${name} reads its source and makes the changes that are due in ${to ?? "Entra"}. What the guard does not allow is held.`,
  planTitle: "Plan",
  planMeans: "The source is read, and what a run would do is shown person by person. Nothing is written to the target.",
  reconcileTitle: "Reconcile",
  reconcileMeans: (name: string) =>
    `${name} compares every account with the rules, not only those of people who changed, and puts right what others changed.`,
  firstTitle: "Let the first run happen",
  first: "Let it happen",
  firstMeans: (planned: readonly Count[]) =>
    planned.length === 0
      ? "The first run makes all changes that the rules ask for; only takeovers of accounts that were found by name stay held."
      : `The first run will ${does(planned)}. Accounts that were found by name stay held.`,
  shrinkTitle: "Accept the smaller source",
  shrink: "Accept and run",
  shrinkMeans:
    "The people that the source has lost count as gone. What the rules say of leavers then happens to their accounts.",
  moved: "This sync writes another target than before.",
  movedFrom: "Before",
  movedTo: "Now",
  movedMeans:
    "Nothing is known yet of the accounts there, so everything is held. If it is the same target under another address, its accounts are known: plan that, look at it, then say so.",
  planSame: "Plan it as the same target",
  planSameMeans:
    "The links to accounts of the target before are tried here, in a copy. What a run would do is shown person by person. Nothing is written, and nothing is decided.",
  planned: (counts: readonly Count[]) =>
    counts.length === 0
      ? "If it is the same target, a run changes nothing: all accounts are there, as the rules say."
      : `If it is the same target, a run will ${does(counts)}.`,
  plannedAt: "Planned",
  same: "It is the same target",
  sameAct: "It is the same: run",
  sameMeans: (counts: readonly Count[]) =>
    counts.length === 0
      ? "The run takes over the links to accounts, and changes nothing by the plan."
      : `The run takes over the links to accounts. By the plan, it will ${does(counts)}, as far as the guard allows.`,
  sameLinks:
    "If this is another system, the sync takes other people’s accounts for its own. Accounts that are to be created show that some were not found there.",
  cancelTitle: "Cancel the run",
  cancelMeans: "The run ends soon. What it has done stays done, and the next run goes on.",
  started: (isPlan: boolean) => `The ${isPlan ? "plan" : "run"} has begun.`,
  cancelled: "The run ends soon.",
  unreleased:
    "The first run waits: everything is held until somebody lets it happen. Look at the plan, then let it happen.",
  unreleasedMoved:
    "If it is another target indeed, this is its first run. It waits: look at the plan, then let it happen.",
  failedLast: (error: string) => `The last run failed. ${error}`,
  notBefore: "The schedule waits after failures, until",
  heldTitle: (counts: readonly Count[]) => `Held: ${listed(counts.map(ofKind))}`,
  heldBy: ({ kind, count, made, accounts, limit = 0, released, waiting }: Held) => {
    const before = made > 0 ? `, after ${made.toLocaleString("en")} that the run had made,` : "";
    const [most, share] = [limit].flat().map((each) => (typeof each === "string" ? each.replace(/\s*%$/, " %") : each));
    const isShare = typeof limit !== "number" && accounts > 0;
    const of = isShare ? ` of ${counted(accounts, "account")}` : "";
    const is = isShare ? ` ${percent((count + made) / accounts)},` : "";
    const than = share === undefined ? `${most}` : `${most} or ${share}, whichever is lower`;
    const much = `${is} more than the limit of ${than}`;
    if (waiting === count) return `${ofKind({ kind, count })}${of}${before} ${verb(count + made)}${much}`;
    const others = released > 0 ? [`${released.toLocaleString("en")} ${verb(released)} released`] : [];
    const rest = listed([...others, `${waiting.toLocaleString("en")} ${waiting === 1 ? "waits" : "wait"}`]);
    const held = `${ofKind({ kind, count })}${of} ${count === 1 ? "was" : "were"} held in the last run`;
    return `${held}${before || ","}${much}; ${rest}`;
  },
  heldSetting: (name: string, kind: string) => `syncs.${name}.guard.${kind}`,
  heldLead: "What waits was not made. Release what is right; correct the source or the rules where it is not.",
  show: "Look at them",
  releaseKind: (count: Count) => `Release ${ofKind(count)} …`,
  phases: {
    reading: (read: number) => `reading the source: ${counted(read, "record")} so far`,
    looking: () => "comparing people with their accounts",
    making: () => "making the changes",
    groups: () => "keeping groups",
  } as Readonly<Record<string, (read: number) => string>>,
  isRunning: "A run is under way",
  since: "since",
  progress: "What the run has done",
  kind: "Change",
  plannedCount: "Planned",
  doneCount: "Done",
  failedCount: "Failed",
  kindName: (kind: string) => {
    const name = KINDS[kind]?.[1] ?? kind;
    return name[0]!.toUpperCase() + name.slice(1);
  },
  one: (kind: string) => KINDS[kind]?.[0] ?? kind,
  tabs: "Show",
  tab: {
    planned: (count: number) => `Planned changes (${count})`,
    same: (count: number) => `If it is the same target (${count})`,
    held: (count: number) => `Held (${count})`,
    all: (count: number) => `Everybody (${count})`,
    status: (status: string, count: number) => `${syncStates[status] ?? status} (${count})`,
  },
  find: "Name, key or account ID",
  search: "Search",
  searchGoesOn: "There are so many people that the search stopped here. Next goes on.",
  nobodyLike: (find: string) => `Nobody is called “${find}”, and nobody has this key or account.`,
  peopleTable: (name: string) => `People of ${name}`,
  person: "Person",
  what: "What",
  why: "Why",
  changes: "Changes",
  noPeople: "Nobody.",
  noPlan: "Nothing is planned. A plan says what a run would do.",
  isHeld: "held",
  none_: "none",
  releaseChosen: (count: number) => `Release ${count} …`,
  retryChosen: (count: number) => `Try ${count} again`,
  retryAll: "Try all that failed or were stopped again",
  forgetChosen: (count: number) => `Forget ${count} …`,
  releaseTitle: "Release held changes",
  release: "Release",
  reason: "Reason, for the history and the audit log",
  releaseMeans: (name: string, to: string | undefined, counts: readonly Count[]) =>
    `The next run of ${name} will ${does(counts)} in ${to ?? "Entra"}.`,
  releaseOnce: "The release covers these changes only. If more than these change, they are held again.",
  retryTitle: "Try again",
  retry: "Try again",
  retryMeans: (count: number) =>
    count === 0
      ? "The next run tries everybody again whose change failed or was stopped."
      : `The next run tries ${counted(count, "person", "people")} again.`,
  forgetTitle: "Forget people",
  forget: "Forget",
  forgetMeans: (count: number) =>
    `What the sync knows of ${counted(count, "person", "people")} is deleted: links, chosen names, history. Accounts stay as they are, and the next run learns whoever is still in the source anew. This cannot be taken back.`,
  forgetType: (count: number) => `To confirm, type the number of people: ${count}`,
  acted: {
    release: (count: number) =>
      `Released ${counted(count, "change")}. The next run makes ${count === 1 ? "it" : "them"}.`,
    retry: (count: number) =>
      `${counted(count, "person", "people")} ${count === 1 ? "is" : "are"} tried again with the next run.`,
    forget: (count: number) => `Forgot ${counted(count, "person", "people")}.`,
  } as Readonly<Record<string, (count: number) => string>>,
  unknown: (keys: readonly string[]) => `Not known, or not in that state any more: ${listed(keys)}.`,
  runs: "Runs",
  runsTable: (name: string) => `Runs of ${name}, latest first`,
  noRuns: "It has not run yet.",
  number: "No.",
  started_: "Started",
  cause: "By",
  outcome: "Outcome",
  did: "What it did",
  didOf: (run: Did, took: string) => {
    if (run.released !== undefined) return `${counted(run.released, "change")} released.`;
    const all = (counts: readonly Count[]) => listed(counts.filter(({ count }) => count > 0).map(ofKind));
    const planned = run.outcome === "planned" ? all(run.counts) : "";
    const made = all(run.counts.map(({ kind, done }) => ({ kind, count: done })));
    const failed = all(run.counts.map((each) => ({ kind: each.kind, count: each.failed })));
    const members = run.groups.added + run.groups.removed;
    const did = [
      `read ${counted(run.read, "record")}`,
      ...(run.looked === undefined ? [] : [`looked at ${counted(run.looked, "person", "people")}`]),
      ...(planned ? [`planned ${planned}`] : []),
      ...(made ? [`made ${made}`] : []),
      ...(members > 0 ? [`changed ${counted(members, "membership")}`] : []),
    ];
    const sentence = `${listed(did)}${took && ` in ${took}`}.`;
    return [
      sentence[0]!.toUpperCase() + sentence.slice(1),
      ...(failed ? [`Failed: ${failed}.`] : []),
      ...(run.held.length > 0 ? [`Held: ${all(run.held)}.`] : []),
    ].join(" ");
  },
  problems: (count: number, unusable: number) =>
    unusable > count ? `${unusable} records cannot be used` : counted(count, "problem"),
  drift: "Drift",
  driftLead: "What others changed in the target since syncs wrote it.",
  driftTable: "Differences between the target and what syncs wrote",
  lookForDrift: "Look for drift",
  driftNone: "Nobody has looked since this configuration was loaded.",
  driftRunning: (found: number) => `Comparing the whole target … ${counted(found, "difference")} so far`,
  driftClean: "The target is as it was written last.",
  driftFound: (count: number) => `${counted(count, "difference")}. A reconciliation puts right what rules say.`,
  driftSome: (shown: number) => `The first ${shown} are shown. All: postern drift`,
  driftFailed: (error: string) => `The target could not be compared. ${error}`,
  driftWhat: {
    changed: "Changed",
    disabled: "Disabled",
    gone: "Deleted",
    added: "Unknown account",
    member: "Membership",
    group: "Group deleted",
  } as Readonly<Record<string, string>>,
  whose: "Whose",
  where: "Attribute or group",
  was: "Written",
  is: "Now",
  looked: "Looked",
} as const;

/** The states of people, as docs/reference/syncs.md explains them. */
export const syncStates: Readonly<Record<string, string>> = {
  new: "New",
  ok: "As the rules say",
  waiting: "Waiting",
  sent: "Sent to Entra",
  left: "Leaver",
  ignored: "Ignored",
  stopped: "Stopped",
  failed: "Failed",
  gone: "Gone",
};

/** Texts of the page of one person. */
export const personTexts = {
  back: (name: string) => `All people of ${name}`,
  next: "What will be done, and why",
  nothing: "Nothing: the account is as the rules say.",
  held: "Held: it waits for somebody to release it.",
  will: (kind: string, reason: string) => `${syncsTexts.kindName(kind).replace(/s$/, "")}: ${reason}`,
  facts: "What is known",
  key: "Key in the source",
  account: "Account",
  openAccount: "Open in People and groups",
  noAccount: "none",
  state: "State",
  error: "Last failure",
  attempts: (count: number) => `${count === 1 ? "once" : `${count} times`}, since`,
  nextTry: "Next attempt",
  noNextTry: "none until the person or the rules change",
  missing: "Not in the source since",
  left: "Leaver since",
  lastAction: "Last change",
  waitsForEntra: "Waits for Entra since",
  nextDue: "Looked at next",
  withNextRun: "with the next run",
  overridden: "An administrator disabled the account; that is respected.",
  groups: "Groups by rule",
  notes: "Notes",
  attributes: "Attributes",
  attributesTable: "The account’s attributes: as the sync wrote them last, as last seen, and now",
  attribute: "Attribute",
  applied: "Last written by the sync",
  confirmed: "As last seen",
  now: "Now",
  changed: "changed by somebody else",
  empty: "none",
  unread: (error: string) => `The account could not be read now. ${error}`,
  goneNow: "The account is no longer in the target.",
  source: "What the source said last",
  sourceLabel: "the person’s record in the source",
  rehireTitle: "Decide a possible rehire",
  rehireLead: (of: string) =>
    `The person may have been here before, as ${of}. Until somebody decides, neither account is touched.`,
  rehireAs: (of: string) => `Takes over the account of ${of} …`,
  rehireNew: "Is somebody new …",
  rehireAsMeans: (of: string, key: string) => `The next run gives the account of ${of} to ${key}.`,
  rehireNewMeans: (key: string) => `The next run creates an account for ${key}.`,
  decide: "Decide",
} as const;
