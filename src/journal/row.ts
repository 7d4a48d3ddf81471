import type { JournalEntry } from "./entry.ts";
import { membersOf } from "./members.ts";

/**
 * An entry as a store writes it, in texts: short ones, which searches read, then the entry as JSON, what lists show of it and the rest; and the
 * members that it is about, as a JSON list of ids and types. Texts are made as soon as the entry is known: they cost little to keep and to hand
 * to a thread, graphs of objects much.
 */
export type JournalRow = readonly [
  id: string,
  route: string,
  caller: string,
  type: string,
  action: string,
  result: string,
  resource: string,
  requestId: string,
  name: string,
  line: string,
  detail: string,
  members: string,
];

/** The columns that have a row's short texts, in their order. */
export const SHORT = ["id", "route", "caller", "type", "action", "result", "resource", "request_id", "name"] as const;

/** The short texts of a row. */
export const shortOf = (row: JournalRow): readonly string[] => row.slice(0, SHORT.length);

/** A row's texts by their names. */
export const fieldsOf = ([id, route, , type, , , resource, request_id, name, line, detail, members]: JournalRow) => ({
  id,
  route,
  type,
  resource,
  request_id,
  name,
  line,
  detail,
  members,
});

/** Puts an entry into texts that every store can keep. */
export function rowOf({ request, steps, ...line }: JournalEntry): JournalRow {
  const { id, route, caller, type, action, result, resource, requestId, display } = line;
  return [
    storable(id),
    storable(route),
    storable(caller),
    storable(type),
    storable(action),
    result,
    storable(resource),
    storable(requestId),
    storable(display.toLowerCase()),
    JSON.stringify(line),
    JSON.stringify({ request, steps }),
    membersText(line.members),
  ];
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
