import type { Client } from "ldapts";
import { ConnectorError, isOwnFault, neverAsked, timedOut } from "../../src/connector/error.ts";
import { abortable } from "../../src/connector/kit/deadline.ts";
import type { PoolCounts } from "../../src/connector/observation.ts";
import { close } from "./connect.ts";
import { resultCode } from "./errors.ts";
import type { Servers } from "./servers.ts";

/** Bound connections that share the work. */
export interface Pool {
  /** Runs work on the least busy connection. If the signal ends it, the connection is closed, because it may hang. */
  readonly run: <T>(signal: AbortSignal, work: (client: Client) => Promise<T>) => Promise<T>;
  readonly counts: () => PoolCounts;
  readonly close: () => Promise<void>;
}

interface Connection {
  readonly client: Client;
  readonly url: string;
  /** Rejects the running operations when the connection is closed. */
  readonly pending: Set<(reason: unknown) => void>;
}

interface Slot {
  running: number;
  connection: Connection | undefined;
  opening: Promise<Connection> | undefined;
}

/** Default maximum operations per connection; more wait. */
const IN_FLIGHT = 64;
/** After this long without an answer, in milliseconds, the server is checked. */
const SLOW_MS = 2000;

/** A pool of bound connections, opened on demand, each with limited concurrency. */
export function createPool(servers: Servers, connections: number, inFlight = IN_FLIGHT): Pool {
  const slots: Slot[] = Array.from({ length: connections }, () => ({
    running: 0,
    connection: undefined,
    opening: undefined,
  }));
  const waiting: (() => void)[] = [];
  let isClosed = false;
  // Operations on a lost server will never be answered: they end now, so that reads can be repeated elsewhere. Operations on
  // a server that was only left finish normally.
  servers.onChange((isLost) => {
    for (const slot of slots) {
      const { connection } = slot;
      if (!connection || connection.url === servers.inUse()) continue;
      if (isLost || connection.pending.size === 0) discard(slot, connection);
      else slot.connection = undefined;
    }
  });

  const idlest = () => slots.reduce((least, each) => (each.running < least.running ? each : least));

  async function turn(signal: AbortSignal): Promise<Slot> {
    for (;;) {
      signal.throwIfAborted();
      const slot = idlest();
      if (slot.running < inFlight) return slot;
      await abortable(signal, new Promise<void>((resolve) => waiting.push(resolve)));
    }
  }

  async function opened(slot: Slot): Promise<Connection> {
    slot.opening ??= servers
      .connect()
      .then((opened) => ({ ...opened, pending: new Set<(reason: unknown) => void>() }))
      .finally(() => {
        slot.opening = undefined;
      });
    const connection = await slot.opening;
    if (isClosed) {
      // It would outlive the pool, and keep the process alive.
      close(connection.client);
      throw new Error("the gateway is stopping");
    }
    slot.connection = connection;
    return connection;
  }

  return {
    run: async (signal, work) => {
      const slot = await turn(signal).catch((error) => {
        throw neverAsked(
          "timeout",
          "The directory was busy for the operation's whole time limit. Try again later.",
          error,
        );
      });
      slot.running++;
      let connection: Connection | undefined;
      const slow = setTimeout(servers.suspect, SLOW_MS);
      try {
        connection = slot.connection?.client.isConnected ? slot.connection : await abortable(signal, opened(slot));
        return await abortable(signal, unlessLost(connection, work));
      } catch (error) {
        if (resultCode(error) !== undefined || error instanceof ConnectorError) throw error;
        if (connection) discard(slot, connection);
        // The connection's state is unknown: close it, and rethrow the error unchanged.
        if (isOwnFault(error)) throw error;
        if (!connection && !signal.aborted)
          throw neverAsked("unavailable", `The directory cannot be reached: ${(error as Error).message}.`, error);
        throw signal.aborted ? timedOut("The directory", error) : error;
      } finally {
        clearTimeout(slow);
        slot.running--;
        if (connection && connection !== slot.connection && connection.pending.size === 0) close(connection.client);
        waiting.shift()?.();
      }
    },
    counts: () => {
      const open = slots.filter(({ connection }) => connection?.client.isConnected);
      const idle = open.filter(({ running }) => running === 0);
      return { open: open.length, idle: idle.length, waiting: waiting.length, limit: connections };
    },
    close: async () => {
      isClosed = true;
      for (const slot of slots) if (slot.connection) discard(slot, slot.connection);
    },
  };
}

function discard(slot: Slot, connection: Connection): void {
  if (slot.connection === connection) slot.connection = undefined;
  for (const end of connection.pending) end(new Error("the connection was lost"));
  close(connection.client);
}

/** Runs work on a connection. It ends when the connection is closed, even if the server never responds. */
function unlessLost<T>({ client, pending }: Connection, work: (client: Client) => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    pending.add(reject);
    const settle =
      <Outcome>(outcome: (value: Outcome) => void) =>
      (value: Outcome) => {
        pending.delete(reject);
        outcome(value);
      };
    work(client).then(settle(resolve), settle(reject));
  });
}
