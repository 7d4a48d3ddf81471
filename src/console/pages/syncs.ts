import { Hono } from "hono";
import { z } from "zod";
import type {
  SyncActed,
  SyncDrift,
  SyncPeople,
  SyncPersonPage,
  SyncRuns,
  SyncRunWish,
  SyncSummary,
} from "../api/syncs.ts";
import { operatorOnly } from "../console.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { bodyOf, limitFormat, queryOf, reasonFormat, textFormat } from "../given.ts";
import { Refusal } from "../refusal.ts";

/** What the pages on syncs ask and do. Acts are recorded under the operator's name. */
export interface SyncsDeps {
  readonly names: () => readonly string[];
  readonly summary: (name: string) => Promise<SyncSummary>;
  readonly runs: (name: string, before: number | undefined, limit: number) => Promise<SyncRuns>;
  readonly people: (name: string, query: PeopleQuery) => Promise<SyncPeople>;
  readonly person: (name: string, key: string) => Promise<SyncPersonPage | undefined>;
  readonly drift: (name: string) => Promise<SyncDrift>;
  /** Starts looking for drift, unless that is under way. */
  readonly lookForDrift: (name: string, by: string) => Promise<void>;
  /** Starts a run, and resolves once it has begun. */
  readonly run: (name: string, wish: SyncRunWish, by: string) => Promise<void>;
  readonly act: (name: string, act: SyncAct, by: string) => Promise<SyncActed>;
}

/** Which people to list: those with a plan, of whom changes are held, or with a status. */
export type PeopleQuery = z.output<typeof peopleFormat>;
/** An operator's act. */
export type SyncAct = z.output<typeof actFormat>;

const peopleFormat = z.strictObject({
  show: z.string().max(40).default("all"),
  kind: textFormat.optional(),
  /** Words of a name, a user name or an address, or of a key; or an account's ID. Looks among all, in order of names. */
  find: z.string().max(200).optional(),
  after: z.string().max(4000).default(""),
  limit: limitFormat,
});

const flag = z.boolean().default(false);
const movedFormat = z.strictObject({ from: z.string().max(4000), to: z.string().max(4000) });
const runFormat = z.strictObject({
  plan: flag,
  reconcile: flag,
  first: flag,
  acceptShrink: flag,
  same: movedFormat.optional(),
});

/** Maximum number of people that one act names. */
const MAX_PEOPLE = 1000;
const people = z.array(textFormat).max(MAX_PEOPLE);

const actFormat = z.discriminatedUnion("do", [
  z.strictObject({
    do: z.literal("release"),
    people: people.default([]),
    kind: textFormat.optional(),
    all: flag,
    as: textFormat.optional(),
    isNew: flag,
    seen: z.int().min(0),
    reason: reasonFormat,
  }),
  z.strictObject({ do: z.literal("retry"), people: people.default([]) }),
  z
    .strictObject({ do: z.literal("forget"), people: people.min(1), count: z.int(), reason: reasonFormat })
    .refine((given) => given.count === new Set(given.people).size, "the number that was typed is another"),
  z.strictObject({ do: z.literal("cancel") }),
]);

/** The server's part of the pages on syncs. */
export function syncsPage(deps: SyncsDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get("/", async (c) => c.json({ syncs: await Promise.all(deps.names().map(deps.summary)) }));
  app.use("/:name/*", async (c, next) => {
    if (!deps.names().includes(c.req.param("name"))) throw new Refusal("missing", "There is no such sync.");
    return next();
  });
  app.get("/:name", async (c) => c.json(await deps.summary(c.req.param("name"))));
  app.get("/:name/runs", async (c) => {
    const { before, limit } = queryOf(
      c,
      z.strictObject({ before: z.coerce.number().int().optional(), limit: limitFormat }),
    );
    return c.json(await deps.runs(c.req.param("name"), before, limit));
  });
  app.get("/:name/people", async (c) => c.json(await deps.people(c.req.param("name"), queryOf(c, peopleFormat))));
  app.get("/:name/person", async (c) => {
    const found = await deps.person(c.req.param("name"), queryOf(c, z.strictObject({ key: textFormat })).key);
    if (!found) throw new Refusal("missing", "The sync knows nobody with this key or account.");
    return c.json(found);
  });
  app.get("/:name/drift", async (c) => c.json(await deps.drift(c.req.param("name"))));
  app.post("/:name/drift", operatorOnly, async (c) => {
    await deps.lookForDrift(c.req.param("name"), c.var.operator.name);
    return c.json({}, 202);
  });
  app.post("/:name/run", operatorOnly, async (c) => {
    await deps.run(c.req.param("name"), await bodyOf(c, runFormat), c.var.operator.name);
    return c.json({}, 202);
  });
  app.post("/:name/act", operatorOnly, async (c) =>
    c.json(await deps.act(c.req.param("name"), await bodyOf(c, actFormat), c.var.operator.name)),
  );
  return app;
}
