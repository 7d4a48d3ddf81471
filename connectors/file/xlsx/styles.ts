import { readXml } from "./xml.ts";
import type { Archive } from "./zip.ts";

/** How a number is displayed. */
export type Shown = "number" | "date" | "time";

/** Built-in formats (ECMA-376, 18.8.30): dates of all languages, and times. */
const DATES = new Set([14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58]);
const TIMES = new Set([18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56]);

/** How each style of a workbook displays numbers. Only that distinguishes dates from numbers. */
export async function readStyles(archive: Archive, part: string): Promise<readonly Shown[]> {
  if (!archive.has(part)) return [];
  const formats = new Map<number, Shown>();
  const styles: Shown[] = [];
  let isCell = false;
  await readXml(part, archive.read(part), {
    open: (name, { numFmtId, formatCode }) => {
      if (name === "numFmt" && formats.size < MAX_STYLES) formats.set(Number(numFmtId), shownBy(formatCode ?? ""));
      if (name === "cellXfs") isCell = true;
      if (name === "xf" && isCell && styles.length < MAX_STYLES) {
        const id = Number(numFmtId ?? 0);
        styles.push(formats.get(id) ?? (DATES.has(id) ? "date" : TIMES.has(id) ? "time" : "number"));
      }
    },
    close: (name) => {
      if (name === "cellXfs") isCell = false;
    },
  });
  return styles;
}

/** Excel's own limit is 65,490 styles. */
const MAX_STYLES = 70_000;

/** Reports whether a format code displays a date, by its letters outside quotes, escapes and brackets. */
export function shownBy(code: string): Shown {
  const letters = (code.split(";")[0] ?? "")
    .replace(/"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, "")
    .replace(/general/gi, "")
    .toLowerCase();
  if (/[dy]/.test(letters) || (/m/.test(letters) && !/[hs]/.test(letters))) return "date";
  return /[hs]/.test(letters) ? "time" : "number";
}
