import { open } from "node:fs/promises";
import { RE2JS } from "re2js";
import type { Encoding } from "../../src/connector/kit/encoding.ts";
import { openCsv } from "./csv.ts";
import { openJsonLines } from "./jsonl.ts";
import { type Bounds, type RawRow, type RawTable, Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import { openXlsx } from "./xlsx/index.ts";

type Format = NonNullable<Settings["format"]>;

/** The settings for reading a file. */
export type ReadSettings = Pick<
  Settings,
  "format" | "encoding" | "separator" | "quote" | "header" | "sheet" | "maximum"
>;

const ENDINGS: Readonly<Record<string, Format>> = {
  csv: "csv",
  txt: "csv",
  tsv: "tsv",
  tab: "tsv",
  jsonl: "jsonl",
  ndjson: "jsonl",
  xlsx: "xlsx",
  xlsm: "xlsx",
};

/** A file's format by its ending; separated values by default. */
export const formatOf = (name: string): Format => ENDINGS[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "csv";

/** Opens a local file. `name` is its name in the drop folder; `close` stops reading. */
export async function openFile(
  path: string,
  name: string,
  guessed: Encoding,
  settings: ReadSettings,
): Promise<RawTable & { readonly close: () => void }> {
  const { header, quote, separator, maximum } = settings;
  const bounds: Bounds = maximum;
  await checkContent(path);
  const encoding = settings.encoding ?? guessed;
  const close = () => {};
  switch (settings.format ?? formatOf(name)) {
    case "xlsx":
      return openXlsx(path, { header, sheet: settings.sheet, unpacked: maximum.unpacked }, bounds);
    case "jsonl":
      return { ...(await openJsonLines(path, encoding, bounds)), close };
    case "tsv":
      return { ...(await openCsv(path, csv(encoding, separator ?? "\t"), bounds)), close };
    default:
      return { ...(await openCsv(path, csv(encoding, separator), bounds)), close };
  }
  function csv(of: Encoding, by: string | undefined) {
    return { encoding: of, separator: by, quote: quote === false ? undefined : quote, header };
  }
}

/** Rejects files that are empty or encrypted. */
async function checkContent(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    if (bytesRead === 0)
      throw new Refusal(
        "the file is empty. It must contain at least its header, so this is treated as a failed export.",
      );
    const head = buffer.subarray(0, bytesRead).toString("latin1");
    if (head.startsWith("-----BEGIN PGP MESSAGE"))
      throw new Refusal("the file is encrypted with PGP. Decrypt it before dropping it.");
  } finally {
    await file.close();
  }
}

/**
 * The rows without the trailer. Throws a `Refusal` if the trailer is missing or has another count; if a row has more or fewer cells than
 * the header; and if there are no rows or too many.
 */
export async function* checkedRows(
  table: RawTable,
  trailer: string | undefined,
  maxRows: number,
): AsyncGenerator<RawRow> {
  const { rows, names, isStrict, separator } = table;
  const pattern = trailer === undefined ? undefined : RE2JS.compile(trailer);
  let count = 0;
  let last: RawRow | undefined;
  const checked = (row: RawRow): RawRow => {
    if (++count > maxRows) throw new Refusal(`the file has more than ${maxRows} rows (maximum.rows).`);
    const { line, cells } = row;
    const extra = cells.findIndex((cell, index) => cell !== "" && (index >= names.length || names[index] === ""));
    if (extra >= 0)
      throw new Refusal(
        `line ${line}, column ${extra + 1}: there is a value, but no such column in the header. Quote cells that contain separators.`,
      );
    if (isStrict && cells.length < names.length)
      throw new Refusal(
        `line ${line} has ${cells.length} columns, but the header has ${names.length}: the line is truncated, or cells are missing.`,
      );
    return row;
  };
  for await (const row of rows) {
    if (!pattern) {
      yield checked(row);
      continue;
    }
    if (last) yield checked(last);
    last = row;
  }
  if (pattern) checkTrailer(last, separator, pattern, count);
  if (count === 0)
    throw new Refusal(
      "the file has a header but no rows. This is treated as a failed export rather than as everybody having left.",
    );
}

function checkTrailer(last: RawRow | undefined, separator: string, pattern: RE2JS, count: number): void {
  const text =
    last?.cells.join(separator).replace(new RegExp(`[${separator === "\t" ? "\\t" : `\\${separator}`}]+$`), "") ?? "";
  const matcher = pattern.matcher(text);
  if (!last || !matcher.find())
    throw new Refusal(
      `${last ? `line ${last.line}` : "the end"}: the last line is not the trailer (\`trailer\`): the file is truncated.`,
    );
  const told = matcher.groupCount() > 0 ? matcher.group(1) : null;
  if (told !== null && Number(told) !== count)
    throw new Refusal(
      `line ${last.line}: the trailer counts ${told} rows, but the file has ${count}: rows are missing or repeated.`,
    );
}
