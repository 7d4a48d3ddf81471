import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { ActError, carryOutAct, type Release } from "../src/compose/syncs/acts.ts";
import { memoryOf, planOf } from "../src/sync/person.ts";
import { ADA, BOB, openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

const DAY = 86_400_000;
const REHIRES = { rehires: ["hr:birthDate", "name.familyName", "name.givenName"] };
const DELETES = { leavers: { after: "PT0S", stages: [{ after: "P1D", do: "delete" }] } };
const LEE = { born: "1990-05-05", given: "Ada", family: "Lee", hired: "2020-01-01" };

/** What an operator says of one possible rehire. */
const release = (key: string, decision: Partial<Release>) =>
  carryOutAct(
    { leases: syncing.parts.state.leases, store: syncing.store, audit: undefined },
    "people",
    { do: "release", people: [key], all: false, isNew: false, ...decision },
    { by: "ann", reason: "looked at" },
  );
const person = async (key: string) => (await syncing.store.person(key))!;
const keys = async () => [...(await syncing.accounts()).keys()].toSorted();

describe("a possible rehire", () => {
  test("takes over the account that was proposed, or another one of the same person that nobody uses, and no other", async () => {
    syncing = await openSyncing(REHIRES);
    syncing.hire(BOB, { ...LEE, number: "C-1" }, { ...LEE, number: "C-2" }, { ...LEE, number: "C-3" });
    await syncing.run();
    for (const number of ["C-2", "C-3"]) await release(number, { isNew: true });
    await syncing.run();
    expect(await keys()).toEqual(["2", "C-1", "C-2", "C-3"]);
    syncing.fire("C-1", "C-2");
    syncing.hire({ ...LEE, number: "E-1" });
    await syncing.run();
    expect(planOf(await person("E-1"))).toMatchObject({ do: "propose", of: "C-1" });
    for (const [as, why] of [
      ["2", "differ in"],
      ["C-3", "in use"],
      ["nobody", "has no account"],
    ] as const) {
      const refused = release("E-1", { as });
      await expect(refused).rejects.toBeInstanceOf(ActError);
      await expect(refused).rejects.toThrow(why);
    }
    expect(memoryOf(await person("E-1")).rehire).toBeUndefined();
    const { id } = (await syncing.accounts()).get("C-2")!;
    expect(await release("E-1", { as: "C-2" })).toMatchObject({ count: 1 });
    await syncing.run();
    expect(await keys()).toEqual(["2", "C-1", "C-3", "E-1"]);
    expect((await syncing.accounts()).get("E-1")!.id).toBe(id);
  });

  test("keeps the account from being deleted until somebody has said whose it is", async () => {
    syncing = await openSyncing({ ...REHIRES, ...DELETES });
    // Its key comes behind the leaver's, and before that of the other one.
    syncing.hire({ ...LEE, number: "C-1" }, { ...LEE, number: "Z-1", given: "Zoe" }, BOB);
    const now = Date.now();
    const at = (days: number) => syncing.run({ at: now + days * DAY, acceptsShrink: true });
    await at(0);
    const { id } = (await syncing.accounts()).get("C-1")!;
    syncing.fire("C-1", "Z-1");
    await at(1);
    // The rehires come in the read of the very run in which the stage is due.
    syncing.hire({ ...LEE, number: "E-1" }, { ...LEE, number: "E-2", given: "Zoe" });
    for (const days of [3, 4]) {
      await at(days);
      expect(await keys()).toEqual(["2", "C-1", "Z-1"]);
    }
    expect(memoryOf(await person("C-1")).why).toContain("E-1");
    expect(await person("C-1")).toMatchObject({ status: "left", kind: null });
    await release("E-1", { as: "C-1" });
    await release("E-2", { isNew: true });
    await at(5);
    expect((await syncing.accounts()).get("E-1")).toMatchObject({ id, active: true });
    await at(6);
    expect(await keys()).toEqual(["2", "E-1", "E-2"]);
  });
});

describe("an account under a known id that has no number any more", () => {
  const replace = (id: unknown) => {
    const db = new DatabaseSync(join(syncing.folder, "target.db"));
    db.exec(`delete from accounts where id = '${id}';
      insert into accounts (id, external, login, given, family, enabled) values ('${id}', null, 'eve', 'Eve', 'Stranger', 1)`);
    db.close();
  };
  const eve = async () => (await syncing.accounts()).get("(eve)");

  test("is neither overwritten nor locked nor deleted: the person is stopped, and told", async () => {
    syncing = await openSyncing(DELETES);
    syncing.hire(ADA, BOB);
    const now = Date.now();
    await syncing.run({ at: now });
    const accounts = await syncing.accounts();
    replace(accounts.get("1")!.id);
    await syncing.run({ at: now, isReconciling: true });
    expect(await person("1")).toMatchObject({ status: "stopped" });
    expect(memoryOf(await person("1")).error).toMatchObject({
      code: "taken",
      message: expect.stringContaining("no externalId, which was 1,"),
    });
    syncing.fire("1");
    for (const days of [1, 3, 5]) await syncing.run({ at: now + days * DAY });
    expect(await eve()).toMatchObject({ active: true, name: { givenName: "Eve" } });
  });

  test.each(["", "gone"])(
    "is the person's still where a stage of leaving wrote %j in its place",
    async (externalId) => {
      const stages = [
        { after: "P1D", do: "set", set: { externalId } },
        { after: "P2D", do: "delete" },
      ];
      syncing = await openSyncing({ leavers: { after: "PT0S", stages } });
      syncing.hire(ADA, BOB);
      const now = Date.now();
      await syncing.run({ at: now });
      syncing.fire("1");
      await syncing.run({ at: now + DAY });
      await syncing.run({ at: now + 2.5 * DAY });
      expect(await keys()).toEqual([externalId || "(ada.lovelace)", "2"].toSorted());
      await syncing.run({ at: now + 5 * DAY });
      expect(await keys()).toEqual(["2"]);
    },
  );
});
