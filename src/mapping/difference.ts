import { diff } from "node:util";
import { stringify } from "yaml";

/** How many lines that agree are shown around those that differ. */
const AROUND = 2;

/**
 * What differs between what was expected and what came out, as YAML, line by line: `-` is expected and missing, `+` came out and is not
 * expected. Names are sorted, so that their order makes no difference.
 */
export function differenceText(expected: unknown, actual: unknown): string {
  const lines = diff(linesOf(expected), linesOf(actual));
  const isNear = (at: number) =>
    lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(([operation]) => operation !== 0);
  const shown = lines.map(([operation, line], at) => {
    if (operation !== 0) return `${operation > 0 ? "-" : "+"} ${line}`;
    return isNear(at) ? `  ${line}` : undefined;
  });
  const text = shown.flatMap((line, at) => {
    if (line !== undefined) return [line];
    return at > 0 && shown[at - 1] === undefined ? [] : ["  ..."];
  });
  return ["- expected  + came out", ...text].join("\n");
}

const linesOf = (value: unknown): string[] =>
  stringify(value ?? null, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })
    .trimEnd()
    .split("\n");
