import { RE2JS } from "re2js";
import { z } from "zod";
import { encodings } from "../../src/connector/kit/encoding.ts";
import { dateReader } from "./dates.ts";

/** A word as YAML may read it: NULL, 1 and true are no text there. */
const word = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const words = z.array(word).min(1);

const column = z.strictObject({
  name: z.string().min(1).optional().describe("The attribute's name in mappings, where it is not to be the header."),
  as: z
    .enum(["text", "date", "dateTime", "integer", "decimal", "boolean", "list"])
    .default("text")
    .describe("What the column holds; `list` is a JSON array, of JSON lines."),
  format: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe(
      "How dates are written: iso (2026-01-31), excel or excel1904 (serial numbers), or a pattern of yyyy, yy, mm, mmm and dd such as dd.mm.yyyy; several are tried in turn. A time of day may follow. Default: iso.",
    ),
  true: words.optional().describe("Words for true. Default: true, yes, y, 1, on, in any case."),
  false: words.optional().describe("Words for false. Default: false, no, n, 0, off."),
  nulls: words
    .optional()
    .describe("Words for no value in this column, such as 9999-12-31, beside those for all columns."),
});

const kind = z
  .strictObject({
    key: z.string().optional().describe("The column with the key, where each entry is one row."),
    rows: z
      .strictObject({
        by: z.string().describe("The column with the key."),
        order: z.array(z.string()).default([]).describe("Columns by which an entry's rows are ordered."),
        maximum: z.int().min(1).max(10_000).default(200).describe("Maximum number of rows that an entry may have."),
      })
      .optional()
      .describe("For files with several rows for each person: an entry is its key, and `rows`, the list of its rows."),
  })
  .refine(({ key, rows }) => (key === undefined) !== (rows === undefined), {
    message: 'a kind has either "key", where each entry is one row, or "rows: { by: COLUMN }"',
  });

const sftp = z.strictObject({
  host: z.string().describe("The SFTP server."),
  port: z.int().min(1).max(65535).default(22).describe("Its port."),
  user: z.string().describe("The account."),
  password: z.string().optional().describe("Its password; best ${file:PATH} or ${env:NAME}."),
  privateKey: z.string().optional().describe("A file with its private key, in OpenSSH's or PEM format."),
  passphrase: z.string().optional().describe("The passphrase of the private key; best ${file:PATH} or ${env:NAME}."),
  hostKey: z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe(
      "The fingerprint of the server's key, SHA256:..., as `ssh-keygen -lf` shows it; several while it is changed. A server with another key is not spoken to.",
    ),
  seconds: z.number().min(1).max(60).default(10).describe("Seconds that the server has to answer."),
  every: z.number().min(0).max(3600).default(10).describe("Seconds for which a look at the folder counts."),
});

const maximum = z.strictObject({
  bytes: z.int().min(1).default(268_435_456).describe("Maximum size of a file."),
  unpacked: z.int().min(1).default(2_147_483_648).describe("Maximum size of what a workbook unpacks to."),
  rows: z.int().min(1).default(1_000_000).describe("Maximum number of rows."),
  columns: z.int().min(1).max(1000).default(500).describe("Maximum number of columns."),
  cell: z.int().min(1).default(32_767).describe("Maximum length of a cell, in characters."),
  files: z.int().min(1).default(10_000).describe("Maximum number of files in the folder."),
  problems: z.int().min(1).max(1000).default(50).describe("Maximum number of problems that are told of one row."),
});

/** The settings of the connector. */
export const config = z
  .strictObject({
    path: z.string().optional().describe("The file; a relative path starts at the configuration's folder."),
    folder: z
      .strictObject({
        path: z.string().describe("The drop folder."),
        pattern: z
          .string()
          .describe("The names of its files, with * for any text and ? for a character: employees-*.csv."),
        newest: z
          .enum(["name", "modified"])
          .optional()
          .describe(
            "What tells which file is the newest: the date in its name, or when it was modified. Default: the name where all names have a date.",
          ),
      })
      .optional()
      .describe("A folder into which files are dropped, in place of `path`: the newest one is read."),
    sftp: sftp.optional().describe("An SFTP server that the file, or the folder, is on."),
    format: z
      .enum(["csv", "tsv", "jsonl", "xlsx"])
      .optional()
      .describe("The format. Default: by the name's ending: .csv and .txt, .tsv and .tab, .jsonl and .ndjson, .xlsx."),
    encoding: z
      .enum(encodings)
      .optional()
      .describe("The encoding. Default: by the byte order mark, then UTF-8 if it is valid, else Windows-1252."),
    separator: z.string().length(1).optional().describe("What separates cells. Default: a guess among , ; tab and |."),
    quote: z
      .union([z.string().length(1), z.literal(false)])
      .default('"')
      .describe("What cells are quoted with, doubled within; false for nothing."),
    header: z
      .union([z.int().min(1), z.array(z.string().min(1)).min(1)])
      .default(1)
      .describe(
        "The line, or the sheet's row, of the header: what stands before it is passed over. Or the names of the columns, where there is none.",
      ),
    sheet: z
      .union([z.string(), z.int().min(1)])
      .optional()
      .describe("The workbook's sheet, by its name or its number. Default: the first that is shown."),
    columns: z.record(z.string(), column).default({}).describe("What columns hold, by their header. Default: text."),
    required: z
      .array(z.string())
      .default([])
      .describe("Columns that a file must have beside keys and those in `columns`: name those that mappings read."),
    nulls: z.array(word).default([]).describe("Words for no value in all columns, such as NULL or N/A."),
    ids: z
      .strictObject({
        columns: z.array(z.string()).min(1).describe("The columns: the key, and those that refer to it."),
        pad: z.int().min(1).max(64).optional().describe("Fills digits up with zeros to this length."),
        case: z.enum(["upper", "lower"]).optional().describe("Makes letters alike."),
      })
      .optional()
      .describe("How keys are made alike in all columns that hold them, such as an id and the manager's id."),
    trailer: z
      .string()
      .optional()
      .describe(
        "A regular expression for the last line. A file without it was cut off. Where it captures a number, that must be the number of rows: ^TOTAL;(\\d+)$",
      ),
    done: z
      .string()
      .optional()
      .describe("The ending of a companion file that says that a file is finished: .done for employees.csv.done."),
    settle: z
      .number()
      .min(0)
      .max(60)
      .default(2)
      .describe("Seconds for which a new file's size and time must stay the same before it is read."),
    processed: z
      .string()
      .optional()
      .describe("A folder within the drop folder that files are moved to once they were taken."),
    failed: z.string().optional().describe("A folder within the drop folder that refused files are moved to."),
    stateFile: z
      .string()
      .optional()
      .describe(
        "Where it is remembered which file was taken last. Default: a hidden file in the drop folder; needed for SFTP.",
      ),
    temporary: z
      .string()
      .optional()
      .describe(
        "The folder that files are copied and loaded into while they are served. Default: the system's temporary folder; a container that is read only needs another.",
      ),
    maximum: maximum.prefault({}).describe("Bounds: a file that exceeds one is refused."),
    kinds: z.record(z.string(), kind).describe("The kinds of entries that there are."),
  })
  .superRefine((settings, context) => {
    const wrong = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    const { path, folder, sftp: server, columns, format, trailer, ids } = settings;
    if ((path === undefined) === (folder === undefined)) wrong(["path"], 'name either a "path" or a "folder"');
    if (server && settings.stateFile === undefined)
      wrong(["stateFile"], "a file on an SFTP server needs a local file to remember what was taken");
    if (server && (server.password === undefined) === (server.privateKey === undefined))
      wrong(["sftp"], 'name either a "password" or a "privateKey"');
    for (const [index, print] of (server ? [server.hostKey].flat() : []).entries())
      if (!/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(print))
        wrong(["sftp", "hostKey", index], "a fingerprint is SHA256: and 43 characters, as ssh-keygen -lf shows it");
    for (const [name, { as, format: dates }] of Object.entries(columns))
      for (const each of dates === undefined ? [] : [dates].flat()) {
        if (as !== "date" && as !== "dateTime") wrong(["columns", name, "format"], "only dates have a format");
        else if (!isDateFormat(each))
          wrong(["columns", name, "format"], `"${each}" is no date format: write dd.mm.yyyy`);
      }
    if (trailer !== undefined && !isExpression(trailer)) wrong(["trailer"], "it is no regular expression");
    if (trailer !== undefined && format === "jsonl") wrong(["trailer"], "JSON lines have no trailer");
    for (const name of keysOf(settings.kinds))
      if ((columns[name]?.as ?? "text") !== "text") wrong(["columns", name, "as"], "a key is text");
    for (const [index, name] of (ids?.columns ?? []).entries())
      if ((columns[name]?.as ?? "text") !== "text") wrong(["ids", "columns", index], "ids are text");
    for (const setting of ["processed", "failed"] as const)
      if (/^\.*$|[/\\]/.test(settings[setting] ?? "x"))
        wrong([setting], "name a folder within the drop folder, without a path");
  });

function isDateFormat(format: string): boolean {
  try {
    dateReader(format);
    return true;
  } catch {
    return false;
  }
}

function isExpression(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

/** The columns with the keys of kinds. */
export const keysOf = (kinds: Readonly<Record<string, z.output<typeof kind>>>): string[] => [
  ...new Set(Object.values(kinds).map(({ key, rows }) => key ?? rows!.by)),
];

/** The connector's settings, with the defaults. */
export type Settings = z.output<typeof config>;
