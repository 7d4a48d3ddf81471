import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Ports below those that systems give to outgoing connections, so that no other test's connection takes one before its server listens. */
const [FIRST, LAST] = [12_000, 24_000];

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Waits until something listens. */
export async function listening(host: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.end());
    });
    if (reached) return;
    await sleep(25);
  }
  throw new Error(`nothing listens on ${host}:${port}`);
}

/** Stops a server, and ends the connections that it has. */
export const stopServer = (server: {
  close: (done: () => void) => unknown;
  closeAllConnections: () => void;
}): Promise<void> =>
  new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
