import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { ROOT, TOKEN } from "./gateway.ts";
import { type HaProxy, startHaProxy } from "./haproxy.ts";
import { freePort } from "./ports.ts";

/** One of several gateways, in a process of its own. */
export interface Replica {
  /** Its own address, beside the balancer's. */
  readonly url: string;
  readonly config: string;
  readonly audit: string;
  /** Sends a signal: SIGHUP to read its configuration again. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** Ends it, by SIGTERM where nothing else is said, and waits until it has. */
  readonly end: (signal?: NodeJS.Signals) => Promise<void>;
  readonly start: () => Promise<void>;
}

/** Several gateways behind a balancer. */
export interface Replicas {
  /** The balancer's address. */
  readonly url: string;
  readonly replicas: readonly Replica[];
  readonly stop: () => Promise<void>;
}

/** Starts gateways with one configuration, each with a port and an audit log of its own, behind a real HAProxy. */
export async function startReplicas(count: number, config: object): Promise<Replicas> {
  const folder = mkdtempSync(join(tmpdir(), "postern-replicas-"));
  const replicas = await Promise.all(Array.from({ length: count }, (_, n) => startReplica(folder, n + 1, config)));
  const proxy: HaProxy = await startHaProxy(replicas.map(({ url }) => Number(new URL(url).port)));
  return {
    url: proxy.url,
    replicas,
    stop: async () => {
      await proxy.stop();
      await Promise.all(replicas.map(({ end }) => end("SIGKILL")));
      rmSync(folder, { recursive: true });
    },
  };
}

async function startReplica(folder: string, number: number, config: object): Promise<Replica> {
  const port = await freePort();
  const file = join(folder, `gateway${number}.yaml`);
  const audit = join(folder, `audit${number}.log`);
  writeFileSync(
    file,
    stringify({
      server: { port, trustProxy: ["127.0.0.1/32"], shutdownDelay: 1 },
      log: { level: "error" },
      auth: [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }],
      audit: { file: audit, chain: `gateway${number}` },
      ...config,
    }),
  );
  let child: ChildProcess;
  const start = async () => {
    child = fork(join(ROOT, "test/servers/process.ts"), [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", () => reject(new Error("the gateway did not start")));
    });
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    config: file,
    audit,
    signal: (name) => void child.kill(name),
    end: async (name = "SIGTERM") => {
      child.kill(name);
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
    },
    start,
  };
}
