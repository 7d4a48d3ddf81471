import { afterEach, describe, expect, test } from "vitest";
import { syncNamed } from "../src/compose/syncs/syncs.ts";
import { liveEngine } from "../src/sync/engines/live.ts";
import { runSync, type Sync } from "../src/sync/run.ts";
import { TargetError } from "../src/sync/target.ts";
import { routeTarget } from "../src/sync/targets/route.ts";
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

describe("a run that is to end while the target throttles", () => {
  const throttling = (calls: "read" | "create") => async () => {
    syncing = await openSyncing();
    syncing.hire(ADA);
    await syncing.run();
    syncing.hire({ ...ADA, title: "Duchess" }, BOB);
    const ending = new AbortController();
    const sync = syncNamed("people", syncing.parts, ending.signal);
    const busy = async () => {
      setTimeout(() => ending.abort(), 20);
      throw new TargetError("unavailable", "too many requests", { retryAfter: 50 });
    };
    const target = { ...routeTarget(syncing.target, "User", sync.asking), [calls]: busy };
    const engineFor: Sync["engineFor"] = (work, given) => liveEngine({ ...work, target, deliver: undefined }, given);
    const options = { cause: "test", now: Date.now, signal: ending.signal };
    expect(await runSync({ ...sync, engineFor }, options)).toMatchObject({ outcome: "cancelled" });
    expect(await syncing.store.byStatus()).not.toContainEqual(expect.objectContaining({ status: "failed" }));
  };
  test("ends at once where it waits to look at somebody, and nobody has failed", throttling("read"), 10_000);
  test("ends at once where it waits to make a change, and nobody has failed", throttling("create"), 10_000);
});
