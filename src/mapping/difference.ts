import { diff } from "node:util";
import { stringify } from "yaml";

/** Number of unchanged lines around differences. */
const AROUND = 2;

/**
 * The difference between expected and actual, as YAML, line by line: `-` is expected but missing, `+` is unexpected. Keys are sorted, so
 * that their order does not matter.
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
  return ["- expected  + actual", ...text].join("\n");
}

const linesOf = (value: unknown): string[] =>
  stringify(value ?? null, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false })
    .trimEnd()
    .split("\n");
