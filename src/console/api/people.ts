import type { GuardDanger } from "./guard.ts";
import type { Pace } from "./pace.ts";

/** An entry of the journal. */
export interface HistoryLine {
  readonly id: string;
  /** When the request was answered, in milliseconds since 1970. */
  readonly at: number;
  readonly caller: string;
  readonly status: number;
  readonly result: "success" | "failure";
  /** What happened, in a sentence. */
  readonly sentence: string;
  /** The resource that it is about, and what people know it by; empty if that is not known. */
  readonly type: string;
  readonly resource: string;
  readonly display: string;
  /** What the request asks for of the resource whose history this is, where it is about a group. */
  readonly member?: "added" | "removed" | "set" | undefined;
}

/** How resources of a type may be searched for: the attribute, or `any` of the following ones, and how it is compared. */
export interface Way {
  readonly by: string;
  readonly op: "sw" | "co" | "eq" | "any";
}

/** A resource type of a route. */
export interface PeopleType {
  readonly route: string;
  readonly type: string;
  /** The attributes that a list of them shows, besides the ID. */
  readonly shown: readonly string[];
  readonly ways: readonly Way[];
}

/** `GET /console/api/people/types`: what there is to look at. */
export interface PeopleTypes {
  readonly types: readonly PeopleType[];
}

/** A resource in a list. */
export interface PersonRow {
  readonly id: string;
  /** What people know it by; empty if it has no name. */
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly active: boolean | undefined;
}

/** `GET /console/api/people/list`: a page of resources as the backend has them. */
export interface PeoplePage {
  readonly rows: readonly PersonRow[];
  readonly total: number;
  readonly next?: string | undefined;
}

/** A resource that the journal knows. */
export interface KnownResource {
  readonly id: string;
  readonly name: string;
  /** Its newest entry. */
  readonly last: HistoryLine;
}

/** `GET /console/api/people/known`: resources in the journal by a part of their name, or by ID. */
export interface KnownPage {
  /** Undefined if the gateway keeps no journal. */
  readonly rows: readonly KnownResource[] | undefined;
}

/** A resource as it is now. */
export type Now =
  | { readonly is: "there"; readonly resource: Readonly<Record<string, unknown>>; readonly name: string }
  | { readonly is: "gone" }
  /** The backend could not be asked. */
  | { readonly is: "unknown"; readonly problem: string };

/** Entries of the journal, newest first. */
export interface History {
  readonly lines: readonly HistoryLine[];
  /** The cursor of the next page. */
  readonly next?: string | undefined;
}

/** What the journal says of a resource, if there is a journal and it can be asked. */
export type Told =
  | { readonly is: "kept"; readonly history: History }
  | { readonly is: "off" }
  | { readonly is: "unknown"; readonly problem: string };

/** A resource that another one refers to. */
export interface Referred {
  readonly id: string;
  /** Its type; empty if it isn't known. */
  readonly type: string;
  readonly name: string;
}

/** What the guard knows of a resource: a change that it stopped, or one that is released and has not come again. */
export type GuardFact =
  | {
      readonly is: "stopped";
      readonly danger: GuardDanger;
      /** When it was stopped first and tried last, in milliseconds since 1970, and by whom. */
      readonly since: number;
      readonly at: number;
      readonly caller: string;
    }
  | {
      readonly is: "released";
      readonly danger: GuardDanger;
      /** When it was released, until when, by whom and why. */
      readonly at: number;
      readonly until: number;
      readonly by: string;
      readonly reason: string;
    };

/** What a sync says of an account that it keeps. Times are in milliseconds since 1970. */
export interface SyncFact {
  readonly sync: string;
  /** The person's key in the source. */
  readonly key: string;
  /** The person's state in the sync, such as `ok` or `ignored`. */
  readonly status: string;
  /** The kind of the planned change, whether it is held, and why it is planned or nothing is done; empty if there is no reason. */
  readonly kind?: string;
  readonly isHeld: boolean;
  readonly reason: string;
  /** Whether the last attempt failed, and when it is tried again, if it is. */
  readonly isFailed: boolean;
  readonly nextTry?: number;
  /** When the sync runs next; undefined if that is by hand or by signal. */
  readonly nextRun?: number;
}

/** Whose doings are expected: Entra's, a sync's, or those of another caller, whose name is empty if nothing is known of any. */
export type Client =
  | { readonly is: "entra" }
  | { readonly is: "sync"; readonly name: string }
  | { readonly is: "other"; readonly name: string };

/** What is expected to be done. Each rests on facts of the journal and of the backend, and on nothing that Entra said; what syncs do, they say. */
export type Expectation =
  /** Nothing is known of it. */
  | { readonly is: "untold" }
  /**
   * The last write failed. Entra sends it again at about `next`, and stops at `givenUp`. If it is `late`, it should have come already; if it
   * is `over`, Entra has stopped.
   */
  | {
      readonly is: "retry";
      readonly last: HistoryLine;
      readonly first: HistoryLine;
      /** How many writes failed in succession. `isAtLeast` if there may be more. */
      readonly failures: number;
      readonly isAtLeast: boolean;
      readonly state: "due" | "late" | "over";
      /** `guard` if the guard stopped it, and no longer lists it. */
      readonly why: "later" | "credentials" | "missing" | "refused" | "guard";
      readonly next: number;
      readonly givenUp: number;
    }
  /**
   * The guard stops what the client asks until an operator releases it, or the hour's limit has room again. Entra sends it again at about
   * `next`, or should have by now if that `isLate`; of other callers that isn't known.
   */
  | (Extract<GuardFact, { is: "stopped" }> & {
      readonly next: number | undefined;
      readonly isLate: boolean;
      /** The last attempt, if the journal has it. */
      readonly last: HistoryLine | undefined;
    })
  /** An operator released what the guard had stopped: it passes when the client sends it again, before `until`. */
  | Extract<GuardFact, { is: "released" }>
  /** It is disabled: since the entry `by`, if the journal knows. A person who was deleted in Entra is deleted here at about `due`. */
  | { readonly is: "disabled"; readonly by: HistoryLine | undefined; readonly due: number | undefined }
  /** Entra deleted it, by the request `by`. */
  | { readonly is: "gone"; readonly by: HistoryLine }
  /** It is gone, and Entra doesn't know: another caller deleted it by the request `by`, or nobody that the journal knows of. */
  | { readonly is: "lost"; readonly by: HistoryLine | undefined }
  /** A sync keeps the account: what it says of it. */
  | ({ readonly is: "sync" } & SyncFact)
  /** Neither Entra nor a sync wrote it last: what its caller does next is not known. */
  | { readonly is: "other"; readonly last: HistoryLine; readonly isDone: boolean }
  /** The last write was successful: Entra sends what changes at the source from now on. */
  | { readonly is: "settled"; readonly last: HistoryLine }
  /** It was changed in the backend after the last write through the gateway. Entra doesn't notice. */
  | { readonly is: "changedElsewhere"; readonly at: number; readonly last: HistoryLine };

/** `GET /console/api/people/resource`: a resource now, its history, and what comes next. */
export interface PersonPage {
  readonly route: string;
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly now: Now;
  readonly told: Told;
  readonly expected: readonly Expectation[];
  /** Whose doings are expected. */
  readonly client: Client;
  readonly pace: Pace;
  /** Attributes with a value that is a reference, by path, and what they refer to. */
  readonly references: Readonly<Record<string, Referred>>;
  /** Attributes with many references, each to be asked for by itself. */
  readonly lists: readonly string[];
}

/** `GET /console/api/people/references`: a page of what an attribute of a resource refers to. */
export interface ReferencesPage {
  readonly rows: readonly Referred[];
  readonly total: number;
  /** The number of the next page's first. */
  readonly next?: number | undefined;
}
