import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { syncNamed } from "../src/compose/syncs/syncs.ts";
import { NO_PLAN } from "../src/state/person.ts";
import { liveEngine } from "../src/sync/engines/live.ts";
import { personPage } from "../src/sync/page.ts";
import { memoryOf, planOf } from "../src/sync/person.ts";
import { planLine } from "../src/sync/report.ts";
import { runSync, type Sync } from "../src/sync/run.ts";
import { signatureOf } from "../src/sync/signature.ts";
import { TargetError } from "../src/sync/target.ts";
import { routeTarget } from "../src/sync/targets/route.ts";
import { ROOT } from "./servers/gateway.ts";
import { type HrRow, openSyncing, RULES, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

const people = (count: number, more: Partial<HrRow> = {}): HrRow[] =>
  Array.from({ length: count }, (_, index) => ({
    number: String(index + 1).padStart(4, "0"),
    given: `Given${index + 1}`,
    family: "Family",
    hired: "2020-01-01",
    ...more,
  }));
const pageOf = async (key: string) => {
  const person = (await syncing.store.person(key))!;
  return { ...person, plan: planOf(person), remembered: memoryOf(person) };
};
const enabled = async () => [...(await syncing.accounts()).values()].filter(({ active }) => active).length;
const GUARD = { creates: 10, changes: "50%", disables: [3, "20%"], deletes: 0, removals: "50%" };

describe("the first run", () => {
  test("is held whole until somebody lets it happen", async () => {
    syncing = await openSyncing({ guard: GUARD });
    syncing.hire(...people(3));
    expect(await syncing.run({ isFirst: false })).toMatchObject({
      outcome: "held",
      held: [{ kind: "creates", count: 3, allowed: 0 }],
    });
    expect((await syncing.accounts()).size).toBe(0);
    expect(await syncing.run({ isFirst: true })).toMatchObject({ outcome: "done", counts: { creates: { done: 3 } } });
  });

  test("can be tried with one person, who is released", async () => {
    syncing = await openSyncing({ guard: GUARD });
    syncing.hire(...people(3));
    await syncing.run({ isFirst: false });
    expect(await syncing.store.release({ keys: ["0002"] })).toBe(1);
    await syncing.run({ isFirst: false });
    expect([...(await syncing.accounts()).keys()]).toEqual(["0002"]);
  });
});

describe("the guard", () => {
  test("holds all changes of a kind that has too many, before the first is made, and lets other kinds pass", async () => {
    syncing = await openSyncing({ guard: GUARD });
    syncing.hire(...people(20));
    await syncing.run();
    syncing.fire(...people(4).map(({ number }) => number!));
    syncing.hire({ number: "9", given: "New", family: "One", hired: "2020-01-01" });
    const report = await syncing.run();
    expect(report).toMatchObject({
      outcome: "held",
      held: [{ kind: "disables", count: 4, allowed: 3 }],
      counts: { creates: { done: 1 } },
    });
    expect(await enabled()).toBe(21);
    expect((await pageOf("0001")).plan).toMatchObject({
      kind: "disables",
      changes: [{ name: "active", from: true, to: false }],
    });
    await syncing.store.release({ keys: ["0001"] });
    // Those that are left are as many as are allowed.
    expect(await syncing.run()).toMatchObject({ outcome: "done", counts: { disables: { done: 4 } } });
  });

  test("what was released once is not released for another kind of change", async () => {
    syncing = await openSyncing({ guard: { ...GUARD, disables: 0, changes: 0 } });
    syncing.hire(...people(3));
    await syncing.run();
    syncing.fire("0001");
    await syncing.run();
    expect(await syncing.store.release({ kind: "disables" })).toBe(1);
    syncing.hire({ ...people(1)[0]!, title: "Back again" });
    expect(await syncing.run()).toMatchObject({ outcome: "held", held: [{ kind: "changes" }] });
    expect((await syncing.accounts()).get("0001")).not.toHaveProperty("title");
  });

  test("counts what a run has made already, round by round", async () => {
    syncing = await openSyncing({ guard: { ...GUARD, changes: 1 } });
    syncing.hire(...people(2));
    await syncing.run();
    syncing.hire(...people(2, { title: "Chef" }));
    expect(await syncing.run()).toMatchObject({ outcome: "held", counts: { changes: { done: 0 } } });
  });

  test.each([
    ["5%", 100, 5],
    ["5%", 10, 1],
    ["5%", 0, 1],
    ["0%", 1000, 0],
  ])("a share of %s of %i accounts is %i", async (share, accounts, allowed) => {
    const { allowedBy } = await import("../src/sync/guard.ts");
    syncing = await openSyncing();
    expect(allowedBy(share, accounts)).toBe(allowed);
  });
});

describe("bad input changes nobody", () => {
  test("a source that has lost too many is not believed, until somebody says that it is right", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(40));
    await syncing.run();
    syncing.fire(...people(20).map(({ number }) => number!));
    expect(await syncing.run()).toMatchObject({ outcome: "failed", error: expect.stringContaining("lost 20 of 40") });
    expect(await enabled()).toBe(40);
    expect(await syncing.run({ acceptsShrink: true })).toMatchObject({ counts: { disables: { done: 20 } } });
  });

  test("an empty source is an error, not that everybody has left", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(3));
    await syncing.run();
    syncing.hr.exec("delete from people");
    expect(await syncing.run()).toMatchObject({ outcome: "failed" });
    expect(await enabled()).toBe(3);
  });

  test("a source that fails changes nobody, but what is due on its day happens all the same", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(2), {
      number: "9",
      given: "Leaves",
      family: "Soon",
      hired: "2020-01-01",
      ended: "2026-03-31",
    });
    await syncing.run({ at: "2026-03-01" });
    syncing.hr.exec("update people set title = 'Other'; alter table people rename to gone");
    expect(await syncing.run({ at: "2026-04-01" })).toMatchObject({
      outcome: "failed",
      counts: { disables: { done: 1 } },
    });
    const accounts = await syncing.accounts();
    expect(accounts.get("9")).toMatchObject({ active: false });
    expect(accounts.get("0001")).not.toHaveProperty("title");
    syncing.hr.exec("alter table gone rename to people");
    expect(await syncing.run({ at: "2026-04-02" })).toMatchObject({ outcome: "done" });
    expect((await syncing.accounts()).get("0001")).toMatchObject({ title: "Other" });
  });

  test("records without a key are told with their row, and stop nobody else", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(1), { number: null, given: "No", family: "Number" }, { number: "  ", given: "Blank" });
    const report = await syncing.run();
    expect(report).toMatchObject({ outcome: "done", people: { read: 3, unusable: 2 } });
    expect(report.unusable[0]).toEqual({ row: "2", reason: "it has no externalId, which identifies people" });
  });

  test.each([
    ["a date nobody can have", { hired: "2026-02-31" }, /2026-02-31/],
    ["a date in words", { hired: "soon" }, /"soon" is not an existing date/],
    ["a status word that no rule knows", { status: "X9" }, /no rule for the status X9/],
  ])("%s stops that person only, and keeps the account as it is", async (_, wrong, reason) => {
    const active =
      '($known := $lookup({ "A": true, "T": false }, $exists(hr.status) ? hr.status : "A"); $type($known) = "boolean" ? $known and $from(hr.hireDate) : $error("there is no rule for the status " & hr.status))';
    syncing = await openSyncing({ attributes: { ...RULES, active: { value: active } } });
    syncing.hire(...people(2));
    await syncing.run();
    syncing.hire({ ...people(1)[0]!, ...wrong, title: "Changed" }, { ...people(2)[1]!, title: "Chef" });
    await syncing.run();
    const accounts = await syncing.accounts();
    expect(accounts.get("0001")).toMatchObject({ active: true });
    expect(accounts.get("0001")).not.toHaveProperty("title");
    expect(accounts.get("0002")).toMatchObject({ title: "Chef" });
    const { status, remembered } = await pageOf("0001");
    expect(status).toBe("stopped");
    expect(remembered.error?.message).toMatch(reason);
  });

  test("a last day in the year 9999 is no last day", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(1, { ended: "9999-12-31" }));
    await syncing.run();
    expect(await enabled()).toBe(1);
  });

  test("managers in a circle, one's own manager and unknown managers are told, and the rest is written", async () => {
    syncing = await openSyncing();
    const [a, b, c, d] = people(4);
    syncing.hire(
      { ...a!, manager: "0002" },
      { ...b!, manager: "0001" },
      { ...c!, manager: "0003" },
      { ...d!, manager: "nobody" },
    );
    expect(await syncing.run()).toMatchObject({ outcome: "done", counts: { creates: { done: 4 } } });
    const warnings = await Promise.all(
      ["0001", "0003", "0004"].map(async (key) => (await pageOf(key)).remembered.warnings?.[0]),
    );
    expect(warnings).toEqual([
      expect.stringContaining("in a circle"),
      expect.stringContaining("own key"),
      expect.stringContaining("nobody in the source is known as nobody"),
    ]);
    syncing.hire({ ...b! });
    await syncing.run();
    const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    expect((await syncing.accounts()).get("0001")).toHaveProperty([urn, "manager"]);
  });

  test("a clock that went back ends the run", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(1));
    await syncing.run({ at: "2026-06-01" });
    expect(await syncing.run({ at: "2025-06-01" })).toMatchObject({
      outcome: "failed",
      error: expect.stringContaining("Correct the clock"),
    });
  });

  test("of two runs at once one is refused", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(50));
    const results = await Promise.allSettled([syncing.run(), syncing.run()]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect((await syncing.accounts()).size).toBe(50);
  });

  test("an account that the target refuses for ever is told, tried less and less often, and keeps nobody else", async () => {
    syncing = await openSyncing();
    const refused = { number: "1", given: "No", family: "Title", title: "x".repeat(10), hired: "2020-01-01" };
    const target = join(syncing.folder, "target.db");
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(target);
    db.exec(
      "create trigger refuses before insert on accounts when new.title = 'xxxxxxxxxx' begin select raise(abort, 'CHECK constraint failed: title'); end",
    );
    db.close();
    syncing.hire(refused, ...people(2));
    const report = await syncing.run({ at: "2026-01-01T00:00:00Z" });
    expect(report.counts.creates).toMatchObject({ done: 2, failed: 1 });
    expect((await pageOf("1")).remembered.error).toMatchObject({
      attempts: 1,
      next: Date.parse("2026-01-01T00:05:00Z"),
    });
    expect(await syncing.run({ at: "2026-01-01T00:01:00Z" })).toMatchObject({ counts: {} });
    await syncing.run({ at: "2026-01-01T00:06:00Z" });
    expect((await pageOf("1")).remembered.error).toMatchObject({
      attempts: 2,
      next: Date.parse("2026-01-01T00:16:00Z"),
    });
    await syncing.run({ at: "2026-03-01T00:00:00Z" });
    expect((await pageOf("1")).remembered.error).toMatchObject({ attempts: 3, next: null });
  });
});

describe("accounts that are there already", () => {
  const make = async (userName: string, more: object = {}) => {
    const body = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName, ...more };
    return syncing.ask({ name: "create", type: "User", body, query: {}, context: syncing.context() });
  };

  test("are taken over by the first match, and held for somebody by any other", async () => {
    syncing = await openSyncing({ match: ["externalId", "userName"], guard: { ...GUARD, changes: 100, adoptions: 0 } });
    await make("given1.family", { externalId: "0001", active: true });
    const other = await make("given2.family", { active: true });
    syncing.hire(...people(3));
    await syncing.run({ isFirst: false });
    expect((await pageOf("0002")).plan).toMatchObject({ kind: "adoptions", adopt: other.id });
    expect(await syncing.run()).toMatchObject({ outcome: "held", held: [{ kind: "adoptions", count: 1 }] });
    await syncing.store.release({ keys: ["0002"] });
    await syncing.run();
    expect((await syncing.accounts()).get("0002")).toMatchObject({ id: other.id });
    await make("given4.family");
    syncing.hire(...people(4));
    expect(await syncing.run()).toMatchObject({ outcome: "held", held: [{ kind: "adoptions", count: 1 }] });
  });

  test("with somebody else's number are nobody's, whatever their name is", async () => {
    syncing = await openSyncing({ match: ["externalId", "userName"] });
    await make("given1.family", { externalId: "contractor-7", active: true });
    syncing.hire(...people(1));
    await syncing.run();
    const accounts = await syncing.accounts();
    expect(accounts.get("contractor-7")).toMatchObject({ userName: "given1.family" });
    expect(accounts.get("0001")).toMatchObject({ userName: "given1.family2" });
  });

  test("with the same number twice stop the person until it is clear whose they are", async () => {
    syncing = await openSyncing();
    await make("one", { externalId: "0001" });
    await make("two", { externalId: "0001" });
    syncing.hire(...people(1));
    await syncing.run();
    expect((await pageOf("0001")).remembered.error?.message).toContain("not clear");
    expect((await syncing.accounts()).size).toBe(1);
  });

  test("an administrator's lock is respected until HR agrees, where that is configured", async () => {
    syncing = await openSyncing({ respectDisabled: true });
    syncing.hire(...people(2));
    await syncing.run();
    const { id } = (await syncing.accounts()).get("0001")!;
    const lock = { Operations: [{ op: "replace", path: "active", value: false }] };
    const body = { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], ...lock };
    await syncing.ask({ name: "patch", type: "User", id: String(id), body, query: {}, context: syncing.context() });
    const reconcile = () => syncing.run({ isReconciling: true });
    expect(await reconcile()).toMatchObject({ counts: {} });
    expect((await pageOf("0001")).remembered).toMatchObject({
      isOverridden: true,
      why: expect.stringContaining("respected"),
    });
    syncing.fire("0001");
    await reconcile();
    syncing.hire(...people(1));
    await reconcile();
    expect(await enabled()).toBe(2);
  });
});

describe("leavers", () => {
  const day = (date: string) => ({ at: `${date}T12:00:00Z` });

  test("leave in stages: disabled, out of their groups, deleted after some days", async () => {
    syncing = await openSyncing({
      leavers: {
        left: "$after(hr.endDate)",
        stages: [
          { after: "P7D", do: "strip" },
          { after: "P10D", do: "set", set: { title: "Left" } },
          { after: "P30D", do: "delete" },
        ],
      },
    });
    syncing.hire(...people(2, { ended: "2026-03-31" }));
    await syncing.run(day("2026-03-01"));
    const { id } = (await syncing.accounts()).get("0001")!;
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    await syncing.ask({
      name: "create",
      type: "Group",
      body: { schemas, displayName: "Board", members: [{ value: id }] },
      query: {},
      context: syncing.context(),
    });
    expect(await syncing.run(day("2026-04-01"))).toMatchObject({ counts: { disables: { done: 2 } } });
    expect(await syncing.run(day("2026-04-07"))).toMatchObject({ counts: {} });
    expect(await syncing.run(day("2026-04-08"))).toMatchObject({ counts: { removals: { done: 2 } } });
    expect(await syncing.run(day("2026-04-12"))).toMatchObject({ counts: { changes: { done: 2 } } });
    expect((await syncing.accounts()).get("0001")).toMatchObject({ title: "Left", active: false });
    expect(await syncing.run(day("2026-05-02"))).toMatchObject({ counts: { deletes: { done: 2 } } });
    expect((await syncing.accounts()).size).toBe(0);
    expect(await syncing.run(day("2026-05-03"))).toMatchObject({ counts: {} });
  });

  test("who comes back before the end keeps the account, and is no leaver any more", async () => {
    syncing = await openSyncing({ leavers: { left: "$after(hr.endDate)", stages: [{ after: "P30D", do: "delete" }] } });
    syncing.hire(...people(1, { ended: "2026-03-31" }));
    await syncing.run(day("2026-03-01"));
    await syncing.run(day("2026-04-01"));
    syncing.hire(...people(1));
    await syncing.run(day("2026-04-15"));
    expect(await enabled()).toBe(1);
    expect(await syncing.run(day("2026-06-01"))).toMatchObject({ counts: {} });
    expect((await syncing.accounts()).size).toBe(1);
  });

  test("missing counts after some days only", async () => {
    syncing = await openSyncing({ leavers: { after: "P3D" } });
    syncing.hire(...people(2));
    await syncing.run(day("2026-03-01"));
    syncing.fire("0001");
    expect(await syncing.run(day("2026-03-02"))).toMatchObject({ counts: {} });
    expect(await syncing.run(day("2026-03-04"))).toMatchObject({ counts: {} });
    expect(await syncing.run(day("2026-03-05"))).toMatchObject({ counts: { disables: { done: 1 } } });
  });

  test("a hire that is rescinded before the first day is deleted, where that is configured", async () => {
    syncing = await openSyncing({ leavers: { neverStarted: "delete" } });
    syncing.hire(...people(2, { hired: "2026-05-01" }));
    await syncing.run(day("2026-03-01"));
    expect((await syncing.accounts()).size).toBe(2);
    syncing.fire("0001");
    expect(await syncing.run(day("2026-03-02"))).toMatchObject({ counts: { deletes: { done: 1 } } });
    expect([...(await syncing.accounts()).keys()]).toEqual(["0002"]);
  });

  test("whose account is out of sight for a while are disabled when it is seen again", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(2));
    await syncing.run(day("2026-03-01"));
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(join(syncing.folder, "target.db"));
    const { id } = (await syncing.accounts()).get("0001")!;
    db.prepare("update accounts set id = 'hidden' where id = ?").run(String(id));
    syncing.fire("0001");
    expect(await syncing.run(day("2026-03-02"))).toMatchObject({ outcome: "done", counts: {} });
    expect((await pageOf("0001")).status).toBe("gone");
    db.prepare("update accounts set id = ? where id = 'hidden'").run(String(id));
    db.close();
    expect(await syncing.run(day("2026-03-03"))).toMatchObject({ counts: { disables: { done: 1 } } });
  });

  test("who left before there was an account gets none", async () => {
    syncing = await openSyncing({ leavers: { left: "$after(hr.endDate)" } });
    syncing.hire(...people(2, { ended: "2019-12-31" }));
    expect(await syncing.run()).toMatchObject({ counts: {} });
    expect((await pageOf("0001")).status).toBe("ignored");
  });
});

describe("rehires under a new number", () => {
  const born = { born: "1990-05-05", given: "Ada", family: "Lee" };
  const open = () => openSyncing({ rehires: ["hr:birthDate", "name.familyName", "name.givenName"] });

  test("are proposed, and take the account over when somebody says so", async () => {
    syncing = await open();
    syncing.hire(...people(2), { ...people(1)[0]!, ...born, number: "C-1" });
    await syncing.run();
    const { id } = (await syncing.accounts()).get("C-1")!;
    syncing.fire("C-1");
    syncing.hire({ ...people(1)[0]!, ...born, number: "E-1" });
    expect(await syncing.run()).toMatchObject({ outcome: "held", held: [{ kind: "rehires", count: 1 }] });
    expect((await pageOf("E-1")).plan).toMatchObject({ of: "C-1", reason: expect.stringContaining("C-1") });
    const person = (await syncing.store.person("E-1"))!;
    const memory = JSON.stringify({ ...memoryOf(person), rehire: { of: "C-1" } });
    await syncing.store.save([{ ...person, memory, ...NO_PLAN, next: 0 }]);
    await syncing.run();
    const accounts = await syncing.accounts();
    expect([...accounts.keys()].toSorted()).toEqual(["0001", "0002", "E-1"]);
    expect(accounts.get("E-1")).toMatchObject({ id, active: true, userName: "ada.lee" });
    expect((await pageOf("C-1")).target).toBeNull();
    expect(await syncing.run({ isReconciling: true })).toMatchObject({ outcome: "done", counts: {} });
  });
});

describe("groups by rule", () => {
  test("that a held disablement takes away are named before anybody releases it", async () => {
    syncing = await openSyncing({
      groups: [{ name: '$exists(enterprise.department) ? "Dept " & enterprise.department' }],
      leavers: { left: "$after(hr.endDate)" },
      guard: { creates: 10, disables: 0 },
    });
    syncing.hire(...people(1, { department: "Sales" }));
    await syncing.run();
    syncing.hire(...people(1, { department: "Sales", ended: "2020-01-01" }));
    expect(await syncing.run()).toMatchObject({ held: [{ kind: "disables", count: 1 }] });
    const person = (await syncing.store.person("0001"))!;
    expect(planLine(person)?.changes).toContainEqual({ name: "groups", from: "Dept Sales", to: "" });
    expect(await personPage(syncing.store, person)).toMatchObject({ groups: ["Dept Sales"] });
    expect(await syncing.store.release({ keys: ["0001"] })).toBe(1);
    expect(await syncing.run()).toMatchObject({ outcome: "done", groups: { removed: 1 } });
  });

  test("are made with their members, follow the rules, and lose who leaves; others are left alone", async () => {
    syncing = await openSyncing({
      groups: [{ name: '$exists(enterprise.department) ? "Dept " & enterprise.department' }],
    });
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    await syncing.ask({
      name: "create",
      type: "Group",
      body: { schemas, displayName: "Dept Legal" },
      query: {},
      context: syncing.context(),
    });
    syncing.hire(...people(3, { department: "Sales" }));
    expect(await syncing.run()).toMatchObject({ outcome: "done", groups: { added: 3 } });
    const members = async (name: string) => {
      const query = { filter: `displayName eq "${name}"` };
      const { Resources } = await syncing.ask({ name: "list", type: "Group", query, context: syncing.context() });
      return ((Resources[0]?.members ?? []) as unknown[]).length;
    };
    expect(await members("Dept Sales")).toBe(3);
    syncing.hire({ ...people(1)[0]!, department: "Maths" }, { ...people(2)[1]!, department: "Legal" });
    syncing.fire("0003");
    const report = await syncing.run();
    expect(report.groups).toMatchObject({
      added: 1,
      removed: 3,
      failures: [{ group: "Dept Legal", reason: expect.stringContaining("did not create") }],
    });
    expect([await members("Dept Sales"), await members("Dept Maths"), await members("Dept Legal")]).toEqual([0, 1, 0]);
  });
});

test("a group by rule that somebody changed is as the rules say after a reconciliation, and keeps members of others", async () => {
  syncing = await openSyncing({
    groups: [{ name: '$exists(enterprise.department) ? "Dept " & enterprise.department' }],
  });
  const stranger = await syncing.ask({
    name: "create",
    type: "User",
    body: { userName: "stranger" },
    query: {},
    context: syncing.context(),
  });
  syncing.hire(...people(2, { department: "Sales" }), { number: "9", given: "No", family: "One", hired: "2020-01-01" });
  await syncing.run();
  const accounts = await syncing.accounts();
  const id = (key: string) => String(accounts.get(key)!.id);
  const list = { name: "list", type: "Group", query: {}, context: syncing.context() } as const;
  const members = async () => {
    const [group] = (await syncing.ask(list)).Resources;
    return ((group!.members ?? []) as { value: string }[]).map(({ value }) => value).toSorted();
  };
  const [group] = (await syncing.ask(list)).Resources;
  const value = [{ value: id("9") }, { value: String(stranger.id) }];
  const body = {
    Operations: [
      { op: "remove", path: `members[value eq "${id("0001")}"]` },
      { op: "add", path: "members", value },
    ],
  };
  await syncing.ask({
    name: "patch",
    type: "Group",
    id: String(group!.id),
    body,
    query: {},
    context: syncing.context(),
  });
  expect(await syncing.run({ isReconciling: true })).toMatchObject({ groups: { added: 1, removed: 1 } });
  expect(await members()).toEqual([id("0001"), id("0002"), String(stranger.id)].toSorted());
  await syncing.ask({ name: "delete", type: "Group", id: String(group!.id), context: syncing.context() });
  await syncing.run({ isReconciling: true });
  expect(await members()).toEqual([id("0001"), id("0002")].toSorted());
});

test("first passwords go where the configuration says, signed, and nowhere else", async () => {
  const received: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    received.push({ headers: request.headers, body });
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const secret = "a-secret-of-the-tests-only";
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  syncing = await openSyncing(
    { attributes: { ...RULES, password: { value: "$secret()" } }, passwords: { url, secret } },
    { mappings: { User: join(ROOT, "test/syncs/account-password.yaml"), Group: join(ROOT, "test/syncs/team.yaml") } },
  );
  syncing.hire(...people(2));
  await syncing.run();
  await syncing.run({ isReconciling: true });
  server.close();
  expect(received).toHaveLength(2);
  const [{ headers, body }] = received as [{ headers: Record<string, string>; body: string }];
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  expect(headers["webhook-signature"]).toBe(`v1,${signatureOf(secret, signed, "base64")}`);
  const { password, userName } = JSON.parse(body) as { password: string; userName: string };
  expect(userName).toBe("given1.family");
  const everything = JSON.stringify([await syncing.store.listed({}, "", 100), await syncing.store.runs(10)]);
  expect(password.length).toBeGreaterThan(20);
  expect(everything).not.toContain(password);
});

describe("what an attacker found", () => {
  const day = (date: string) => ({ at: `${date}T12:00:00Z` });
  const make = (userName: string, more: object = {}) => {
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    return syncing.ask({
      name: "create",
      type: "User",
      body: { schemas, userName, ...more },
      query: {},
      context: syncing.context(),
    });
  };

  test("of two people with one externalId the first gets the account, and the other is told", async () => {
    syncing = await openSyncing({ from: { route: "/hr", key: "id" }, concurrency: 1 });
    syncing.hr.exec(
      "insert into people (id, number, given, family, hired) values ('a', '7', 'Ada', 'Lee', '2020-01-01'), ('b', '7', 'Bob', 'Lee', '2020-01-01')",
    );
    await syncing.run();
    expect((await syncing.accounts()).size).toBe(1);
    expect((await pageOf("b")).remembered.error).toMatchObject({ code: "taken" });
  });

  test("who has left takes no account over by a name, and nobody's name is certain where the first match is not mapped", async () => {
    syncing = await openSyncing({
      match: ["externalId", "userName"],
      leavers: { left: "$after(hr.endDate)" },
      guard: { ...GUARD, disables: 100 },
    });
    await make("given1.family", { title: "Keeps it", active: true });
    syncing.hire(...people(1, { ended: "2001-01-01" }));
    await syncing.run();
    const [account] = (await syncing.accounts()).values();
    expect(account).toMatchObject({ title: "Keeps it", active: true });
    expect((await pageOf("0001")).remembered.why).toContain("not certain");
  });

  test("an account that has somebody else's number now is not written", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(2));
    await syncing.run();
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(join(syncing.folder, "target.db"));
    db.exec("update accounts set external = 'root', shown = 'Root' where external = '0001'");
    db.close();
    syncing.hire(...people(2, { title: "New" }));
    syncing.fire("0001");
    await syncing.run({ isReconciling: true });
    expect((await syncing.accounts()).get("root")).toMatchObject({ displayName: "Root", active: true });
    expect((await pageOf("0001")).remembered.error).toMatchObject({ code: "taken" });
  });

  test("a release is for what was seen: another change of the same kind is held again", async () => {
    syncing = await openSyncing({ guard: { ...GUARD, changes: 0 } });
    syncing.hire(...people(3));
    await syncing.run();
    syncing.hire(...people(1, { title: "Seen" }));
    await syncing.run();
    await syncing.store.release({ all: true } as never);
    syncing.hire(...people(1, { title: "Not seen" }));
    expect(await syncing.run()).toMatchObject({ outcome: "held" });
    expect((await syncing.accounts()).get("0001")).not.toHaveProperty("title");
  });

  test("people who come back do not hide people who vanish", async () => {
    syncing = await openSyncing();
    const [first, second] = [people(20).slice(0, 10), people(20).slice(10)];
    syncing.hire(...first, ...second);
    await syncing.run();
    syncing.fire(...first.map(({ number }) => number!));
    await syncing.run({ acceptsShrink: true });
    syncing.hire(...first);
    syncing.fire(...second.map(({ number }) => number!));
    expect(await syncing.run()).toMatchObject({ outcome: "failed", error: expect.stringContaining("lost 10") });
  });

  test("a plan that accepts a smaller source accepts it for itself alone", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(20));
    await syncing.run();
    syncing.fire(...people(10).map(({ number }) => number!));
    expect(await syncing.run({ isPlan: true, acceptsShrink: true })).toMatchObject({
      counts: { disables: { planned: 10 } },
    });
    expect(await syncing.run()).toMatchObject({ outcome: "failed" });
    expect(await enabled()).toBe(20);
  });

  test("a row whose key went blank is nobody who left", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(30));
    await syncing.run();
    syncing.hr.exec("update people set number = null where number = '0001'");
    expect(await syncing.run()).toMatchObject({ outcome: "failed", error: expect.stringContaining("has no key") });
    expect(await enabled()).toBe(30);
  });

  test("active is true or false, and a rule that says neither locks nobody out", async () => {
    syncing = await openSyncing({
      attributes: { ...RULES, active: { value: '$exists(hr.status) ? hr.status : "true"' } },
      guard: { ...GUARD, disables: 0 },
    });
    syncing.hire(...people(2));
    await syncing.run();
    syncing.hire(...people(1, { status: "FALSE" }), { ...people(2)[1]!, status: "perhaps" });
    expect(await syncing.run()).toMatchObject({ held: [{ kind: "disables", count: 1 }] });
    expect((await pageOf("0002")).remembered.error?.message).toContain("must give true or false");
  });

  test("a first run whose source is away is no first run", async () => {
    syncing = await openSyncing({ guard: GUARD });
    syncing.hire(...people(3));
    syncing.hr.exec("alter table people rename to gone");
    await syncing.run();
    syncing.hr.exec("alter table gone rename to people");
    expect(await syncing.run({ isFirst: false })).toMatchObject({ outcome: "held" });
  });

  test("a last day acts although the record has gone before it, and does not count as missing yet", async () => {
    syncing = await openSyncing({ leavers: { after: "P30D" } });
    syncing.hire(...people(2, { ended: "2026-03-31" }), ...people(3).slice(2));
    await syncing.run(day("2026-03-01"));
    syncing.fire("0001");
    expect(await syncing.run(day("2026-03-30"))).toMatchObject({ counts: {} });
    expect(await syncing.run(day("2026-04-01"))).toMatchObject({ counts: { disables: { done: 2 } } });
  });

  test("an account that is made anew is in its groups again", async () => {
    syncing = await openSyncing({
      groups: [{ name: '$exists(enterprise.department) ? "Dept " & enterprise.department' }],
    });
    syncing.hire(...people(2, { department: "Sales" }));
    await syncing.run();
    const { id } = (await syncing.accounts()).get("0001")!;
    await syncing.ask({ name: "delete", type: "User", id: String(id), context: syncing.context() });
    expect(await syncing.run({ isReconciling: true })).toMatchObject({
      counts: { creates: { done: 1 } },
      groups: { added: 1 },
    });
  });

  test("a password that is the same for everybody is told nowhere", async () => {
    const attributes = { ...RULES, password: { constant: "Welcome-123-secret" } };
    const mappings = {
      User: join(ROOT, "test/syncs/account-password.yaml"),
      Group: join(ROOT, "test/syncs/team.yaml"),
    };
    syncing = await openSyncing({ attributes }, { mappings });
    syncing.hire(...people(1));
    await syncing.run({ isPlan: true });
    const planned = JSON.stringify(await syncing.store.listed({}, "", 10));
    await syncing.run();
    expect(planned + JSON.stringify(await syncing.store.listed({}, "", 10))).not.toContain("Welcome");
    expect((await syncing.accounts()).size).toBe(1);
  });

  test("a name that a lost answer may have given away is tried again, and no other is taken", async () => {
    syncing = await openSyncing();
    syncing.hire(...people(1));
    const { signal } = new AbortController();
    const sync = syncNamed("people", syncing.parts, signal);
    const target = {
      ...routeTarget(syncing.target, "User", sync.asking),
      create: async () => {
        throw new TargetError("unavailable", "The answer was lost.");
      },
    };
    const engineFor: Sync["engineFor"] = (work, given) => liveEngine({ ...work, target, deliver: undefined }, given);
    const report = await runSync({ ...sync, engineFor }, { cause: "test", isFirst: true, now: Date.now, signal });
    expect(report.counts.creates).toMatchObject({ done: 0, failed: 1 });
    expect((await pageOf("0001")).remembered).toMatchObject({
      names: { userName: "given1.family" },
      error: { code: "unavailable", attempts: 1 },
    });
  });
});
