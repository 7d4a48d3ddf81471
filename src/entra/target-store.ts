import type { ObjectType } from "./directory.ts";
import type { Row, Statements } from "./statements.ts";

/** What is known about an object in the target: Entra's connector data store. */
export interface Link {
  readonly targetId: string;
  /** The values last sent, as text, by attribute path; references by the ID that was sent. */
  readonly exported: Readonly<Record<string, string>>;
  readonly isActive: boolean;
  /** The cycle in which the object was linked. */
  readonly since: number;
}

/** A failure that will be retried. */
export interface Escrow {
  readonly kind: "export" | "reference";
  readonly attempts: number;
  readonly since: number;
  readonly next: number;
  readonly code: string;
}

/** Rows read at a time. */
const PAGE_SIZE = 500;

/** What Entra remembers about the target, in the store. */
export function targetIn({ run, first, all }: Statements) {
  return {
    link: (type: ObjectType, id: string): Link | undefined => {
      const row = first("select * from links where type = ? and id = ?", type, id);
      return row && linkIn(row);
    },
    saveLink: (type: ObjectType, id: string, { targetId, exported, isActive, since }: Link, cycle: number) =>
      run(
        `insert into links values (?, ?, ?, ?, ?, ?, ?) on conflict do update set
         target = excluded.target, exported = excluded.exported, active = excluded.active, cycle = excluded.cycle, since = excluded.since`,
        type,
        id,
        targetId,
        JSON.stringify(exported),
        Number(isActive),
        cycle,
        since,
      ),
    /** Forgets a link, and what was sent of its members. */
    unlink: (type: ObjectType, id: string) => {
      run("delete from links where type = ? and id = ?", type, id);
      run("delete from pending where type = ? and id = ?", type, id);
      run("delete from exported_members where group_id = ?", id);
      run("delete from exported_members where member = ?", id);
    },
    /** Links that were written in a cycle. */
    *linksOf(type: ObjectType, cycle: number): Generator<{ readonly id: string; readonly link: Link }> {
      for (let id = ""; ; ) {
        const rows = all(
          `select * from links where type = ? and cycle = ? and id > ? order by id limit ${PAGE_SIZE}`,
          type,
          cycle,
          id,
        );
        for (const row of rows) yield { id: row.id, link: linkIn(row) };
        if (rows.length < PAGE_SIZE) return;
        id = rows.at(-1)!.id;
      }
    },
    /** The object that is linked to an ID of the target. */
    linkedTo: (type: ObjectType, targetId: string): string | undefined =>
      first("select id from links where type = ? and target = ?", type, targetId)?.id,
    /** Members added after a place in the change count and not sent yet, in order after `after`. */
    membersToAdd: (groupId: string, since: number, after: string, limit: number): string[] =>
      all(
        `select member from members m where group_id = ? and changed > ? and member > ? and not exists
         (select 1 from exported_members e where e.group_id = m.group_id and e.member = m.member) order by member limit ?`,
        groupId,
        since,
        after,
        limit,
      ).map((row) => row.member),
    /** Members that were exported but have since been removed from the group. */
    membersToRemove: (groupId: string, after: string, limit: number): string[] =>
      all(
        `select member from exported_members e where group_id = ? and member > ? and not exists
         (select 1 from members m where m.group_id = e.group_id and m.member = e.member) order by member limit ?`,
        groupId,
        after,
        limit,
      ).map((row) => row.member),
    exportedMembers: (groupId: string, after: string, limit: number): string[] =>
      all(
        "select member from exported_members where group_id = ? and member > ? order by member limit ?",
        groupId,
        after,
        limit,
      ).map((row) => row.member),
    addExported: (groupId: string, member: string) => {
      run("insert or ignore into exported_members values (?, ?)", groupId, member);
      run("delete from removed_members where group_id = ? and member = ?", groupId, member);
    },
    removeExported: (groupId: string, member: string, cycle: number) => {
      run("delete from exported_members where group_id = ? and member = ?", groupId, member);
      run("insert or replace into removed_members values (?, ?, ?)", groupId, member, cycle);
    },
    /** Forgets removals that were sent before a cycle. */
    pruneRemoved: (cycle: number) => run("delete from removed_members where cycle < ?", cycle),
    /** Members whose removal was sent in a cycle. */
    removedIn: (groupId: string, cycle: number): string[] =>
      all("select member from removed_members where group_id = ? and cycle = ?", groupId, cycle).map(
        (row) => row.member,
      ),

    /** Marks an object's references for processing: members that changed after a place in the change count. */
    await: (type: ObjectType, id: string, since: number) =>
      run(
        "insert into pending values (?, ?, ?) on conflict do update set since = min(since, excluded.since)",
        type,
        id,
        since,
      ),
    /** Objects whose references must be processed. Objects may be removed while they are read. */
    *pending(type: ObjectType): Generator<{ readonly id: string; readonly since: number }> {
      for (let after = ""; ; ) {
        const rows = all(
          `select id, since from pending where type = ? and id > ? order by id limit ${PAGE_SIZE}`,
          type,
          after,
        );
        for (const row of rows) yield { id: row.id, since: row.since };
        if (rows.length < PAGE_SIZE) return;
        after = rows.at(-1)!.id;
      }
    },
    settlePending: (type: ObjectType, id: string) => run("delete from pending where type = ? and id = ?", type, id),
    countLinks: (): number => first("select count(*) as n from links")?.n ?? 0,

    escrow: (type: ObjectType, id: string, kind: Escrow["kind"]): Escrow | undefined => {
      const row = first("select * from escrows where type = ? and id = ? and kind = ?", type, id, kind);
      return row && { kind, attempts: row.attempts, since: row.since, next: row.next, code: row.code };
    },
    saveEscrow: (type: ObjectType, id: string, { kind, attempts, since, next, code }: Escrow) =>
      run("insert or replace into escrows values (?, ?, ?, ?, ?, ?, ?)", type, id, kind, attempts, since, next, code),
    settle: (type: ObjectType, id: string, kind: Escrow["kind"]): void => {
      run("delete from escrows where type = ? and id = ? and kind = ?", type, id, kind);
    },
    /** Objects of a type with something due, in order after `after`. */
    due: (type: ObjectType, now: number, after: string): string[] =>
      all(
        `select distinct id from escrows where type = ? and next <= ? and id > ? order by id limit ${PAGE_SIZE}`,
        type,
        now,
        after,
      ).map((row) => row.id),
    countEscrows: (): Readonly<Record<Escrow["kind"], number>> => ({
      export: first("select count(*) as n from escrows where kind = 'export' and code <> 'StagedDelete'")?.n ?? 0,
      reference: first("select count(*) as n from escrows where kind = 'reference'")?.n ?? 0,
    }),
    /** Drops failures that are older than a time. */
    pruneEscrows: (before: number) => run("delete from escrows where since < ?", before),
    clearEscrows: () => run("delete from escrows"),
    clearLinks: () => {
      run("delete from links");
      run("delete from exported_members");
      run("delete from removed_members");
      run("delete from pending");
    },
  };
}

const linkIn = (row: Row): Link => ({
  targetId: row.target,
  exported: JSON.parse(row.exported),
  isActive: row.active === 1,
  since: row.since,
});
