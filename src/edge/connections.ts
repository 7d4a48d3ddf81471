import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The most connections, in all and from one address: each holds memory, whether it asks anything or not. */
const MAX_CONNECTIONS = 10_000;
const MAX_OF_ONE = 5000;
/** A handshake, and what comes before a request's first byte, may take this long, in milliseconds. */
export const HANDSHAKE_MS = 10_000;
/** What answers that nobody reads may hold in memory, in bytes, of all connections together. */
const MAX_UNREAD = 64 * 1024 * 1024;
/** An answer of which nothing is read for so long ends its connection, in milliseconds. */
const UNREAD_MS = 20_000;
/** Connections are looked at so often, in milliseconds. */
const LOOK_MS = 500;

interface Unread {
  bytes: number;
  /** Since when nothing was read. */
  since: number;
}

/**
 * Bounds what connections hold: their number, how long they are silent before they ask, and answers that their clients do not read.
 * Gives what ends the watch.
 */
export function boundConnections(server: Server): () => void {
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Map<Socket, Unread>();
  const ofOne = new Map<string, number>();
  const watched = (socket: Socket) => {
    sockets.set(socket, { bytes: 0, since: performance.now() });
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = ofOne.get(address) ?? 0;
    if (count >= MAX_OF_ONE) return socket.destroy();
    ofOne.set(address, count + 1);
    if (!("setSecureContext" in server)) watched(socket);
    socket.once("close", () => {
      const left = ofOne.get(address)! - 1;
      if (left > 0) ofOne.set(address, left);
      else ofOne.delete(address);
    });
  });
  // With TLS answers are written to the socket that stands on the connection's own.
  server.on("secureConnection", (socket: Socket) => watched(socket));
  const timer = setInterval(() => look(sockets), LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Ends connections whose clients do not read: those that stand still, and the fullest ones where all together hold too much. */
function look(sockets: Map<Socket, Unread>): void {
  const now = performance.now();
  let total = 0;
  const waiting: [Socket, number][] = [];
  for (const [socket, unread] of sockets) {
    const bytes = socket.writableLength;
    if (bytes === 0 || bytes !== unread.bytes) unread.since = now;
    unread.bytes = bytes;
    if (bytes === 0) continue;
    if (now - unread.since > UNREAD_MS) socket.destroy();
    else {
      total += bytes;
      waiting.push([socket, bytes]);
    }
  }
  if (total <= MAX_UNREAD) return;
  waiting.sort(([, a], [, b]) => b - a);
  for (const [socket, bytes] of waiting) {
    if (total <= MAX_UNREAD / 2) return;
    socket.destroy();
    total -= bytes;
  }
}
