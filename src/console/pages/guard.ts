import { Hono } from "hono";
import { z } from "zod";
import type {
  GuardAct,
  GuardActed,
  GuardOverview,
  GuardPage,
  GuardPlace,
  GuardReleased,
  GuardSeen,
  GuardStopped,
} from "../api/guard.ts";
import { operatorOnly } from "../console.ts";
import { type Cut, cutOf } from "../cut.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { bodyOf, limitFormat, queryOf, reasonFormat, textFormat } from "../given.ts";
import { Refusal } from "../refusal.ts";

/** What the page asks about the guard, and does to what it stopped. Acts are recorded under the operator's name. */
export interface GuardDeps {
  readonly overview: () => Promise<GuardOverview>;
  readonly stopped: (list: GuardList) => Promise<readonly GuardStopped[]>;
  readonly released: (list: GuardList) => Promise<readonly GuardReleased[]>;
  readonly seen: (filter: GuardFilter) => Promise<GuardSeen>;
  readonly act: (name: "release" | "dismiss", act: GuardAct, by: string) => Promise<GuardActed>;
}

/** Which changes are meant. */
export interface GuardFilter {
  readonly route: string;
  readonly type?: string | undefined;
  readonly danger?: string | undefined;
}

/** Which changes to list, and behind which. */
export interface GuardList extends GuardFilter {
  readonly after: GuardPlace | undefined;
  readonly limit: number;
}

/** Maximum number of changes that one act names. */
const MAX_PLACES = 1000;

const danger = z.enum(["deletes", "disables"]);
const placeFormat = z.strictObject({ type: textFormat, danger, key: textFormat });
const seenFormat = z.strictObject({ route: textFormat, type: textFormat.optional(), danger: danger.optional() });
const listFormat = seenFormat.extend({ after: z.string().max(8000).optional(), limit: limitFormat });
const actFormat = seenFormat
  .extend({
    places: z
      .array(placeFormat.extend({ since: z.int().nonnegative() }))
      .min(1)
      .max(MAX_PLACES)
      .optional(),
    seen: textFormat.optional(),
    reason: reasonFormat,
  })
  .refine(({ places, seen }) => places !== undefined || seen !== undefined, "say which changes you mean");

/** The server's part of the page on the guard. */
export function guardPage({ overview, stopped, released, seen, act }: GuardDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get("/", async (c) => c.json(await overview()));
  app.get("/seen", async (c) => c.json(await seen(queryOf(c, seenFormat))));
  const list = async <Row extends GuardPlace>(
    given: z.output<typeof listFormat>,
    ask: (wanted: GuardList) => Promise<readonly Row[]>,
  ) => pageOf(await cutOf(given.limit, (limit) => ask({ ...given, limit, after: placeOf(given.after) })));
  app.get("/stopped", async (c) => c.json(await list(queryOf(c, listFormat), stopped)));
  app.get("/released", async (c) => c.json(await list(queryOf(c, listFormat), released)));
  app.post("/:act{release|dismiss}", operatorOnly, async (c) => {
    const asked = (await bodyOf(c, actFormat)) as GuardAct;
    return c.json(await act(c.req.param("act") as "release" | "dismiss", asked, c.var.operator.name));
  });
  return app;
}

function pageOf<Row extends GuardPlace>({ rows: entries, last }: Cut<Row>): GuardPage<Row> {
  if (!last) return { entries };
  const { type, danger, key } = last;
  return { entries, next: Buffer.from(JSON.stringify({ type, danger, key })).toString("base64url") };
}

function placeOf(cursor: string | undefined): GuardPlace | undefined {
  if (cursor === undefined) return undefined;
  try {
    return placeFormat.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new Refusal("wrong", "The list cannot be continued there. Reload the page.");
  }
}
