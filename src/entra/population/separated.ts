import { createRequire } from "node:module";
import { Readable } from "node:stream";
import type * as csvParse from "csv-parse";
import { decodeText, type Encoding, sniffEncoding } from "../../connector/kit/encoding.ts";
import { guessSeparator, toldSeparator } from "../../connector/kit/separator.ts";
import { nameOf, PopulationFileError, type Row, type Source } from "./records.ts";

/** How many characters are examined to guess the separator. */
const HEAD = 65_536;

/** The rows of a CSV or TSV file. The encoding and the separator are guessed. */
export async function* readSeparated(source: Source): AsyncGenerator<Row> {
  const { encoding, separator, skipped } = await survey(source);
  const { parse } = createRequire(import.meta.url)("csv-parse") as typeof csvParse;
  const text = Readable.from(textOf(source, encoding));
  const parser = parse({
    delimiter: separator,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    info: true,
    from_line: skipped + 1,
  });
  text.on("error", (error) => parser.destroy(error));
  text.pipe(parser);
  let header: readonly string[] | undefined;
  let line = skipped + 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (!header) header = headerOf(record, source, line);
      else if (record.some((cell) => cell !== "")) yield rowOf(record, header, source, line);
      line = info.lines + 1;
    }
  } catch (error) {
    throw asFileError(error, source);
  } finally {
    text.destroy();
    parser.destroy();
  }
  if (!header) throw new PopulationFileError(`${nameOf(source)} is empty. Its first line must name the columns.`);
}

interface Survey {
  readonly encoding: Encoding;
  readonly separator: string;
  /** Lines before the header: Excel's `sep=;` and PowerShell's `#TYPE`. */
  readonly skipped: number;
}

async function survey(source: Source): Promise<Survey> {
  const encoding = await sniffEncoding(source.path);
  let head = "";
  for await (const chunk of textOf(source, encoding)) {
    head += chunk;
    if (head.length >= HEAD) break;
  }
  const told = toldSeparator(head);
  const skipped = told !== undefined || /^\ufeff?#TYPE /.test(head) ? 1 : 0;
  const rows = head.split("\n").slice(skipped).join("\n");
  return { encoding, separator: told ?? guessSeparator(rows, '"'), skipped };
}

/** A file's text. */
export const textOf = (source: Source, encoding: Encoding): AsyncGenerator<string> =>
  decodeText(
    source.path,
    encoding,
    ({ line, character }) =>
      new PopulationFileError(
        `${nameOf(source)}:${line}:${character}: the bytes are not valid ${encoding}. Save the file as UTF-8.`,
      ),
  );

function headerOf(record: readonly string[], source: Source, line: number): readonly string[] {
  const names = record.map((name) => name.trim());
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const before = seen.get(name.toLowerCase());
    if (name !== "" && before !== undefined)
      throw new PopulationFileError(
        `${nameOf(source)}:${line}:${index + 1}: columns ${before + 1} and ${index + 1} are both named "${name}". Rename or remove one.`,
      );
    seen.set(name.toLowerCase(), index);
  }
  return names;
}

function rowOf(cells: readonly string[], header: readonly string[], source: Source, line: number): Row {
  const placeOf = (name?: string) =>
    `${nameOf(source)}:${line}${name === undefined ? "" : `:${header.indexOf(name) + 1} (${name})`}`;
  if (cells.length !== header.length)
    throw new PopulationFileError(
      `${placeOf()}: the row has ${cells.length} columns, but the header has ${header.length}. Quote cells that contain the separator or line breaks.`,
    );
  return { values: header.map((name, index) => [name, cells[index]] as const), placeOf };
}

function asFileError(error: unknown, source: Source): unknown {
  const { code = "", lines, message } = error as { code?: string; lines?: number; message: string };
  return typeof code === "string" && /^(CSV_|INVALID_OPENING_QUOTE)/.test(code)
    ? new PopulationFileError(
        `${nameOf(source)}:${lines ?? 1}: invalid quotes (${message}). Quote whole cells, and double the quotes within them.`,
      )
    : error;
}
