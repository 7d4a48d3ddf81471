import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listening } from "./ports.ts";

/** A real Redis of its own, with a password, that keeps nothing on the disk. */
export interface Redis {
  readonly url: string;
  readonly password: string;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a Redis. */
export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), "postern-redis-"));
  const port = await freePort();
  const password = "redis-of-the-tests";
  let child: ChildProcess;
  const run = async () => {
    const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--requirepass", password];
    child = spawn("redis-server", settings, { cwd: folder, stdio: "ignore" });
    await listening("127.0.0.1", port);
  };
  const kill = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once("exit", resolve));
  };
  await run();
  return {
    url: `redis://127.0.0.1:${port}`,
    password,
    signal: (name) => void child.kill(name),
    kill,
    restart: run,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}
