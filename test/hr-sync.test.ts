import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ROOT } from "./servers/gateway.ts";
import { configOf, systems } from "./servers/hr/systems.ts";
import { memoryTarget, openSyncing } from "./servers/syncing.ts";
import { numbers } from "./suites/hr.ts";

// A sync from each HR system: everybody gets an account, and a read that fails takes none away.

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const attributes = {
  externalId: "externalId",
  userName: { value: '$lowercase(name.givenName & "." & name.familyName)', unique: true, when: "create" },
  "name.familyName": "name.familyName",
  active: { value: 'hr.status in ["active", "leave"] and $until(hr.endDate)' },
};

describe.each(Object.entries(systems))("a sync from %s", (_, system) => {
  test("makes an account for everybody, has nothing to do the second time, and changes nobody where the read fails", async () => {
    const hr = await system.start();
    closing.push(hr.stop);
    (hr.people as object[]).push(...numbers(45).map(system.person));
    const { connectors, routes } = configOf(system, hr.url);
    // Each run reads anew, and none uses what an earlier one has read.
    for (const connector of Object.values(connectors))
      for (const { search } of Object.values(connector.kinds) as { search: { snapshot?: { seconds: number } } }[])
        if (search.snapshot) search.snapshot.seconds = 0;
    const account = { connector: "target", mapping: join(ROOT, "test/syncs/account.yaml") };
    const config = {
      connectors: { ...connectors, target: memoryTarget() },
      routes: { ...routes, "/target": { User: account } },
    };
    const syncing = await openSyncing({ attributes }, { config });
    closing.push(syncing.close);

    const first = await syncing.run();
    expect(first, JSON.stringify(first)).toMatchObject({
      outcome: "done",
      counts: { creates: { done: 45, failed: 0 } },
    });
    const made = await syncing.accounts();
    expect([...made.keys()].sort()).toEqual(numbers(45).map((n) => String(1000 + n)));
    expect(made.get("1007")).toMatchObject({ userName: "ann.name007", active: true });
    const second = await syncing.run();
    expect(second, JSON.stringify(second)).toMatchObject({ outcome: "done", counts: {} });

    for (const body of [system.nobody, {}]) {
      hr.fail((request) => (system.isList(request) ? { body } : undefined));
      expect((await syncing.run()).outcome).not.toBe("done");
    }
    hr.fail((request) => (system.isList(request) ? "cut" : undefined));
    expect((await syncing.run()).outcome).not.toBe("done");
    expect(await syncing.accounts()).toEqual(made);
  });
});
