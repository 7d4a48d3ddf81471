import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { memoryOf } from "../src/sync/person.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";
import { ADA, BOB, memoryTarget, openSyncing, type Syncing } from "./servers/syncing.ts";
import { convergence } from "./suites/convergence.ts";

let syncing: Syncing | undefined;
afterEach(async () => {
  await syncing?.close();
  syncing = undefined;
});

const [ada, bob] = [ADA, BOB];

describe("a sync", () => {
  test("creates accounts as the rules say, sets managers, and has nothing to do the second time", async () => {
    syncing = await openSyncing();
    syncing.hire(bob, ada);
    const first = await syncing.run({ at: "2026-02-01T00:00:00Z" });
    expect(first).toMatchObject({ outcome: "done", counts: { creates: { planned: 2, done: 2, failed: 0 } } });
    const accounts = await syncing.accounts();
    expect(accounts.get("1")).toMatchObject({
      userName: "ada.lovelace",
      displayName: "Ada Lovelace",
      title: "Countess",
      active: true,
    });
    const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    expect(accounts.get("2")).toMatchObject({
      userName: "bob.stone",
      [urn]: { department: "Maths", manager: { value: accounts.get("1")!.id } },
    });
    const second = await syncing.run({ at: "2026-02-01T01:00:00Z" });
    expect(second).toMatchObject({ outcome: "done", counts: {} });
  });

  test("the last day takes effect on its day, though HR sends nothing", async () => {
    syncing = await openSyncing({ asOf: { zone: "Europe/Oslo" } });
    syncing.hire({ ...ada, hired: "2026-03-02", ended: "2026-03-31" });
    const active = async (at: string) => {
      expect(await syncing!.run({ at })).toMatchObject({ outcome: "done" });
      return (await syncing!.accounts()).get("1")?.active;
    };
    expect(await active("2026-02-20T12:00:00Z")).toBe(false);
    expect(await active("2026-02-28T22:59:00Z")).toBe(false);
    expect(await active("2026-02-28T23:00:00Z")).toBe(true);
    expect(await active("2026-03-31T21:59:00Z")).toBe(true);
    expect(await active("2026-03-31T22:00:00Z")).toBe(false);
  });

  test("names are decided once: a taken one is tried with a number, and a marriage renames nobody", async () => {
    syncing = await openSyncing();
    syncing.hire(ada, { ...ada, number: "3", born: "1990-01-01" }, { ...ada, number: "4" });
    await syncing.run();
    const names = async () => [...(await syncing!.accounts()).values()].map(({ userName }) => userName).toSorted();
    expect(await names()).toEqual(["ada.lovelace", "ada.lovelace2", "ada.lovelace3"]);
    syncing.hire({ ...ada, family: "King" });
    await syncing.run();
    expect(await names()).toEqual(["ada.lovelace", "ada.lovelace2", "ada.lovelace3"]);
    expect((await syncing.accounts()).get("1")).toMatchObject({ name: { familyName: "King" } });
  });

  test("who is missing from a whole read is disabled; who comes back is enabled again, with the same account", async () => {
    syncing = await openSyncing();
    syncing.hire(ada, bob);
    await syncing.run();
    const { id } = (await syncing.accounts()).get("2")!;
    syncing.fire("2");
    expect(await syncing.run()).toMatchObject({ counts: { disables: { done: 1 } } });
    expect((await syncing.accounts()).get("2")).toMatchObject({ id, active: false });
    expect(await syncing.run()).toMatchObject({ counts: {} });
    syncing.hire(bob);
    await syncing.run();
    expect((await syncing.accounts()).get("2")).toMatchObject({ id, active: true });
  });

  test("two records of one key: neither is used, and the account stays as it is", async () => {
    syncing = await openSyncing();
    syncing.hire(ada, bob);
    await syncing.run();
    syncing.hr.exec("insert into people (id, number, given, family) values ('x', '2', 'Bobby', 'Tables')");
    const report = await syncing.run();
    expect(report.people.twice).toBe(1);
    expect((await syncing.accounts()).get("2")).toMatchObject({ name: { givenName: "Bob" }, active: true });
    const person = (await syncing.store.person("2"))!;
    expect(person.status).toBe("stopped");
    expect(memoryOf(person).error?.message).toContain("several records");
    syncing.hr.exec("delete from people where id = 'x'");
    await syncing.run();
    expect((await syncing.store.person("2"))!.status).toBe("ok");
  });
});

/** How many histories are drawn. `npm run test:long` draws more. */
const HISTORIES = Number(process.env.HISTORIES ?? 20);

describe("convergence, whatever happens on both sides and wherever runs are killed", () => {
  test("in SQLite", () => convergence(() => openSyncing(), { numRuns: HISTORIES }), 240_000);
  test(
    "in memory",
    () => convergence(() => openSyncing({}, { target: memoryTarget }), { numRuns: HISTORIES }),
    240_000,
  );
});

describe("with the store in PostgreSQL", () => {
  let postgres: Database;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  test("runs converge all the same", async () => {
    const open = () => {
      postgres.run("drop schema public cascade; create schema public");
      return openSyncing({}, { target: memoryTarget, config: { state: stateIn(postgres) } });
    };
    await convergence(open, { numRuns: Math.ceil(HISTORIES / 4) });
  }, 240_000);

  test("requests of a budget and names are counted once, of many at a time", async () => {
    postgres.run("drop schema public cascade; create schema public");
    syncing = await openSyncing({}, { target: memoryTarget, config: { state: stateIn(postgres) } });
    const { syncs } = syncing.parts.state;
    const names = await Promise.all(
      Array.from({ length: 20 }, (_, key) => syncs.of("people").reserve("userName", "ada", String(key))),
    );
    expect(new Set(names).size).toBe(1);
  });
});
