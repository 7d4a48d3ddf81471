import { RE2JS } from "re2js";
import { z } from "zod";
import { encodings } from "../../src/connector/kit/encoding.ts";
import { dateReader } from "./dates.ts";

/** A word as YAML may parse it: NULL, 1 and true are not text there. */
const word = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const words = z.array(word).min(1);

const column = z.strictObject({
  name: z.string().min(1).optional().describe("Attribute name in mappings. Default: the header."),
  as: z
    .enum(["text", "date", "dateTime", "integer", "decimal", "boolean", "list"])
    .default("text")
    .describe("Type of the column. `list` is a JSON array in JSON lines."),
  format: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe(
      "Date format: iso (2026-01-31), excel or excel1904 (serial numbers), or a pattern of yyyy, yy, mm, mmm and dd such as dd.mm.yyyy. Several are tried in order. A time may follow. Default: iso.",
    ),
  true: words.optional().describe("Words for true. Default: true, yes, y, 1, on, in any case."),
  false: words.optional().describe("Words for false. Default: false, no, n, 0, off, in any case."),
  nulls: words.optional().describe('Further words for "no value" in this column, such as 9999-12-31.'),
});

const kind = z
  .strictObject({
    key: z.string().optional().describe("Column with the key, if each entry is one row."),
    rows: z
      .strictObject({
        by: z.string().describe("Column with the key."),
        order: z.array(z.string()).default([]).describe("Columns that order an entry's rows."),
        maximum: z.int().min(1).max(10_000).default(200).describe("Maximum number of rows per entry."),
      })
      .optional()
      .describe("For files with several rows per person: the entry is a key, and its attribute `rows` lists its rows."),
  })
  .refine(({ key, rows }) => (key === undefined) !== (rows === undefined), {
    message: 'a kind needs either "key", for one row per entry, or "rows: { by: COLUMN }"',
  });

const sftp = z.strictObject({
  host: z.string().describe("SFTP server."),
  port: z.int().min(1).max(65535).default(22).describe("Port."),
  user: z.string().describe("Account."),
  password: z
    .string()
    .meta({ secret: true })
    .optional()
    .describe("Password, preferably as ${file:PATH} or ${env:NAME}."),
  privateKey: z.string().optional().describe("File with the private key, in OpenSSH or PEM format."),
  passphrase: z
    .string()
    .meta({ secret: true })
    .optional()
    .describe("Passphrase of the private key, preferably as ${file:PATH} or ${env:NAME}."),
  hostKey: z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe(
      "Fingerprint of the server's key, SHA256:..., as `ssh-keygen -lf` shows it. List several while the key is being replaced. Servers with another key are refused.",
    ),
  seconds: z.number().min(1).max(60).default(10).describe("Time limit for a response of the server, in seconds."),
  every: z.number().min(0).max(3600).default(10).describe("Seconds for which the folder's contents are cached."),
});

const maximum = z.strictObject({
  bytes: z.int().min(1).default(268_435_456).describe("Maximum size of a file."),
  unpacked: z.int().min(1).default(2_147_483_648).describe("Maximum uncompressed size of a workbook."),
  rows: z.int().min(1).default(1_000_000).describe("Maximum number of rows."),
  columns: z.int().min(1).max(1000).default(500).describe("Maximum number of columns."),
  cell: z.int().min(1).default(32_767).describe("Maximum length of a cell, in characters."),
  files: z.int().min(1).default(10_000).describe("Maximum number of files in the folder."),
  problems: z.int().min(1).max(1000).default(50).describe("Maximum number of problems reported per row."),
});

/** The settings of the connector. */
export const config = z
  .strictObject({
    path: z.string().optional().describe("File. Relative paths start at the configuration's folder."),
    folder: z
      .strictObject({
        path: z.string().describe("Drop folder."),
        pattern: z
          .string()
          .describe("Pattern of file names, with * for any text and ? for one character: employees-*.csv."),
        newest: z
          .enum(["name", "modified"])
          .optional()
          .describe(
            "How to find the newest file: by the date in its name, or by modification time. Default: the name, if all names contain a date.",
          ),
      })
      .optional()
      .describe("Drop folder, instead of `path`. The newest matching file is read."),
    sftp: sftp.optional().describe("SFTP server with the file or folder."),
    format: z
      .enum(["csv", "tsv", "jsonl", "xlsx"])
      .optional()
      .describe("File format. Default: by the ending: .csv and .txt, .tsv and .tab, .jsonl and .ndjson, .xlsx."),
    encoding: z
      .enum(encodings)
      .optional()
      .describe("Encoding. Default: by the byte order mark, then UTF-8 if valid, else Windows-1252."),
    separator: z
      .string()
      .length(1)
      .optional()
      .describe("Separator between cells. Default: a guess among , ; tab and |."),
    quote: z
      .union([z.string().length(1), z.literal(false)])
      .default('"')
      .describe("Quote character, doubled within quotes; false if nothing is quoted."),
    header: z
      .union([z.int().min(1), z.array(z.string().min(1)).min(1)])
      .default(1)
      .describe(
        "Line of the header (in a workbook, the row); earlier lines are skipped. Or the column names, if there is no header.",
      ),
    sheet: z
      .union([z.string(), z.int().min(1)])
      .optional()
      .describe("Sheet of a workbook, by name or number. Default: the first visible one."),
    columns: z.record(z.string(), column).default({}).describe("Types of columns, by header. Default: text."),
    required: z
      .array(z.string())
      .default([])
      .describe(
        "Columns that a file must have, in addition to keys and those in `columns`. List those that mappings read.",
      ),
    nulls: z.array(word).default([]).describe('Words for "no value" in all columns, such as NULL or N/A.'),
    ids: z
      .strictObject({
        columns: z.array(z.string()).min(1).describe("Columns with keys: the key itself, and those that refer to it."),
        pad: z.int().min(1).max(64).optional().describe("Pads digits with leading zeros to this length."),
        case: z.enum(["upper", "lower"]).optional().describe("Converts letters to one case."),
      })
      .optional()
      .describe("Normalises keys in all columns that hold them, such as an ID and the manager's ID."),
    trailer: z
      .string()
      .optional()
      .describe(
        "Regular expression for the last line. A file without it is truncated. If it captures a number, that must be the number of rows: ^TOTAL;(\\d+)$",
      ),
    done: z
      .string()
      .optional()
      .describe("Ending of a companion file that marks a file as finished: .done for employees.csv.done."),
    settle: z
      .number()
      .min(0)
      .max(60)
      .default(2)
      .describe("Seconds for which a new file's size and modification time must not change before it is read."),
    processed: z.string().optional().describe("Subfolder of the drop folder for accepted files."),
    failed: z.string().optional().describe("Subfolder of the drop folder for refused files."),
    stateFile: z
      .string()
      .optional()
      .describe(
        "File that records which file was accepted last. Default: a hidden file in the drop folder. Required for SFTP.",
      ),
    temporary: z
      .string()
      .optional()
      .describe("Folder for working copies. Default: the system's temporary folder. Set it in a read-only container."),
    maximum: maximum.prefault({}).describe("Size limits. A file that exceeds one is refused."),
    kinds: z.record(z.string(), kind).describe("The kinds of entries, under names that mappings use."),
  })
  .superRefine((settings, context) => {
    const wrong = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    const { path, folder, sftp: server, columns, format, trailer, ids } = settings;
    if ((path === undefined) === (folder === undefined)) wrong(["path"], 'set either "path" or "folder"');
    if (server && settings.stateFile === undefined)
      wrong(["stateFile"], "with SFTP, set stateFile to a local file that records which file was accepted last");
    if (server && (server.password === undefined) === (server.privateKey === undefined))
      wrong(["sftp"], 'set either "password" or "privateKey"');
    for (const [index, print] of (server ? [server.hostKey].flat() : []).entries())
      if (!/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(print))
        wrong(["sftp", "hostKey", index], "a fingerprint is SHA256: and 43 characters, as ssh-keygen -lf shows it");
    for (const [name, { as, format: dates }] of Object.entries(columns))
      for (const each of dates === undefined ? [] : [dates].flat()) {
        if (as !== "date" && as !== "dateTime") wrong(["columns", name, "format"], "only dates have a format");
        else if (!isDateFormat(each))
          wrong(["columns", name, "format"], `"${each}" is not a date format: write dd.mm.yyyy`);
      }
    if (trailer !== undefined && !isExpression(trailer)) wrong(["trailer"], "this is not a valid regular expression");
    if (trailer !== undefined && format === "jsonl") wrong(["trailer"], "JSON lines have no trailer");
    for (const name of keysOf(settings.kinds))
      if ((columns[name]?.as ?? "text") !== "text") wrong(["columns", name, "as"], "a key must be text");
    for (const [index, name] of (ids?.columns ?? []).entries())
      if ((columns[name]?.as ?? "text") !== "text") wrong(["ids", "columns", index], "IDs must be text");
    for (const setting of ["processed", "failed"] as const)
      if (/^\.*$|[/\\]/.test(settings[setting] ?? "x")) wrong([setting], "use the name of a subfolder, without a path");
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

/** The key columns of kinds. */
export const keysOf = (kinds: Readonly<Record<string, z.output<typeof kind>>>): string[] => [
  ...new Set(Object.values(kinds).map(({ key, rows }) => key ?? rows!.by)),
];

/** The connector's settings with defaults. */
export type Settings = z.output<typeof config>;
