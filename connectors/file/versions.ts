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

/** A file that was loaded, and can be asked. */
export interface Version {
  /** What bookmarks name it by: the beginning of its hash. */
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  readonly loaded: Loaded;
  readonly sql: Connector;
  readonly entries: ReturnType<typeof createEntries>;
}

/** How many versions of a file stay open, so that listings that began on one end on it. */
const MAX_OPEN = 3;

const idOf = (hash: string): string => hash.slice(0, 24);

/** How long a file may take to load, in milliseconds, and how much memory, in megabytes. */
const MAX_MS = 1_800_000;
const MAX_MB = 1024;

/** The versions of a file that are open. */
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
      // The next file comes in a day: nothing is kept for it.
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
    /** A new folder for a copy of a file, with what it is loaded into. */
    folder,
    /** Loads a copy in a folder of `folder()`. Rejects with a `Refusal` where the file is no good as a whole. */
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
    /** Ends what is being loaded. */
    stop: () => thread.end(),
    close: async () => {
      await Promise.all([...open.values()].map((each) => each.sql.close()));
      open.clear();
      scratch?.remove();
    },
  };
}
