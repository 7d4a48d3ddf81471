import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SettingError } from "../error.ts";

/**
 * The files that a connector's settings name; relative paths start at one folder. `text` is for `open`, at the start; files that are
 * read or written during operations are addressed by `path`.
 */
export interface Files {
  /** A file's whole path. */
  readonly path: (path: string) => string;
  /** A file's text, UTF-8. Throws a `SettingError` that names the setting where it cannot be read. */
  readonly text: (setting: string, path: string) => string;
}

/** The files that settings name, of which relative paths start at a folder. */
export function filesIn(folder: string): Files {
  const path = (each: string) => resolve(folder, each);
  return {
    path,
    text: (setting, each) => {
      try {
        return readFileSync(path(each), "utf8");
      } catch (error) {
        throw new SettingError(`${setting}: ${path(each)} cannot be read: ${reasonOf(error)}`, setting);
      }
    },
  };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "the gateway's user may not read it",
  EISDIR: "it is a folder",
};

const reasonOf = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
};
