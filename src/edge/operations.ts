import { Hono } from "hono";

/** What operators are shown, and may do, at an address of their own. */
export interface Operations {
  /** The metrics, in Prometheus's text form. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
  readonly guards: ReadonlyMap<string, { readonly status: () => unknown; readonly release: () => void }>;
  readonly released: (route: string) => void;
}

/** `/metrics`, and the change guard: what it has let pass, and its release. */
export function createOperations({ metrics, guards, released }: Operations): Hono {
  const app = new Hono();
  app.get("/metrics", async (c) => {
    const { text, type } = await metrics();
    return c.body(text, 200, { "Content-Type": type });
  });
  app.get("/guard", (c) => c.json(Object.fromEntries([...guards].map(([route, { status }]) => [route, status()]))));
  app.post("/guard/release", (c) => {
    const route = c.req.query("route");
    const guard = route === undefined ? undefined : guards.get(route);
    if (!guard) return c.json({ error: `name a route: ${[...guards.keys()].join(", ") || "none has a guard"}` }, 404);
    guard.release();
    released(route!);
    return c.json({ released: route });
  });
  app.notFound((c) => c.json({ error: "/metrics, /guard, or POST /guard/release?route=..." }, 404));
  return app;
}
