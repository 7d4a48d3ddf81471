import type { ExpressionBuilder, Kysely } from "kysely";

/** The tables of rule-based groups, for kysely. */
export interface MembershipTables {
  sync_groups: {
    readonly sync: string;
    readonly type: string;
    /** The name in lower case, and as first given. */
    readonly name: string;
    readonly shown: string;
    readonly target: string | null;
  };
  sync_members: {
    readonly sync: string;
    readonly type: string;
    readonly name: string;
    readonly key: string;
    /** `is`, `add` or `remove`. */
    readonly state: string;
  };
}

/** A group that a sync created or will create. */
export interface RuleGroup {
  readonly type: string;
  readonly name: string;
  readonly shown: string;
  readonly target: string | null;
}

/** A person's membership of a group. */
export interface Membership {
  readonly type: string;
  readonly name: string;
}

/** The memberships of groups that a sync manages. */
export interface Memberships {
  /** Sets the groups that a person should be in. */
  readonly belong: (key: string, groups: readonly Membership[]) => Promise<void>;
  /** A person's groups, in a fixed order: by their names in lower case, and as first given. */
  readonly memberships: (
    key: string,
  ) => Promise<readonly (Membership & { readonly shown: string; readonly state: string })[]>;
  /** Groups with members to add or remove. */
  readonly unsettled: () => Promise<readonly RuleGroup[]>;
  readonly groups: () => Promise<readonly RuleGroup[]>;
  readonly madeGroup: (group: Membership, target: string | null) => Promise<void>;
  /** Members of a group by state, with their accounts, after a key. */
  readonly members: (
    group: Membership,
    state: string,
    after: string,
    limit: number,
  ) => Promise<readonly { readonly key: string; readonly target: string | null }[]>;
  /** Records that members were added or removed. */
  readonly settled: (group: Membership, state: "add" | "remove", keys: readonly string[]) => Promise<void>;
  /** Marks a person's memberships to be added again, because the account has changed. */
  readonly unsettleMember: (key: string) => Promise<void>;
  /** Transfers memberships, because another person now has the account. */
  readonly handOver: (from: string, to: string) => Promise<void>;
  /** Forgets a person's memberships without changing them. */
  readonly forgetMember: (key: string) => Promise<void>;
  /** Marks a group's members to be added again, because the group or some members are missing in the target. */
  readonly unsettle: (group: Membership, keys: readonly string[] | undefined) => Promise<void>;
}

/** Memberships also read people's accounts. */
type Tables = MembershipTables & { sync_people: { sync: string; key: string; target: string | null } };

/** Stores memberships in tables. Every call waits for `ready`. */
export function createMemberships(
  given: Kysely<MembershipTables>,
  ready: () => Promise<void>,
  sync: string,
): Memberships {
  const db = given as unknown as Kysely<Tables>;
  const whenReady = async <T>(ask: () => Promise<T>): Promise<T> => {
    await ready();
    return ask();
  };
  const rows = (key: string) =>
    db
      .selectFrom("sync_members as m")
      .innerJoin("sync_groups as g", (join) =>
        join.onRef("g.sync", "=", "m.sync").onRef("g.type", "=", "m.type").onRef("g.name", "=", "m.name"),
      )
      .select(["m.type", "m.name", "g.shown", "m.state"])
      .where("m.sync", "=", sync)
      .where("m.key", "=", key)
      .orderBy("m.type")
      .orderBy("m.name")
      .execute();
  const inGroup =
    ({ type, name }: Membership) =>
    ({ and }: ExpressionBuilder<Tables, "sync_members">) =>
      and({ sync, type, name });
  return {
    belong: (key, groups) =>
      whenReady(async () => {
        const present = await rows(key);
        const id = ({ type, name }: Membership) => `${type}\0${name.toLowerCase()}`;
        const wanted = new Map(groups.map((group) => [id(group), group]));
        const known = new Map(present.map((each) => [id(each), each]));
        const set = (group: Membership, state: string) =>
          db
            .insertInto("sync_members")
            .values({ sync, key, type: group.type, name: group.name.toLowerCase(), state })
            .onConflict((conflict) => conflict.columns(["sync", "type", "name", "key"]).doUpdateSet({ state }))
            .execute();
        for (const [name, group] of wanted) {
          if (known.get(name) && known.get(name)!.state !== "remove") continue;
          await db
            .insertInto("sync_groups")
            .values({ sync, type: group.type, name: group.name.toLowerCase(), shown: group.name, target: null })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
          await set(group, "add");
        }
        for (const [name, each] of known) {
          if (wanted.has(name) || each.state === "remove") continue;
          await set(each, "remove");
        }
      }),
    memberships: (key) => whenReady(() => rows(key)),
    unsettled: () =>
      whenReady(() =>
        db
          .selectFrom("sync_groups as g")
          .select(["g.type", "g.name", "g.shown", "g.target"])
          .where("g.sync", "=", sync)
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom("sync_members as m")
                .select("m.key")
                .where("m.sync", "=", sync)
                .whereRef("m.type", "=", "g.type")
                .whereRef("m.name", "=", "g.name")
                .where("m.state", "!=", "is"),
            ),
          )
          .orderBy("g.name")
          .execute(),
      ),
    groups: () =>
      whenReady(() =>
        db
          .selectFrom("sync_groups")
          .select(["type", "name", "shown", "target"])
          .where("sync", "=", sync)
          .orderBy("name")
          .execute(),
      ),
    madeGroup: ({ type, name }, target) =>
      whenReady(async () => {
        await db
          .updateTable("sync_groups")
          .set({ target })
          .where("sync", "=", sync)
          .where("type", "=", type)
          .where("name", "=", name)
          .execute();
      }),
    members: ({ type, name }, state, after, limit) =>
      whenReady(() =>
        db
          .selectFrom("sync_members as m")
          .leftJoin("sync_people as p", (join) => join.onRef("p.sync", "=", "m.sync").onRef("p.key", "=", "m.key"))
          .select(["m.key", "p.target"])
          .where("m.sync", "=", sync)
          .where("m.type", "=", type)
          .where("m.name", "=", name)
          .where("m.state", "=", state)
          .where("m.key", ">", after)
          .orderBy("m.key")
          .limit(limit)
          .execute(),
      ),
    settled: (group, state, keys) =>
      whenReady(async () => {
        if (keys.length === 0) return;
        if (state === "add")
          await db
            .updateTable("sync_members")
            .set({ state: "is" })
            .where(inGroup(group))
            .where("state", "=", state)
            .where("key", "in", keys)
            .execute();
        else
          await db
            .deleteFrom("sync_members")
            .where(inGroup(group))
            .where("state", "=", state)
            .where("key", "in", keys)
            .execute();
      }),
    unsettleMember: (key) =>
      whenReady(async () => {
        await db
          .updateTable("sync_members")
          .set({ state: "add" })
          .where("sync", "=", sync)
          .where("key", "=", key)
          .where("state", "=", "is")
          .execute();
      }),
    handOver: (from, to) =>
      whenReady(async () => {
        const held = (await rows(from)).map((each) => ({ ...each, sync, key: to }));
        await db.deleteFrom("sync_members").where("sync", "=", sync).where("key", "in", [from, to]).execute();
        if (held.length > 0) await db.insertInto("sync_members").values(held).execute();
      }),
    forgetMember: (key) =>
      whenReady(async () => {
        await db.deleteFrom("sync_members").where("sync", "=", sync).where("key", "=", key).execute();
      }),
    unsettle: (group, keys) =>
      whenReady(async () => {
        const members = db
          .updateTable("sync_members")
          .set({ state: "add" })
          .where(inGroup(group))
          .where("state", "=", "is");
        await (keys ? members.where("key", "in", keys.length > 0 ? keys : [""]) : members).execute();
      }),
  };
}
