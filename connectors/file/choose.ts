import { RE2JS } from "re2js";
import type { DroppedFile } from "./drop.ts";
import type { Settings } from "./settings.ts";

/** A file with its age: the date in its name, if that is used, and its modification time. */
export interface Dated extends DroppedFile {
  readonly dated?: string | undefined;
}

/** A date in a name, optionally with a time. */
const IN_NAME =
  /(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?:[-_.T ]?([01]\d|2[0-3])[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?)?(?!\d)/;

/** The date in a file's name as sortable text; undefined if there is none. */
export function dateInName(name: string): string | undefined {
  const [, year, month, day, hours = "00", minutes = "00", seconds = "00"] = IN_NAME.exec(name) ?? [];
  if (year === undefined) return undefined;
  return `${year}${month}${day}${hours}${minutes}${seconds}`;
}

/** Matches names against a pattern with `*` and `?`. Hidden files never match. */
export function fitsPattern(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  // Linear time, because those who drop files choose the names.
  const expression = RE2JS.compile(`^${source}$`, RE2JS.DOTALL);
  return (name) => !name.startsWith(".") && expression.matches(name);
}

/** Compares the age of two files: by the dates in their names if both count, then by modification time, then by name. */
export function compareAge(a: Dated, b: Dated): number {
  if (a.dated !== undefined && b.dated !== undefined && a.dated !== b.dated) return a.dated < b.dated ? -1 : 1;
  if (a.modified !== b.modified) return a.modified - b.modified;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Reports whether a file is older. With equal dates in names, a later modification is a correction. */
export const isOlder = (a: Dated, b: Dated): boolean =>
  a.dated !== undefined && b.dated !== undefined && a.dated !== b.dated ? a.dated < b.dated : a.modified < b.modified;

/** The companion files that may mark a file as finished. */
export const companionsOf = (name: string, done: string): string[] => [
  ...new Set([name + done, name.replace(/\.[^.]+$/, "") + done]),
];

/** The newest matching file, excluding companions. If companions are required, only files that have one. */
export function chooseNewest(
  files: readonly DroppedFile[],
  {
    fits,
    newest,
    done,
  }: { fits: (name: string) => boolean; newest: "name" | "modified" | undefined; done: Settings["done"] },
): Dated | undefined {
  const names = new Set(files.map(({ name }) => name));
  const fitting = files.filter(({ name }) => fits(name) && !(done !== undefined && name.endsWith(done)));
  const all = fitting.map(
    (file): Dated => ({ ...file, dated: newest === "modified" ? undefined : dateInName(file.name) }),
  );
  const isByName = newest === "name" || all.every(({ dated }) => dated !== undefined);
  return all
    .filter(({ dated }) => newest !== "name" || dated !== undefined)
    .filter(({ name }) => done === undefined || companionsOf(name, done).some((each) => names.has(each)))
    .map((file) => (isByName ? file : { ...file, dated: undefined }))
    .sort(compareAge)
    .at(-1);
}
