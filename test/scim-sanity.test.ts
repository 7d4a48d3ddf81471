import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";

const PROBE = join(ROOT, ".cache/scim-sanity/bin/scim-sanity");

/** What the probe found wrong, and how much it found right. */
function probe({ base, token }: TestGateway, ...options: string[]): Promise<{ failed: string[]; passed: number }> {
  return new Promise((resolve) => {
    const args = ["probe", base, "--token", token, "--i-accept-side-effects", ...options];
    execFile(PROBE, args, { timeout: 60_000 }, (_, output) => {
      const lines = output.split("\n");
      const failed = lines.filter((line, index) => /\[(FAIL|ERROR)\]/.test(line) && lines[index + 1] !== undefined);
      resolve({ failed, passed: Number(/(\d+) passed/.exec(output)?.[1] ?? 0) });
    });
  });
}

/** It wants a PATCH of a group answered with the group, and a member that does not exist passed over. */
const groupsAsItWants = (routes: Record<string, Record<string, object>>, group: object) => ({
  "/scim/v2": { ...routes["/scim/v2"], Group: { ...routes["/scim/v2"]!.Group, patchResponse: "resource", ...group } },
});

async function onSqlite(): Promise<TestGateway> {
  const config = legacyHr();
  return startGateway({ ...config, routes: groupsAsItWants(config.routes, {}) });
}

async function onOpenLdap(): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "postern-sanity-"));
  const mapping = join(folder, "group.yaml");
  const shipped = readFileSync(join(ROOT, "mappings/openldap/group.yaml"), "utf8");
  writeFileSync(mapping, shipped.replace("ref: User, many: true", "ref: User, many: true, missing: ignore"));
  const slapd = await startSlapd();
  const config = openLdap(slapd, ROOT);
  const gateway = await startGateway({ ...config, routes: groupsAsItWants(config.routes, { mapping }) });
  const stop = async () => {
    await gateway.stop();
    await slapd.stop();
    rmSync(folder, { recursive: true });
  };
  return { ...gateway, stop };
}

describe.each([
  ["SQLite", onSqlite],
  ["OpenLDAP", onOpenLdap],
])("scim-sanity, a probe that others wrote, on %s", (_, start) => {
  test.each([
    ["plain", []],
    ["entra", ["--profile", "entra"]],
  ])("finds nothing wrong in its %s profile", async (__, options) => {
    const gateway = await start();
    try {
      const { failed, passed } = await probe(gateway, ...options);
      expect(failed).toEqual([]);
      expect(passed).toBeGreaterThan(25);
    } finally {
      await gateway.stop();
    }
  });
});
