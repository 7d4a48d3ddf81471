import { afterEach, describe, expect, test } from "vitest";
import { ADA, BOB, openSyncing, RULES, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

describe("what becomes of a run", () => {
  test("is `incomplete` where a rule ran out of time for one person, and the others have their accounts", async () => {
    const title = { value: 'title = "Countess" ? ($for := function($n) { $for($n + 1) }; $for(1)) : title' };
    syncing = await openSyncing({ attributes: { ...RULES, title } });
    syncing.hire(ADA, { ...BOB, manager: null });
    expect(await syncing.run()).toMatchObject({ outcome: "incomplete", statuses: { ok: 1, stopped: 1 } });
    expect([...(await syncing.accounts()).keys()]).toEqual(["2"]);
  });

  test("is `done` where a record cannot be used: the run has told so, and trying again changes nothing", async () => {
    syncing = await openSyncing();
    syncing.hire({ ...ADA, hired: "2026-02-30" }, BOB);
    expect(await syncing.run()).toMatchObject({ outcome: "done", statuses: { ok: 1, stopped: 1 } });
  });
});
