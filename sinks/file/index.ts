import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { defineSink } from "../../src/sink/sink.ts";
import { isDevice } from "./file.ts";
import { openAudit } from "./log.ts";

const config = z.strictObject({
  file: z
    .string()
    .optional()
    .describe("Audit file. Relative paths start at the configuration's folder. Default: standard output."),
  key: z
    .string()
    .meta({ secret: true })
    .min(32, "a key needs at least 32 characters")
    .optional()
    .describe(
      "Key for HMAC-SHA256 hashes of the records, preferably as ${file:PATH}. Without the key, somebody with access to the file cannot forge a log. Default: plain SHA-256.",
    ),
  head: z
    .string()
    .optional()
    .describe(
      "Head file with the number and hash of the last record, which reveals records missing at the end. Default: FILE.head. Preferably on another disk.",
    ),
  chain: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "Name of this gateway's log if several share `state` in PostgreSQL. It must be unique. Default: the name of the machine or container.",
    ),
  maxBytes: z.int().min(10_000).default(100_000_000).describe("Maximum size. A larger file is rotated."),
  sync: z
    .boolean()
    .default(false)
    .describe("Waits until each record is on the disk, so that a power failure loses none."),
});

/** The writer of a log: an ID that is stored with it, so that a restarted gateway regains access at once. */
function holderOf(path: string): string {
  const file = `${path}.id`;
  try {
    fs.writeFileSync(file, randomUUID(), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return `${hostname()} ${path} ${fs.readFileSync(file, "utf8").slice(0, 36)}`;
}

/** Records as JSON lines, each chained to the previous one. */
export default defineSink({
  type: "file",
  summary:
    "A file or standard output: JSON lines, each chained to the previous one, so that `postern audit verify` detects altered and removed records.",
  config,
  example: `type: file
file: /var/log/postern/audit.log
key: "\${file:/run/secrets/postern-audit-key}"
head: /srv/postern/audit.head
`,
  open: async ({ file, head, chain = hostname(), ...settings }, { folder, log, anchor }) => {
    const pathOf = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path));
    const path = pathOf(file);
    const options = { ...settings, file: path, head: pathOf(head), warn: log.warn };
    // Standard output, or a device, starts a chain with each process.
    if (!anchor || path === undefined || isDevice(path, fs)) return openAudit(options);
    const anchored = { chain, anchor: await anchor(chain, holderOf(path)) };
    try {
      return openAudit({ ...options, anchored });
    } catch (error) {
      await anchored.anchor.close();
      throw error;
    }
  },
});
