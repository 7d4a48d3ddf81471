import type { Pace } from "./pace.ts";

/** What the guard counts: deletions, and disablements. */
export type GuardDanger = "deletes" | "disables";

/** `GET /guard`: what each guarded route allows, has counted and has stopped. */
export interface GuardOverview {
  readonly routes: readonly GuardedRoute[];
  /** Routes without a guard. */
  readonly unguarded: readonly string[];
  readonly pace: Pace;
}

/** A route with a guard. */
export interface GuardedRoute {
  readonly route: string;
  /** Maximum per hour and type; `percent` of both together. */
  readonly limits: { readonly deletes?: number; readonly disables?: number; readonly percent?: number };
  readonly types: readonly GuardedType[];
}

/** What was counted and stopped of one type. */
export interface GuardedType {
  readonly type: string;
  /** Where the entries are: the connector's name and type. */
  readonly backend: GuardBackend;
  readonly deletes: GuardCounted;
  readonly disables: GuardCounted;
}

/** A connector, by its name in the configuration and its type. */
export interface GuardBackend {
  readonly name: string;
  readonly type: string;
}

/** How many passed within the hour, are stopped, and are released and have not come again. */
export interface GuardCounted {
  readonly counted: number;
  readonly stopped: number;
  readonly released: number;
  /** When the first of those that were counted no longer counts, in milliseconds since 1970. */
  readonly frees?: number;
}

/** A change of an entry. */
export interface GuardPlace {
  readonly type: string;
  readonly danger: GuardDanger;
  /** The entry's id. */
  readonly key: string;
}

/** A change that was stopped: when it was stopped first and last tried, by whom, with which request. */
export interface GuardStopped extends GuardPlace {
  /** What people know the entry by; empty if nobody says. */
  readonly display: string;
  readonly since: number;
  readonly at: number;
  readonly caller: string;
  readonly requestId: string;
}

/** A released change that the client has not sent again. */
export interface GuardReleased extends GuardPlace {
  readonly display: string;
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

/** A page of a list, and where the next one begins. */
export interface GuardPage<Row> {
  readonly entries: readonly Row[];
  readonly next?: string;
}

/** `GET /guard/seen`: all that is stopped, as one confirms it: how many of what, sent by whom, the first of them, and a fingerprint. */
export interface GuardSeen {
  readonly groups: readonly GuardGroup[];
  readonly some: readonly GuardStopped[];
  /** How many resources of a type there are, as far as backends tell. */
  readonly totals: Readonly<Record<string, number>>;
  readonly seen: string;
}

/** Stopped changes of one type that one client sent in one go. */
export interface GuardGroup {
  readonly type: string;
  readonly danger: GuardDanger;
  /** Empty if it isn't known. */
  readonly caller: string;
  readonly count: number;
  /** When the first and the last of them was stopped, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** `POST /guard/release` and `/guard/dismiss`: some changes, or all of a route, a type, a danger as they were seen. */
export interface GuardAct {
  readonly route: string;
  readonly type?: string;
  readonly danger?: GuardDanger;
  /** These, each with since when it was stopped as it was seen. */
  readonly places?: readonly (GuardPlace & Pick<GuardStopped, "since">)[];
  readonly seen?: string;
  readonly reason: string;
}

/** What became of it. */
export interface GuardActed {
  readonly count: number;
  /** Changes that were no longer stopped as they were seen. */
  readonly missed: readonly GuardMissed[];
}

/** A change that was no longer stopped as it was seen, and who had released it before; empty if nobody did. */
export interface GuardMissed {
  readonly key: string;
  readonly by: string;
  readonly reason: string;
  /** Whether it was taken off the list since, and is stopped anew. */
  readonly isAnew: boolean;
}
