import type { ColumnType } from "kysely";

/** Whether a planned change waits for an operator, or was released. */
export const HELD = { no: 0, held: 1, released: 2 } as const;

/** What is stored about a person, apart from the plan. Times are in milliseconds since 1970. */
interface Known {
  /** Identifies the person in the source. */
  readonly key: string;
  /** The account's ID in the target; null if there is none. */
  readonly target: string | null;
  /** The resource as last read from the source, as JSON, and its hash. */
  readonly resource: string;
  readonly hash: string;
  /** The last read that contained the person, and the one that contained the key twice. */
  readonly seen: number;
  readonly twice: number;
  /** Since when complete reads lack the person; null if the last one had it. */
  readonly missing: number | null;
  /** When the person must be evaluated next; null if nothing is due. */
  readonly next: number | null;
  /** `new`, `ok`, `ignored`, `stopped`, `failed`, `waiting`, `gone`. */
  readonly status: string;
  /** The engine's memory, as JSON. */
  readonly memory: string;
}

/** No change is planned, so none is held. */
export const NO_PLAN = { kind: null, planned: null, held: HELD.no } as const;

/** A planned change: its kind, the whole plan as JSON, and whether it is held or released. */
export interface Planned {
  readonly kind: string;
  readonly planned: string;
  readonly held: (typeof HELD)[keyof typeof HELD];
}

/** A sync's record of a person, with or without a plan. */
export type Person = Known & (Planned | typeof NO_PLAN);

/** A row of the table, with each column of any of its types. */
type PersonRow = Known & { readonly [column in keyof Planned]: Person[column] };

/** The tables of people, for kysely. */
export interface PeopleTables {
  /** `woken` is 1 if another person's change marked this one for evaluation, whatever else is written meanwhile. */
  sync_people: PersonRow & { readonly sync: string; readonly woken: ColumnType<number, number | undefined, number> };
  sync_aliases: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
  sync_references: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
  sync_names: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
}

/** A name by which a person is known, at a place of the source. The empty place is the key. */
export interface Alias {
  readonly place: string;
  readonly value: string;
}

/** The place of what people are searched by, in small letters. Nobody refers to anybody by it. */
export const NAME = "(name)";

/** A person as read from the source. */
export interface Received {
  readonly key: string;
  readonly resource: string;
  readonly hash: string;
  readonly aliases: readonly Alias[];
}

/** Maximum number of keys in one statement. */
const PIECE = 400;

/** Splits a list into batches for one statement each. */
export const inPieces = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / PIECE) }, (_, index) => all.slice(index * PIECE, (index + 1) * PIECE));
