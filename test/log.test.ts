import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";

const CONFIG = `server: { port: 0 }
log: { level: warn }
auth: [{ type: bearer, tokens: [{ name: entra, token: ${TOKEN} }] }]
connectors:
  mem: { type: memory, kinds: { person: {} } }
routes:
  /scim/v2:
    User: { connector: mem, mapping: user.yaml }
safety:
  /scim/v2: { guard: { deletes: 0 } }
state: { url: "sqlite::memory:" }
`;
const MAPPING = `resource: User
kind: person
attributes:
  id: { attr: id, readOnly: true }
  userName: login
  title: { read: level, write: { level: $number(title) } }
`;

describe("the log, at warn", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-log-"));
  let gateway: ChildProcess;
  let base = "";
  let output = "";
  beforeAll(async () => {
    writeFileSync(join(folder, "gateway.config.yaml"), CONFIG);
    writeFileSync(join(folder, "user.yaml"), MAPPING);
    gateway = spawn(process.execPath, [join(ROOT, "src/main.ts"), "serve", "-c", "gateway.config.yaml"], {
      cwd: folder,
    });
    for (const stream of [gateway.stdout!, gateway.stderr!])
      stream.on("data", (data) => {
        output += data;
      });
    const address = () => /http:\S+\/scim\/v2/.exec(output)?.[0];
    base = await vi.waitUntil(address, { timeout: 30_000 });
  }, 40_000);
  afterAll(async () => {
    gateway.kill("SIGTERM");
    await new Promise((resolve) => gateway.once("exit", resolve));
    rmSync(folder, { recursive: true });
  });
  const lines = (message: string) =>
    output
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === message);
  const ask = (method: string, path: string, body?: unknown) => send({ base, token: TOKEN }, method, path, body);

  test("names the mapping, the row and the reason of an expression that fails, and no value", async () => {
    expect((await ask("POST", "/Users", { userName: "ann", title: "Boss" })).status).toBe(400);
    await expect.poll(() => lines("expression of the mapping failed"), { timeout: 5000 }).toHaveLength(1);
    const [line] = lines("expression of the mapping failed");
    expect(line).toMatchObject({
      level: "warn",
      route: "/scim/v2",
      type: "User",
      operation: "create",
      mapping: "user.yaml",
      row: "attributes.title.write.level",
      reason: expect.stringMatching(/number/i),
    });
    expect(JSON.stringify(line)).not.toContain("Boss");
  });

  test("tells of a change that the guard stopped, and how to release it", async () => {
    const { id } = (await ask("POST", "/Users", { userName: "bob" })).json;
    expect((await ask("DELETE", `/Users/${id}`)).status).toBe(503);
    await expect.poll(() => lines("change guard stopped a change"), { timeout: 5000 }).toHaveLength(1);
    expect(lines("change guard stopped a change")[0]).toMatchObject({
      level: "warn",
      route: "/scim/v2",
      type: "User",
      danger: "deletes",
      key: id,
      caller: "entra",
      release: "postern guard release /scim/v2",
    });
  });
});
