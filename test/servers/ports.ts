import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
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
