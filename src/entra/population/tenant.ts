import type { ObjectType, SourceObject } from "../directory.ts";

/** What the drawing of edits may ask of the tenant as it is. */
export interface Tenant {
  /** How many objects of a type there are that are not purged. They are numbered from 0; asking by a number takes O(log n). */
  count(type: ObjectType): number;
  /** The object with a number; undefined where there is none. */
  at(type: ObjectType, index: number): SourceObject | undefined;
  /** ObjectIds of direct members that are not purged, at most `limit` of them. */
  membersOf(groupId: string, limit: number): readonly string[];
}
