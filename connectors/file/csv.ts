import { createRequire } from "node:module";
import { Readable } from "node:stream";
import type * as csvParse from "csv-parse";
import type { Encoding } from "../../src/connector/kit/encoding.ts";
import { guessSeparator, toldSeparator } from "../../src/connector/kit/separator.ts";
import { decodeFile } from "./encoding.ts";
import { type Bounds, headerName, type RawRow, type RawTable, Refusal } from "./refusal.ts";

/** The format of a file of separated values. Missing settings are guessed. */
export interface CsvSettings {
  readonly encoding: Encoding;
  readonly separator: string | undefined;
  /** Undefined if nothing is quoted. */
  readonly quote: string | undefined;
  /** The line of the header, the first one by default; or the column names if there is no header. */
  readonly header: number | readonly string[];
}

/** How many characters are examined to guess the separator, and the maximum length of a record. */
const HEAD = 65_536;
const MAX_RECORD = 8 * 1024 * 1024;

/** Opens a file of separated values. Rows are read on demand. */
export async function openCsv(path: string, settings: CsvSettings, bounds: Bounds): Promise<RawTable> {
  const { quote, header } = settings;
  const { head, text } = await peek(unifiedLines(decodeFile(path, settings.encoding)));
  const told = toldSeparator(head);
  const skipped = Math.max(told === undefined ? 0 : 1, typeof header === "number" ? header - 1 : 0);
  const separator = settings.separator ?? told ?? guessSeparator(withoutLines(head, skipped), quote);
  const records = recordsOf(skipLines(text, skipped), { separator, quote, skipped, bounds });
  const first = Array.isArray(header) ? undefined : await records.next();
  if (first?.done)
    throw new Refusal("the file has no header: it is empty or contains only blank lines. Export it again.");
  return {
    names: (first ? first.value.cells : (header as readonly string[])).map(headerName),
    headerLine: first?.value.line ?? 0,
    rows: records,
    isStrict: true,
    separator,
    notes: () => [`${settings.encoding}, separated by ${JSON.stringify(separator)}`],
  };
}

/** The beginning of a text, and the whole of it. */
async function peek(chunks: AsyncGenerator<string>): Promise<{ head: string; text: AsyncGenerator<string> }> {
  let head = "";
  while (head.length < HEAD) {
    const { value, done } = await chunks.next();
    if (done) break;
    head += value;
  }
  const whole = async function* () {
    yield head;
    yield* chunks;
  };
  return { head, text: whole() };
}

/** Normalises line breaks, so that line numbers match what people see. */
async function* unifiedLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let isBehindReturn = false;
  for await (const chunk of chunks) {
    const text = isBehindReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    isBehindReturn = chunk.endsWith("\r");
    if (text !== "") yield text.replace(/\r\n?/g, "\n");
  }
}

const withoutLines = (text: string, count: number): string => text.split("\n").slice(count).join("\n");

/** The text after the first lines. */
async function* skipLines(chunks: AsyncIterable<string>, count: number): AsyncGenerator<string> {
  let left = count;
  for await (const chunk of chunks) {
    let at = 0;
    while (left > 0) {
      const end = chunk.indexOf("\n", at);
      if (end < 0) break;
      at = end + 1;
      left--;
    }
    if (left === 0) yield chunk.slice(at);
  }
}

interface Reading {
  readonly separator: string;
  readonly quote: string | undefined;
  readonly skipped: number;
  readonly bounds: Bounds;
}

async function* recordsOf(text: AsyncIterable<string>, reading: Reading): AsyncGenerator<RawRow> {
  const { separator, quote, skipped, bounds } = reading;
  const { parse } = createRequire(import.meta.url)("csv-parse") as typeof csvParse;
  let ended = 0;
  const parser = parse({
    delimiter: separator,
    quote: quote ?? false,
    escape: quote ?? '"',
    record_delimiter: "\n",
    relax_column_count: true,
    info: true,
    max_record_size: MAX_RECORD,
    // Records that were parsed but not yet consumed are lost when the next one is invalid; their lines locate the error.
    on_record: (record: string[], { lines }) => {
      ended = lines;
      return record;
    },
  });
  const source = Readable.from(text);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let line = skipped + 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const cells = record.map((cell) => cell.trim());
      // The last line may lack a line break, and counts nevertheless.
      if (cells.some((cell) => cell !== "")) {
        checkCells(cells, line, bounds);
        yield { line, cells };
      }
      line = skipped + info.lines + 1;
    }
  } catch (error) {
    throw asRefusal(error, skipped + ended + 1);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** Rejects a row with too many cells, or a cell that is too long. */
export function checkCells(cells: readonly string[], line: number, bounds: Bounds): void {
  if (cells.length > bounds.columns)
    throw new Refusal(`line ${line} has ${cells.length} columns; the maximum is ${bounds.columns} (maximum.columns).`);
  const at = cells.findIndex((cell) => cell.length > bounds.cell);
  if (at >= 0)
    throw new Refusal(
      `line ${line}, column ${at + 1}: the cell has ${cells[at]!.length} characters; the maximum is ${bounds.cell} (maximum.cell).`,
    );
}

const quoteErrors: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote starts there and is never closed",
  CSV_MAX_RECORD_SIZE: "a quote starts there and is not closed within millions of characters",
  INVALID_OPENING_QUOTE: "a quote appears within an unquoted cell",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote; quotes within a cell must be doubled",
};

function asRefusal(error: unknown, line: number): unknown {
  const { code = "" } = error as { code?: string };
  const problem = quoteErrors[code];
  return problem === undefined
    ? error
    : new Refusal(`line ${line}: ${problem}. Correct the file, or set \`quote\` to its quote character.`);
}
