import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";

const MAPPING = `resource: User
kind: person
attributes:
  id: { attr: id, readOnly: true }
  userName: { attr: userName }
`;

/** A configuration that is right but for what is put in place of its parts. */
const config = ({
  server = "server: { port: 0 }",
  token = TOKEN,
  people = "type: memory, kinds: { person: {} }",
  more = "",
}) => `${server}
auth: [{ type: bearer, tokens: [{ name: entra, token: "${token}" }] }]
connectors:
  people: { ${people} }
routes:
  /scim/v2: { User: { connector: people, mapping: user.yaml } }
${more}`;

describe("postern serve", () => {
  let folder: string;
  const running: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "postern-serve-"));
    writeFileSync(join(folder, "user.yaml"), MAPPING);
  });
  afterEach(async () => {
    for (const each of running.splice(0))
      if (each.exitCode === null) {
        each.kill("SIGTERM");
        await new Promise((resolve) => each.once("exit", resolve));
      }
    rmSync(folder, { recursive: true });
  });
  const write = (text: string) => writeFileSync(join(folder, "gateway.config.yaml"), text);

  /** Starts the program. `said` is what it has written so far. */
  function postern(
    args: readonly string[],
    { program = join(ROOT, "bin/postern.cjs"), env = {} as NodeJS.ProcessEnv } = {},
  ) {
    const { SCIM_TOKEN: _, ...own } = process.env;
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...own, ...env } });
    running.push(child);
    const out = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (data) => {
        out[name] += data;
      });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const serves = () =>
      vi.waitUntil(() => /^Postern serves (\S+)$/m.exec(out.stderr)?.[1], { timeout: 50_000, interval: 50 });
    return { out, ended, serves };
  }

  test("serves the embedded example without a configuration, under a token that it makes up, and writes nothing", async () => {
    const { out, serves } = postern(["serve", "--port", "0"]);
    const base = await serves();
    const token = /^Bearer token, made up for this run .*: (\S{32})$/m.exec(out.stderr)![1]!;
    expect((await send({ base, token }, "GET", "/Users?count=2")).json.totalResults).toBeGreaterThan(2);
    expect((await send({ base, token: TOKEN }, "GET", "/Users?count=2")).status).toBe(401);
    expect(readdirSync(folder)).toEqual(["user.yaml"]);
  });

  test("serves the embedded example from an installation that cannot be written", async () => {
    const installed = join(folder, "installed");
    mkdirSync(installed);
    for (const each of ["bin", "src", "connectors", "sinks", "mappings", "examples/legacy-hr", "package.json"])
      cpSync(join(ROOT, each), join(installed, each), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(installed, "node_modules"));
    const before = readdirSync(installed, { recursive: true });
    for (const each of ["examples/legacy-hr", "mappings/legacy-hr", "."]) chmodSync(join(installed, each), 0o555);
    const { serves } = postern(["--port", "0"], {
      program: join(installed, "bin/postern.cjs"),
      env: { SCIM_TOKEN: TOKEN },
    });
    const base = await serves();
    expect((await send({ base, token: TOKEN }, "GET", "/Groups?count=1")).status).toBe(200);
    chmodSync(installed, 0o755);
    expect(readdirSync(installed, { recursive: true })).toEqual(before);
  });

  test("makes up no token for a configuration: it says which variable is missing, and what to do", async () => {
    write(config({ token: "${env:SCIM_TOKEN}" }));
    const { out, ended } = postern([]);
    expect(await ended).toBe(1);
    expect(out.stderr).toContain("gateway.config.yaml:2:55: error: the environment variable SCIM_TOKEN is not set\n");
    expect(out.stderr).toMatch(
      /was not started\. Set the environment variables, and start it again; postern token makes/,
    );
    expect(out.stdout).toBe("");
  });

  test("listens where the command line says, whatever the file says", async () => {
    write(config({ server: "server: { port: 1, host: 127.0.0.2 }" }));
    const port = await freePort();
    const { serves } = postern(["--port", String(port), "--host", "127.0.0.1"]);
    expect(await serves()).toBe(`http://127.0.0.1:${port}/scim/v2`);
  });

  test("does not listen to a network in the clear because the command line says so", async () => {
    write(config({}));
    const { out, ended } = postern(["--host", "0.0.0.0"]);
    expect(await ended).toBe(1);
    expect(out.stderr).toMatch(/^--host: .*in the clear on 0\.0\.0\.0/);
  });

  test.each([
    ["--port", "99999"],
    ["--port", "http"],
  ])("refuses %s %s as a mistake of usage", async (...args) => {
    expect(await postern(args).ended).toBe(2);
  });

  test("shows all that check finds at load, with the lines, and not the first failure alone", async () => {
    write(
      config({
        server: "server: { port: 0, tls: { cert: none.pem, key: none.key } }",
        people: "type: sql, dialect: sqlite, file: staff.db, kinds: { person: { table: people } }",
        more: "audit: { file: nowhere/audit.jsonl }\n",
      }),
    );
    const { out, ended } = postern([]);
    expect(await ended).toBe(1);
    const places = [...out.stderr.matchAll(/^(gateway\.config\.yaml:\d+:\d+): error: .*\n {2}\d+ \| .*\n +\| +\^+$/gm)];
    expect(places.map(([, place]) => place)).toEqual([
      "gateway.config.yaml:1:33",
      "gateway.config.yaml:1:48",
      "gateway.config.yaml:4:47",
      "gateway.config.yaml:7:16",
    ]);
    expect(out.stderr).toContain(`file: there is no database ${join(folder, "staff.db")}.`.slice("file: ".length));
    expect(out.stderr).toMatch(/gateway\.config\.yaml: 4 errors: the gateway was not started\.\n$/);
    const check = postern(["check"]);
    expect(await check.ended).toBe(1);
    expect(check.out.stdout).toContain(out.stderr.slice(0, out.stderr.indexOf("gateway.config.yaml: 4")));
    expect(existsSync(join(folder, "staff.db"))).toBe(false);
  });

  test("creates a SQLite file where the configuration says so, and check creates none", async () => {
    writeFileSync(join(folder, "schema.sql"), "create table people (id integer primary key, userName text)");
    const people = `type: sql, dialect: sqlite, file: staff.db, create: true, script: schema.sql, kinds: { person: { table: people } }`;
    write(config({ people }));
    const check = postern(["check"]);
    expect(await check.ended, check.out.stdout + check.out.stderr).toBe(0);
    expect(existsSync(join(folder, "staff.db"))).toBe(false);
    const base = await postern([]).serves();
    expect((await send({ base, token: TOKEN }, "GET", "/Users")).json.totalResults).toBe(0);
    expect(existsSync(join(folder, "staff.db"))).toBe(true);
  });

  test("tells once of each connector that cannot be reached, and when it can be again, without waiting for it", async () => {
    const port = await freePort();
    const people = `type: scim, url: 'http://127.0.0.1:${port}/scim', kinds: { person: { endpoint: /Users } }`;
    write(config({ people }));
    const { out, serves } = postern([]);
    const url = new URL(await serves());
    const said = (start: string) =>
      out.stdout
        .split("\n")
        .filter((line) => line.includes(`"msg":"${start}`))
        .map((line) => JSON.parse(line));
    await expect.poll(() => said("connector cannot be reached"), { timeout: 20_000 }).toHaveLength(1);
    expect(said("connector cannot be reached")).toMatchObject([
      {
        level: "warn",
        connector: "people",
        type: "scim",
        address: `http://127.0.0.1:${port}/scim`,
        reason: expect.any(String),
      },
    ]);
    const ready = async () => (await fetch(new URL("/readyz", url))).status;
    expect(await ready()).toBe(503);
    const server = createServer((_, response) => {
      response.setHeader("content-type", "application/scim+json");
      response.end(JSON.stringify({ totalResults: 0, Resources: [] }));
    }).listen(port, "127.0.0.1");
    try {
      await expect.poll(ready, { timeout: 20_000 }).toBe(200);
      await expect.poll(() => said("connector can be reached again"), { timeout: 5000 }).toHaveLength(1);
      expect(said("connector cannot be reached")).toHaveLength(1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("refuses credentials in an API's address, and does not show them", async () => {
    write(
      config({
        people: "type: scim, url: 'http://user:hidden@127.0.0.1/scim', kinds: { person: { endpoint: /Users } }",
      }),
    );
    const { out, ended } = postern([]);
    expect(await ended).toBe(1);
    expect(out.stderr).toContain("error: the address has neither credentials nor a query: give credentials by `auth`");
    expect(out.stderr).not.toContain("hidden");
  });

  test("writes its log as JSON into a pipe, and as text where log.format says so", async () => {
    for (const [format, line] of [
      ["", /^\{"level":"warn","time":"[^"]+","connector":"people",.*\}$/],
      ["log: { format: text }\n", /^\d\d:\d\d:\d\d\.\d{3} WARN {2}\S.* connector=people /],
    ] as const) {
      const people =
        "type: scim, url: 'http://127.0.0.1:1/scim', auth: { type: bearer, token: a-token-of-the-tests }, kinds: { person: { endpoint: /Users } }";
      write(config({ people, more: format }));
      const { out, serves } = postern([]);
      await serves();
      await expect.poll(() => out.stdout.split("\n")[0], { timeout: 20_000 }).toMatch(line);
    }
  });
});
