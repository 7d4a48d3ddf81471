import { afterEach, describe, expect, test } from "vitest";
import { memoryOf, planOf } from "../src/sync/person.ts";
import { ActError, carryOutAct, type Release } from "../src/sync-acts.ts";
import { BOB, openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

const REHIRES = { rehires: ["hr:birthDate", "name.familyName", "name.givenName"] };
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
      ["2", "differs"],
      ["C-3", "in use"],
      ["nobody", "nobody with an account"],
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
});
