import { Hono } from "hono";
import { z } from "zod";

/** What a run that is asked for is to do. */
const runFormat = z.strictObject({
  plan: z.boolean().default(false),
  reconcile: z.boolean().default(false),
  first: z.boolean().default(false),
  acceptShrink: z.boolean().default(false),
});

/** The administrators' side of syncs. */
export interface SyncAdmin {
  readonly names: () => readonly string[];
  readonly status: (name: string) => Promise<unknown>;
  /** Runs a sync; `busy` says why not where it does not run. */
  readonly run: (
    name: string,
    wish: {
      readonly isPlan: boolean;
      readonly isReconciling: boolean;
      readonly isFirst: boolean;
      readonly acceptsShrink: boolean;
      readonly cause: string;
    },
  ) => Promise<{ readonly report: unknown } | { readonly busy: string }>;
  /** Begins a run where the request is signed as the sync's `signal` asks; says whether it is. */
  readonly signal: (
    name: string,
    request: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body: string },
  ) => boolean;
}

/** Signals need no token: who sends one proves by its signature that it may. */
export function syncSignals(syncs: SyncAdmin): Hono {
  const app = new Hono();
  app.post("/syncs/:name/signal", async (c) => {
    const headers = c.req.header();
    const isSigned = syncs.signal(c.req.param("name"), { headers, body: await c.req.text() });
    return isSigned
      ? c.json({ status: "a run begins" }, 202)
      : c.json({ error: "the signature is not this sync's" }, 401);
  });
  return app;
}

/** Status and runs of syncs, for who holds a token. */
export function syncEndpoints(syncs: SyncAdmin): Hono<{ Variables: { operator: string | undefined } }> {
  const app = new Hono<{ Variables: { operator: string | undefined } }>();
  app.get("/syncs", async (c) => {
    const all = await Promise.all(syncs.names().map(async (name) => [name, await syncs.status(name)] as const));
    return c.json(Object.fromEntries(all));
  });
  app.post("/syncs/:name/run", async (c) => {
    const name = c.req.param("name");
    if (!syncs.names().includes(name)) return c.json({ error: `name a sync: ${syncs.names().join(", ")}` }, 404);
    const text = await c.req.text();
    const { data, error } = runFormat.safeParse(text === "" ? {} : await c.req.json().catch(() => undefined));
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    const { plan, reconcile, first, acceptShrink } = data;
    const cause = `${c.get("operator") ?? "somebody"}, by HTTP`;
    const wish = { isPlan: plan, isReconciling: reconcile, isFirst: first, acceptsShrink: acceptShrink, cause };
    const answer = await syncs.run(name, wish);
    return "busy" in answer ? c.json({ error: answer.busy }, 409) : c.json(answer.report as object);
  });
  return app;
}
