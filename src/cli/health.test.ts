import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { healthCommand } from "./health.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-health-"));
const server = createServer((_, answer) => answer.end());
beforeAll(() => new Promise<void>((done) => server.listen(0, "127.0.0.2", done)));
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ["its configuration says", "host: 127.0.0.2, ", {}, 0],
  ["its configuration takes from the environment", `host: "$${"{env:HERE}"}", `, { HERE: "127.0.0.2" }, 0],
  ["its environment says", "", { POSTERN_HOST: "127.0.0.2" }, 0],
  ["nobody said", "", {}, 1],
])("a gateway is asked where %s", async (_, host, env, status) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const file = join(folder, "gateway.config.yaml");
  writeFileSync(file, `server: { ${host}port: ${(server.address() as AddressInfo).port} }\n`);
  expect([await healthCommand(file, env), said.mock.calls.length]).toEqual([status, status]);
  said.mockRestore();
});
