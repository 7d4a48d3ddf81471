import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";

const OPERATOR = "an-operator-of-the-tests-1234";

describe("postern journal", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({
      ...legacyHr(),
      journal: {},
      operations: { port: 0, tokens: [{ name: "ann", token: OPERATOR }] },
      state: { url: "sqlite::memory:" },
    });
    for (const userName of ["zoe@journal.test", "zoe@journal.test", "yan@journal.test\u001b[31m"])
      await send(gateway, "POST", "/Users", { userName });
    for (let tries = 0; tries < 200; tries++) {
      const { entries } = (await ask("/journal")).json;
      if (entries?.length === 3) break;
      await sleep(25);
    }
  });
  afterAll(() => gateway.stop());

  const ask = async (path: string, token = OPERATOR) => {
    const answer = await fetch(`${gateway.operations}${path}`, { headers: { Authorization: `Bearer ${token}` } });
    return { status: answer.status, json: (await answer.json()) as { readonly entries?: readonly unknown[] } };
  };
  const postern = (...args: string[]) =>
    new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, POSTERN_ADMIN_TOKEN: OPERATOR, NO_COLOR: "1" };
      const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "journal", ...args], { env });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (data) => {
        stdout += data;
      });
      child.stderr.on("data", (data) => {
        stderr += data;
      });
      child.on("close", (status) => resolve({ status, stdout, stderr }));
    });

  test("lists what failed, and shows one entry with its steps", async () => {
    const { status, stdout } = await postern("list", "--url", gateway.operations!, "--failures", "--since", "1h");
    expect(status).toBe(0);
    const [line, ...more] = stdout.trimEnd().split("\n");
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^\w{22} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}409 {2}tests {2}Creating User was answered with 409 uniqueness: /,
    );
    const shown = await postern("show", line!.split(" ")[0]!, "--url", gateway.operations!);
    expect(shown.stdout).toMatch(/^ {2}request {2}\S+$/m);
    expect(shown.stdout).toMatch(/ms {2}asked {2}Creating person in hr failed \(conflict\): /);
    expect(shown.stdout).toContain('insert into "people"');
  });

  test("finds a person, as JSON too, and lets no name control the terminal", async () => {
    const { stdout } = await postern("list", "--url", gateway.operations!, "--search", "YAN@", "-f", "json");
    expect(JSON.parse(stdout)).toMatchObject([
      { action: "create", status: 201, display: "yan@journal.test\u001b[31m" },
    ]);
    const text = await postern("list", "--url", gateway.operations!, "--search", "yan@");
    expect(text.stdout).not.toContain("\u001b");
    expect(text.stdout).toContain("Created User yan@journal.test");
  });

  test("says what is wrong with a question", async () => {
    const since = await postern("list", "--since", "yesterday");
    expect(since).toMatchObject({ status: 2, stderr: expect.stringContaining("such as 30m, 2h or 7d") });
    const missing = await postern("show", "no-such-entry", "--url", gateway.operations!);
    expect(missing).toMatchObject({ status: 1, stderr: "The journal has no entry with this ID.\n" });
    expect((await ask("/journal?nope=1")).status).toBe(400);
    expect((await ask("/journal?from=today")).status).toBe(400);
    expect((await ask("/journal", "a-token-that-nobody-knows")).status).toBe(401);
  });
});

test("without a journal its address says how to turn it on", async () => {
  const gateway = await startGateway({ ...legacyHr(), operations: { port: 0 } });
  const answer = await fetch(`${gateway.operations}/journal`);
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { error: "This gateway keeps no journal: set `journal` in its configuration." },
  ]);
  await gateway.stop();
});
