import { RE2JS } from "re2js";
import type { DroppedFile } from "./drop.ts";
import type { Settings } from "./settings.ts";

/** A file with what tells which is newer: the date in its name, where that counts, and when it was modified. */
export interface Dated extends DroppedFile {
  readonly dated?: string | undefined;
}

/** A date in a name, and a time behind it. */
const IN_NAME =
  /(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?:[-_.T ]?([01]\d|2[0-3])[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?)?(?!\d)/;

/** The date in a file's name, as text that sorts; undefined where there is none. */
export function dateInName(name: string): string | undefined {
  const [, year, month, day, hours = "00", minutes = "00", seconds = "00"] = IN_NAME.exec(name) ?? [];
  if (year === undefined) return undefined;
  return `${year}${month}${day}${hours}${minutes}${seconds}`;
}

/** Whether a name fits a pattern with `*` and `?`; hidden files fit none. */
export function fitsPattern(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, "[^/]*")
    .replace(/\?/g, "[^/]");
  // In linear time: whoever drops files also names them.
  const expression = RE2JS.compile(`^${source}$`, RE2JS.DOTALL);
  return (name) => !name.startsWith(".") && expression.matches(name);
}

/** Which of two files is newer: by the dates in their names where both count, then by when they were modified, then by name. */
export function compareAge(a: Dated, b: Dated): number {
  if (a.dated !== undefined && b.dated !== undefined && a.dated !== b.dated) return a.dated < b.dated ? -1 : 1;
  if (a.modified !== b.modified) return a.modified - b.modified;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Whether a file is older than another: of equal dates in names, one that was written later is a correction. */
export const isOlder = (a: Dated, b: Dated): boolean =>
  a.dated !== undefined && b.dated !== undefined && a.dated !== b.dated ? a.dated < b.dated : a.modified < b.modified;

/** The companion files that may say of a file that it is finished. */
export const companionsOf = (name: string, done: string): string[] => [
  ...new Set([name + done, name.replace(/\.[^.]+$/, "") + done]),
];

/** The newest file that fits, is no companion, and has its own where that is asked for. */
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
