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
    .describe("The file; a relative path starts at the configuration's folder. Standard output without it."),
  key: z
    .string()
    .min(32, "a key has at least 32 characters")
    .optional()
    .describe(
      "Makes the records' hashes by HMAC-SHA256 with this key, best ${file:PATH}: who can write the file, but does not have the key, cannot make another log. Without it, hashes are SHA-256.",
    ),
  head: z
    .string()
    .optional()
    .describe(
      "The file that holds the number and hash of the last record, by which records that are missing at the end are found; FILE.head by default. Best on another disk.",
    ),
  chain: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "The name of this gateway's log among those of several, where `state` is PostgreSQL: each has one of its own. By default the machine's or container's name.",
    ),
  maxBytes: z
    .int()
    .min(10_000)
    .default(100_000_000)
    .describe("A file that is larger is put aside, and a new one begun."),
  sync: z
    .boolean()
    .default(false)
    .describe("Waits until each record is on the disk, so that a power failure loses none."),
});

/** Who writes a log: an id that is made with it, and stays with it, so that a gateway which was killed is let in again at once. */
function holderOf(path: string): string {
  const file = `${path}.id`;
  try {
    fs.writeFileSync(file, randomUUID(), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return `${hostname()} ${path} ${fs.readFileSync(file, "utf8").slice(0, 36)}`;
}

/** Records as lines of JSON, each chained to the one before. */
export default defineSink({
  type: "file",
  summary:
    "A file, or standard output: lines of JSON, each chained to the one before, so that `postern audit verify` finds what was altered or taken out.",
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
    // Standard output, or a device, begins a chain with each process.
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
