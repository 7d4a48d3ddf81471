/** The value of an attribute in the source directory. A reference holds the objectId of its target. */
export type SourceValue = string | number | boolean | null | readonly (string | Readonly<Record<string, unknown>>)[];

/** The objects that Entra provisions. */
export const OBJECT_TYPES = ["User", "Group"] as const;
/** An object type. */
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

/** A change in the source directory. An unknown objectId creates the object. Attributes that are not named are kept; `null` clears one. */
export interface Edit {
  readonly type: ObjectType;
  readonly objectId: string;
  readonly attributes?: Readonly<Record<string, SourceValue>>;
  /** For groups: objectIds of direct members to add and to remove. */
  readonly members?: { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  /** Assigns the object to the application, or removes the assignment. New objects are assigned unless it is false. */
  readonly assigned?: boolean;
  /** Deletes the object permanently. (A soft deletion is the attribute `IsSoftDeleted`.) */
  readonly purged?: true;
}
