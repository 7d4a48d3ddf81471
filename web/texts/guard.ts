import { isolated } from "./values.ts";
import { backendName, counted, listed, resources, span, tries } from "./words.ts";

/** Stopped changes of one type that one client sent in one go. */
interface Group {
  readonly type: string;
  readonly danger: "deletes" | "disables";
  readonly caller: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly backend: { readonly name: string; readonly type: string };
  /** How many resources of the type there are, if the backend tells. */
  readonly total: number | undefined;
}

/** How Entra paces what it does, in milliseconds. */
interface Pace {
  readonly retriesMs: readonly number[];
  readonly givenUpAfterMs: number;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const DAY_MS = 24 * 3_600_000;

const total = (groups: readonly Group[]): number => groups.reduce((sum, { count }) => sum + count, 0);
const sender = (groups: readonly Group[]): string => {
  const callers = [...new Set(groups.map(({ caller }) => caller))];
  return callers.some((each) => each === "") ? "The client" : listed(callers.map(isolated));
};
/** How many, of how many if that is known: `31 of 402 people (8 %)`. */
const share = ({ type, count, total: of }: Group): string => {
  if (of === undefined || of < count) return resources(count, type);
  const percent = Math.round((100 * count) / of);
  return `${count.toLocaleString("en")} of ${resources(of, type)} (${percent === 0 ? "less than 1" : percent} %)`;
};
const doing = (group: Group, name?: string): string =>
  `${group.danger === "deletes" ? "delete" : "disable"} ${name ? isolated(name) : share(group)} in ${backendName(group.backend.type, group.backend.name)}`;
/** Groups of the same changes, whoever sent them. */
const byChange = (groups: readonly Group[]): Group[] =>
  [...Map.groupBy(groups, ({ type, danger }) => `${type} ${danger}`).values()].map((same) => ({
    ...same[0]!,
    count: total(same),
  }));
const during = (first: number, last: number): string => {
  const [from, to] = [dated.format(first), dated.format(last)];
  if (from === to) return `at ${from}`;
  return last - first < DAY_MS ? `between ${from} and ${clock.format(last)}` : `between ${from} and ${to}`;
};

/** A change in a list. */
interface GuardLine {
  readonly type: string;
  readonly danger: "deletes" | "disables";
  readonly key: string;
  readonly display: string;
}

/** A change of an operator's choice that was no longer stopped as it was seen. */
interface Missed {
  readonly by: string;
  readonly reason: string;
  readonly isAnew: boolean;
}

/** Changes that are no longer stopped, and who released them. */
function gone(missed: readonly Missed[]): string {
  const others = [
    ...new Set(missed.filter(({ by }) => by !== "").map(({ by, reason }) => `${isolated(by)} (“${isolated(reason)}”)`)),
  ];
  const what = `${counted(missed.length, "other")} of your choice ${missed.length === 1 ? "was" : "were"} no longer stopped`;
  return others.length > 0 ? `${what}: released before by ${listed(others)}.` : `${what}.`;
}

/** Texts of the page on the guard. */
export const guardTexts = {
  lead: "The guard stops deletions and disablements above a route’s limits per hour: until somebody releases them, or until the hour’s limit has room again when they come.",
  none: "No route has a guard.",
  noneHelp: "A guard keeps a wrong scope in Entra from emptying a directory. Add one to the configuration:",
  noneCode: "safety:\n  /scim/v2:\n    guard: { deletes: 50, disables: 50, percent: 5 }",
  noneLabel: "a guard in the configuration",
  unguarded: (routes: readonly string[]) =>
    `${routes.length === 1 ? "Without a guard" : "Without guards"}: ${listed(routes)}.`,
  limits: ({ deletes, disables, percent }: { deletes?: number; disables?: number; percent?: number }) => {
    const parts = [
      ...(deletes === undefined ? [] : [counted(deletes, "deletion")]),
      ...(disables === undefined ? [] : [counted(disables, "disablement")]),
    ];
    const share = percent === undefined ? "" : `both together at most ${percent} % of the type’s resources`;
    return `Each type may have ${listed([...parts, ...(share ? [share] : [])])} in any hour.`;
  },
  types: (route: string) => `What the guard of ${route} has counted`,
  type: "Type",
  backend: "Backend",
  deleted: "Deleted within the hour",
  disabled: "Disabled within the hour",
  ofLimit: (count: number, limit: number | undefined) => (limit === undefined ? `${count}` : `${count} of ${limit}`),
  frees: "next place free",
  stoppedCount: "Stopped",
  nothing: "nothing",
  nothingStopped: "Nothing is stopped.",
  nothingLike: "Nothing of this kind is stopped.",
  stoppedTitle: "Stopped changes",
  stoppedLead: ({ givenUpAfterMs, retriesMs }: Pace) =>
    `None of these was made. The client is told to come again: Entra does so ${tries(retriesMs)}, for ${span(givenUpAfterMs)}. What has not come for 26 hours leaves this list.`,
  stopped: (route: string) => `Changes that the guard of ${route} stopped`,
  filter: "Show",
  all: (count: number) => `Everything (${count})`,
  only: (type: string, danger: "deletes" | "disables", count: number) =>
    `${type}: ${danger === "deletes" ? "deletions" : "disablements"} (${count})`,
  who: "Who or what",
  change: "Change",
  changes: { deletes: "Delete", disables: "Disable" },
  since: "Stopped since",
  tried: "Last tried",
  by: "By",
  request: "Request",
  openRequest: "Show in Live",
  releaseChosen: (count: number) => `Release ${count} chosen …`,
  releaseAll: (count: number) => `Release all ${count} …`,
  dismissChosen: (count: number) => `Dismiss ${count} chosen …`,
  dismissAll: (count: number) => `Dismiss all ${count} …`,
  releaseTitle: "Release stopped changes",
  dismissTitle: "Dismiss stopped changes",
  release: "Release",
  dismiss: "Dismiss",
  reason: "Reason, for the audit log",
  willHappen: (groups: readonly Group[], route: string, name?: string) =>
    `${sender(groups)} will ${listed(byChange(groups).map((group) => doing(group, name)))} through ${route}, with the next attempt.`,
  nobody: "Choose at least one.",
  group: ({ type, danger, caller, count, first, last }: Group) =>
    `${danger === "deletes" ? "Deletion" : "Disablement"} of ${resources(count, type)}, asked by ${caller === "" ? "an unknown client" : isolated(caller)}, stopped ${during(first, last)}`,
  whom: "Whom it concerns",
  named: ({ display, key }: GuardLine) => display || key,
  namedWithChange: ({ display, key, type, danger }: GuardLine) =>
    `${isolated(display || key)} (${type}, ${danger === "deletes" ? "delete" : "disable"})`,
  more: (count: number) =>
    `And ${counted(count, "other")}, not listed here. If you untick somebody, only those who are listed and ticked are meant.`,
  releaseMeans: (groups: readonly Group[], others: number, { retriesMs }: Pace) => {
    const count = total(groups);
    if (count === 0) return [];
    const [it, they] = count === 1 ? ["it", "It passes"] : ["each", "Each passes"];
    return [
      `Postern does nothing by itself: ${sender(groups)} must send ${it} again. Entra does so ${tries(retriesMs)}.`,
      `${they} once, until ${dated.format(Date.now() + DAY_MS)}. After that the guard decides anew.`,
      "Released changes don’t count towards the hour’s limit.",
      ...(others > 0 ? [`${counted(others, "other change")} ${others === 1 ? "stays" : "stay"} stopped.`] : []),
    ];
  },
  willNotHappen: (groups: readonly Group[]) => {
    const count = total(groups);
    return `${counted(count, "change")} ${count === 1 ? "leaves" : "leave"} this list. Nothing is deleted or disabled now.`;
  },
  dismissMeans: (groups: readonly Group[]) =>
    total(groups) === 0
      ? []
      : [
          `If ${sender(groups)} sends them again, the guard decides anew: it stops and lists them while the hour’s limit is used up, and lets them pass within it.`,
          "To keep them from coming again, correct the scope or the assignment in Entra.",
        ],
  released: (count: number) =>
    `Released ${counted(count, "change")}. ${count === 1 ? "It passes" : "They pass"} when the client sends ${count === 1 ? "it" : "them"} again.`,
  dismissed: (count: number) => `Dismissed ${counted(count, "change")}.`,
  missed: (missed: readonly Missed[]) => {
    const anew = missed.filter(({ isAnew }) => isAnew).length;
    return [
      ...(anew < missed.length ? [gone(missed.filter(({ isAnew }) => !isAnew))] : []),
      ...(anew > 0
        ? [
            `${counted(anew, "other")} of your choice ${anew === 1 ? "was" : "were"} dismissed meanwhile and ${anew === 1 ? "is" : "are"} stopped anew: look again.`,
          ]
        : []),
    ].join(" ");
  },
  vanished: (count: number) =>
    `${counted(count, "change")} that you had chosen ${count === 1 ? "is" : "are"} no longer stopped as ${count === 1 ? "it was" : "they were"}: somebody released or dismissed ${count === 1 ? "it" : "them"}, or ${count === 1 ? "it" : "they"} passed.`,
  waiting: (count: number) =>
    `${counted(count, "released change")} ${count === 1 ? "waits" : "wait"} for the client to come again`,
  waitingTable: "Released changes that the client has not sent again",
  releasedAt: "Released",
  why: "Reason",
} as const;
