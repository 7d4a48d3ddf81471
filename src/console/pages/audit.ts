import { Hono } from "hono";
import { z } from "zod";
import type { AuditOne, AuditOverview, AuditPage } from "../api/audit.ts";
import { operatorOnly } from "../console.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { bodyOf, limitFormat, queryOf, textFormat } from "../given.ts";
import { Refusal } from "../refusal.ts";

/** What the page asks about the audit log. */
export interface AuditDeps {
  readonly overview: () => Promise<AuditOverview>;
  /** Starts verifying the log, unless that is under way. Returns at once. */
  readonly verify: (by: string, known: z.output<typeof knownFormat>) => Promise<void>;
  readonly search: (query: AuditQuery) => Promise<AuditPage>;
  readonly record: (seq: number) => Promise<AuditOne | undefined>;
}

/** What records are looked for by. */
export type AuditQuery = z.output<typeof queryFormat>;

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const hash = z
  .string()
  .trim()
  .regex(/^[0-9a-f]{64}$/, "a hash has 64 hexadecimal digits");

/** What is known of the log from elsewhere: the hash before its first record, and one that must be there. */
const knownFormat = z.strictObject({ first: hash.optional(), last: hash.optional() });

const queryFormat = z.strictObject({
  from: time.optional(),
  until: time.optional(),
  kind: z.enum(["writes", "refused", "acts", "log"]).optional(),
  by: textFormat.optional(),
  /** A person's or group's name, or a part of it; or a key or ID. */
  resource: z.string().trim().min(1).max(200).optional(),
  action: textFormat.optional(),
  result: z.enum(["ok", "failed", "refused", "unknown"]).optional(),
  route: textFormat.optional(),
  next: z
    .string()
    .regex(/^[\d-]{1,60}\.\d{1,15}$/, "the search cannot go on there")
    .optional(),
  limit: limitFormat,
});

/** The server's part of the page on the audit log. All see the result of a verification, so only operators start one. */
export function auditPage({ overview, verify, search, record }: AuditDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get("/", async (c) => c.json(await overview()));
  app.post("/verify", operatorOnly, async (c) => {
    await verify(c.var.operator.name, await bodyOf(c, knownFormat));
    return c.json({}, 202);
  });
  app.get("/records", async (c) => c.json(await search(queryOf(c, queryFormat))));
  app.get("/records/:seq{[0-9]{1,15}}", async (c) => {
    const found = await record(Number(c.req.param("seq")));
    if (!found) throw new Refusal("missing", "The log has no record with this number.");
    return c.json(found);
  });
  return app;
}
