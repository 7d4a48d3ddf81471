import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type Running, start } from "../src/compose/compose.ts";
import { statusOf } from "../src/sync/report.ts";
import { ROOT } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";
import { registry } from "./servers/registry.ts";
import { ADA, BOB, openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
let gateway: Running | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await syncing.close();
});

const TOKEN = "a-token-of-operators-that-is-for-tests";
const AUDIT = { audit: { file: "audit.log" } };
const CLARA = { number: "3", given: "Clara", family: "Day", hired: "2026-01-10" };

const postern = (...args: string[]) => {
  const all = [join(ROOT, "src/main.ts"), ...args, "-c", syncing.file];
  return spawnSync(process.execPath, all, { encoding: "utf8", cwd: syncing.folder });
};
/** The records of operators' acts, without what every record has. */
const acts = () =>
  readFileSync(join(syncing.folder, "audit.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ sync }) => sync !== undefined);

describe("what operators do to a sync", () => {
  test("by the command line is in the audit log, before and after it: who, why, for whom, and which kind of change", async () => {
    syncing = await openSyncing({ guard: { creates: 0 } }, { config: AUDIT });
    syncing.hire(ADA, BOB, CLARA);
    await syncing.run({ isFirst: false });
    expect(postern("sync", "release", "1", "nobody", "--reason", "looked at", "--by", "ann").stdout).toContain(
      "1 released",
    );
    expect(postern("sync", "release", "--kind", "creates", "--reason", "as planned").stdout).toContain("2 released");
    expect(postern("sync", "retry", "2").stdout).toContain("1 person is tried again");
    expect(postern("sync", "forget", "2", "3").stdout).toContain("2 people are forgotten");
    const all = acts();
    const [release] = all;
    expect(all).toMatchObject([
      { event: "release", sync: "people", by: "ann", reason: "looked at", people: ["1", "nobody"] },
      { event: "released", intent: release!.id, by: "ann", entries: [{ key: "1", kind: "creates" }] },
      { event: "release", reason: "as planned", kind: "creates" },
      { event: "released", entries: [{ key: "2", kind: "creates" }, { key: "3" }] },
      { event: "retry", by: expect.stringMatching(/./), people: ["2"] },
      { event: "retried", entries: [{ key: "2" }] },
      { event: "forget", people: ["2", "3"] },
      { event: "forgotten", entries: [{ key: "2" }, { key: "3" }] },
    ]);
    const verified = postern("audit", "verify", join(syncing.folder, "audit.log"));
    expect(verified.stdout + verified.stderr).not.toContain("release");
  }, 120_000);

  test("by HTTP is recorded under the token's name, and refused while a run is under way or where it says too little", async () => {
    const port = await freePort();
    const config = {
      ...AUDIT,
      server: { port: 0 },
      log: { level: "error" },
      operations: { port, tokens: [{ name: "ann", token: TOKEN }] },
    };
    syncing = await openSyncing({ guard: { creates: 0 } }, { config });
    syncing.hire(ADA, BOB);
    await syncing.run({ isFirst: false });
    gateway = await start(registry, syncing.file, {});
    const post = async (act: string, body: object) => {
      const response = await fetch(`http://127.0.0.1:${port}/syncs/people/${act}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    expect(await post("release", { people: ["1"] })).toMatchObject([400, { error: expect.stringContaining("reason") }]);
    expect(await post("release", { reason: "looked at" })).toMatchObject([
      400,
      { error: expect.stringContaining("specify what to release") },
    ]);
    expect(acts()).toEqual([]);
    expect(await post("release", { people: ["1"], reason: "looked at", by: "somebody else" })).toEqual([
      200,
      { count: 1, unknown: [] },
    ]);
    expect(await post("cancel", {})).toMatchObject([400, { error: "no run is under way" }]);
    await syncing.parts.state.leases.take("sync people", "another", 30_000);
    expect(await post("retry", {})).toMatchObject([409, { error: expect.stringContaining("is already running") }]);
    expect(await post("cancel", {})).toEqual([200, { count: 0, unknown: [] }]);
    expect(acts()).toMatchObject([
      { event: "release", by: "ann" },
      { event: "released", by: "ann", entries: [{ key: "1", kind: "creates" }] },
      { event: "cancel", sync: "people", by: "ann" },
      { event: "cancelled", by: "ann" },
    ]);
    expect(postern("sync", "retry").stderr).toContain("POST /syncs/people/retry");
  }, 120_000);
});

describe("a run that was killed", () => {
  test("is shown as running while its lease lasts, and as interrupted behind that", async () => {
    syncing = await openSyncing();
    const { state } = syncing.parts;
    const looked = { sync: "people", leases: state.leases, store: syncing.store };
    await state.leases.take("sync people", "a process that is killed", 30_000);
    await syncing.store.begin("test", Date.now());
    expect(await statusOf(looked, 1)).toMatchObject({ runs: [{ outcome: "running" }] });
    await state.leases.release("sync people", "a process that is killed");
    expect(await statusOf(looked, 1)).toMatchObject({ runs: [{ outcome: "interrupted" }] });
    expect(postern("sync", "status").stdout).toContain("test: interrupted");
    expect(postern("sync", "cancel")).toMatchObject({ status: 1 });
    await syncing.run();
    expect((await syncing.store.runs(5)).map(({ outcome }) => outcome)).toEqual(["done", "interrupted"]);
  }, 60_000);
});
