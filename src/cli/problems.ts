import { styleText } from "node:util";
import type { Diagnostic } from "../config/diagnostic.ts";
import { visible } from "../observe/text-lines.ts";

/** The most characters of a line that are shown; of a longer one what is around the mistake. */
const MAX_SHOWN = 110;
const BEFORE = 40;

/** Where text is written: colours are for terminals only, and for those who did not say NO_COLOR. */
type Target = NodeJS.WriteStream;

/**
 * A mistake as people read it: where it is and what is wrong, then the line with a mark below it. A mistake of a file as a whole has no
 * line.
 */
export function problemText(problem: Diagnostic, target: Target = process.stdout): string {
  const { severity, file, line, column, message } = problem;
  const colour = severity === "error" ? "red" : "yellow";
  const place = problem.excerpt === undefined && line === 1 ? `${file}:` : `${file}:${line}:${column}:`;
  const head = `${bold(place, target)} ${paint(colour, `${severity}:`, target)} ${visible(message)}`;
  return [head, ...marked(problem, colour, target)].join("\n");
}

/** Mistakes one below the other, errors first, in the order of files and lines. */
export function problemsText(problems: readonly Diagnostic[], target: Target = process.stdout): string {
  return sorted(problems)
    .map((each) => problemText(each, target))
    .join("\n\n");
}

const sorted = (problems: readonly Diagnostic[]): Diagnostic[] =>
  problems.toSorted(
    (one, two) =>
      Number(one.severity === "warning") - Number(two.severity === "warning") ||
      one.file.localeCompare(two.file) ||
      one.line - two.line ||
      one.column - two.column,
  );

function marked({ excerpt, line, column, length }: Diagnostic, colour: "red" | "yellow", target: Target): string[] {
  if (excerpt === undefined) return [];
  const start = excerpt.length > MAX_SHOWN ? Math.max(0, Math.min(column - 1 - BEFORE, excerpt.length - MAX_SHOWN)) : 0;
  const end = Math.min(excerpt.length, start + MAX_SHOWN);
  const [left, right] = [start > 0 ? "..." : "", end < excerpt.length ? "..." : ""];
  const number = String(line);
  const blank = " ".repeat(number.length);
  // What is before the mark keeps its tabs, so that the mark stands where the text does.
  const before = excerpt.slice(start, column - 1).replace(/[^\t]/g, " ");
  const carets = "^".repeat(Math.max(1, Math.min(length, end - column + 1)));
  return [
    dim(`  ${number} | `, target) + left + excerpt.slice(start, end) + right,
    dim(`  ${blank} | `, target) + " ".repeat(left.length) + before + paint(colour, carets, target),
  ];
}

const paint = (colour: "red" | "yellow", text: string, stream: Target) => styleText(colour, text, { stream });
const bold = (text: string, stream: Target) => styleText("bold", text, { stream });
const dim = (text: string, stream: Target) => styleText("dim", text, { stream });

/** A number with its noun: `1 error`, `2 errors`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
