import { createReadStream } from "node:fs";
import { createSniffer, type Encoding } from "../../../src/connector/kit/encoding.ts";
import { dateReader } from "../dates.ts";
import { openFile, type ReadSettings } from "../read.ts";
import { headerName, type RawRow } from "../refusal.ts";
import { config } from "../settings.ts";

/** What a column holds, as its cells say. */
export interface Surveyed {
  readonly name: string;
  /** How many rows have a value. */
  readonly filled: number;
  /** Its values, each once, where they are few. */
  readonly values: readonly string[];
  /** Whether each value is there once. */
  readonly isUnique: boolean;
  /** The forms that all of its values are dates in, the likeliest first; empty where it holds none. */
  readonly dates: readonly string[];
  /** Dates of no calendar or of a year that nobody lives in, which stand for none. */
  readonly noDates: readonly string[];
  /** The length of its values where all of them are digits of one length, and some begin with 0. */
  readonly padded: number | undefined;
}

/** What was found in a file. */
export interface Survey {
  readonly encoding: Encoding;
  readonly separator: string;
  /** The line of the header, and how many rows there are. */
  readonly header: number;
  readonly rows: number;
  readonly columns: readonly Surveyed[];
  /** Words for no value. */
  readonly nulls: readonly string[];
  /** A pattern of the last line, where it is no row. */
  readonly trailer: string | undefined;
  readonly notes: readonly string[];
}

/** How many rows tell what a column holds, how many different values are kept, and among how many lines a header is looked for. */
const MAX_ROWS = 50_000;
const MAX_VALUES = 24;
const HEAD = 20;

const NULLS = ["null", "n/a", "na", "#n/a", "none", "-", "--", "(null)", "nil"];

const FORMATS = [
  "iso",
  "yyyymmdd",
  "dd.mm.yyyy",
  "dd/mm/yyyy",
  "mm/dd/yyyy",
  "dd-mm-yyyy",
  "yyyy/mm/dd",
  "dd-mmm-yyyy",
  "dd mmm yyyy",
  "dd.mm.yy",
  "dd/mm/yy",
  "mm/dd/yy",
];

/** Reads a file's header, and what its columns hold. Rejects with a `Refusal` where it cannot be read. */
export async function surveyFile(path: string, name: string, given: Partial<ReadSettings>): Promise<Survey> {
  const encoding = await encodingOf(path);
  const { maximum, quote } = config.parse({ path: "x", kinds: {} });
  const isLines = /\.(jsonl|ndjson)$/i.test(name);
  const settings = { maximum, quote, header: isLines ? 1 : ["-"], ...given } as ReadSettings;
  const table = await openFile(path, name, encoding, settings);
  try {
    const rows = table.rows[Symbol.asyncIterator]();
    const head: RawRow[] = [];
    for (let next = await rows.next(); !next.done; next = await rows.next()) {
      head.push(next.value);
      if (head.length === HEAD) break;
    }
    const at = isLines ? -1 : headerIn(head);
    const names = isLines ? table.names : (head[at]?.cells ?? []).map(headerName);
    const collector = createCollector(names);
    let count = 0;
    let last: RawRow | undefined;
    const add = (row: RawRow) => {
      if (last) collector.add(last);
      last = row;
      count++;
    };
    for (const row of head.slice(at + 1)) add(row);
    for (let next = await rows.next(); !next.done && count < MAX_ROWS; next = await rows.next()) add(next.value);
    const trailer = last && !isLines ? trailerOf(last, count - 1, names.length, table.separator) : undefined;
    if (last && trailer === undefined) collector.add(last);
    const notes = [...table.notes(), ...(count >= MAX_ROWS ? [`only the first ${MAX_ROWS} rows were looked at`] : [])];
    return {
      ...{ encoding, trailer, notes },
      separator: table.separator,
      header: head[at]?.line ?? 1,
      rows: trailer === undefined ? count : count - 1,
      ...collector.end(),
    };
  } finally {
    table.close();
  }
}

async function encodingOf(path: string): Promise<Encoding> {
  const sniffer = createSniffer();
  for await (const chunk of createReadStream(path)) sniffer.push(chunk as Uint8Array);
  return sniffer.end();
}

/** The first line that is nearly as wide as the widest: what stands before it is a title. */
function headerIn(head: readonly RawRow[]): number {
  const widths = head.map(({ cells }) => cells.filter((cell) => cell !== "").length);
  const widest = Math.max(0, ...widths);
  return widths.findIndex((width) => width >= widest * 0.6);
}

/** A last line with fewer cells, of which one counts the rows, or that speaks of an end. */
function trailerOf({ cells }: RawRow, rows: number, width: number, separator: string): string | undefined {
  const filled = cells.filter((cell) => cell !== "");
  if (filled.length > Math.max(2, width / 3) || width < 3) return undefined;
  const [first = ""] = filled;
  const isWord = /^(total|count|rows|records|trailer|end|summe|anzahl|ende|t|trl|eof)\b/i.test(first);
  if (!isWord) return undefined;
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (!filled.some((cell) => cell === String(rows))) return `^${escaped(first)}`;
  const text = cells.join(separator).replace(new RegExp(`${escaped(separator)}+$`), "");
  return `^${escaped(text).replace(new RegExp(`(?<!\\d)${rows}(?!\\d)`), "(\\d+)")}$`;
}

function createCollector(names: readonly string[]) {
  const nulls = new Set<string>();
  const columns = names.map((name) => ({
    name,
    filled: 0,
    values: new Set<string>(),
    seen: new Set<string>(),
    isUnique: true,
    dates: FORMATS.map((format) => ({ format, read: dateReader(format), fits: 0 })),
    noDates: new Set<string>(),
    lengths: new Set<number>(),
    isDigits: true,
    hasZero: false,
  }));
  const addTo = (column: (typeof columns)[number], text: string) => {
    column.filled++;
    if (column.values.size <= MAX_VALUES) column.values.add(text);
    if (column.seen.has(text)) column.isUnique = false;
    else column.seen.add(text);
    column.lengths.add(text.length);
    if (!/^\d+$/.test(text)) column.isDigits = false;
    if (text.startsWith("0")) column.hasZero = true;
    if (isNoDate(text)) {
      if (column.noDates.size < MAX_VALUES) column.noDates.add(text);
    } else for (const date of column.dates) if (date.read(text) !== undefined) date.fits++;
  };
  return {
    add: ({ cells }: RawRow) => {
      for (const [index, column] of columns.entries()) {
        const text = cells[index] ?? "";
        if (text === "") continue;
        if (NULLS.includes(text.toLowerCase())) nulls.add(text.toUpperCase());
        else addTo(column, text);
      }
    },
    end: (): Pick<Survey, "columns" | "nulls"> => ({
      nulls: [...nulls],
      columns: columns
        .filter(({ name }) => name !== "")
        .map(({ name, filled, values, isUnique, dates, noDates, lengths, isDigits, hasZero }) => {
          const real = columnDates(dates, noDates.size);
          return {
            ...{ name, filled, isUnique: isUnique && filled > 0 },
            values: values.size > MAX_VALUES ? [] : [...values],
            dates: real,
            noDates: real.length > 0 ? [...noDates] : [],
            padded: isDigits && hasZero && lengths.size === 1 && filled > 0 ? [...lengths][0] : undefined,
          };
        }),
    }),
  };
  function columnDates(dates: readonly { format: string; fits: number }[], others: number): string[] {
    const most = Math.max(0, ...dates.map(({ fits }) => fits));
    const filled = others + most;
    if (most === 0 || most < filled * 0.5) return [];
    return dates.filter(({ fits }) => fits === most).map(({ format }) => format);
  }
}

/** What stands for no date: year 9999, or zeros. */
const isNoDate = (text: string): boolean =>
  /^(0000|9999)[-/.]?\d\d[-/.]?\d\d/.test(text) || /^\d\d?[-/.]\d\d?[-/.](0000|9999)/.test(text);
