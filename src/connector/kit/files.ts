import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SettingError } from "../error.ts";

/**
 * The files that a connector's settings name. Relative paths start at one folder. `text` is for `open`, at the start; use `path` for files
 * that operations read or write.
 */
export interface Files {
  /** A file's absolute path. */
  readonly path: (path: string) => string;
  /** A file's text, UTF-8. Throws a `SettingError` that names the setting if the file is unreadable. */
  readonly text: (setting: string, path: string) => string;
}

/** The files that settings name, relative to a folder. */
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
  ENOENT: "no such file",
  EACCES: "no permission",
  EISDIR: "it is a folder",
};

const reasonOf = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
};
