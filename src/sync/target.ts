import type { Mapping } from "../mapping/mapping.ts";
import type { Resource, ResourceType } from "../scim/schema.ts";
import type { Place } from "./values.ts";

/** A target that can be read and written. All functions reject with a `TargetError`. */
export interface Target {
  readonly type: ResourceType;
  readonly rows: Mapping["rows"] | undefined;
  /** The first two accounts with a value at a place. */
  readonly find: (place: Place, value: string) => Promise<readonly Resource[]>;
  readonly read: (id: string) => Promise<Resource | undefined>;
  readonly create: (resource: Resource) => Promise<Resource>;
  /** Makes changes given as the body of a PATCH. Returns the account afterwards. */
  readonly update: (id: string, patch: Record<string, unknown>) => Promise<Resource>;
  /** Deletes an account; a missing one is not a failure. */
  readonly remove: (id: string) => Promise<void>;
  /** Removes an account from its groups. */
  readonly strip: (id: string) => Promise<void>;
  readonly groups: Groups;
}

/** The groups of a target. */
export interface Groups {
  /** The resource type of a name. */
  readonly type: (name: string) => ResourceType;
  /** The ID of the group with a name; undefined if there is none. */
  readonly find: (type: string, name: string) => Promise<string | undefined>;
  readonly create: (type: string, resource: Resource) => Promise<string>;
  /** Adds and removes members; false if the group no longer exists. */
  readonly change: (
    type: string,
    id: string,
    members: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ) => Promise<boolean>;
  /** The members' IDs; undefined if the group no longer exists. */
  readonly members: (type: string, id: string) => Promise<readonly string[] | undefined>;
}

/** Why a target did not do what was requested. */
export type TargetErrorKind =
  /** It is away, busy, or throttles: it will pass, and says nothing of the person. */
  | "unavailable"
  /** A value is taken that must be unique. */
  | "conflict"
  /** It refuses this person's change, and would again. */
  | "refused"
  /** Our own safety refuses it: protection, the change guard, read only, dry run. */
  | "held";

/** A failure of a target, in its own words. */
export class TargetError extends Error {
  readonly kind: TargetErrorKind;
  /** Seconds until the next attempt, if the target says so. */
  readonly retryAfter: number | undefined;

  constructor(kind: TargetErrorKind, message: string, options?: ErrorOptions & { retryAfter?: number | undefined }) {
    super(message, options);
    this.name = "TargetError";
    this.kind = kind;
    this.retryAfter = options?.retryAfter;
  }
}
