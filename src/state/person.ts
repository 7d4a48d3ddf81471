import type { ColumnType } from "kysely";

/** Whether the change that is planned for a person waits for somebody, or was released. */
export const HELD = { no: 0, held: 1, released: 2 } as const;

/** What a sync keeps of a person. Times are milliseconds since 1970. */
export interface Person {
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
  /** What the run does, by kind, and in full as JSON; null for nothing. */
  readonly kind: string | null;
  readonly planned: string | null;
  readonly held: number;
  /** What the engine remembers, as JSON. */
  readonly memory: string;
}

/** The tables of people, as kysely knows them. */
export interface PeopleTables {
  /** `woken` is 1 where somebody's change has the person looked at again, whatever else is written of the person meanwhile. */
  sync_people: Person & { readonly sync: string; readonly woken: ColumnType<number, number | undefined, number> };
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
