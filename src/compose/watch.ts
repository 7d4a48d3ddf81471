import { type Stats, statSync, unwatchFile, watchFile } from "node:fs";

/** Polling interval, and how long a file must stay unchanged before it is read, in milliseconds. */
const WATCH_MS = 1000;
const SETTLED_MS = 700;

/** Watches files. */
export interface Watch {
  /** Replaces the set of watched files. */
  readonly files: (paths: readonly string[]) => void;
  readonly end: () => void;
}

/** Calls back after a file has changed and none has changed again for a while: a half-written configuration may lack its end. */
export function createWatch(changed: () => void): Watch {
  let watched: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(timer);
    for (const each of watched) unwatchFile(each, noticed);
  };
  function noticed(): void {
    clearTimeout(timer);
    const before = stateOf(watched);
    timer = setTimeout(() => (stateOf(watched) === before ? changed() : noticed()), SETTLED_MS).unref();
  }
  return {
    end,
    files: (paths) => {
      end();
      watched = [...new Set(paths)];
      // Polled, because files mounted into a container change by symbolic links, which other watchers miss.
      for (const each of watched) watchFile(each, { interval: WATCH_MS, persistent: false }, noticed);
    },
  };
}

const stateOf = (paths: readonly string[]): string =>
  JSON.stringify(paths.map((path) => formOf(statSync(path, { throwIfNoEntry: false }))));
const formOf = (stats: Stats | undefined) => stats && [stats.size, stats.mtimeMs, stats.ino];
