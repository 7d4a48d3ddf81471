import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Maximum connections, in total and per address: each uses memory, even when idle. */
const MAX_CONNECTIONS = 10_000;
const MAX_OF_ONE = 5000;
/** Time limit for a TLS handshake, and for the first byte of a request, in milliseconds. */
export const HANDSHAKE_MS = 10_000;
/** Maximum memory for unread responses over all connections, in bytes. */
const MAX_UNREAD = 64 * 1024 * 1024;
/** A connection whose response is not read for this long is closed, in milliseconds. */
const UNREAD_MS = 20_000;
/** How often connections are checked, in milliseconds. */
const LOOK_MS = 500;

/** The connections of a server. */
export interface Connections {
  /** Closes those that have not sent a byte of a request. Node.js counts them as busy, so they would hold up the end of a server. */
  readonly closeSilent: () => void;
  /** Stops the checks. */
  readonly unbind: () => void;
}

interface Unread {
  bytes: number;
  /** Bytes that were read before the first request, of a TLS handshake. */
  readonly before: number;
  /** When the client last read anything. */
  since: number;
}

/**
 * Limits connections: their number, how long they may stay silent before a request, and unread responses.
 */
export function boundConnections(server: Server): Connections {
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Map<Socket, Unread>();
  const ofOne = new Map<string, number>();
  const watched = (socket: Socket) => {
    sockets.set(socket, { bytes: 0, before: socket.bytesRead, since: performance.now() });
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
  // With TLS, responses are written to a socket on top of the connection's own.
  server.on("secureConnection", (socket: Socket) => watched(socket));
  const timer = setInterval(() => look(sockets), LOOK_MS).unref();
  return {
    closeSilent: () => {
      for (const [socket, { before }] of sockets) if (socket.bytesRead === before) socket.destroy();
    },
    unbind: () => clearInterval(timer),
  };
}

/** Closes connections whose clients do not read: stalled ones, and the fullest ones if all together use too much memory. */
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
