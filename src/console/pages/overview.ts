import { Hono } from "hono";
import { z } from "zod";
import type { Overview, RequestSeries, Span } from "../api/overview.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";

/** What the overview asks. */
export interface OverviewDeps {
  readonly overview: () => Promise<Overview>;
  /** The requests of a route, or of all. Undefined if there is no such route. */
  readonly requests: (span: Span, route: string | undefined) => RequestSeries | undefined;
}

const asked = z.object({ span: z.enum(["hour", "day"]).default("hour"), route: z.string().max(200).optional() });

/** Health, requests over time, and what needs attention. */
export function overviewPage({ overview, requests }: OverviewDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get("/", async (c) => c.json(await overview()));
  app.get("/series", (c) => {
    const { data } = asked.safeParse(c.req.query());
    if (!data) return c.json({ error: 'The span is "hour" or "day".' }, 400);
    const found = requests(data.span, data.route || undefined);
    return found ? c.json(found) : c.json({ error: "There is no such route. A reload may have removed it." }, 404);
  });
  return app;
}
