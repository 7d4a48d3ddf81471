import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { initScimgatewayCommand } from "./init-scimgateway.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-told-"));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test("names in a file are shown without what a terminal obeys, each on one line", async () => {
  const file = join(folder, "plugin-scim.json");
  const users = [{ username: "ann\u001b[2J\nforged", password: "x" }];
  const entity = { undefined: { scimVersion: "2.0", connection: { baseUrls: ["https://api.example"] } } };
  writeFileSync(
    file,
    JSON.stringify({ scimgateway: { auth: { basic: users }, "odd\u001b]0;x\u0007": "y" }, endpoint: { entity } }),
  );
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const target = { registry: { connectors: [], sinks: [] }, out: join(folder, "out"), env: {} };
  await initScimgatewayCommand([file], target);
  const said = log.mock.calls.flat().join("\n");
  expect(said).toContain("user ann\\u001b[2J\\u000aforged");
  expect(said).toContain("scimgateway.odd\\u001b]0;x\\u0007");
  expect(said).not.toMatch(/[\u001b\u0007]|^forged/m);
});
