import type { Mapping } from "../mapping/mapping.ts";
import type { Resource, ResourceType } from "../scim/schema.ts";
import type { Place } from "./values.ts";

/** Where a sync writes, and can read what is there. All of its functions reject with a `TargetError`. */
export interface Target {
  readonly type: ResourceType;
  readonly rows: Mapping["rows"] | undefined;
  /** The first two accounts that have a value at a place. */
  readonly find: (place: Place, value: string) => Promise<readonly Resource[]>;
  readonly read: (id: string) => Promise<Resource | undefined>;
  readonly create: (resource: Resource) => Promise<Resource>;
  /** Makes changes that are the body of a PATCH; gives the account after it. */
  readonly update: (id: string, patch: Record<string, unknown>) => Promise<Resource>;
  /** Deletes an account; one that is gone is no failure. */
  readonly remove: (id: string) => Promise<void>;
  /** Takes an account out of its groups. */
  readonly strip: (id: string) => Promise<void>;
  readonly groups: Groups;
}

/** Groups of a target. */
export interface Groups {
  /** The resource type of a name. */
  readonly type: (name: string) => ResourceType;
  /** The id of the group of a name; undefined where there is none. */
  readonly find: (type: string, name: string) => Promise<string | undefined>;
  readonly create: (type: string, resource: Resource) => Promise<string>;
  /** Adds and removes members; false where the group is gone. */
  readonly change: (
    type: string,
    id: string,
    members: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ) => Promise<boolean>;
  /** The members' ids; undefined where the group is gone. */
  readonly members: (type: string, id: string) => Promise<readonly string[] | undefined>;
}

/** Why a target did not do what it was asked. */
export type TargetErrorKind =
  /** It is away, busy, or throttles: it will pass, and says nothing of the person. */
  | "unavailable"
  /** A value is taken that must be unique. */
  | "conflict"
  /** It refuses this person's change, and would again. */
  | "refused"
  /** Our own safety refuses it: protection, the change guard, read only, dry run. */
  | "held";

/** A failure of a target, told in its words. */
export class TargetError extends Error {
  readonly kind: TargetErrorKind;
  /** Seconds after which to try again, where it says. */
  readonly retryAfter: number | undefined;

  constructor(kind: TargetErrorKind, message: string, options?: ErrorOptions & { retryAfter?: number | undefined }) {
    super(message, options);
    this.name = "TargetError";
    this.kind = kind;
    this.retryAfter = options?.retryAfter;
  }
}
