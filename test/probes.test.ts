import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";

const program = (name: string) => join(ROOT, ".cache/probes/bin", name);

/** What scim-sanity found wrong, and how much it found right. */
function sanity({ base, token }: TestGateway, ...options: string[]): Promise<{ failed: string[]; passed: number }> {
  return new Promise((resolve) => {
    const args = ["probe", base, "--token", token, "--i-accept-side-effects", ...options];
    execFile(program("scim-sanity"), args, { timeout: 60_000 }, (_, output) => {
      const lines = output.split("\n");
      const failed = lines.filter((line, index) => /\[(FAIL|ERROR)\]/.test(line) && lines[index + 1] !== undefined);
      resolve({ failed, passed: Number(/(\d+) passed/.exec(output)?.[1] ?? 0) });
    });
  });
}

/** What scim2-tester found wrong, each by its first line, and how much it found right. */
function tester({ base, token }: TestGateway): Promise<{ wrong: string[]; right: number }> {
  const env = { ...process.env, SCIM_CLI_HEADERS: `Authorization: Bearer ${token}`, NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(program("scim2"), ["--url", base, "test"], { timeout: 120_000, env }, (_, output) => {
      const lines = output.split("\n").map((line) => line.trim());
      const after = (word: string) =>
        lines.flatMap((line, index) => (line.startsWith(word) ? [lines[index + 1]!] : []));
      resolve({ wrong: after("ERROR"), right: after("SUCCESS").length });
    });
  });
}

/** scim-sanity wants a PATCH of a group answered with the group, and a member that does not exist passed over. */
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
      const { failed, passed } = await sanity(gateway, ...options);
      expect(failed).toEqual([]);
      expect(passed).toBeGreaterThan(25);
    } finally {
      await gateway.stop();
    }
  });
});

describe("scim2-tester, a suite that others wrote", () => {
  test("finds nothing wrong on SQLite", async () => {
    const gateway = await onSqlite();
    try {
      const { wrong, right } = await tester(gateway);
      expect(wrong).toEqual([]);
      expect(right).toBeGreaterThan(100);
    } finally {
      await gateway.stop();
    }
  });

  test("finds on OpenLDAP what its schema and the shipped mapping leave no other way, and nothing else", async () => {
    const gateway = await onOpenLdap();
    try {
      const { wrong, right } = await tester(gateway);
      const explained = [
        // The mapping says which mail is the primary one; the suite draws whether it asks for another.
        /unexpected value for 'emails'/,
        // inetOrgPerson must have a name.
        /Failed to remove attribute 'name': .*requires attribute 'sn'/,
        // An account without a lock is active: there is no third state.
        /did not remove attribute 'active'/,
      ];
      expect(wrong.filter((each) => !explained.some((reason) => reason.test(each)))).toEqual([]);
      expect(right).toBeGreaterThan(80);
    } finally {
      await gateway.stop();
    }
  });
});
