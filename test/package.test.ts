import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";

/** Packing builds, and installing fetches what npm's cache does not have. */
const INSTALL_MS = 180_000;
const TOKEN = "a-token-of-the-package-test";

/** Node.js 24 comes first on the path, as on a machine that Postern is installed on. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), NO_COLOR: "1" };

interface Ran {
  readonly status: number;
  readonly output: string;
}

function run(cwd: string, command: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { ...env, SCIM_TOKEN: TOKEN }, maxBuffer: 1e7 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
  });
}

describe("the package, installed into an empty folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-package-"));
  const clone = join(folder, "clone");
  const empty = join(folder, "empty");
  const postern = (...args: string[]) => run(empty, "npx", "--no-install", "postern", ...args);
  let serving: ChildProcess | undefined;

  beforeAll(async () => {
    mkdirSync(empty);
    // A clone as it is committed, and what is not committed yet, so that its build is not that of another test.
    const { output } = await run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard");
    for (const file of output.trim().split("\n"))
      if (
        /^(src|connectors|sinks|web|bin|mappings|schemas|examples\/legacy-hr|scripts)\/|^[^/]+$/.test(file) &&
        existsSync(join(ROOT, file))
      )
        cpSync(join(ROOT, file), join(clone, file));
    symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
    const built = await run(clone, process.execPath, "scripts/build.mjs");
    expect(built.status, built.output).toBe(0);
    const packed = await run(clone, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
    expect(packed.status, packed.output).toBe(0);
    const [archive = ""] = globSync("postern-*.tgz", { cwd: folder });
    const installed = await run(
      empty,
      "npm",
      "install",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      // Else npm looks for a project above the folder.
      "--prefix",
      empty,
      join(folder, archive),
    );
    expect(installed.status, installed.output).toBe(0);
  }, INSTALL_MS);
  afterAll(() => {
    serving?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test("holds what runs, the mappings and the schemas, and nothing of the tests", () => {
    const inside = join(empty, "node_modules/postern");
    expect(globSync("mappings/*/user.yaml", { cwd: inside }).length).toBeGreaterThan(10);
    expect(readdirSync(join(inside, "schemas"))).toContain("gateway.schema.json");
    expect(readdirSync(inside)).toEqual(expect.arrayContaining(["LICENSE", "CHANGELOG.md", "README.md"]));
    expect(globSync(["**/*.test.*", "**/*.d.ts", "src"], { cwd: join(inside, "dist") })).toEqual(["src"]);
    expect(existsSync(join(inside, "src"))).toBe(false);
  });

  test("is without the drivers that are large and rare", () => {
    for (const name of ["tedious", "@azure", "@redis", "ssh2-sftp-client", "typescript"])
      expect(existsSync(join(empty, "node_modules", name)), name).toBe(false);
  });

  test("serves the embedded example, and writes nothing", async () => {
    const before = readdirSync(empty);
    const port = await freePort();
    const args = ["--no-install", "postern", "serve", "--port", String(port)];
    serving = spawn("npx", args, { cwd: empty, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const { token } = await greeting(serving);
    const answer = await fetch(`http://127.0.0.1:${port}/scim/v2/Users?count=2`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { Resources: unknown[] }).Resources).toHaveLength(2);
    process.kill(-serving.pid!, "SIGTERM");
    expect(readdirSync(empty)).toEqual(before);
  });

  test("finds shipped mappings by name", async () => {
    const config = `auth: [{ type: bearer, tokens: [{ name: test, token: "\${env:SCIM_TOKEN}" }] }]
connectors: { trial: { type: memory, kinds: { user: {} } } }
routes:
  /scim/v2:
    User: { connector: trial, mapping: postern:scim/NAME }
`;
    writeFileSync(join(empty, "gateway.config.yaml"), config.replace("NAME", "user"));
    expect(await postern("check")).toMatchObject({ status: 0 });
    writeFileSync(join(empty, "gateway.config.yaml"), config.replace("NAME", "usr"));
    const { status, output } = await postern("check");
    expect(status).toBe(1);
    expect(output).toMatch(/gateway\.config\.yaml:5:\d+.*did you mean "postern:scim\/user"\?/);
  });

  test.each([
    [
      "dialect",
      "tedious@20",
      "{ type: sql, dialect: mssql, host: db, database: d, user: u, password: p, kinds: { user: { table: t } } }",
      "",
    ],
    [
      "sftp",
      "ssh2-sftp-client@12",
      `{ type: file, path: a.csv, sftp: { host: h, user: u, password: p, hostKey: "SHA256:${"a".repeat(43)}" }, stateFile: s.json, format: csv, kinds: { user: { key: id } } }`,
      "",
    ],
    [
      "shared",
      "@redis/client@6",
      "{ type: memory, kinds: { user: {} } }",
      "limits: { shared: { url: redis://localhost:6379 } }\n",
    ],
  ])(
    "names the command that installs what %s needs, at its line, before anything is served",
    async (setting, wanted, connector, more) => {
      const config = `auth: [{ type: bearer, tokens: [{ name: test, token: "\${env:SCIM_TOKEN}" }] }]
connectors:
  system: ${connector}
routes: { /scim/v2: { User: { connector: system, mapping: user.yaml } } }
${more}`;
      const mapping =
        "resource: User\nkind: user\nattributes: { id: { attr: id, readOnly: true }, userName: { attr: login, readOnly: true } }\n";
      writeFileSync(join(empty, "needs.config.yaml"), config);
      writeFileSync(join(empty, "user.yaml"), mapping);
      for (const command of ["check", "serve"]) {
        const { status, output } = await postern(command, "--config", "needs.config.yaml");
        expect(status, output).toBe(1);
        expect(output).toContain(`npm install ${wanted}`);
        expect(output).toContain(setting);
        expect(output).toMatch(/needs\.config\.yaml:[3-5]:\d+/);
      }
      const { output } = await postern("check", "--config", "needs.config.yaml");
      expect(output).toMatch(/needs\.config\.yaml:[3-5]:\d+/);
    },
  );
});

/** What the gateway says when it serves. */
function greeting(process: ChildProcess): Promise<{ token: string }> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk;
      const [, token] = /^Bearer token, .*: (\S+)$/m.exec(said) ?? [];
      if (token !== undefined) resolve({ token });
    };
    process.stdout?.on("data", hear);
    process.stderr?.on("data", hear);
    process.once("exit", () => reject(new Error(`it ended: ${said}`)));
  });
}
