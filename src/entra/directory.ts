/** What an attribute of the source directory holds. A reference holds the objectId of what it refers to. */
export type SourceValue = string | number | boolean | null | readonly (string | Readonly<Record<string, unknown>>)[];

/** The objects that Entra provisions. */
export const OBJECT_TYPES = ["User", "Group"] as const;
/** One of them. */
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** An object of the source directory. */
export interface SourceObject {
  readonly type: ObjectType;
  readonly objectId: string;
  /**
   * Values by the names that job schemas use: `userPrincipalName`, `accountEnabled`, `IsSoftDeleted`, `givenName`, `manager` (an
   * objectId), `appRoleAssignments`, `extensionAttribute1` ... Names are case-sensitive.
   */
  readonly attributes: Readonly<Record<string, SourceValue>>;
  /** Whether the object itself is assigned to the application. */
  readonly assigned: boolean;
}

/**
 * A change of the source directory. An objectId that is not there yet is created by it. Attributes that are not named stay; `null` clears one.
 */
export interface Edit {
  readonly type: ObjectType;
  readonly objectId: string;
  readonly attributes?: Readonly<Record<string, SourceValue>>;
  /** Of groups: objectIds of direct members, by what is added and what is removed. */
  readonly members?: { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  /** Assigns the object to the application, or takes the assignment away. New objects are assigned unless it is false. */
  readonly assigned?: boolean;
  /** The object is deleted for good. (A soft deletion is the attribute `IsSoftDeleted`.) */
  readonly purged?: true;
}
