import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort, listening } from "../test/servers/ports.ts";
import { openLdap, startSlapd } from "../test/servers/slapd.ts";

export const TOKEN = "a-token-that-is-for-the-bench-only";
export const ROOT = join(import.meta.dirname, "..");

/** The id of the nth entry. */
export const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** What a process of the benchmark's tells next. */
export const message = (child: ChildProcess) =>
  new Promise<Record<string, number>>((resolve) =>
    child.once("message", (each) => resolve(each as Record<string, number>)),
  );

/** A process as the operating system sees it. */
export interface Watched {
  /** Processor time that it has used, in microseconds. */
  readonly cpu: () => number;
  /** Resident memory in megabytes: now, and at the most. */
  readonly memory: () => { readonly now: number; readonly most: number };
}

const TICKS_PER_SECOND = 100;

/** Watches a process by what /proc says of it. */
export const watched = (pid: number): Watched => ({
  cpu: () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
  },
  memory: () => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const of = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024);
    return { now: of("VmRSS"), most: of("VmHWM") };
  },
});

/** The image's environment, as far as memory goes; BENCH_NODE_OPTIONS may say otherwise for V8. */
function imageEnvironment(): Record<string, string> {
  const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
  const found = [...dockerfile.matchAll(/^ENV (NODE_OPTIONS|MALLOC_ARENA_MAX)="?([^"\n]*)"?$/gm)];
  const { BENCH_NODE_OPTIONS: other } = process.env;
  return {
    ...Object.fromEntries(found.map(([, name, value]) => [name!, value!])),
    ...(other !== undefined && { NODE_OPTIONS: other }),
  };
}

/** The gateway as it is shipped, compiled and in a process of its own. */
export async function startCompiled(
  config: object,
): Promise<Watched & { readonly port: number; readonly stop: () => void }> {
  execFileSync("npm", ["run", "--silent", "build"], { cwd: ROOT });
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const file = join(folder, "gateway.config.yaml");
  const port = await freePort();
  const auth = [{ type: "bearer", tokens: [{ name: "bench", token: TOKEN }] }];
  writeFileSync(file, stringify({ server: { port }, log: { level: "error" }, auth, ...config }));
  const gateway = spawn(process.execPath, ["dist/src/main.js", "serve", "--config", file], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...imageEnvironment() },
  });
  await listening("127.0.0.1", port);
  return {
    ...watched(gateway.pid!),
    port,
    stop: () => {
      gateway.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

/** An OpenLDAP with the entries, and the gateway before it. */
export async function startBench(ldif: string) {
  const slapd = await startSlapd(ldif);
  const gateway = await startCompiled(openLdap(slapd, ROOT));
  return {
    slapd,
    gateway,
    stop: async () => {
      gateway.stop();
      await slapd.stop();
    },
  };
}
