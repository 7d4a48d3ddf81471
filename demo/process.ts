import type { ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a server may take to start, in milliseconds. */
const START_MS = 20_000;
/** How long a server may take to end by itself, in milliseconds. */
const END_MS = 12_000;

/** The preferred port if nothing listens there, otherwise any free one. */
export async function freePort(preferred = 0): Promise<number> {
  const free = await tried(preferred);
  return free ?? (await tried(0))!;
}

const tried = (port: number): Promise<number | undefined> =>
  new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : undefined));
    });
  });

/** Waits until a server listens. Rejects if it ends before, or takes too long; `reason` says why, as far as its log tells. */
export async function waitFor(
  what: string,
  child: ChildProcess,
  { host = "127.0.0.1", port, reason = () => "" }: { host?: string; port: number; reason?: () => string },
): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(50)) {
    if (failure || hasEnded(child)) throw new Error(`${what} did not start. ${failure?.message ?? reason()}`);
    if (await isListening(host, port)) return;
  }
  throw new Error(`${what} did not start within ${START_MS / 1000} seconds. ${reason()}`);
}

/** Reports whether something listens at an address. */
export const isListening = (host: string, port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });

/** Ends a process, by force if it takes too long. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await ended;
  clearTimeout(force);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Waits some milliseconds, or until the demo ends. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => {}) as Promise<void>;
