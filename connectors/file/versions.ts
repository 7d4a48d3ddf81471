import { mkdirSync, rmSync } from "node:fs";
import { extname, join } from "node:path";
import type { Connector, Services } from "../../src/connector/connector.ts";
import { createThread } from "../../src/thread/thread.ts";
import type { Copy } from "./drop.ts";
import type { Loaded, LoadTask } from "./load.ts";
import { Refusal } from "./refusal.ts";
import { createScratch } from "./scratch.ts";
import type { Settings } from "./settings.ts";
import { createEntries, openSql } from "./table.ts";

/** A loaded file that can be queried. */
export interface Version {
  /** Its identifier in bookmarks: the start of its hash. */
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  readonly loaded: Loaded;
  readonly sql: Connector;
  readonly entries: ReturnType<typeof createEntries>;
}

/** How many versions stay open, so that listings can finish on the one they started on. */
const MAX_OPEN = 3;

const idOf = (hash: string): string => hash.slice(0, 24);

/** Time limit for loading a file in milliseconds, and its memory limit in megabytes. */
const MAX_MS = 1_800_000;
const MAX_MB = 1024;

/** The open versions of a file. */
export function createVersions(settings: Settings, services: Services, temporary: string) {
  const thread = createThread<LoadTask, Loaded>({
    module: new URL(`./load-thread${extname(import.meta.filename)}`, import.meta.url),
    ...{ maxMs: MAX_MS, maxMb: MAX_MB, maxWaiting: 4 },
  });
  const load = async (task: LoadTask): Promise<Loaded> => {
    try {
      return await thread.run(task);
    } catch (error) {
      const { name, message } = error as Error;
      throw name === Refusal.name ? new Refusal(message) : error;
    } finally {
      // The next file comes in a day, so the thread is not kept.
      await thread.end();
    }
  };
  const open = new Map<string, Version>();
  let scratch: ReturnType<typeof createScratch> | undefined;
  let count = 0;
  const folder = (): string => {
    scratch ??= createScratch(temporary);
    const path = join(scratch.path, String(++count));
    mkdirSync(path);
    return path;
  };
  return {
    get: (id: unknown): Version | undefined => (typeof id === "string" ? open.get(id) : undefined),
    byHash: (hash: string): Version | undefined => open.get(idOf(hash)),
    /** A new folder for a working copy and its database. */
    folder,
    /** Loads a copy from a folder of `folder()`. Rejects with a `Refusal` if the file as a whole is unusable. */
    load: async (path: string, name: string, { hash, encoding }: Copy): Promise<Version> => {
      const database = join(path, "data.db");
      const loaded = await load({ path: join(path, "copy"), name, encoding, settings, database });
      for (const each of ["copy", "copy.strings"]) rmSync(join(path, each), { force: true });
      const version: Version = {
        id: idOf(hash),
        hash,
        name,
        loaded,
        sql: openSql(settings, database, services),
        entries: createEntries(settings, loaded, name),
      };
      open.set(version.id, version);
      for (const [id, each] of [...open].slice(0, -MAX_OPEN)) {
        open.delete(id);
        await each.sql.close();
      }
      return version;
    },
    /** Stops the current load. */
    stop: () => thread.end(),
    close: async () => {
      await Promise.all([...open.values()].map((each) => each.sql.close()));
      open.clear();
      scratch?.remove();
    },
  };
}
