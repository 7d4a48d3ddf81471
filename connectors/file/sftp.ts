import { createHash, timingSafeEqual } from "node:crypto";
import type { Readable } from "node:stream";
import type Client from "ssh2-sftp-client";
import { loadOptional } from "../../src/connector/kit/optional.ts";
import { copyStream, type Drop, type DroppedFile, tooManyFiles } from "./drop.ts";
import type { Settings } from "./settings.ts";

/** Connection settings of an SFTP server. */
export interface SftpSettings extends Omit<NonNullable<Settings["sftp"]>, "privateKey"> {
  /** The private key itself. */
  readonly privateKey: string | undefined;
}

/** A drop folder on an SFTP server. A connection is opened when needed, and kept while it is in use. */
export function sftpDrop(settings: SftpSettings, folder: string): Drop {
  const { host, port, user, seconds } = settings;
  const place = `sftp://${user}@${host}:${port}/${folder.replace(/^\//, "")}`;
  const SftpClient = loadOptional("ssh2-sftp-client", "sftp") as typeof Client;
  let connected: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const client = new SftpClient();
    let seen: string | undefined;
    const prints = [settings.hostKey].flat();
    try {
      await client.connect({
        host,
        port,
        username: user,
        ...(settings.password !== undefined && { password: settings.password }),
        ...(settings.privateKey !== undefined && { privateKey: settings.privateKey }),
        ...(settings.passphrase !== undefined && { passphrase: settings.passphrase }),
        readyTimeout: seconds * 1000,
        // A silent server is given up after twice this time.
        keepaliveInterval: seconds * 1000,
        keepaliveCountMax: 2,
        hostVerifier: (key: Buffer) => {
          seen = fingerprint(key);
          return prints.some((print) => isSamePrint(print, seen!));
        },
      });
    } catch (error) {
      await client.end().catch(() => {});
      if (seen !== undefined && !prints.some((print) => isSamePrint(print, seen!)))
        throw new Error(`the server's key ${seen} is not in hostKey: it is another server, or its key was replaced`);
      throw error;
    }
    // A broken connection is reopened.
    for (const event of ["end", "close", "error"])
      client.on(event, () => {
        connected = undefined;
      });
    return client;
  };
  const run = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    connected ??= connect();
    const mine = connected;
    try {
      return await work(await mine);
    } catch (error) {
      if (connected === mine) connected = undefined;
      mine.then((client) => client.end()).catch(() => {});
      throw error;
    }
  };
  const within = (path: string) => `${folder.replace(/\/$/, "")}/${path}`;
  const look = (path: string): Promise<DroppedFile | undefined> =>
    run(async (client) => {
      if ((await client.exists(within(path))) !== "-") return undefined;
      const found = await client.stat(within(path));
      return { name: path, bytes: found.size, modified: found.modifyTime };
    });
  return {
    place,
    list: (maxFiles) =>
      run(async (client) => {
        const found = await client.list(folder);
        if (found.length > maxFiles) throw tooManyFiles(place, maxFiles);
        return found
          .filter(({ type }) => type === "-")
          .map(({ name, size, modifyTime }) => ({ name, bytes: size, modified: modifyTime }));
      }),
    look,
    copy: (path, to, maxBytes) =>
      run((client) => copyStream(client.createReadStream(within(path)) as unknown as Readable, to, maxBytes)),
    move: (name, into, as) =>
      run(async (client) => {
        if (!(await client.exists(within(into)))) await client.mkdir(within(into));
        await client.rename(within(name), within(`${into}/${as}`));
      }),
    close: async () => {
      const open = connected;
      connected = undefined;
      await open?.then((client) => client.end()).catch(() => {});
    },
  };
}

/** A key's fingerprint in OpenSSH's format. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

const isSamePrint = (given: string, seen: string): boolean => {
  const [a, b] = [given.replace(/=+$/, ""), seen].map((text) => Buffer.from(text));
  return a!.length === b!.length && timingSafeEqual(a!, b!);
};
