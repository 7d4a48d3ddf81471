import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { openRoutes } from "../src/cli/opened.ts";
import { type RunWish, runNamed } from "../src/compose/syncs/syncs.ts";
import { keepTarget, OtherTargetError } from "../src/compose/syncs/target.ts";
import { loadConfig } from "../src/config/load.ts";
import { registry } from "./servers/registry.ts";
import { ADA, BOB, openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

const write = (file: string, change: (config: ReturnType<typeof parse>) => void) => {
  const config = parse(readFileSync(file, "utf8"));
  change(config);
  writeFileSync(file, stringify(config));
};

/** Runs the sync with its target in another database. */
async function runInto(database: string, wish: Partial<RunWish> = {}) {
  write(syncing.file, (config) => {
    config.connectors.target.file = join(syncing.folder, database);
  });
  const parts = await openRoutes(loadConfig(syncing.file, registry, {}), { writes: false });
  try {
    return await runNamed("people", parts, { cause: "test", ...wish }, { signal: new AbortController().signal });
  } finally {
    await parts.close();
  }
}

const givenNames = (database: string) => {
  const db = new DatabaseSync(join(syncing.folder, database));
  const rows = db.prepare("select given from accounts order by given").all() as { given: string }[];
  db.close();
  return rows.map(({ given }) => given);
};

describe("a sync that is pointed at another target", () => {
  test("takes no link with it: all is held as before a first run, and what is there stays; back again, nothing has changed", async () => {
    syncing = await openSyncing();
    syncing.hire(ADA, BOB);
    expect(await runInto("target.db", { isFirst: true })).toMatchObject({ outcome: "done", moved: undefined });
    // Other people's accounts, under ids that the first target has given to Ada and Bob.
    copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, "other.db"));
    const other = new DatabaseSync(join(syncing.folder, "other.db"));
    other.exec("update accounts set external = null, given = 'Stranger ' || external, login = 'stranger' || external");
    other.close();
    expect(await runInto("other.db", { isReconciling: true })).toMatchObject({
      outcome: "held",
      isUnreleased: true,
      held: [{ kind: "creates", count: 2, allowed: 0 }],
      moved: { from: expect.stringContaining("target.db"), to: expect.stringContaining("other.db") },
    });
    expect(givenNames("other.db")).toEqual(["Stranger 1", "Stranger 2"]);
    expect(await runInto("target.db", { isReconciling: true })).toMatchObject({ outcome: "done", counts: {} });
    expect(await runInto("other.db", { isFirst: true })).toMatchObject({ counts: { creates: { done: 2 } } });
    expect(givenNames("other.db")).toEqual(["Ada", "Bob", "Stranger 1", "Stranger 2"]);
  });

  test("keeps its links where somebody says that it is the same target under another address", async () => {
    syncing = await openSyncing();
    syncing.hire(ADA, BOB);
    await runInto("target.db", { isFirst: true });
    copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, "moved.db"));
    expect(await runInto("moved.db", { isPlan: true })).toMatchObject({ isUnreleased: true });
    expect(await runInto("moved.db", { isSameTarget: true, isReconciling: true })).toMatchObject({
      outcome: "done",
      counts: {},
    });
    expect(await runInto("moved.db", { isReconciling: true })).toMatchObject({ outcome: "done", counts: {} });
  });

  test("is only looked at by a plan: one that takes it for the target from before decides nothing, and loses no link", async () => {
    syncing = await openSyncing();
    syncing.hire(ADA, BOB);
    await runInto("target.db", { isFirst: true });
    // Another system, in which the accounts of the first one's ids are other people's, or are not there.
    copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, "other.db"));
    const other = new DatabaseSync(join(syncing.folder, "other.db"));
    other.exec("delete from accounts where given = 'Ada'; update accounts set external = null, given = 'Stranger'");
    other.close();
    const links = async () => (await syncing.store.linked("", 10)).map(({ key, target }) => [key, target]);
    const before = await links();
    const plan = await runInto("other.db", { isPlan: true, isSameTarget: true, isReconciling: true });
    expect(plan).toMatchObject({
      outcome: "planned",
      counts: { creates: { planned: 1 } },
      same: { from: expect.stringContaining("target.db"), to: expect.stringContaining("other.db") },
    });
    expect(await syncing.parts.state.syncs.of(plan.store).planned()).toContainEqual({
      kind: "creates",
      held: 0,
      count: 1,
    });
    expect(await links()).toEqual(before);
    expect(await syncing.parts.state.syncs.targets("people").all()).toHaveLength(1);
    expect(await runInto("other.db", { isReconciling: true })).toMatchObject({
      outcome: "held",
      isUnreleased: true,
      moved: { from: expect.stringContaining("target.db") },
    });
    expect(givenNames("other.db")).toEqual(["Stranger"]);
    expect(await syncing.parts.state.syncs.of(plan.store).linked("", 10)).toEqual([]);
  });

  test.each([{ isPlan: true }, {}])(
    "is not taken for another one than was confirmed, and nothing is decided then: %j",
    async (wish) => {
      syncing = await openSyncing();
      syncing.hire(ADA, BOB);
      await runInto("target.db", { isFirst: true });
      for (const database of ["seen.db", "moved.db"])
        copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, database));
      const { moved: seen } = await runInto("seen.db", { isPlan: true });
      const before = await syncing.parts.state.syncs.targets("people").all();
      const same = { isSameTarget: true, same: seen, isReconciling: true };
      await expect(runInto("moved.db", { ...wish, ...same })).rejects.toThrow(OtherTargetError);
      expect(await syncing.parts.state.syncs.targets("people").all()).toEqual(before);
      // The run itself refuses, too, whatever was looked at before it.
      const parts = { loaded: loadConfig(syncing.file, registry, {}), state: syncing.parts.state };
      await expect(keepTarget(parts, "people", { now: Date.now(), same: seen, ...wish })).rejects.toThrow(
        OtherTargetError,
      );
      expect(await syncing.parts.state.syncs.targets("people").all()).toEqual(before);
      expect(await runInto("seen.db", { ...wish, ...same })).toMatchObject({ same: seen });
    },
  );

  test.each([{ isPlan: true }, {}])(
    "is not taken for one at a mistyped address at which nothing was written: %j",
    async (wish) => {
      syncing = await openSyncing();
      syncing.hire(ADA, BOB);
      await runInto("target.db", { isFirst: true });
      copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, "moved.db"));
      copyFileSync(join(syncing.folder, "target.db"), join(syncing.folder, "mistyped.db"));
      await runInto("mistyped.db", wish);
      expect(await runInto("moved.db", { isSameTarget: true, isReconciling: true })).toMatchObject({
        outcome: "done",
        counts: {},
        store: "people",
        same: { from: expect.stringContaining("target.db"), to: expect.stringContaining("moved.db") },
      });
    },
  );

  test("is another one where a kind's keys are in another column: no account is taken for somebody's", async () => {
    syncing = await openSyncing();
    syncing.hire(ADA, BOB);
    await runInto("target.db", { isFirst: true });
    const db = new DatabaseSync(join(syncing.folder, "target.db"));
    db.exec(`alter table accounts add column badge text; update accounts set badge = 'b' || id;
      insert into accounts (id, login, given, badge) select 's' || id, 'stranger' || id, 'Stranger', id from accounts`);
    db.close();
    syncing.fire("2");
    write(syncing.file, ({ connectors, routes }) => {
      connectors.target.kinds.account.key.column = "badge";
      delete connectors.target.kinds.team;
      delete routes["/target"].Group;
    });
    const moved = { from: expect.stringContaining("; settings "), to: expect.stringContaining("; settings ") };
    expect(await runInto("target.db", { isReconciling: true })).toMatchObject({ outcome: "held", moved });
    expect(givenNames("target.db")).toEqual(["Ada", "Bob", "Stranger", "Stranger"]);
  });
});
