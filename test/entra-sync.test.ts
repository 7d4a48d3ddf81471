import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { memoryOf } from "../src/sync/person.ts";
import { type EntraServer, startEntra } from "./servers/entra.ts";
import { ADA, BOB, openSyncing, RULES, type Syncing } from "./servers/syncing.ts";

const HOUR = 3_600_000;
let entra: EntraServer;
let syncing: Syncing;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.stop());
afterEach(async () => {
  await syncing.close();
  entra.users.clear();
  entra.fail(undefined);
  entra.job.state = "Active";
});

const open = (more: object = {}) =>
  openSyncing(
    {
      to: { entra: entra.settings },
      attributes: {
        ...RULES,
        userName: { ...RULES.userName, value: RULES.userName.value.map((each) => `${each} & "@contoso.example"`) },
      },
      ...more,
    },
    { clock: entra.clock },
  );
/** Runs, waits until Entra's log has told, and runs again, which reads it. */
const settle = async () => {
  const report = await syncing.run();
  entra.clock.advance(15 * 60_000);
  await syncing.run();
  return report;
};
const person = async (key: string) => {
  const found = (await syncing.store.person(key))!;
  return { ...found, memory: memoryOf(found) };
};

const [ada, bob] = [ADA, BOB];

describe("a sync into Entra", () => {
  test("uploads complete records in one request, and tells what became of each person", async () => {
    syncing = await open();
    syncing.hire(bob, ada);
    const before = entra.seen.filter(({ path }) => path.endsWith("bulkUpload")).length;
    expect(await syncing.run()).toMatchObject({ outcome: "done", counts: { creates: { done: 2 } } });
    expect(entra.seen.filter(({ path }) => path.endsWith("bulkUpload")).length).toBe(before + 1);
    expect((await person("1")).status).toBe("sent");
    entra.clock.advance(15 * 60_000);
    expect(await syncing.run()).toMatchObject({ counts: {} });
    expect(await person("1")).toMatchObject({
      status: "ok",
      memory: { last: { did: expect.stringContaining("Created") } },
    });
    expect(entra.user("1")).toMatchObject({
      accountEnabled: true,
      displayName: "Ada Lovelace",
      userPrincipalName: "ada.lovelace@contoso.example",
    });
    expect(entra.user("2")?.manager).toBe(entra.user("1")!.id);
    expect(await syncing.run({ isReconciling: true })).toMatchObject({ counts: {} });
  });

  test("a change is uploaded once, and who leaves or is missing is disabled, never deleted", async () => {
    syncing = await open();
    syncing.hire(ada, bob);
    await settle();
    syncing.hire({ ...ada, title: "Programmer" });
    expect(await settle()).toMatchObject({ counts: { changes: { done: 1 } } });
    expect(entra.user("1")).toMatchObject({ jobTitle: "Programmer" });
    syncing.fire("2");
    expect(await settle()).toMatchObject({ counts: { disables: { done: 1 } } });
    expect(entra.user("2")).toMatchObject({ accountEnabled: false, department: "Maths" });
    expect((await person("2")).status).toBe("left");
    expect(await settle()).toMatchObject({ counts: {} });
    syncing.hire(bob);
    await settle();
    expect(entra.user("2")).toMatchObject({ accountEnabled: true });
  });

  test("a job that is paused is told after an hour, and the record is sent again", async () => {
    syncing = await open();
    entra.job.state = "Paused";
    syncing.hire(ada);
    await syncing.run();
    entra.clock.advance(0.5 * HOUR);
    expect(await syncing.run()).toMatchObject({ counts: {} });
    expect((await person("1")).status).toBe("sent");
    entra.clock.advance(HOUR);
    await syncing.run();
    expect(await person("1")).toMatchObject({
      status: "failed",
      memory: { error: { message: expect.stringContaining("Check that the job is started") } },
    });
    entra.job.state = "Active";
    entra.clock.advance(HOUR);
    await settle();
    expect(await person("1")).toMatchObject({ status: "ok" });
  });

  test("what Entra refuses of one person is told in words, and is tried again later", async () => {
    syncing = await open({ attributes: { ...RULES, userName: { constant: "with blank and é@contoso.example" } } });
    syncing.hire(ada);
    await settle();
    expect(await person("1")).toMatchObject({
      status: "failed",
      memory: { error: { message: expect.any(String), attempts: 1 } },
    });
    expect(await syncing.run()).toMatchObject({ counts: {} });
  });

  test("the day's budget is kept in the store, and over it the run waits for another day", async () => {
    syncing = await open({ to: { entra: { ...entra.settings, requestsPerDay: 1 } } });
    syncing.hire(
      ...Array.from({ length: 60 }, (_, index) => ({ ...ada, number: String(index), given: `Ada${index}` })),
    );
    const report = await syncing.run();
    expect(report).toMatchObject({
      outcome: "failed",
      error: expect.stringContaining("used up"),
      counts: { creates: { done: 50 } },
    });
    entra.clock.advance(25 * HOUR);
    expect(await syncing.run()).toMatchObject({ outcome: "done", counts: { creates: { done: 10 } } });
  });

  test("an account whose manager Entra does not know is locked all the same when its person leaves", async () => {
    syncing = await open({ scope: 'name.givenName ne "Ada"' });
    syncing.hire(ada, bob, { ...bob, number: "3", given: "Cy", manager: null });
    await settle();
    await settle();
    expect(entra.user("2")).toMatchObject({ accountEnabled: true });
    syncing.fire("2");
    await settle();
    expect(entra.user("2")).toMatchObject({ accountEnabled: false });
  });

  test("who is missing is disabled although the last record was wrong", async () => {
    syncing = await open();
    syncing.hire(ada, bob);
    await settle();
    syncing.hire({ ...bob, hired: "soon" });
    await settle();
    syncing.fire("2");
    await settle();
    expect(entra.user("2")).toMatchObject({ accountEnabled: false });
  });
});
