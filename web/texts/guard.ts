import { isolated } from "./values.ts";
import { backendName, counted, listed, resources } from "./words.ts";

interface Group {
  readonly type: string;
  readonly danger: "deletes" | "disables";
  readonly count: number;
  readonly backend: { readonly name: string; readonly type: string };
}

const doing = ({ type, danger, count, backend }: Group, name?: string): string =>
  `${danger === "deletes" ? "delete" : "disable"} ${name ? isolated(name) : resources(count, type)} in ${backendName(backend.type, backend.name)}`;
const sender = (callers: readonly string[]): string =>
  callers.length === 0 ? "The client" : listed(callers.map(isolated));
const total = (groups: readonly Group[]): number => groups.reduce((sum, { count }) => sum + count, 0);

/** Texts of the page on the guard. */
export const guardTexts = {
  lead: "The guard stops deletions and disablements above a route’s limits per hour, until somebody releases them.",
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
  stoppedLead: "None of these was made. The client is told to come again, and does so for about a day.",
  stopped: (route: string) => `Changes that the guard of ${route} stopped`,
  filter: "Show",
  all: (count: number) => `Everything (${count})`,
  only: (type: string, danger: "deletes" | "disables", count: number) =>
    `${type}: ${danger === "deletes" ? "deletions" : "disablements"} (${count})`,
  choose: "Choose",
  chooseOne: (name: string) => `Choose ${isolated(name)}`,
  chooseAll: "Choose all on this page",
  who: "Who or what",
  change: "Change",
  changes: { deletes: "Delete", disables: "Disable" },
  tried: "Last tried",
  by: "By",
  request: "Request",
  openRequest: "Show in Live",
  chosen: (count: number) => `${count} chosen`,
  releaseChosen: (count: number) => `Release ${count} chosen …`,
  releaseAll: (count: number) => `Release all ${count} …`,
  dismissChosen: (count: number) => `Dismiss ${count} chosen …`,
  dismissAll: (count: number) => `Dismiss all ${count} …`,
  releaseTitle: "Release stopped changes",
  dismissTitle: "Dismiss stopped changes",
  release: "Release",
  dismiss: "Dismiss",
  reason: "Reason, for the audit log",
  willHappen: (groups: readonly Group[], callers: readonly string[], name?: string) =>
    `${sender(callers)} will ${listed(groups.map((group) => doing(group, groups.length === 1 && group.count === 1 ? name : undefined)))} with the next attempt.`,
  once: "Each passes once, within 24 hours. What is not on the list stays stopped.",
  willNotHappen: (groups: readonly Group[]) => {
    const count = total(groups);
    return `${counted(count, "change")} ${count === 1 ? "leaves" : "leave"} this list. Nothing is deleted or disabled now.`;
  },
  dismissMeans: (callers: readonly string[]) =>
    `If ${callers.length === 0 ? "the client" : listed(callers.map(isolated))} sends them again, the guard decides anew: it stops and lists them while the hour’s limit is used up, and lets them pass within it. To keep them from coming again, correct the scope or the assignment in Entra.`,
  released: (count: number) =>
    `Released ${counted(count, "change")}. ${count === 1 ? "It passes" : "They pass"} when the client sends ${count === 1 ? "it" : "them"} again.`,
  dismissed: (count: number) => `Dismissed ${counted(count, "change")}.`,
  missed: (missed: readonly { readonly by: string; readonly reason: string }[]) => {
    const others = [
      ...new Set(
        missed.filter(({ by }) => by !== "").map(({ by, reason }) => `${isolated(by)} (“${isolated(reason)}”)`),
      ),
    ];
    const what = `${counted(missed.length, "other")} of your choice ${missed.length === 1 ? "was" : "were"} no longer stopped`;
    return others.length > 0 ? `${what}: released before by ${listed(others)}.` : `${what}.`;
  },
  vanished: (count: number) =>
    `${counted(count, "change")} that you had chosen ${count === 1 ? "is" : "are"} no longer stopped: somebody released or dismissed ${count === 1 ? "it" : "them"}, or ${count === 1 ? "it" : "they"} passed.`,
  waiting: (count: number) =>
    `${counted(count, "released change")} ${count === 1 ? "waits" : "wait"} for the client to come again`,
  waitingTable: "Released changes that the client has not sent again",
  releasedAt: "Released",
  why: "Reason",
} as const;
