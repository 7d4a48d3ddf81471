import type { Client } from "ldapts";
import { close } from "./connect.ts";

/** The servers of one directory, of which one is in use, so that what was written there is read there. */
export interface Servers {
  /** The server in use; undefined until the first connection. */
  readonly inUse: () => string | undefined;
  /** Connects to the server in use or, where that fails, to the next that can be had, which is in use from then on. */
  readonly connect: () => Promise<{ readonly client: Client; readonly url: string }>;
  /** The server in use is slow to answer: it is tried, and left where it does not even take a connection. */
  readonly suspect: () => void;
  /** Calls back after another server has come into use; `isLost` where the one before does not answer any more. */
  readonly onChange: (listener: (isLost: boolean) => void) => void;
  readonly close: () => void;
}

/** How servers are found and connected to. */
export interface ServersOptions {
  /** The servers' addresses, the preferred one first. Asked again whenever none of those that are known can be had. */
  readonly find: () => Promise<readonly string[]>;
  readonly connect: (url: string, milliseconds: number) => Promise<Client>;
  /** For how many seconds a preferred server must have been well before it is used again. */
  readonly returnAfter: number;
  readonly note: (fields: object, message: string) => void;
}

/** How long a connection may take, in milliseconds, where there is no other server, and where there is one. */
const ALONE_MS = 3000;
const ONE_OF_MANY_MS = 1500;

/** Keeps to the first server that can be had. */
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
    if (before !== undefined) note({ from: before, to: url }, "another directory server is in use");
    for (const listener of listeners) listener(isLost);
    watchPreferred();
  }

  /** While another server than the preferred one is in use, looks whether one that is preferred to it is well again. */
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
        if (all.length > 1) note({ server: url, failure: (error as Error).message }, "a directory server is not there");
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
