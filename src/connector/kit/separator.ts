/** Separators that are considered. */
const SEPARATORS = [",", ";", "\t", "|"] as const;

/** How many lines are examined. */
const LINES = 50;

/** The separator in the `sep=;` line that Excel writes. */
export const toldSeparator = (text: string): string | undefined => /^\ufeff?"?sep=(.)"?\r?\n/i.exec(text)?.[1];

/** The separator that splits the first lines into the same number of parts, and the most parts; a comma if none does. */
export function guessSeparator(text: string, quote: string | undefined): string {
  const lines = linesOf(text, quote).slice(0, LINES);
  const scored = SEPARATORS.map((separator) => {
    const counts = lines.map((line) => countOf(line, separator, quote));
    const first = counts[0] ?? 0;
    const same = counts.filter((count) => count === first).length / Math.max(1, counts.length);
    return { separator, score: first === 0 ? 0 : same * 1000 + Math.min(first, 500) };
  });
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).score === 0
    ? ","
    : scored.reduce((best, each) => (each.score > best.score ? each : best)).separator;
}

/** Lines outside quotes. The last line may be cut off, and is dropped if there are others. */
function linesOf(text: string, quote: string | undefined): string[] {
  const lines: string[] = [];
  let isQuoted = false;
  let line = "";
  for (const character of text.replace(/\r\n?/g, "\n")) {
    if (character === quote) isQuoted = !isQuoted;
    if (character !== "\n" || isQuoted) line += character;
    else {
      if (line.trim() !== "") lines.push(line);
      line = "";
    }
  }
  return lines.length > 0 ? lines : [line];
}

function countOf(line: string, separator: string, quote: string | undefined): number {
  let count = 0;
  let isQuoted = false;
  for (const character of line) {
    if (character === quote) isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) count++;
  }
  return count;
}
