import type { Client } from "ldapts";
import { close } from "./connect.ts";

/** The servers of a directory. One is in use at a time, so that reads see earlier writes. */
export interface Servers {
  /** The server in use; undefined before the first connection. */
  readonly inUse: () => string | undefined;
  /** Connects to the server in use or, if that fails, to the next available one, which is then in use. */
  readonly connect: () => Promise<{ readonly client: Client; readonly url: string }>;
  /** Reports a slow server. It is checked, and left if it does not accept connections. */
  readonly suspect: () => void;
  /** Calls back after a switch of servers. `isLost` if the previous one no longer answers. */
  readonly onChange: (listener: (isLost: boolean) => void) => void;
  readonly close: () => void;
}

/** How to find and connect to servers. */
export interface ServersOptions {
  /** The servers' addresses in order of preference. Called again when no known server is available. */
  readonly find: () => Promise<readonly string[]>;
  readonly connect: (url: string, milliseconds: number) => Promise<Client>;
  /** How many seconds a preferred server must be available before it is used again. */
  readonly returnAfter: number;
  readonly note: (fields: object, message: string) => void;
}

/** Connection timeout in milliseconds: for the only server, and if there is another. */
const ALONE_MS = 3000;
const ONE_OF_MANY_MS = 1500;

/** Uses the first available server. */
export function createServers({ find, connect, returnAfter, note }: ServersOptions): Servers {
  let urls: readonly string[] = [];
  let current: string | undefined;
  let suspecting = false;
  let returning: NodeJS.Timeout | undefined;
  let wellSince: { url: string; at: number } | undefined;
  const listeners: ((isLost: boolean) => void)[] = [];

  async function known(): Promise<readonly string[]> {
    if (urls.length === 0) urls = await find();
    return urls;
  }

  function use(url: string, isLost: boolean): void {
    if (url === current) return;
    const before = current;
    current = url;
    if (before !== undefined) note({ from: before, to: url }, "switched to another directory server");
    for (const listener of listeners) listener(isLost);
    watchPreferred();
  }

  /** Checks whether a more preferred server is available again. */
  function watchPreferred(): void {
    clearTimeout(returning);
    if (current === undefined || current === urls[0]) return;
    returning = setTimeout(tryToReturn, (returnAfter * 1000) / 4).unref();
  }

  async function tryToReturn(): Promise<void> {
    const preferred = urls.slice(0, Math.max(0, urls.indexOf(current!)));
    const well = await firstThatConnects(preferred);
    if (well === undefined) wellSince = undefined;
    else if (wellSince?.url !== well) wellSince = { url: well, at: Date.now() };
    else if (Date.now() - wellSince.at >= returnAfter * 750) {
      wellSince = undefined;
      use(well, false);
    }
    watchPreferred();
  }

  async function firstThatConnects(candidates: readonly string[]): Promise<string | undefined> {
    for (const url of candidates) {
      const client = await connect(url, ONE_OF_MANY_MS).catch(() => undefined);
      if (!client) continue;
      close(client);
      return url;
    }
    return undefined;
  }

  async function connectToAny(): Promise<{ client: Client; url: string }> {
    const all = await known();
    const start = Math.max(0, all.indexOf(current ?? ""));
    let failure: unknown;
    for (const url of [...all.slice(start), ...all.slice(0, start)]) {
      try {
        const client = await connect(url, all.length > 1 ? ONE_OF_MANY_MS : ALONE_MS);
        use(url, true);
        return { client, url };
      } catch (error) {
        failure = error;
        if (all.length > 1) note({ server: url, failure: (error as Error).message }, "directory server unavailable");
      }
    }
    urls = [];
    throw failure;
  }

  return {
    inUse: () => current,
    connect: connectToAny,
    suspect: () => {
      if (suspecting || urls.length < 2) return;
      suspecting = true;
      connectToAny()
        .then(({ client }) => close(client))
        .catch(() => {})
        .finally(() => {
          suspecting = false;
        });
    },
    onChange: (listener) => listeners.push(listener),
    close: () => clearTimeout(returning),
  };
}
