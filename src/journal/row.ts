import type { JournalEntry } from "./entry.ts";
import { membersOf } from "./members.ts";

/**
 * An entry as a store writes it: texts, in the order of `TEXTS`. They are made as soon as the entry is known: texts cost little to keep and to
 * hand to a thread, graphs of objects much.
 */
export type JournalRow = readonly string[];

/**
 * The texts of a row: short ones, which searches read, then the entry as JSON: what lists show of it, and the rest; and the members that it
 * is about, as a JSON list of ids and types.
 */
export const TEXTS = [
  ...["id", "route", "caller", "type", "action", "result", "resource", "request_id", "name"],
  ...["line", "detail", "members"],
];

/** Puts an entry into texts that every store can keep. */
export function rowOf({ request, steps, ...line }: JournalEntry): JournalRow {
  const { id, route, caller, type, action, result, resource, requestId, display } = line;
  const short = [id, route, caller, type, action, result, resource, requestId, display.toLowerCase()].map(storable);
  return [...short, JSON.stringify(line), JSON.stringify({ request, steps }), membersText(line.members)];
}

/** The members of a row. */
export type RowMembers = readonly (readonly [id: string, type: string])[];

const membersText = (members: JournalEntry["members"]): string =>
  members
    ? JSON.stringify(membersOf(members).map(({ id, type }) => [storable(id), storable(type)]) satisfies RowMembers)
    : "[]";

/** A text as PostgreSQL can keep it: without NUL and halves of characters. JSON has them escaped. */
export const storable = (text: string): string =>
  text.includes("\0") || !text.isWellFormed() ? text.replaceAll("\0", "\ufffd").toWellFormed() : text;
