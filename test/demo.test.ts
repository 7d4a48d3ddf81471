import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { occasion } from "../demo/faults.ts";
import { settingsIn } from "../demo/settings.ts";
import type { JournalLine } from "../src/journal/store.ts";
import { ROOT } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";

/** How often the journal is asked, and for how long, in milliseconds. */
const ASK_MS = 250;
const SEEN_WITHIN_MS = 30_000;

/** What must have been seen in the journal, by name. */
const SIGHTS: Readonly<Record<string, (entry: JournalLine) => boolean>> = {
  "a creation": ({ action, result, caller }) => action === "create" && result === "success" && caller === "entra",
  "a change": ({ action, result, caller }) => action === "patch" && result === "success" && caller === "entra",
  "a deletion": ({ action, result, caller }) => action === "delete" && result === "success" && caller === "entra",
  "a value that the directory refuses": ({ status, sentence }) => status === 400 && /syntax/.test(sentence),
  "a deletion that the guard stopped": ({ status, sentence }) => status === 503 && /guard/i.test(sentence),
  "a busy directory": ({ status, sentence }) => status === 503 && /busy/.test(sentence),
  "accounts that the sync made": ({ action, result, caller }) =>
    action === "create" && result === "success" && caller === "sync:hr-to-expenses",
  "a badge that the reception handed out or changed": ({ action, result, caller }) =>
    caller === "reception" && result === "success" && action !== "list",
  "an API that is away": ({ caller, status }) => caller === "reception" && status === 503,
};

test("the demo's mistakes keep time by the clock, however long a cycle takes", () => {
  const isDue = occasion({ first: 90, every: 600 });
  const cycles = [0, 31, 89, 90, 95, 689, 690.5, 2500, 2501, 3089, 3090];
  expect(cycles.filter(isDue)).toEqual([90, 690.5, 2500, 3090]);
});

// docs/tutorial/demo.md and README.md say how to start it.
describe("npm run demo", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-demo-test-"));
  let demo: ChildProcess;
  let said = "";
  let port: number;
  afterAll(async () => {
    if (demo.exitCode === null) {
      demo.kill("SIGTERM");
      await new Promise((done) => demo.once("exit", done));
    }
    rmSync(folder, { recursive: true });
  });

  beforeAll(async () => {
    port = await freePort();
    const args = ["demo/demo.ts", "--people", "60", "--pace", "25", "--port", String(port)];
    const env = { PATH: process.env.PATH, TMPDIR: folder };
    demo = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [demo.stdout, demo.stderr])
      stream!.on("data", (data) => {
        said += data;
      });
    while (!/^ +token +\S+$/m.test(said)) {
      if (demo.exitCode !== null) throw new Error(said);
      await sleep(50);
    }
  });

  const ask = async <T>(path: string): Promise<T> => {
    const [, token] = /^ +token +(\S+)$/m.exec(said)!;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return (await answer.json()) as T;
  };

  test("prints a link that signs in to the console", async () => {
    const link = new URL(/http:\S+#token=\S+/.exec(said)![0]);
    expect(link.origin).toBe(`http://127.0.0.1:${port}`);
    const token = new URLSearchParams(link.hash.slice(1)).get("token");
    const answer = await fetch(`${link.origin}/console/sign-in/local`, {
      method: "POST",
      headers: { origin: link.origin, "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    expect(answer.ok, await answer.text()).toBe(true);
  });

  test("prints a command that makes another link", async () => {
    const [, command = ""] = /^ +npx node (--env-file=.*)$/m.exec(said)!;
    const { stdout } = await promisify(execFile)(process.execPath, command.split(" "), { cwd: ROOT, env: {} });
    expect(new URL(stdout.trim()).origin).toBe(`http://127.0.0.1:${port}`);
  });

  test("lets everything happen that the pages show", async () => {
    const missing = new Set(Object.keys(SIGHTS));
    let [isHeld, after] = [false, "0"];
    for (const until = Date.now() + SEEN_WITHIN_MS; (missing.size > 0 || !isHeld) && Date.now() < until; ) {
      const { entries } = await ask<{ entries: JournalLine[] }>(`/journal?limit=1000&after=${after}`);
      after = entries.at(-1)?.id ?? after;
      for (const name of missing) if (entries.some(SIGHTS[name]!)) missing.delete(name);
      const syncs = await ask<Record<string, { runs: { outcome: string }[] }>>("/syncs");
      isHeld ||= syncs["hr-to-expenses"]!.runs.some(({ outcome }) => outcome === "held");
      await sleep(ASK_MS);
    }
    expect([...missing], said).toEqual([]);
    expect(isHeld, said).toBe(true);
  });

  test("ends by Ctrl-C and leaves nothing behind: no file, no process", async () => {
    demo.kill("SIGINT");
    const code = await new Promise((done) => demo.once("exit", done));
    expect(code, said).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    const commands = globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
      try {
        return readFileSync(file, "utf8").replaceAll("\0", " ");
      } catch {
        return [];
      }
    });
    expect(commands.filter((command) => command.includes(folder))).toEqual([]);
  });
});

describe("demo/docker-compose.yaml", () => {
  interface Service {
    readonly environment: Readonly<Record<string, string>>;
    readonly volumes: readonly string[];
    readonly networks: readonly string[];
    readonly ports?: readonly string[];
  }
  const file = join(ROOT, "demo/docker-compose.yaml");
  const text = readFileSync(file, "utf8");
  const { services } = parse(text.replaceAll(/\$\{DEMO_SECRET[^}]*\}/g, "a-secret-of-the-demo-test")) as {
    services: Record<"postern" | "company" | "openldap", Service>;
  };
  const config = readFileSync(join(ROOT, "demo/gateway.config.yaml"), "utf8");

  test("mounts files that are there, and all that the configuration names", () => {
    const mounts = Object.values(services).flatMap(({ volumes }) => volumes.map((each) => each.split(":")));
    const files = mounts.filter(([from]) => from!.startsWith("."));
    for (const [from] of files) expect(existsSync(join(dirname(file), from!)), from).toBe(true);
    for (const name of ["gateway.config.yaml", "expenses.sql", "mappings"])
      expect(services.postern.volumes).toContain(`./${name}:/etc/postern/${name}:ro`);
  });

  test("sets what the configuration and the company take from the environment, alike where both know it", () => {
    const wanted = new Set([...config.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => name!));
    expect(Object.keys(services.postern.environment).toSorted()).toEqual([...wanted].toSorted());
    const { places, secrets } = settingsIn(services.company.environment);
    const { environment } = services.postern;
    expect(environment.DIRECTORY_URL).toBe(`ldap://company:${places.relay.port}`);
    expect(environment.BADGES_URL).toBe(`http://company:${places.badges.port}`);
    expect(environment).toMatchObject({
      SCIM_TOKEN: secrets.entra,
      RECEPTION_TOKEN: secrets.reception,
      POSTERN_ADMIN_TOKEN: secrets.operator,
      LDAP_PASSWORD: services.openldap.environment.LDAP_READONLY_USER_PASSWORD,
    });
    expect(services.openldap.environment.LDAP_ADMIN_PASSWORD).toBe(secrets.directory);
    const { server, operations } = parse(config);
    expect(places.gateway).toBe(`http://postern:${server.port}`);
    expect(places.operations).toBe(`http://postern:${operations.port}`);
    expect(operations.hosts).toContain("postern");
  });

  test("publishes the gateway and the operators' address to this machine alone", () => {
    const { server, operations } = parse(config);
    const local = (port: number) => `127.0.0.1:${port}:${port}`;
    expect(services.postern.ports).toEqual([local(server.port), local(operations.port)]);
    expect([services.company.ports, services.openldap.ports]).toEqual([undefined, undefined]);
  });
});
