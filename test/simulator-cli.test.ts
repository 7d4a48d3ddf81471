import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_JOB_SCHEMA } from "../src/entra/default-job.ts";
import { inMemory, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";

const PROGRAM = join(ROOT, "src/main.ts");

describe("postern simulate entra", () => {
  let gateway: TestGateway;
  let folder: string;
  beforeAll(async () => {
    gateway = await startGateway(inMemory());
  });
  afterAll(() => gateway.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "postern-simulate-"));
    // What the gateway stores: without the address that its mapping has no row for.
    const schema = structuredClone(DEFAULT_JOB_SCHEMA) as unknown as Schema;
    for (const { objectMappings } of schema.synchronizationRules)
      for (const mapping of objectMappings)
        mapping.attributeMappings = mapping.attributeMappings.filter(
          ({ targetAttributeName: name }) => name !== 'addresses[type eq "work"].formatted',
        );
    write("schema.json", JSON.stringify(schema));
    return () => rmSync(folder, { recursive: true });
  });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const read = (name: string) => readFileSync(join(folder, "entra-simulation", name), "utf8");
  const options = () => ["--endpoint", gateway.base, "--schema", "schema.json"];
  const env = () => ({ ...process.env, POSTERN_TOKEN: gateway.token });
  /** Runs a command beside the gateway, which is in this process. */
  const postern = async (...args: string[]) => {
    const child = spawn(process.execPath, [PROGRAM, "simulate", "entra", ...args], { cwd: folder, env: env() });
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { status, stdout: stdout(), stderr: stderr() };
  };
  const found = async (name: string) => {
    const url = `${gateway.base}/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${gateway.token}` } });
    return ((await answer.json()) as { Resources: { active: boolean; title?: string }[] }).Resources[0];
  };
  const people = (...rows: string[]) =>
    write("people.csv", ["userPrincipalName,displayName,jobTitle,manager", ...rows].join("\n"));

  test("a first cycle from files, an edit, an idle cycle; log and reports are in the folder", async () => {
    people("ann@first.test,Ann,Clerk,bob@first.test", "bob@first.test,Bob,Boss,");
    write("groups.csv", "displayName,members\nCrew,ann@first.test;bob@first.test\n");
    const first = await postern("cycle", ...options(), "--people", "people.csv", "--groups", "groups.csv");
    expect(first.stderr + first.stdout).toContain("1 cycle; the last one, initial, Succeeded");
    expect(first.stdout.trimEnd().split("\n").at(-1)).toMatch(/^No faults were found/);
    expect(first.status).toBe(0);
    expect(await found("ann@first.test")).toMatchObject({ title: "Clerk" });
    write("edits.csv", "userPrincipalName,jobTitle\nann@first.test,Chief\n");
    expect((await postern("cycle", ...options(), "--edits", "edits.csv")).stdout).toContain(
      "1 cycle; the last one, incremental, Succeeded",
    );
    expect(await found("ann@first.test")).toMatchObject({ title: "Chief" });
    expect((await postern("cycle", ...options())).stdout).toContain("2 requests");
    const log = read("provisioning-log.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(log.map(({ provisioningAction }) => provisioningAction)).toEqual([
      "create",
      "create",
      "update",
      "create",
      "update",
      "update",
    ]);
    expect(log[0]).toMatchObject({
      provisioningStatusInfo: { status: "success" },
      sourceIdentity: { displayName: "Ann" },
    });
    expect(read("report.html")).toContain("Ann");
    expect(JSON.parse(read("report.json"))).toBeTypeOf("object");
    expect(read("junit.xml")).toContain("<testsuites");
    expect([log, read("report.html"), read("collector.json")].join("")).not.toContain(gateway.token);
  });

  test("a dry run says what it would write, writes nothing, and keeps nothing", async () => {
    people("dry@run.test,Dry,Clerk,");
    const dry = await postern("cycle", ...options(), "--people", "people.csv", "--dry-run");
    expect(dry.stdout).toMatch(/^would send POST \/Users \{.*"userName":"dry@run.test"/m);
    expect(await found("dry@run.test")).toBeUndefined();
    expect(existsSync(join(folder, "entra-simulation"))).toBe(false);
  });

  test("on demand one person is provisioned, by name, in the legacy form whatever the endpoint's flag says", async () => {
    people("one@demand.test,One,Clerk,", "two@demand.test,Two,Clerk,");
    const flagged = ["--endpoint", `${gateway.base}?aadOptscim062020`, "--schema", "schema.json"];
    const done = await postern("on-demand", "ONE@demand.test", ...flagged, "--people", "people.csv");
    expect(done.stdout).toContain("on demand, Succeeded");
    expect(await found("one@demand.test")).toBeDefined();
    expect(await found("two@demand.test")).toBeUndefined();
    const unknown = await postern("on-demand", "nobody", ...flagged);
    expect(unknown).toMatchObject({ status: 2, stdout: "" });
    expect(unknown.stderr).toContain(
      'The source has nobody with the objectId, userPrincipalName or displayName "nobody".',
    );
  });

  test("discovery lists accounts and whose they are", async () => {
    people("ann@whose.test,Ann,Clerk,");
    await postern("cycle", ...options(), "--people", "people.csv");
    const { stdout, stderr } = await postern("discover", ...options());
    expect(stdout).toMatch(/^assigned +\S+ ann@whose\.test$/m);
    expect(stderr).toMatch(/1 assigned, 0 unassigned, \d+ local/);
  });

  test("watch runs cycles of a drawn tenant until it is told to end, and goes on where it was", async () => {
    const args = ["watch", ...options(), "--people", "20", "--groups", "2", "--edits", "0.1", "--speed", "100000"];
    const watching = spawn(process.execPath, [PROGRAM, "simulate", "entra", ...args], { cwd: folder, env: env() });
    const [stdout, stderr] = [textOf(watching.stdout), textOf(watching.stderr)];
    const text = () => stderr() + stdout();
    await expect.poll(() => text(), { timeout: 60_000 }).toContain("cycle 4, incremental");
    watching.kill("SIGINT");
    await new Promise((resolve) => watching.once("exit", resolve));
    expect(text()).toMatch(/\d+ cycles; the last one, incremental/);
    expect((await postern("cycle", ...options(), "restart-in-full")).stdout).toContain(
      "1 cycle; the last one, restart in full, Succeeded",
    );
  });

  test("what is wrong is said in one line: an empty source, a schema, an expression, an endpoint that is not there", async () => {
    expect((await postern("cycle", ...options())).stderr).toMatch(/The source is empty\. Give people with --people/);
    write("schema.json", '{ "synchronizationRules": [] }');
    expect((await postern("cycle", ...options())).stderr).toMatch(/--schema: .*schema\.json: .*synchronizationRules/);
    write("schema.json", "nonsense");
    expect((await postern("cycle", ...options())).stderr).toContain("--schema: schema.json is not JSON");
    expect((await postern("cycle", ...options(), "--rate", "-1")).status).toBe(2);
    expect(await postern("expression", 'Joinn("a")')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean "Join"'),
    });
    expect(await postern("expression", 'Switch([a], , "x", "y")', "-a", "a=x")).toMatchObject({
      status: 0,
      stdout: "y\n",
    });
    const away = ["cycle", "--endpoint", "http://127.0.0.1:9/scim", "--people", "1"];
    expect(await postern(...away)).toMatchObject({
      status: 3,
      stdout: expect.stringContaining("EncounteredQuarantineException"),
    });
  });
});

interface Schema {
  readonly synchronizationRules: readonly {
    readonly objectMappings: readonly { attributeMappings: { readonly targetAttributeName: string }[] }[];
  }[];
}

function textOf(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  return () => text;
}
