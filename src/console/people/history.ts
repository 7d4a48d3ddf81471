import { timeOfId } from "../../journal/entry.ts";
import type { Member } from "../../journal/members.ts";
import type { JournalLine } from "../../journal/store.ts";
import type { History, HistoryLine, KnownPage, KnownResource, Told } from "../api/people.ts";
import { Refusal } from "../refusal.ts";
import type { PeopleDeps } from "./deps.ts";

/** How many entries a page of the history has, and how many are read to know what comes next. */
const PAGE = 20;
const READ = 200;
/** How many entries are looked through for resources by their name. */
const LOOKED_THROUGH = 200;
/** How long Entra tries something again that failed, in milliseconds: older failures don't matter. */
const MATTERS_MS = 28 * 24 * 3_600_000;

type Journal = NonNullable<PeopleDeps["journal"]>;
interface Target {
  readonly route: string;
  readonly type: string;
}

/** A resource's newest entries and whether there are more, and those of its groups among them; or why they can't be told. */
export type Newest =
  | {
      readonly is: "kept";
      readonly lines: readonly JournalLine[];
      readonly hasMore: boolean;
      /** A page of the newest entries that are about it itself, or as a member. */
      readonly withGroups: readonly JournalLine[];
    }
  | Exclude<Told, { readonly is: "kept" }>;

/** The newest entries of a resource. A journal that can't be asked is no reason to show nothing else. */
export async function newestOf(journal: Journal | undefined, { route, type }: Target, id: string): Promise<Newest> {
  if (!journal) return { is: "off" };
  try {
    const [lines, withGroups] = await Promise.all([
      journal.search({ route, type, resource: id, limit: READ }),
      journal.search({ route, about: { type, id }, limit: PAGE + 1 }),
    ]);
    return { is: "kept", lines, hasMore: lines.length === READ, withGroups };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { is: "unknown", problem: error.message };
  }
}

/** A resource's entries with the creations that failed for its name. Those have no ID, because nothing was created. */
export async function withCreations(
  journal: Journal | undefined,
  newest: Newest,
  { route, type, name }: Target & { readonly name: string },
): Promise<Newest> {
  if (!journal || newest.is !== "kept" || name === "") return newest;
  const from = Date.now() - MATTERS_MS;
  const about = { route, type, action: "create", result: "failure", search: name, from } as const;
  const found = await journal.search({ ...about, limit: PAGE }).catch(() => []);
  const creations = found.filter(
    ({ resource, display }) => resource === "" && display.toLowerCase() === name.toLowerCase(),
  );
  return { ...newest, lines: merged(newest.lines, creations), withGroups: merged(newest.withGroups, creations) };
}

const merged = (some: readonly JournalLine[], others: readonly JournalLine[]): JournalLine[] =>
  [...some, ...others].sort((one, other) => (one.id < other.id ? 1 : -1));

/** The first page of what was found. */
export const toldOf = (newest: Newest, id: string): Told =>
  newest.is === "kept" ? { is: "kept", history: pageOf(newest.withGroups, id) } : newest;

/** The page of a resource's history behind an entry. */
export async function moreHistory(
  { journal }: Pick<PeopleDeps, "journal">,
  { route, type, id, before }: Target & { readonly id: string; readonly before: string },
): Promise<History> {
  if (!journal) return { lines: [] };
  return pageOf(await journal.search({ route, about: { type, id }, before, limit: PAGE + 1 }), id);
}

function historyLineOf({ members, ...line }: JournalLine, of?: string): HistoryLine {
  const { id, caller, status, result, sentence, type, resource, display } = line;
  const isIn = (list: readonly Member[] | undefined) => list?.some((each) => each.id === of);
  const member = (["added", "removed", "set"] as const).find((kind) => isIn(members?.[kind]));
  return { id, at: timeOfId(id), caller, status, result, sentence, type, resource, display, member };
}

function pageOf(lines: readonly JournalLine[], of: string): History {
  const shown = lines.slice(0, PAGE);
  return {
    lines: shown.map((line) => historyLineOf(line, of)),
    next: lines.length > PAGE ? shown.at(-1)?.id : undefined,
  };
}

/** Resources that the journal knows by a part of their name, or by ID: also those that are gone. */
export async function knownResources(
  { journal }: Pick<PeopleDeps, "journal">,
  { route, type, text }: Target & { readonly text: string },
): Promise<KnownPage> {
  if (!journal) return { rows: undefined };
  const lines = await journal.search({ route, type, search: text.trim(), limit: LOOKED_THROUGH });
  const found = new Map<string, KnownResource>();
  for (const line of lines)
    if (line.resource !== "" && !found.has(line.resource))
      found.set(line.resource, { id: line.resource, name: line.display, last: historyLineOf(line) });
  return { rows: [...found.values()].slice(0, PAGE) };
}
