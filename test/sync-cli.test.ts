import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { signatureOf } from "../src/sync/signature.ts";
import { ROOT } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";
import { openSyncing, type Syncing } from "./servers/syncing.ts";

let syncing: Syncing;
afterEach(() => syncing.close());

const postern = (...args: string[]) => {
  const [command, ...rest] = args;
  const all = [join(ROOT, "src/main.ts"), command!, ...rest, "-c", syncing.file];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8", cwd: syncing.folder });
  return { status, stdout, stderr };
};
const ada = { number: "1", given: "Ada", family: "<b>=Lee", title: '=cmd|"x"', hired: "2020-01-01" };
const bob = { number: "2", given: "Bob", family: "Stone", hired: "2020-01-01" };

describe("postern sync", () => {
  test("plan, run, status, person, drift: from the first plan to an account that somebody changed", async () => {
    syncing = await openSyncing({ guard: { creates: 10 } });
    const config = parse(readFileSync(syncing.file, "utf8"));
    writeFileSync(syncing.file, stringify({ ...config, audit: { file: "audit.log" } }));
    syncing.hire(ada, bob);
    const plan = postern("sync", "plan");
    expect(plan.stdout).toContain("creates (held)");
    expect(plan.stdout).toContain("let it happen: postern sync run people --first");
    const csv = postern("sync", "plan", "-f", "csv").stdout.split("\n");
    expect(csv[0]).toBe("key,kind,held,reason,changes,notes");
    expect(postern("sync", "plan", "-f", "html").stdout).toContain("&#60;b&#62;");
    expect(JSON.parse(postern("sync", "plan", "-f", "json").stdout)).toHaveLength(2);
    expect(postern("sync", "run")).toMatchObject({ status: 0, stdout: expect.stringContaining("people: held") });
    expect((await syncing.accounts()).size).toBe(0);
    expect(postern("sync", "run", "--first").stdout).toContain("creates: 2 planned, 2 done");
    const records = readFileSync(join(syncing.folder, "audit.log"), "utf8").trim().split("\n");
    const acts = records.map((line) => JSON.parse(line)).filter(({ event }) => /^ra?u?n$/.test(event));
    const { username: by } = userInfo();
    expect(acts.slice(-2)).toMatchObject([
      { event: "run", sync: "people", by, isFirst: true },
      { event: "ran", sync: "people", by, intent: acts.at(-2).id, result: "done" },
    ]);
    expect(postern("sync", "status").stdout).toContain("2 ok");
    const page = JSON.parse(postern("sync", "person", "1").stdout);
    expect(page).toMatchObject({
      key: "1",
      status: "ok",
      names: { userName: "ada.<b>=lee" },
      lastAction: { did: "create: the person has no account" },
    });
    expect(postern("drift", "/target")).toMatchObject({ status: 0, stdout: "" });
    const { id } = (await syncing.accounts()).get("2")!;
    const body = { Operations: [{ op: "replace", path: "active", value: false }] };
    await syncing.ask({ name: "patch", type: "User", id: String(id), body, query: {}, context: syncing.context() });
    expect(postern("drift", "/target", "-f", "csv").stdout).toContain(`disabled,2,${id},active,true,false`);
    expect(postern("sync", "run", "--reconcile").stdout).toContain("changes: 1 planned, 1 done");
    expect(postern("drift", "/target").status).toBe(0);
  }, 120_000);

  test("release needs a reason, and is in the history", async () => {
    syncing = await openSyncing({ guard: { creates: 0 } });
    syncing.hire(ada, bob);
    postern("sync", "run");
    expect(postern("sync", "release", "1").stderr).toContain("--reason");
    expect(postern("sync", "release", "1", "--reason", "looked at", "--by", "ann").stdout).toContain("1 released");
    postern("sync", "run");
    expect([...(await syncing.accounts()).keys()]).toEqual(["1"]);
    expect(postern("sync", "status").stdout).toContain("released by ann: looked at");
    expect(postern("sync", "forget", "1").status).toBe(0);
    expect(postern("sync", "person", "1").status).toBe(1);
  }, 120_000);
});

describe("a gateway with syncs", () => {
  test("runs by its schedule and by signed signals, tells by metrics, and refuses what is not signed", async () => {
    syncing = await openSyncing({ signal: "a-secret-of-the-tests-only" });
    syncing.hire(ada);
    await syncing.run();
    const [port, admin] = [await freePort(), await freePort()];
    const config = parse(readFileSync(syncing.file, "utf8"));
    writeFileSync(
      syncing.file,
      stringify({ ...config, server: { port }, operations: { port: admin }, log: { level: "error" } }),
    );
    const gateway = spawn(process.execPath, [join(ROOT, "src/main.ts"), "serve", "-c", syncing.file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const base = `http://127.0.0.1:${admin}`;
    try {
      await expect
        .poll(
          () =>
            fetch(`${base}/metrics`).then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 20_000 },
        )
        .toBe(200);
      syncing.hire(bob);
      const signal = (headers: Record<string, string>, body = "{}") =>
        fetch(`${base}/syncs/people/signal`, { method: "POST", headers, body }).then(({ status }) => status);
      expect(await signal({})).toBe(401);
      const timestamp = String(Math.floor(Date.now() / 1000));
      const secret = "a-secret-of-the-tests-only";
      expect(await signal({ "x-bamboohr-timestamp": timestamp, "x-bamboohr-signature": "0".repeat(64) })).toBe(401);
      const old = String(Number(timestamp) - 3600);
      expect(
        await signal({ "x-bamboohr-timestamp": old, "x-bamboohr-signature": signatureOf(secret, `{}${old}`, "hex") }),
      ).toBe(401);
      const bamboo = {
        "x-bamboohr-timestamp": timestamp,
        "x-bamboohr-signature": signatureOf(secret, `{}${timestamp}`, "hex"),
      };
      expect(await signal(bamboo)).toBe(202);
      const standard = `v1,${signatureOf(secret, `msg_1.${timestamp}.{}`, "base64")}`;
      expect(
        await signal({ "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": standard }),
      ).toBe(202);
      await expect.poll(async () => (await syncing.accounts()).size, { timeout: 20_000 }).toBe(2);
      await expect
        .poll(async () => (await fetch(`${base}/metrics`)).text(), { timeout: 20_000 })
        .toMatch(/postern_sync_changes_total\{sync="people",kind="creates",result="done"\} 1/);
      const run = await fetch(`${base}/syncs/people/run`, {
        method: "POST",
        body: JSON.stringify({ reconcile: true }),
        headers: { "content-type": "application/json" },
      });
      expect(await run.json()).toMatchObject({ outcome: "done", counts: {} });
      expect(await (await fetch(`${base}/syncs`)).json()).toMatchObject({
        people: { people: [{ status: "ok", count: 2 }] },
      });
      expect((await fetch(`${base}/syncs/nobody/run`, { method: "POST" })).status).toBe(404);
    } finally {
      gateway.kill("SIGTERM");
      await new Promise((done) => gateway.once("exit", done));
    }
  }, 120_000);
});

test("output that nobody reads to its end, as behind `| head`, ends a command quietly", async () => {
  syncing = await openSyncing();
  const people = Array.from({ length: 2000 }, (_, index) => ({ ...bob, number: String(index) }));
  syncing.hire(...people);
  const command = (what: string) =>
    spawnSync(
      "bash",
      [
        "-o",
        "pipefail",
        "-c",
        `${process.execPath} ${join(ROOT, "src/main.ts")} ${what} -c ${syncing.file} | head -n 1`,
      ],
      {
        encoding: "utf8",
        cwd: syncing.folder,
      },
    );
  expect(command("sync plan -f csv")).toMatchObject({ status: 0, stdout: "key,kind,held,reason,changes,notes\n" });
  expect(command("sync plan -f csv").stderr).not.toContain("EPIPE");
  expect(command("sync status -f json")).toMatchObject({ status: 0, stdout: "{\n", stderr: "" });
}, 60_000);
