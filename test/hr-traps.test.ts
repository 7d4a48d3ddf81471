import { afterEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import type { HiBob } from "./servers/hr/hibob.ts";
import { type SystemUnderTest, systems } from "./servers/hr/systems.ts";
import { beginHr, ENTERPRISE, HR, listAll, numbers, one } from "./suites/hr.ts";

// What is special of each HR system, shown on stand-ins that behave so. The pages in docs/hr say the same in words.

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const begin = async (system: SystemUnderTest, people: readonly object[], prepare?: Parameters<typeof beginHr>[3]) => {
  const begun = await beginHr(system, people, undefined, prepare);
  closing.push(begun.gateway.stop);
  return begun;
};

const system = (name: string) => systems[name]!;
const tomorrow = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

describe("Workday's traps", () => {
  const worker = (more: object) => ({ ...system("Workday").person(7), ...more });
  const shown = async (more: object) => one((await begin(system("Workday"), [worker(more)])).gateway, "1007");

  test("a report of one row is a list of one", async () => {
    const { gateway } = await begin(system("Workday"), [worker({})]);
    expect(await listAll(gateway)).toMatchObject({ total: 1, people: [{ id: "1007" }] });
  });

  test("a date with an offset is the day that is written, and an empty column is nothing", async () => {
    const found = await shown({ Hire_Date: "2020-03-16-07:00", Business_Title: "", Termination_Date: null });
    expect(found[HR].hireDate).toBe("2020-03-16");
    expect(found.title).toBeUndefined();
    expect(found[HR].endDate).toBeUndefined();
  });

  test("a future hire is inactive there, and is no leaver here", async () => {
    const found = await shown({ Active: "0", Hire_Date: `${tomorrow}-08:00` });
    expect([found.active, found[HR].status]).toEqual([false, "preHire"]);
    const left = await shown({ Active: "0", Hire_Date: "2015-01-01-08:00", Termination_Date: "2020-02-29-08:00" });
    expect([left.active, left[HR].status, left[HR].endDate]).toEqual([false, "terminated", "2020-02-29"]);
  });

  test("of the jobs in a group the primary one counts, also where the group has one row", async () => {
    const [main, other] = [
      { Job_Title: "Nurse", Primary_Job: "1" },
      { Job_Title: "Trainer", Primary_Job: "0" },
    ];
    for (const Job_group of [[main], [main, other], [other, main]]) {
      const found = await shown({ Job_group });
      expect(found.title).toBe("Nurse");
      expect(found[HR].otherJobs ?? []).toHaveLength(Job_group.length - 1);
    }
  });

  test("the report is run once for a listing, whatever the number of its pages", async () => {
    const { hr, gateway } = await begin(system("Workday"), numbers(45).map(system("Workday").person));
    await listAll(gateway, 2);
    expect(hr.seen).toHaveLength(1);
    expect(hr.seen[0]!.query.get("format")).toBe("json");
  });

  test("a number that two rows have shows both of them, so that neither is taken for the other", async () => {
    const { gateway } = await begin(system("Workday"), [worker({}), worker({ Legal_Last_Name: "other" })]);
    expect((await listAll(gateway, 1)).people.map(({ name }) => name.familyName)).toEqual(["name007", "other"]);
  });
});

describe("SuccessFactors' traps", () => {
  const sf = system("SuccessFactors");
  const employment = (userId: string, start: number, status: string, more: object = {}) => ({
    userId,
    startDate: `/Date(${start})/`,
    jobInfoNav: [{ startDate: `/Date(${start})/`, emplStatusNav: { externalCode: status }, jobTitle: userId }],
    ...more,
  });
  const shown = async (employmentNav: object[], more: object = {}) =>
    one((await begin(sf, [{ ...sf.person(7), ...more, employmentNav }])).gateway, "1007");
  const [before, after] = [Date.UTC(2015, 0, 1), Date.UTC(2021, 5, 1)];

  test("somebody who came back has the employment that is at work, in whatever order the two come", async () => {
    const two = [
      employment("old", before, "T", { endDate: `/Date(${Date.UTC(2018, 11, 31)})/` }),
      employment("new", after, "A"),
    ];
    for (const each of [two, two.toReversed()]) {
      const found = await shown(each);
      expect([found.active, found.title, found[HR].assignmentNumber]).toEqual([true, "new", "new"]);
      expect(found[HR].hireDate).toBe("2021-06-01");
      expect(found[HR].otherJobs).toEqual(["employment old from 2015-01-01"]);
    }
  });

  test("who went on a global assignment is known by the job at home, and who has two at home is told of", async () => {
    const abroad = employment("abroad", after, "A", { assignmentClass: "GA" });
    const found = await shown([abroad, employment("home", before, "A", { assignmentClass: "ST" })]);
    expect(found[HR].assignmentNumber).toBe("home");
    expect(found[HR].problems).toBeUndefined();
    const concurrent = await shown([employment("a", before, "A"), employment("b", after, "A")]);
    expect(concurrent[HR].problems).toEqual([expect.stringContaining("several employments")]);
  });

  test.each([
    ["A", "active", true],
    ["U", "leave", true],
    ["P", "leave", true],
    ["S", "suspended", false],
    ["T", "terminated", false],
    ["R", "terminated", false],
    ["X", "unknown", false],
  ])("the status %s means %s", async (code, status, active) => {
    const found = await shown([employment("u", before, code)]);
    expect([found[HR].status, found.active]).toEqual([status, active]);
    expect(found[HR].problems !== undefined).toBe(status === "unknown");
  });

  test("who has left is listed, because the filter asks for them", async () => {
    const left = { ...sf.person(7), employmentNav: [employment("u", before, "T", { userStatus: "f" })] };
    const { hr, gateway } = await begin(sf, [sf.person(1), left]);
    expect((await listAll(gateway)).people.map(({ id }) => id)).toEqual(["1001", "1007"]);
    expect(hr.seen[0]!.query.get("asOfDate")).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  test("a next page at another host is not followed", async () => {
    const { hr, gateway } = await begin(sf, [sf.person(1)]);
    hr.fail(() => ({
      body: { d: { results: [{ personIdExternal: "1" }], __count: "2", __next: "http://127.0.0.2:9/x" } },
    }));
    expect((await listAll(gateway)).status).toBe(503);
    for (const { base } of hr.seen) expect(base).toBe(hr.url);
  });
});

describe("Oracle HCM's traps", () => {
  const oracle = system("Oracle HCM");

  test("pages are asked for in an order, and are shorter than was asked for", async () => {
    const { hr, gateway } = await begin(oracle, numbers(45).map(oracle.person));
    const { people, detail } = await listAll(gateway, 100);
    expect(detail).toBeUndefined();
    expect(people).toHaveLength(45);
    // The gateway also looks whether the system answers.
    expect([...new Set(hr.seen.map(({ query }) => query.get("offset")))]).toEqual(["0", "20", "40"]);
    for (const { query } of hr.seen) expect(query.get("orderBy")).toBe("PersonNumber");
  });

  test("an answer that says there is more, and gives none, is a failed read", async () => {
    const { hr, gateway } = await begin(oracle, [oracle.person(1)]);
    hr.fail(() => ({ body: { items: [oracle.person(1)], count: 1, hasMore: true, totalResults: 1 } }));
    expect((await listAll(gateway)).status).toBe(503);
  });

  test("what is in effect later is not shown before its day", async () => {
    const relation = (assignments: object[]) => ({
      PeriodOfServiceId: 1,
      WorkerType: "E",
      StartDate: "2020-01-01",
      assignments,
    });
    const now = {
      AssignmentNumber: "E1007",
      AssignmentStatusType: "ACTIVE",
      PrimaryFlag: true,
      AssignmentName: "Clerk",
      EffectiveEndDate: tomorrow,
    };
    const then = {
      ...now,
      AssignmentName: "Director",
      EffectiveStartDate: "2999-01-01",
      EffectiveEndDate: "4712-12-31",
    };
    const { gateway } = await begin(oracle, [{ ...oracle.person(7), workRelationships: [relation([then, now])] }]);
    expect((await listAll(gateway)).people[0].title).toBe("Clerk");
  });
});

describe("BambooHR's traps", () => {
  const bamboo = system("BambooHR");

  test("future hires and leavers are listed, the dates 0000-00-00 are none, and the manager is an id", async () => {
    const { gateway } = await begin(bamboo, [
      {
        ...bamboo.person(1),
        hireDate: tomorrow,
        terminationDate: "0000-00-00",
        supervisor: "Bo Ek",
        supervisorEId: "1002",
      },
      { ...bamboo.person(2), status: "Inactive", terminationDate: "2020-02-29" },
    ]);
    const [hire, leaver] = (await listAll(gateway)).people;
    expect([hire.active, hire[HR].status, hire[HR].endDate]).toEqual([false, "preHire", undefined]);
    expect(hire[ENTERPRISE].manager).toMatchObject({ value: "1002", displayName: "Bo Ek" });
    expect([leaver.active, leaver[HR].status, leaver[HR].endDate]).toEqual([false, "terminated", "2020-02-29"]);
  });
});

describe("Personio's traps", () => {
  const personio = system("Personio");

  test("more than ten come on a page, because they are asked for", async () => {
    const { hr, gateway } = await begin(personio, numbers(45).map(personio.person));
    expect((await listAll(gateway, 100)).people).toHaveLength(45);
    const pages = hr.seen
      .filter(({ path }) => path.endsWith("employees"))
      .map(({ query }) => query.get("offset") ?? "0");
    expect([...new Set(pages)]).toEqual(["0"]);
  });

  test("midnight in Berlin is that day, supervisors are nested, and custom attributes are known by their label", async () => {
    const supervisor = { type: "Employee", attributes: { id: { value: 1001 }, last_name: { value: "Ek" } } };
    const more = { hire_date: "2020-03-16T00:00:00+01:00", supervisor, "dynamic_12345:Personnel number": "0042" };
    const { gateway } = await begin(personio, [{ ...personio.person(7), ...more }]);
    const found = await one(gateway, "1007");
    expect(found[HR].hireDate).toBe("2020-03-16");
    expect(found[ENTERPRISE]).toMatchObject({ employeeNumber: "0042", manager: { value: "1001" } });
  });

  test("a token is had anew where it no longer holds, and a short 429 is waited for", async () => {
    const { hr, gateway } = await begin(personio, [personio.person(1)]);
    let refused = 0;
    hr.fail(({ path }) => {
      if (!path.endsWith("employees") || refused > 1) return undefined;
      refused++;
      return refused === 1
        ? { status: 401, body: { success: false, error: { message: "expired" } } }
        : { status: 429, headers: { "retry-after": "1" }, body: { success: false } };
    });
    expect((await listAll(gateway)).people).toHaveLength(1);
    expect(hr.seen.filter(({ path }) => path.endsWith("/auth"))).toHaveLength(2);
  });

  test("a long 429 is told to the client, with the time to wait", async () => {
    const { hr, gateway } = await begin(personio, [personio.person(1)]);
    hr.fail(({ path }) =>
      path.endsWith("/auth") ? undefined : { status: 429, headers: { "retry-after": "60" }, body: {} },
    );
    const { status, headers } = await send(gateway, "GET", "/Users");
    expect([status, headers.get("retry-after")]).toEqual([429, "60"]);
  });
});

describe("HiBob's traps", () => {
  const bob = system("HiBob");
  /** The gateway asks as soon as it starts: what the system is like is settled before. */
  const startBob = async (people: object[], prepare: (hr: HiBob) => unknown = () => {}) => {
    const begun = await begin(bob, people, (hr) => prepare(hr as HiBob));
    return { ...begun, hr: begun.hr as HiBob };
  };
  const ana = {
    ...bob.person(1),
    "work.department": { id: "257381", text: "Design" },
    "work.reportsTo": { id: "777", email: "bo@example.com", displayName: "Bo Ek" },
    "address.country": "Portugal",
  };

  test("fields are understood in both forms, and lists by what people read", async () => {
    for (const form of ["paths", "nested"] as const) {
      const { gateway } = await startBob([ana], (hr) => hr.answerIn(form));
      const found = await one(gateway, "1001");
      expect(found[ENTERPRISE]).toMatchObject({
        department: "Design",
        manager: { value: "777", displayName: "Bo Ek" },
      });
      expect(found[HR]).toMatchObject({ country: "PT", status: "active", managerEmail: "bo@example.com" });
    }
  });

  test("who has left is listed, and a permission that is missing fails the read rather than emptying fields", async () => {
    const left = { ...bob.person(2), "internal.status": "Inactive", "internal.terminationDate": "2020-02-29" };
    const { hr, gateway } = await startBob([ana, left]);
    expect((await listAll(gateway)).people.map((each) => each[HR].status)).toEqual(["active", "terminated"]);
    const other = await startBob([ana, left], (hr) => hr.forbidden.add("internal"));
    expect(await listAll(other.gateway)).toMatchObject({
      status: 503,
      people: [],
      detail: expect.stringContaining("internal.status"),
    });
    expect(hr.seen).toHaveLength(1);
  });
});
