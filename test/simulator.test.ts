import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_JOB_SCHEMA } from "../src/entra/default-job.ts";
import type { Edit, SourceValue } from "../src/entra/directory.ts";
import type { Account } from "../src/entra/discover.ts";
import type { Behaviour } from "../src/entra/engine.ts";
import { compileJob, type Job } from "../src/entra/job.ts";
import type { CycleKind } from "../src/entra/simulation.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openSimulating, publishedJob, type Simulating } from "./servers/simulating.ts";

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const user = (n: number, name: string, more: Readonly<Record<string, SourceValue>> = {}): Edit => ({
  type: "User",
  objectId: id(n),
  attributes: {
    userPrincipalName: `${name}@contoso.example`,
    displayName: name,
    mailNickname: name,
    mail: `${name}@contoso.example`,
    ...more,
  },
});
const group = (n: number, name: string, add: readonly number[]): Edit => ({
  type: "Group",
  objectId: id(n),
  attributes: { displayName: name },
  members: { add: add.map(id) },
});
const set = (n: number, attributes: Readonly<Record<string, SourceValue>>, more: Partial<Edit> = {}): Edit => ({
  type: "User",
  objectId: id(n),
  attributes,
  ...more,
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("the Entra simulator before this gateway", () => {
  let gateway: TestGateway;
  let job: Job;
  let entra: Simulating;
  beforeAll(async () => {
    gateway = await startGateway(legacyHr());
    const opened = openSimulating(gateway);
    job = await publishedJob(opened.endpoint);
    await opened.close();
  });
  afterAll(() => gateway.stop());
  let turn = 0;
  /** Names of this test alone. */
  const name = (of: string) => `${of}${turn}`;
  beforeEach(() => {
    turn++;
    entra = openSimulating(gateway, { job });
    return () => entra.close();
  });
  const again = async (behaviour: Partial<Behaviour>) => {
    await entra.close();
    entra = openSimulating(gateway, { job, ...behaviour });
  };
  const listed = async (path: string): Promise<Json[]> => {
    const answer: Json = await entra.endpoint.send("GET", path);
    return answer.json.Resources;
  };
  const found = async (of: string) => (await listed(`/Users?filter=userName eq "${name(of)}@contoso.example"`))[0];
  const team = async (of: string) => (await listed(`/Groups?filter=displayName eq "${name(of)}"`))[0];
  /** Runs a cycle; gives what it sent, without what it sent to verify. */
  const cycle = async (kind: CycleKind = "incremental", allowsDeletions = false) => {
    entra.told.exchanges.length = 0;
    entra.told.traces.length = 0;
    const summary = await entra.simulation.cycle(kind, allowsDeletions);
    const sent = entra.told.exchanges.filter(({ purpose }) => purpose !== "verify");
    const writes = sent.filter(({ method }) => method !== "GET");
    const lines = sent
      .filter(({ purpose }) => purpose !== "probe")
      .map(({ method, purpose }) => `${method} ${purpose}`);
    return { summary, sent, lines, operations: writes.flatMap(({ body }) => (body as Json)?.Operations ?? []) };
  };

  test("an initial cycle creates users, then their managers, then groups, then members one by one", async () => {
    entra.simulation.apply([
      user(1, name("ann"), { manager: id(2), department: "R&D" }),
      user(2, name("bob")),
      group(3, name("team"), [1, 2]),
    ]);
    const { summary, sent } = await cycle("initial");
    expect(summary).toMatchObject({ state: "Succeeded", countImported: 3, countEntitled: 3, countEscrowedRaw: 0 });
    const [ann, bob, made] = [await found("ann"), await found("bob"), await team("team")];
    expect(ann[ENTERPRISE]).toMatchObject({ department: "R&D", manager: { value: bob.id } });
    expect(made.members.map((each: Json) => each.value).sort()).toEqual([ann.id, bob.id].sort());
    expect(sent.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toEqual([
      "GET /Users",
      "GET /Groups",
      "GET /Users",
      "POST /Users",
      "GET /Users",
      "POST /Users",
      "GET /Users",
      `PATCH /Users/${ann.id}`,
      "GET /Groups",
      "POST /Groups",
      `PATCH /Groups/${made.id}`,
      `PATCH /Groups/${made.id}`,
    ]);
    expect(entra.told.observations).toEqual([]);
  });

  test("an idle cycle probes, and asks nothing else", async () => {
    entra.simulation.apply([user(1, name("ann"))]);
    await cycle("initial");
    const { sent } = await cycle();
    expect(sent.map(({ purpose }) => purpose)).toEqual(["probe", "probe"]);
  });

  test("a changed attribute is read and patched alone; one that is not mapped is read, and nothing is sent", async () => {
    entra.simulation.apply([user(1, name("ann")), user(2, name("bob"))]);
    await cycle("initial");
    entra.simulation.apply([set(1, { jobTitle: "Clerk" }), set(2, { extensionAttribute9: "x" })]);
    const { lines, operations } = await cycle();
    expect(lines).toEqual(["GET read", "PATCH update", "GET read"]);
    expect(operations).toEqual([{ op: "Add", path: "title", value: "Clerk" }]);
    expect(entra.told.traces.map(({ action, skipReason }) => skipReason ?? action)).toEqual([
      "update",
      "RedundantExport",
    ]);
  });

  test.each([
    ["blocked", { accountEnabled: false }, {}],
    ["softly deleted", { IsSoftDeleted: true }, {}],
    ["not assigned any more", {}, { assigned: false }],
  ] as const)(
    "somebody who is %s is disabled, and enabled again, by a text in the legacy dialect",
    async (_, attributes, more) => {
      entra.simulation.apply([user(1, name("ann"))]);
      await cycle("initial");
      entra.simulation.apply([set(1, { ...attributes, jobTitle: "Gone" }, more)]);
      expect((await cycle()).operations).toEqual([{ op: "Replace", path: "active", value: "False" }]);
      expect(await found("ann")).toMatchObject({ active: false });
      entra.simulation.apply([
        set(1, { accountEnabled: true, IsSoftDeleted: false, jobTitle: "Back" }, { assigned: true }),
      ]);
      expect((await cycle()).operations).toEqual([
        { op: "Replace", path: "active", value: "True" },
        { op: "Add", path: "title", value: "Back" },
      ]);
      expect(await found("ann")).toMatchObject({ active: true, title: "Back" });
    },
  );

  test("somebody who is disabled in the source is never created, and not looked up", async () => {
    entra.simulation.apply([user(1, name("ann"), { accountEnabled: false })]);
    expect((await cycle("initial")).lines).toEqual([]);
    expect(entra.told.traces).toMatchObject([
      { action: "other", status: "skipped", skipReason: "NotEffectivelyEntitled" },
    ]);
  });

  test("who is deleted for good is deleted, and a group likewise", async () => {
    entra.simulation.apply([user(1, name("ann")), group(2, name("team"), [1])]);
    await cycle("initial");
    entra.simulation.apply([
      { type: "User", objectId: id(1), purged: true },
      { type: "Group", objectId: id(2), purged: true },
    ]);
    expect((await cycle()).lines).toEqual(["DELETE delete", "DELETE delete"]);
    expect([await found("ann"), await team("team")]).toEqual([undefined, undefined]);
    expect(entra.told.observations).toEqual([]);
  });

  test("the compliant dialect has small letters, truth values of JSON, and several attributes in one operation", async () => {
    await again({ dialect: "compliant" });
    entra.simulation.apply([user(1, name("ann")), user(2, name("bob")), group(3, name("team"), [1, 2])]);
    await cycle("initial");
    entra.simulation.apply([
      set(1, { jobTitle: "Clerk", department: "R&D", mail: "new@contoso.example" }),
      set(2, { accountEnabled: false }),
      { type: "Group", objectId: id(3), members: { remove: [id(2)] } },
    ]);
    const bob = await found("bob");
    expect((await cycle()).operations).toEqual([
      { op: "replace", path: 'emails[type eq "work"].value', value: "new@contoso.example" },
      { op: "replace", value: { title: "Clerk", [`${ENTERPRISE}:department`]: "R&D" } },
      { op: "replace", path: "active", value: false },
      { op: "remove", path: `members[value eq "${bob.id}"]` },
    ]);
  });

  test("a manager who is out of scope is left out, and set with the next change of who reports to them", async () => {
    entra.simulation.apply([
      user(1, name("ann"), { manager: id(2) }),
      set(2, {}, { ...user(2, name("bob")), assigned: false }),
    ]);
    await cycle("initial");
    expect((await found("ann"))[ENTERPRISE]?.manager).toBeUndefined();
    entra.simulation.apply([set(2, {}, { assigned: true })]);
    expect((await cycle()).lines).toEqual(["GET match", "POST create"]);
    entra.simulation.apply([set(1, { extensionAttribute1: "touched" })]);
    expect((await cycle()).lines).toEqual(["GET read", "GET check reference", "PATCH update"]);
    expect((await found("ann"))[ENTERPRISE].manager.value).toBe((await found("bob")).id);
    entra.simulation.apply([set(1, { manager: null })]);
    expect((await cycle()).operations).toEqual([{ op: "Replace", path: `${ENTERPRISE}:manager`, value: "" }]);
    expect((await found("ann"))[ENTERPRISE]?.manager).toBeUndefined();
  });

  test("a group is renamed, and loses a member, without its members being read", async () => {
    entra.simulation.apply([user(1, name("ann")), user(2, name("bob")), group(3, name("team"), [1, 2])]);
    await cycle("initial");
    const [ann, bob] = [await found("ann"), await found("bob")];
    entra.simulation.apply([
      { type: "Group", objectId: id(3), attributes: { displayName: name("crew") }, members: { remove: [id(2)] } },
    ]);
    const { sent, operations } = await cycle();
    expect(
      sent.filter(({ purpose }) => purpose === "read").every(({ path }) => path.endsWith("excludedAttributes=members")),
    ).toBe(true);
    expect(operations).toEqual([
      { op: "Replace", path: "displayName", value: name("crew") },
      { op: "Remove", path: "members", value: [{ $ref: null, value: bob.id }] },
    ]);
    expect((await team("crew")).members).toMatchObject([{ value: ann.id }]);
  });

  test("an account that already exists is found and linked; a restart reads by id, one in full looks up again and creates nothing", async () => {
    const made: Json = await entra.endpoint.send("POST", "/Users", {
      userName: `${name("Ann")}@Contoso.example`,
      externalId: "before",
    });
    entra.simulation.apply([user(1, name("ann")), group(2, name("team"), [1])]);
    expect((await cycle("initial")).lines.slice(0, 2)).toEqual(["GET match", "PATCH update"]);
    expect((await found("ann")).id).toBe(made.json.id);
    expect((await cycle("restart")).lines).toEqual(["GET read", "GET read"]);
    const full = await cycle("restart in full");
    expect(full.lines).toEqual(["GET match", "GET match", "PATCH update"]);
    expect(full.operations).toMatchObject([{ op: "Add", path: "members" }]);
  });

  test("an account that is deleted behind its back is an invalid anchor until it is matched again", async () => {
    entra.simulation.apply([user(1, name("ann"))]);
    await cycle("initial");
    await entra.endpoint.send("DELETE", `/Users/${(await found("ann")).id}`);
    entra.simulation.apply([set(1, { jobTitle: "Clerk" })]);
    expect((await cycle()).summary).toMatchObject({ state: "EntryLevelErrors", countEscrowed: 1 });
    expect(entra.told.traces).toMatchObject([{ status: "failure", error: { code: "InvalidAnchor" } }]);
    expect(entra.told.observations).toMatchObject([{ kind: "id lost", displayName: name("ann") }]);
    expect((await cycle("restart")).summary.countEscrowed).toBe(1);
    expect((await cycle("restart in full")).lines).toEqual(["GET match", "POST create"]);
  });

  test("more deletions and disablings than the threshold are all held, until they are allowed", async () => {
    await again({ deletionThreshold: 1 });
    entra.simulation.apply([user(1, name("ann")), user(2, name("bob")), user(3, name("cy"))]);
    await cycle("initial");
    entra.simulation.apply([
      set(1, {}, { assigned: false }),
      { type: "User", objectId: id(2), purged: true },
      set(3, { jobTitle: "Clerk" }),
    ]);
    const held = await cycle();
    expect(held.lines).toEqual(["GET read", "PATCH update"]);
    expect(held.summary.error?.code).toBe("TooManyDeletes");
    expect(entra.told.quarantine).toMatchObject({ reason: "TooManyDeletes", seriesCount: 1 });
    expect((await cycle()).lines).toEqual([]);
    expect(entra.told.quarantine).toMatchObject({ reason: "TooManyDeletes", seriesCount: 2 });
    expect((await cycle("incremental", true)).lines.sort()).toEqual(["DELETE delete", "GET read", "PATCH update"]);
    expect(entra.told.quarantine).toBeUndefined();
  });

  test("a scoping filter decides who is provisioned, and its clauses are in the log", async () => {
    const schema: Json = structuredClone(DEFAULT_JOB_SCHEMA);
    schema.synchronizationRules[0].objectMappings[0].scope = {
      groups: [
        {
          name: "sales",
          clauses: [{ operatorName: "EQUALS", sourceOperandName: "department", targetOperand: { values: ["Sales"] } }],
        },
      ],
    };
    await again({ job: compileJob(schema), verifies: false } as Partial<Behaviour>);
    entra.simulation.apply([
      user(1, name("ann"), { department: "Sales" }),
      user(2, name("bob"), { department: "sales" }),
    ]);
    await cycle("initial");
    expect([(await found("ann"))?.active, await found("bob")]).toEqual([true, undefined]);
    const scoping = entra.told.traces.map(({ steps }) => steps.find(({ type }) => type === "scoping")?.details);
    expect(scoping.map((each) => each?.ScopeEvaluationResult)).toEqual([
      '{"sales.department":true}',
      '{"sales.department":false}',
    ]);
  });

  test("who is a direct member of an assigned group is assigned", async () => {
    entra.simulation.apply([set(1, {}, { ...user(1, name("ann")), assigned: false }), group(2, name("team"), [1])]);
    await cycle("initial");
    expect((await found("ann")).active).toBe(true);
    entra.simulation.apply([{ type: "Group", objectId: id(2), members: { remove: [id(1)] } }]);
    await cycle();
    expect((await found("ann")).active).toBe(false);
  });

  test("on demand, one object is provisioned, and the next cycle reads it again", async () => {
    entra.simulation.apply([user(1, name("ann")), user(2, name("bob"))]);
    const summary = await entra.simulation.onDemand("User", id(1));
    expect(summary).toMatchObject({ kind: "on demand", counts: { "create success": 1 } });
    expect([(await found("ann"))?.active, await found("bob")]).toEqual([true, undefined]);
    expect((await cycle()).lines).toEqual(["GET read", "GET match", "POST create"]);
  });

  test("account discovery says whose each account is", async () => {
    entra.simulation.apply([user(1, name("ann")), set(2, {}, { ...user(2, name("bob")), assigned: false })]);
    await cycle("initial");
    for (const of of ["bob", "local"])
      await entra.endpoint.send("POST", "/Users", { userName: `${name(of)}@contoso.example` });
    const accounts: Account[] = [];
    for await (const account of entra.simulation.discover()) accounts.push(account);
    const status = (of: string) => accounts.find(({ name: each }) => each === `${name(of)}@contoso.example`)?.status;
    expect(["ann", "bob", "local"].map(status)).toEqual(["assigned", "unassigned", "local"]);
  });
});
