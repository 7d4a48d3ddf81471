import type { ColumnType } from "kysely";

/** Whether the change that is planned for a person waits for somebody, or was released. */
export const HELD = { no: 0, held: 1, released: 2 } as const;

/** What is kept of a person beside the plan. Times are milliseconds since 1970. */
interface Known {
  /** What tells the person apart in the source. */
  readonly key: string;
  /** The account's id in the target; null where there is none. */
  readonly target: string | null;
  /** The resource as the source gave it last, as JSON, and its hash. */
  readonly resource: string;
  readonly hash: string;
  /** The read of the source in which the person was there last, and the one that had the key twice. */
  readonly seen: number;
  readonly twice: number;
  /** Since when whole reads do not have the person; null where the last one did. */
  readonly missing: number | null;
  /** When the person is to be looked at next; null where nothing is due. */
  readonly next: number | null;
  /** `new`, `ok`, `ignored`, `stopped`, `failed`, `waiting`, `gone`. */
  readonly status: string;
  /** What the engine remembers, as JSON. */
  readonly memory: string;
}

/** Nothing is planned for a person: so nothing is held, either. */
export const NO_PLAN = { kind: null, planned: null, held: HELD.no } as const;

/** What the run does for a person: its kind, the plan in full as JSON, and whether it waits for somebody or was released. */
export interface Planned {
  readonly kind: string;
  readonly planned: string;
  readonly held: (typeof HELD)[keyof typeof HELD];
}

/** What a sync keeps of a person: with a plan, or without one. */
export type Person = Known & (Planned | typeof NO_PLAN);

/** A row of people, of whose columns each has any of its values. */
type PersonRow = Known & { readonly [column in keyof Planned]: Person[column] };

/** The tables of people, as kysely knows them. */
export interface PeopleTables {
  /** `woken` is 1 where somebody's change has the person looked at again, whatever else is written of the person meanwhile. */
  sync_people: PersonRow & { readonly sync: string; readonly woken: ColumnType<number, number | undefined, number> };
  sync_aliases: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
  sync_references: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
  sync_names: { readonly sync: string; readonly place: string; readonly value: string; readonly key: string };
}

/** A name by which a person is known at a place of the source. The place "" is the key. */
export interface Alias {
  readonly place: string;
  readonly value: string;
}

/** A person as a read of the source gives one. */
export interface Received {
  readonly key: string;
  readonly resource: string;
  readonly hash: string;
  readonly aliases: readonly Alias[];
}

/** How many keys one statement names. */
const PIECE = 400;

/** A list in pieces that one statement can name. */
export const inPieces = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / PIECE) }, (_, index) => all.slice(index * PIECE, (index + 1) * PIECE));
