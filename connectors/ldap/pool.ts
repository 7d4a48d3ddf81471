import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client } from "ldapts";
import { ConnectorError } from "../../src/connector/error.ts";
import { resultCode } from "./errors.ts";

export interface PoolOptions {
  readonly url: string;
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly tls: { readonly ca: string | undefined; readonly startTls: boolean };
  readonly connections: number;
}

/** Bound connections that share the work. */
export interface Pool {
  /** Runs on the connection with the least to do. Work that the signal ends takes its connection along: it may hang. */
  readonly run: <T>(signal: AbortSignal, work: (client: Client) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

interface Slot {
  running: number;
  client: Client | undefined;
  opening: Promise<Client> | undefined;
}

const CONNECT_MS = 3000;
/** What one connection carries at a time; more waits for its turn. */
const IN_FLIGHT = 64;

export function createPool(options: PoolOptions): Pool {
  const slots: Slot[] = Array.from({ length: options.connections }, () => ({
    running: 0,
    client: undefined,
    opening: undefined,
  }));
  const waiting: (() => void)[] = [];

  const idlest = () => slots.reduce((least, each) => (each.running < least.running ? each : least));

  async function turn(signal: AbortSignal): Promise<Slot> {
    for (;;) {
      signal.throwIfAborted();
      const slot = idlest();
      if (slot.running < IN_FLIGHT) return slot;
      await abortable(signal, new Promise<void>((resolve) => waiting.push(resolve)));
    }
  }

  async function bound(slot: Slot): Promise<Client> {
    slot.opening ??= open(options).finally(() => {
      slot.opening = undefined;
    });
    slot.client = await slot.opening;
    return slot.client;
  }

  return {
    run: async (signal, work) => {
      const slot = await turn(signal).catch((error) => {
        throw timedOut(error);
      });
      slot.running++;
      let client: Client | undefined;
      try {
        client = isBound(slot, options) ? slot.client! : await abortable(signal, bound(slot));
        return await abortable(signal, work(client));
      } catch (error) {
        if (resultCode(error) !== undefined || error instanceof ConnectorError) throw error;
        if (client) discard(slot, client);
        throw signal.aborted ? timedOut(error) : error;
      } finally {
        slot.running--;
        waiting.shift()?.();
      }
    },
    close: async () => {
      for (const slot of slots) if (slot.client) discard(slot, slot.client);
    },
  };
}

const isBound = ({ client }: Slot, { bind }: PoolOptions): boolean =>
  (bind ? client?.isBound : client?.isConnected) === true;

function discard(slot: Slot, client: Client): void {
  if (slot.client === client) slot.client = undefined;
  client.unbind().catch(() => {});
}

const timedOut = (cause: unknown) =>
  new ConnectorError(
    "timeout",
    "The directory did not answer in time. A write may or may not have happened: read before repeating it.",
    { cause },
  );

/**
 * A client that connects once. ldapts would connect again by itself after a loss, without binding, and run the next
 * operation as nobody.
 */
async function open({ url, bind, tls }: PoolOptions): Promise<Client> {
  let isUsed = false;
  const once = () => {
    if (isUsed) throw new Error("the connection was lost");
    isUsed = true;
  };
  const { hostname, protocol } = new URL(url);
  const secure = { ...(tls.ca !== undefined && { ca: tls.ca }), ...(isIP(hostname) === 0 && { servername: hostname }) };
  const client = new Client({
    url,
    connectTimeout: CONNECT_MS,
    timeout: 0,
    strictDN: false,
    ...(protocol === "ldaps:" && { tlsOptions: secure }),
    createConnection: ((port: number, host: string) => {
      once();
      return connectTcp({ port, host, noDelay: true, keepAlive: true });
    }) as never,
    createSecureConnection: ((...args: unknown[]) => {
      if (protocol === "ldaps:") once();
      return (connectTls as (...all: unknown[]) => unknown)(...args);
    }) as never,
  });
  const timeout = AbortSignal.timeout(CONNECT_MS);
  try {
    if (tls.startTls) await abortable(timeout, client.startTLS(secure));
    if (bind) await abortable(timeout, client.bind(bind.dn, bind.password));
    else await abortable(timeout, client.search("", { scope: "base", attributes: ["1.1"] }));
    return client;
  } catch (error) {
    client.unbind().catch(() => {});
    throw timeout.aborted ? timedOut(error) : error;
  }
}

/** A promise's outcome, or the signal's end, whichever comes first. */
function abortable<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
