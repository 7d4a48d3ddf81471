import { z } from "zod";

/** What the journal keeps. */
export const journalConfig = z
  .strictObject({
    days: z.int().min(1).max(3650).default(30).describe("How many days entries are kept."),
    megabytes: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1024)
      .describe("How much of them is kept, in megabytes; beyond it the oldest are forgotten first."),
    values: z
      .boolean()
      .default(false)
      .describe(
        "Whether the values that clients send are kept. Without it their structure, truth values and ids are. Secrets never are.",
      ),
    reads: z
      .boolean()
      .default(false)
      .describe(
        "Whether reads and searches that succeed are kept, too. A cycle of Entra's makes many more of them than writes.",
      ),
  })
  .describe(
    "Keeps each write and each failure, step by step, in the store: what was sent, what was asked of the backend, what was answered. Default: off.",
  );
