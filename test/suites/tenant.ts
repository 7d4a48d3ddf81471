import fc from "fast-check";
import type { Edit, SourceValue } from "../../src/entra/directory.ts";
import type { CycleKind } from "../../src/entra/simulation.ts";

/**
 * What Entra makes of a tenant, written down once more and plainly: sources, accounts and links are objects in memory, and nothing is
 * asked or sent. The simulator and the gateway together must come to the same directory.
 */
export function createModel(attributes: readonly Attribute[]) {
  const users = new Map<string, Source>();
  const groups = new Map<string, Source>();
  let accounts: Account[] = [];
  let teams: Team[] = [];
  let links = new Map<string, Account>();
  let teamLinks = new Map<string, Team>();
  let began = false;

  const apply = ({ type, objectId, attributes: given = {}, members, assigned, purged }: Edit) => {
    const all = type === "User" ? users : groups;
    const before = all.get(objectId);
    const isNothing =
      before !== undefined &&
      (assigned ?? before.assigned) === before.assigned &&
      (purged === true) === before.isPurged &&
      Object.entries(given).every(([name, value]) => before.values[name] === value) &&
      (members?.add ?? []).every((member) => before.members.has(member)) &&
      !(members?.remove ?? []).some((member) => before.members.has(member));
    if (isNothing) return;
    const wasAssigned = new Set([...users.keys()].filter(isAssigned));
    const object: Source = before ?? {
      id: objectId,
      values: {},
      assigned: assigned ?? true,
      members: new Map(),
      isPurged: false,
      changed: true,
    };
    all.set(objectId, object);
    Object.assign(object.values, given);
    object.assigned = assigned ?? object.assigned;
    object.isPurged = purged === true;
    object.changed = true;
    for (const member of members?.add ?? []) if (!object.members.has(member)) object.members.set(member, true);
    for (const member of members?.remove ?? []) object.members.delete(member);
    if (purged && type === "User") for (const group of groups.values()) group.members.delete(objectId);
    if (purged) object.members.clear();
    for (const [id, user] of users) if (wasAssigned.has(id) !== isAssigned(id)) user.changed = true;
  };
  const isAssigned = (id: string): boolean =>
    users.get(id)?.assigned === true ||
    [...groups.values()].some((group) => group.assigned && !group.isPurged && group.members.has(id));
  const isEntitled = (user: Source) =>
    !user.isPurged && user.values.accountEnabled !== false && user.values.IsSoftDeleted !== true && isAssigned(user.id);

  const cycle = (kind: CycleKind) => {
    const isWhole = kind !== "incremental" || !began;
    if (kind === "initial" || kind === "restart in full") {
      links = new Map();
      teamLinks = new Map();
      for (const account of accounts) account.manager.sent = undefined;
      for (const team of teams) team.sent.clear();
    }
    began = true;
    const turnUsers = [...users.values()].filter(({ changed }) => isWhole || changed);
    const turnGroups = [...groups.values()].filter(({ changed }) => isWhole || changed);
    for (const user of turnUsers) provisionUser(user);
    for (const user of turnUsers) setManager(user);
    const fresh = new Set(turnGroups.filter(provisionGroup).map(({ id }) => id));
    for (const group of turnGroups) setMembers(group, isWhole || fresh.has(group.id));
    for (const each of [...users.values(), ...groups.values()]) each.changed = false;
    for (const group of turnGroups) for (const member of group.members.keys()) group.members.set(member, false);
  };

  const provisionUser = (user: Source) => {
    const linked = links.get(user.id);
    if (user.isPurged) {
      if (!linked) return;
      accounts = accounts.filter((each) => each !== linked);
      for (const each of accounts) if (each.manager.shown === linked) each.manager.shown = undefined;
      for (const team of teams) for (const set of [team.members, team.sent]) set.delete(linked);
      links.delete(user.id);
      return;
    }
    if (!isEntitled(user)) {
      if (linked) linked.active = false;
      return;
    }
    const name = String(user.values.userPrincipalName).toLowerCase();
    const account = linked ?? accounts.find(({ values }) => values.userName?.toLowerCase() === name) ?? create();
    if (accounts.some((each) => each !== account && each.values.userName?.toLowerCase() === name)) throw new Conflict();
    links.set(user.id, account);
    account.active = true;
    for (const { source, target, isCaseExact } of attributes) {
      const value = user.values[source];
      if (value === undefined || value === null || value === "") continue;
      const text = String(value);
      const same = isCaseExact
        ? account.values[target] === text
        : account.values[target]?.toLowerCase() === text.toLowerCase();
      if (!same) account.values[target] = text;
    }
  };
  const create = (): Account => {
    const account: Account = { values: {}, active: true, manager: { shown: undefined, sent: undefined } };
    accounts.push(account);
    return account;
  };

  const setManager = (user: Source) => {
    const account = links.get(user.id);
    if (!account || !isEntitled(user)) return;
    const { manager } = account;
    const wanted = user.values.manager;
    const target = typeof wanted === "string" ? links.get(wanted) : undefined;
    if (target) {
      if (manager.sent !== target) manager.shown = target;
      manager.sent = target;
    } else if ((wanted === null || wanted === undefined) && manager.sent) {
      manager.shown = undefined;
      manager.sent = undefined;
    }
  };

  /** Gives whether the group was linked now. */
  const provisionGroup = (group: Source): boolean => {
    const linked = teamLinks.get(group.id);
    if (group.isPurged || !group.assigned) {
      if (linked) {
        teams = teams.filter((each) => each !== linked);
        teamLinks.delete(group.id);
      }
      return false;
    }
    const name = String(group.values.displayName);
    const team = linked ??
      teams.find((each) => each.name.toLowerCase() === name.toLowerCase()) ?? {
        name,
        members: new Set(),
        sent: new Set(),
      };
    if (teams.some((each) => each !== team && each.name.toLowerCase() === name.toLowerCase())) throw new Conflict();
    if (!teams.includes(team)) teams.push(team);
    if (team.name.toLowerCase() !== name.toLowerCase()) team.name = name;
    teamLinks.set(group.id, team);
    return linked === undefined;
  };

  const setMembers = (group: Source, isWhole: boolean) => {
    const team = teamLinks.get(group.id);
    if (!team) return;
    const wanted = new Set([...group.members.keys()].map((id) => links.get(id)));
    for (const account of team.sent)
      if (!wanted.has(account)) {
        team.sent.delete(account);
        team.members.delete(account);
      }
    for (const [id, isNew] of group.members) {
      const account = links.get(id);
      if (!account || team.sent.has(account) || !(isWhole || isNew)) continue;
      team.sent.add(account);
      team.members.add(account);
    }
  };

  return {
    apply,
    cycle,
    /** The directory as it should be, by names. */
    directory: (): Directory => ({
      users: Object.fromEntries(
        accounts.map(({ values, active, manager }) => [
          values.userName!,
          { ...values, active, ...(manager.shown && { manager: manager.shown.values.userName! }) },
        ]),
      ),
      groups: Object.fromEntries(
        teams.map(({ name, members }) => [name, [...members].map(({ values }) => values.userName!).sort()]),
      ),
    }),
  };
}

/** A name is taken by an account that is linked to nobody: what follows is not modelled. */
export class Conflict extends Error {}

/** An attribute that flows, by its names in the source and the target. */
export interface Attribute {
  readonly source: string;
  readonly target: string;
  readonly isCaseExact?: boolean;
}

/** A directory as it is compared: users by userName, members and managers by it, too. */
export interface Directory {
  readonly users: Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

interface Source {
  readonly id: string;
  readonly values: Record<string, SourceValue>;
  assigned: boolean;
  /** With whether the membership is new since the last cycle. */
  readonly members: Map<string, boolean>;
  isPurged: boolean;
  changed: boolean;
}

interface Account {
  readonly values: Record<string, string>;
  active: boolean;
  readonly manager: { shown: Account | undefined; sent: Account | undefined };
}

interface Team {
  name: string;
  readonly members: Set<Account>;
  /** What is known to have been sent. */
  readonly sent: Set<Account>;
}

/** What is done to a tenant: edits, and a cycle behind them. */
export interface Turn {
  readonly edits: readonly Edit[];
  readonly cycle: CycleKind;
}

/** Draws lives of small tenants. Names begin with a mark, so that many may live in one directory. */
export function drawTurns(mark: string): fc.Arbitrary<readonly Turn[]> {
  const userId = (n: number) => `${mark}-user-${n}`;
  const groupId = (n: number) => `${mark}-group-${n}`;
  const person = fc.integer({ min: 0, max: 5 });
  const text = fc.constantFrom("Clerk", "clerk", "Åse's", "R&D, (north)", "田中", 'a"b\\c', "x".repeat(60), "", null);
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({
          n: person,
          variant: fc.integer({ min: 0, max: 2 }),
          title: text,
          department: text,
          on: fc.option(fc.boolean()),
          assigned: fc.option(fc.boolean()),
          manager: fc.option(person),
        })
        .map(
          ({ n, variant, title, department, on, assigned, manager }): Edit => ({
            type: "User",
            objectId: userId(n),
            attributes: {
              userPrincipalName: [`${mark}.p${n}@x.test`, `${mark}.P${n}@x.test`, `${mark}.q${n}@x.test`][variant]!,
              displayName: `Person ${n}`,
              surname: `Person ${n}`,
              mailNickname: `${mark}${n}${variant}`,
              jobTitle: title,
              department,
              manager: manager === null ? null : userId(manager),
              ...(on !== null && { accountEnabled: on }),
            },
            ...(assigned !== null && { assigned }),
          }),
        ),
    },
    {
      weight: 1,
      arbitrary: person.map((n): Edit => ({ type: "User", objectId: userId(n), attributes: { IsSoftDeleted: true } })),
    },
    { weight: 1, arbitrary: person.map((n): Edit => ({ type: "User", objectId: userId(n), purged: true })) },
    {
      weight: 4,
      arbitrary: fc
        .record({
          n: fc.integer({ min: 0, max: 1 }),
          name: fc.constantFrom("Team", "team", "Crew"),
          add: fc.uniqueArray(person),
          remove: fc.uniqueArray(person),
          assigned: fc.option(fc.boolean()),
        })
        .map(
          ({ n, name, add, remove, assigned }): Edit => ({
            type: "Group",
            objectId: groupId(n),
            attributes: { displayName: `${mark} ${name} ${n}` },
            members: { add: add.filter((each) => !remove.includes(each)).map(userId), remove: remove.map(userId) },
            ...(assigned !== null && { assigned }),
          }),
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 0, max: 1 })
        .map((n): Edit => ({ type: "Group", objectId: groupId(n), purged: true })),
    },
  );
  const kind = fc.oneof(
    { weight: 6, arbitrary: fc.constant<CycleKind>("incremental") },
    { weight: 1, arbitrary: fc.constantFrom<CycleKind>("restart", "restart in full") },
  );
  const turn = fc.record({ edits: fc.array(edit, { maxLength: 6 }), cycle: kind });
  return fc
    .array(turn, { minLength: 1, maxLength: 6 })
    .map((turns) => turns.map(({ edits, cycle }, place) => ({ edits, cycle: place === 0 ? "initial" : cycle })));
}
