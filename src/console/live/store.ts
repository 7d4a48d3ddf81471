import { isOwnFault } from "../../connector/error.ts";
import type { JournalEntry } from "../../journal/entry.ts";
import { type Member, membersOf, namedBy } from "../../journal/members.ts";
import { displaysOf, placeOf } from "../../journal/names.ts";
import type { JournalLine, JournalStore } from "../../journal/store.ts";
import { Refusal } from "../refusal.ts";

type Asked = "search" | "ids" | "get" | "displays";

/** A question to the journal: if its store is away, it rejects with a `Refusal`; what is a fault of the gateway's remains one. */
export const askedOrAway =
  <Given extends readonly unknown[], Answer>(ask: (...given: Given) => Promise<Answer>) =>
  (...given: Given): Promise<Answer> =>
    ask(...given).catch((error: unknown) => Promise.reject(refusalOf(error)));

/** The journal's store for questions of a page. */
export function orAway(store: Pick<JournalStore, Asked>): Pick<JournalStore, Asked> {
  return {
    search: askedOrAway(store.search),
    ids: askedOrAway(store.ids),
    get: askedOrAway(store.get),
    displays: askedOrAway(store.displays),
  };
}

function refusalOf(error: unknown): unknown {
  if (isOwnFault(error) || error instanceof SyntaxError || isWrongQuestion(error)) return error;
  return new Refusal("unavailable", "The journal's store does not answer.", { cause: error });
}

/** Whether a database says that it was asked wrongly: SQLSTATE of class 42, and SQLite's code 1. */
const isWrongQuestion = (error: unknown): boolean => {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return (typeof code === "string" && /^42...$/.test(code)) || errcode === 1;
};

type Names = Pick<JournalStore, "displays">;

/** Entries with what the journal knows their resources by, where that was not known when they were written. */
export async function linesWithNames(store: Names, lines: readonly JournalLine[]): Promise<readonly JournalLine[]> {
  const nameless = lines.filter(isNameless);
  if (nameless.length === 0) return lines;
  const displays = await displaysOf(
    store,
    nameless.map(({ route, type, resource }) => ({ route, type, id: resource })),
  );
  return lines.map((line) => {
    const { route, type, resource } = line;
    return isNameless(line) ? { ...line, display: displays.get(placeOf({ route, type, id: resource })) ?? "" } : line;
  });
}

const isNameless = ({ display, resource }: JournalLine) => display === "" && resource !== "";

/** An entry with what the journal knows its resource and its members by. */
export async function withNames(store: Names, entry: JournalEntry): Promise<JournalEntry> {
  const [named = entry] = await linesWithNames(store, [entry]);
  const { route, members } = entry;
  const { display } = named;
  if (!members) return { ...entry, display };
  const nameless = membersOf(members).filter(({ name }) => name === "");
  const displays = await displaysOf(
    store,
    nameless.map(({ type, id }) => ({ route, type, id })),
  );
  const nameOf = ({ name, type, id }: Member) => name || (displays.get(placeOf({ route, type, id })) ?? "");
  return { ...entry, display, members: namedBy(members, nameOf) };
}
