import { isDeepStrictEqual } from "node:util";
import type { Edit, ObjectType, SourceObject, SourceValue } from "./directory.ts";
import type { Row, Statements } from "./statements.ts";

/** An object of the source in the store. */
export interface StoredObject extends SourceObject {
  readonly isPurged: boolean;
  /** Its last change, by the source's change count. */
  readonly changed: number;
}

/** Objects read at a time. */
const PAGE_SIZE = 500;

/** The source directory in the store. */
export function sourceIn({ run, first, all }: Statements) {
  /** The source's change count, and the next ordinal of each type. */
  let changes: number = first("select max(changed) as n from objects")?.n ?? 0;
  const nextOrdinal = (type: ObjectType): number =>
    (first("select max(ordinal) as n from objects where type = ?", type)?.n ?? -1) + 1;
  const ordinals = { User: nextOrdinal("User"), Group: nextOrdinal("Group") };
  const object = (type: ObjectType, id: string): StoredObject | undefined => {
    const row = first("select * from objects where type = ? and id = ?", type, id);
    return row && stored(row);
  };
  const isAssigned = (type: ObjectType, id: string, assigned: boolean): boolean =>
    assigned ||
    (type === "User" &&
      first(
        `select 1 as n from members m join objects g on g.type = 'Group' and g.id = m.group_id
         where m.member = ? and g.assigned = 1 and g.purged = 0 limit 1`,
        id,
      ) !== undefined);
  const countIn = (type: ObjectType): number =>
    first("select count(*) as n from objects where type = ? and purged = 0", type)?.n ?? 0;
  const counts = { User: countIn("User"), Group: countIn("Group") };
  const count = (type: ObjectType): number => counts[type];
  const isMember = (groupId: string, member: string): boolean =>
    first("select 1 as n from members where group_id = ? and member = ?", groupId, member) !== undefined;
  const put = (
    { type, objectId: id, attributes = {}, purged }: Edit,
    before: StoredObject | undefined,
    assigned: boolean,
  ) => {
    const text = JSON.stringify({ ...before?.attributes, ...attributes });
    if (before)
      run(
        "update objects set attributes = ?, assigned = ?, purged = ?, changed = ? where type = ? and id = ?",
        text,
        Number(assigned),
        Number(purged === true),
        changes,
        type,
        id,
      );
    else
      run(
        "insert into objects values (?, ?, ?, ?, ?, ?, ?)",
        type,
        id,
        text,
        Number(assigned),
        Number(purged === true),
        changes,
        ordinals[type]++,
      );
  };

  const changeMembers = ({ objectId: id, members, purged, type }: Edit) => {
    for (const member of members?.add ?? []) run("insert or ignore into members values (?, ?, ?)", id, member, changes);
    for (const member of members?.remove ?? [])
      run("delete from members where group_id = ? and member = ?", id, member);
    if (purged) run(`delete from members where ${type === "Group" ? "group_id" : "member"} = ?`, id);
  };

  /** Users whose assignment a group change may affect: those not assigned themselves. */
  const mayTurn = ({ objectId: id, members }: Edit, isTurned: boolean): string[] => {
    const there = isTurned ? all("select member from members where group_id = ?", id).map((row) => row.member) : [];
    const named = new Set<string>([...(members?.add ?? []), ...(members?.remove ?? []), ...there]);
    return [...named].filter((member) => object("User", member)?.assigned === false);
  };

  /** Reports whether an edit changes nothing: a file that is read again contains mostly known data. */
  const isSame = ({ attributes = {}, members, purged, objectId }: Edit, before: StoredObject, assigned: boolean) =>
    assigned === before.assigned &&
    (purged === true) === before.isPurged &&
    Object.entries(attributes).every(([name, value]) => isDeepStrictEqual(value, before.attributes[name])) &&
    (members?.add ?? []).every((member) => isMember(objectId, member)) &&
    !(members?.remove ?? []).some((member) => isMember(objectId, member));

  /** Makes a change, if it is one. Users whose assignment depends on a group change with it. */
  const apply = (edit: Edit) => {
    const { type, objectId } = edit;
    const before = object(type, objectId);
    const assigned = edit.assigned ?? before?.assigned ?? true;
    if (before && isSame(edit, before, assigned)) return;
    changes++;
    const isTurned = (before?.assigned ?? false) !== assigned || edit.purged === true || before?.isPurged === true;
    const concerned = type === "Group" ? mayTurn(edit, isTurned) : [];
    const were = concerned.map((member) => isAssigned("User", member, false));
    const isThere = before !== undefined && !before.isPurged;
    counts[type] += Number(edit.purged !== true) - Number(isThere);
    put(edit, before, assigned);
    changeMembers(edit);
    for (const [place, member] of concerned.entries())
      if (isAssigned("User", member, false) !== were[place])
        run("update objects set changed = ? where type = 'User' and id = ?", changes, member);
  };

  return {
    apply,
    object,
    lastChange: () => changes,
    /** Reports whether the object is assigned to the application: directly, or as a direct member of an assigned group. */
    isAssigned: ({ type, objectId, assigned }: SourceObject) => isAssigned(type, objectId, assigned),
    /** Objects that changed between two places of the change count, in order. */
    *changedSince(type: ObjectType, since: number, until: number): Generator<StoredObject> {
      let [changed, id] = [since, "\uffff"];
      for (;;) {
        const rows = all(
          `select * from objects where type = ? and (changed, id) > (?, ?) and changed <= ? order by changed, id limit ${PAGE_SIZE}`,
          type,
          changed,
          id,
          until,
        );
        for (const row of rows) yield stored(row);
        if (rows.length < PAGE_SIZE) return;
        ({ changed, id } = rows.at(-1) as { changed: number; id: string });
      }
    },
    count,
    /** Up to two objects with an objectId, userPrincipalName or displayName, in this order; of one type, or of any. */
    named: (name: string, type?: ObjectType): SourceObject[] =>
      all(
        `select * from objects where purged = 0 and (?2 is null or type = ?2) and (id = ?1 or name = lower(?1) or shown = lower(?1))
         order by id = ?1 desc, name is not lower(?1) limit 2`,
        name,
        type ?? null,
      ).map(stored),
    /**
     * The object at an index between 0 and the count, or the next one if it is gone. Indices are spread over all objects that ever existed.
     */
    at: (type: ObjectType, index: number): SourceObject | undefined => {
      const place = Math.floor((index * ordinals[type]) / Math.max(1, count(type)));
      const row = first(
        "select * from objects where type = ? and purged = 0 and ordinal >= ? order by ordinal limit 1",
        type,
        place,
      );
      return row && stored(row);
    },
    /** Direct members in the source. */
    membersOf: (groupId: string, limit: number): string[] =>
      all("select member from members where group_id = ? order by member limit ?", groupId, limit).map(
        (row) => row.member,
      ),
  };
}

const stored = (row: Row): StoredObject => ({
  type: row.type,
  objectId: row.id,
  attributes: JSON.parse(row.attributes) as Record<string, SourceValue>,
  assigned: row.assigned === 1,
  isPurged: row.purged === 1,
  changed: row.changed,
});
