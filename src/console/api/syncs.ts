import type { PersonPage } from "../../sync/shown.ts";

/** `GET /syncs`: each sync in a line. Times are in milliseconds since 1970 throughout. */
export interface SyncList {
  readonly syncs: readonly SyncSummary[];
}

/** A sync: from where to where, when it runs, and how it stands. */
export interface SyncSummary {
  readonly name: string;
  readonly from: string;
  /** The route that it writes; undefined for Entra. */
  readonly to?: string;
  readonly schedule?: string;
  readonly reconcile?: string;
  readonly next?: number;
  readonly nextReconcile?: number;
  /** The run that is under way. */
  readonly running?: SyncRun;
  /** The last run that has ended. */
  readonly last?: SyncRun;
  /** What waits for an operator, and what is planned or released, by kind. */
  readonly held: readonly SyncCount[];
  /** Of what is held: the limits that it was more than in the last run, and what of that is released or waits by now. */
  readonly limits: readonly (SyncHeld & { readonly released: number; readonly waiting: number })[];
  readonly planned: readonly SyncCount[];
  readonly people: readonly { readonly status: string; readonly count: number }[];
  /** Whether the first run waits to be let happen, and everything with it. */
  readonly isUnreleased: boolean;
  /** The number of the last entry of the history: what an operator saw who looks at this. */
  readonly seen: number;
  /** Two targets, of which nobody has said whether they are the same: everything is held until then. */
  readonly moved?: SyncMoved;
  /** No scheduled run before this time, after failures. */
  readonly notBefore?: number;
}

/** The target from before and the present one, in words without secrets. */
export interface SyncMove {
  readonly from: string;
  readonly to: string;
}

/** A target that may be the one from before, and what a run would do if it is, as far as that was planned. */
export interface SyncMoved extends SyncMove {
  readonly plan?: { readonly run: SyncRun; readonly changes: readonly SyncCount[] };
}

/** How many changes of a kind. */
export interface SyncCount {
  readonly kind: string;
  readonly count: number;
}

/** What a run held, and why. */
export interface SyncHeld extends SyncCount {
  readonly accounts: number;
  /** The limit that is configured: a number, a percentage, or both, of which the lower counts. Undefined if another reason held it. */
  readonly limit?: number | string | readonly [number, string];
  /** How many of the kind the run had made before. */
  readonly made: number;
}

/** An entry of the history: a run, or a release. */
export interface SyncRun {
  readonly run: number;
  readonly started: number;
  readonly ended?: number;
  readonly cause: string;
  readonly outcome: string;
  readonly error?: string;
  /** What a run that is under way is at. */
  readonly phase?: string;
  /** How many records of the source were read, how many of them cannot be used, and how many keys came more than once. */
  readonly read: number;
  readonly unusable: number;
  readonly twice: number;
  /** How many people were compared with the rules and their accounts. */
  readonly looked?: number;
  readonly counts: readonly (SyncCount & { readonly done: number; readonly failed: number })[];
  readonly held: readonly SyncHeld[];
  readonly groups: { readonly added: number; readonly removed: number };
  /** Groups that failed and records that cannot be used, some of them, in words. */
  readonly problems: readonly { readonly about: string; readonly reason: string }[];
  /** How many changes a release released. */
  readonly released?: number;
}

/** `GET /syncs/NAME/runs`: the history, latest first. */
export interface SyncRuns {
  readonly runs: readonly SyncRun[];
  readonly next?: number;
}

/** A person's line: who, how things stand, and what would be done. */
export interface SyncPerson {
  readonly key: string;
  readonly display: string;
  readonly status: string;
  readonly kind?: string;
  readonly held: boolean;
  readonly reason: string;
  readonly changes: readonly SyncChange[];
  readonly notes: readonly string[];
}

/** A change of an attribute, as text; empty for no value. */
export interface SyncChange {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** `GET /syncs/NAME/people`: people in the order of their keys, or of their names if they were searched. */
export interface SyncPeople {
  readonly people: readonly SyncPerson[];
  /** Whether the search took so long that it stopped before it had a whole page: it goes on with the next. */
  readonly isPartial?: boolean;
  readonly next?: string;
}

/** `GET /syncs/NAME/person`: everything that is known of one person. */
export interface SyncPersonPage {
  readonly display: string;
  readonly line?: SyncPerson;
  /** As `postern sync person` prints it, without secrets. */
  readonly page: PersonPage;
  /** Each attribute: what the sync wrote last, what the account showed last, and what it has now. */
  readonly attributes: readonly SyncAttribute[];
  /** Whether the account was looked at now, and why not. */
  readonly account: { readonly is: "read" | "gone" | "none" | "unread"; readonly error?: string };
  /** Where the account is in "People and groups". */
  readonly target?: { readonly route: string; readonly type: string; readonly id: string };
}

/** An attribute of an account, as text. */
export interface SyncAttribute {
  readonly name: string;
  readonly applied: string;
  readonly confirmed: string;
  /** Undefined if the account was not read. */
  readonly now?: string;
  /** Whether somebody else changed it since. */
  readonly isChanged: boolean;
}

/** `GET /syncs/NAME/drift`: what of the target is not as syncs wrote it. */
export type SyncDrift =
  | { readonly is: "none" }
  | { readonly is: "running"; readonly by: string; readonly started: number; readonly found: number }
  | { readonly is: "failed"; readonly ended: number; readonly error: string }
  | {
      readonly is: "done";
      readonly started: number;
      readonly ended: number;
      readonly count: number;
      readonly some: readonly SyncDifference[];
    };

/** A difference: an account that was changed, disabled, deleted or added, a group or a member. */
export interface SyncDifference {
  readonly what: "changed" | "disabled" | "gone" | "added" | "member" | "group";
  readonly key?: string;
  readonly id: string;
  readonly path?: string;
  readonly was: string;
  readonly is: string;
}

/** `POST /syncs/NAME/run`. */
export interface SyncRunWish {
  readonly plan?: boolean;
  readonly reconcile?: boolean;
  readonly first?: boolean;
  readonly acceptShrink?: boolean;
  /** Takes the target for the one from before, under another address: both as they were shown. */
  readonly same?: SyncMove;
}

/** `POST /syncs/NAME/release`, `retry`, `forget`, `cancel`: how many people it concerned, and which of them the sync does not know. */
export interface SyncActed {
  readonly count: number;
  readonly unknown: readonly string[];
}
