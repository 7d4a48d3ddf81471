import { type Stats, statSync, unwatchFile, watchFile } from "node:fs";

/** How often files are looked at, in milliseconds, and how long one must stay as it is before it is read. */
const WATCH_MS = 1000;
const SETTLED_MS = 700;

/** Watches files. */
export interface Watch {
  /** Watches these files from now on, and no others. */
  readonly files: (paths: readonly string[]) => void;
  readonly end: () => void;
}

/**
 * Calls back after one of the files changed, when none of them has changed any more for a while: one that is being written is half
 * a file, and half a configuration may lack its end.
 */
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
      // Polled, because what is mounted into a container changes by links that other watches do not see.
      for (const each of watched) watchFile(each, { interval: WATCH_MS, persistent: false }, noticed);
    },
  };
}

const stateOf = (paths: readonly string[]): string =>
  JSON.stringify(paths.map((path) => formOf(statSync(path, { throwIfNoEntry: false }))));
const formOf = (stats: Stats | undefined) => stats && [stats.size, stats.mtimeMs, stats.ino];
