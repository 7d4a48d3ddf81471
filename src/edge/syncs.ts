import { Hono } from "hono";
import { z } from "zod";

/** Options of a requested run. */
const runFormat = z.strictObject({
  plan: z.boolean().default(false),
  reconcile: z.boolean().default(false),
  first: z.boolean().default(false),
  acceptShrink: z.boolean().default(false),
  sameTarget: z.boolean().default(false),
});

const people = z.array(z.string().min(1)).max(10_000);
/** At least one letter or digit is required: without it a text says nothing. */
const said = (message: string, length: number) =>
  z
    .string()
    .trim()
    .regex(/[\p{L}\p{N}]/u, message)
    .max(length);
const who = { by: said('"by" must say who requests it', 200), reason: said('"reason" must say why', 1000).optional() };

/** Operators' actions on a sync, apart from runs. */
const actFormat = z.discriminatedUnion("do", [
  z.strictObject({
    ...who,
    do: z.literal("release"),
    reason: said('"reason" must say why', 1000),
    people: people.default([]),
    kind: z.string().optional(),
    all: z.boolean().default(false),
    as: z.string().optional(),
    isNew: z.boolean().default(false),
    seen: z.int().min(0).optional(),
  }),
  z.strictObject({ ...who, do: z.literal("retry"), people: people.default([]) }),
  z.strictObject({ ...who, do: z.literal("forget"), people: people.min(1) }),
  z.strictObject({ ...who, do: z.literal("cancel") }),
]);

/** A requested action, and the operator. */
export type AskedAct = z.output<typeof actFormat>;

/** The operators' interface to syncs. */
export interface SyncAdmin {
  readonly names: () => readonly string[];
  readonly status: (name: string) => Promise<unknown>;
  /** Runs a sync, recorded as the act of an operator. `busy` says why it cannot run now. */
  readonly run: (
    name: string,
    wish: {
      readonly isPlan: boolean;
      readonly isReconciling: boolean;
      readonly isFirst: boolean;
      readonly acceptsShrink: boolean;
      readonly isSameTarget: boolean;
      readonly cause: string;
      readonly by: string;
    },
  ) => Promise<{ readonly report: unknown } | { readonly busy: string }>;
  /** Performs and records an operator's action. `busy` and `wrong` say why it was not performed. */
  readonly act: (
    name: string,
    asked: AskedAct,
  ) => Promise<
    | { readonly count: number; readonly unknown: readonly string[] }
    | { readonly busy: string }
    | { readonly wrong: string }
  >;
  /** Starts a run if the request has the signature of the sync's `signal`; reports whether it has. */
  readonly signal: (
    name: string,
    request: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body: string },
  ) => boolean;
}

/** Signals need no token: their signature authorises them. */
export function syncSignals(syncs: SyncAdmin): Hono {
  const app = new Hono();
  app.post("/syncs/:name/signal", async (c) => {
    const headers = c.req.header();
    const isSigned = syncs.signal(c.req.param("name"), { headers, body: await c.req.text() });
    return isSigned ? c.json({ status: "run started" }, 202) : c.json({ error: "invalid signature" }, 401);
  });
  return app;
}

/** Status, runs and people of syncs, for holders of a token. */
export function syncEndpoints(syncs: SyncAdmin): Hono<{ Variables: { operator: string | undefined } }> {
  const app = new Hono<{ Variables: { operator: string | undefined } }>();
  app.get("/syncs", async (c) => {
    const all = await Promise.all(syncs.names().map(async (name) => [name, await syncs.status(name)] as const));
    return c.json(Object.fromEntries(all));
  });
  app.post("/syncs/:name/run", async (c) => {
    const name = c.req.param("name");
    if (!syncs.names().includes(name))
      return c.json({ error: `No such sync. Available: ${syncs.names().join(", ")}.` }, 404);
    const text = await c.req.text();
    const { data, error } = runFormat.safeParse(text === "" ? {} : await c.req.json().catch(() => undefined));
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    const { plan, reconcile, first, acceptShrink, sameTarget } = data;
    const by = c.get("operator") ?? "somebody";
    const wish = {
      isPlan: plan,
      isReconciling: reconcile,
      isFirst: first,
      acceptsShrink: acceptShrink,
      isSameTarget: sameTarget,
      cause: `${by}, by HTTP`,
      by,
    };
    const answer = await syncs.run(name, wish);
    return "busy" in answer ? c.json({ error: answer.busy }, 409) : c.json(answer.report as object);
  });
  app.post("/syncs/:name/:act{release|retry|forget|cancel}", async (c) => {
    const { name, act } = c.req.param();
    if (!syncs.names().includes(name))
      return c.json({ error: `No such sync. Available: ${syncs.names().join(", ")}.` }, 404);
    if (!/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))
      return c.json({ error: "Send JSON with by, reason and the people." }, 415);
    const given: unknown = await c.req.json().catch(() => undefined);
    if (typeof given !== "object" || given === null) return c.json({ error: "Send a JSON object." }, 400);
    // A token identifies its operator, whatever the body says.
    const operator = c.get("operator");
    const { new: isNew, ...asked } = given as { readonly new?: unknown };
    const { data, error } = actFormat.safeParse({
      ...asked,
      do: act,
      ...(isNew !== undefined && { isNew }),
      ...(operator !== undefined && { by: operator }),
    });
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    const answer = await syncs.act(name, data);
    if ("busy" in answer) return c.json({ error: answer.busy }, 409);
    return "wrong" in answer ? c.json({ error: answer.wrong }, 400) : c.json(answer);
  });
  return app;
}
