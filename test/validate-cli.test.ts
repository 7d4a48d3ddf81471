import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { inMemory, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";

let gateway: TestGateway;
const folder = mkdtempSync(join(tmpdir(), "postern-validate-"));
beforeAll(async () => {
  gateway = await startGateway(inMemory());
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

/** Runs the command; `watch` sees what it prints so far, and may send a signal. */
function postern(args: readonly string[], watch: (printed: string, kill: () => void) => void = () => {}) {
  const env = { ...process.env, POSTERN_TOKEN: gateway.token };
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "validate", ...args], { env, cwd: folder });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => {
    stdout += part;
    watch(stdout, () => child.kill("SIGINT"));
  });
  child.stderr.on("data", (part) => {
    stderr += part;
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((done) =>
    child.on("close", (status) => done({ status, stdout, stderr })),
  );
}
const userCount = async () =>
  ((await send(gateway, "GET", "/Users?count=0")).json as { totalResults: number }).totalResults;

describe("postern validate URL", () => {
  test("0 where everything passed: a line for each check, and the verdict last", async () => {
    const { status, stdout, stderr } = await postern([gateway.base]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^pass {2}entra-9 +A user is disabled, and still found$/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      / does what was asked: \d+ passed, 0 failed, 0 warned, 0 skipped\.$/,
    );
    expect(stdout).not.toContain("\u001b");
    expect(await userCount()).toBe(0);
  });

  test("1 where something was found: what, the rule, what to do, the last request; and in each report, without the token", async () => {
    const files = ["--junit", "report.xml", "--html", "report.html"];
    const { status, stdout } = await postern([gateway.base, "--profile", "interop", ...files]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /FAIL {2}interop-path-required .*\n {6}PATCH .* answered with 200 instead of 400\.\n {6}Expected: .*§6\.5\.1\.1\)\n {6}To do: /,
    );
    const [xml, html] = ["report.xml", "report.html"].map((name) => readFileSync(join(folder, name), "utf8"));
    expect(xml).toMatch(/<testsuite name="interop" tests="\d+" failures="[1-9]/);
    expect(xml).toContain('<failure message="PATCH /Users/');
    expect(html).toContain("{&quot;schemas&quot;");
    for (const report of [stdout, xml, html]) expect(report).not.toContain(gateway.token);
  });

  test("one check alone, as JSON", async () => {
    const { status, stdout } = await postern([gateway.base, "--only", "entra-9", "--format", "json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      success: true,
      counts: { passed: 1, failed: 0 },
      left: [],
      checks: [
        {
          id: "entra-9",
          status: "passed",
          exchanges: expect.arrayContaining([expect.objectContaining({ status: 200 })]),
        },
      ],
    });
    expect(stdout).not.toContain(gateway.token);
  });

  test("client credentials: the token endpoint is asked, and checked", async () => {
    const secret = "a-secret-of-the-tests-only";
    const client = { name: "checker", id: "checker", secrets: [secret] };
    const auth = [{ type: "clientCredentials", key: "a-key-of-the-tests-that-signs-the-tokens", clients: [client] }];
    const other = await startGateway({ ...inMemory(), auth });
    try {
      writeFileSync(join(folder, "secret"), secret);
      const options = [
        "--token-url",
        `${other.url}/oauth2/token`,
        "--client-id",
        "checker",
        "--client-secret-file",
        "secret",
      ];
      const { status, stdout } = await postern([other.base, ...options, "--only", "entra-3", "gallery-21"]);
      expect(stdout).toContain("2 passed, 0 failed, 0 warned, 0 skipped");
      expect(status).toBe(0);
      writeFileSync(join(folder, "secret"), "another-secret");
      const refused = await postern([other.base, ...options]);
      expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining("gave no token: status 401") });
    } finally {
      await other.stop();
    }
  });

  test.each([
    [["--profile", "none"], /There is no profile none/],
    [["--only", "entra-99"], /there is no check entra-99/],
    [["--entra-schema", "missing.json"], /missing\.json cannot be used/],
    [["--token", "a", "--token-file", "b"], /exclude each other/],
    [["--timeout", "soon"], /number of seconds/],
  ])("2 for wrong usage: %o", async (options, message) => {
    const { status, stderr } = await postern([gateway.base, ...options]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test("3 where the endpoint does not answer, or refuses the credentials", async () => {
    const silent = await postern([`http://127.0.0.1:${await freePort()}`]);
    expect(silent).toMatchObject({ status: 3, stderr: expect.stringContaining("could not be asked") });
    writeFileSync(join(folder, "token"), "not-the-right-token");
    const refused = await postern([gateway.base, "--token-file", "token"]);
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining("refuses the credentials, with 401") });
  });

  test("3 where nothing of SCIM is at the URL: one line, and no check is run", async () => {
    const { status, stdout, stderr } = await postern([`${gateway.base}/elsewhere`]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toMatch(/^\S+\/elsewhere does not look like a SCIM base URL: .*\n$/);
  });

  test("Ctrl-C ends the run, and deletes what was created", async () => {
    let isKilled = false;
    const { status, stdout, stderr } = await postern([gateway.base], (printed, kill) => {
      if (isKilled || !printed.includes("entra-2 ")) return;
      isKilled = true;
      kill();
    });
    expect(status).toBe(1);
    expect(stderr).toContain("Cancelled: deleting what was created");
    expect(stdout).toContain("The run was cancelled.");
    expect(await userCount()).toBe(0);
  });
});
