import type { ObjectType, SourceObject } from "../directory.ts";

/** What drawing edits needs to know about the tenant. */
export interface Tenant {
  /** The number of objects of a type that are not purged. They are numbered from 0; access by number takes O(log n). */
  count(type: ObjectType): number;
  /** The object with a number; undefined where there is none. */
  at(type: ObjectType, index: number): SourceObject | undefined;
  /** ObjectIds of direct members that are not purged, up to `limit`. */
  membersOf(groupId: string, limit: number): readonly string[];
}
