import { z } from "zod";

/** What the journal keeps. */
export const journalConfig = z
  .strictObject({
    days: z.int().min(1).max(3650).default(30).describe("Days to keep entries."),
    megabytes: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1024)
      .describe("Maximum size of the journal, in megabytes. The oldest entries are deleted first."),
    values: z
      .boolean()
      .default(false)
      .describe(
        "Keeps the values that clients send. Without it only the structure, true and false, and IDs are kept. Secrets never are.",
      ),
    reads: z
      .boolean()
      .default(false)
      .describe("Keeps successful reads and searches, too. Entra sends many more of them than writes."),
  })
  .describe("Journal: each write and each failure, step by step, kept in the store. Default: off.");
