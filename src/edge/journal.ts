import { Hono } from "hono";
import { z } from "zod";
import type { JournalStore } from "../journal/store.ts";

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const text = z.string().max(500);

/** What entries are searched by, as query parameters. */
const queryFormat = z.strictObject({
  from: time.optional(),
  until: time.optional(),
  route: text.optional(),
  caller: text.optional(),
  type: text.optional(),
  action: text.optional(),
  result: z.enum(["success", "failure"]).optional(),
  requestId: text.optional(),
  resource: text.optional(),
  search: text.optional(),
  before: text.optional(),
  after: text.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

/** The journal, for operators: `GET /journal` searches it, `GET /journal/ID` returns one entry with its steps. */
export function journalEndpoints(journal: Pick<JournalStore, "search" | "get"> | undefined): Hono {
  const app = new Hono();
  app.use("/journal/*", async (c, next) =>
    journal ? next() : c.json({ error: "This gateway keeps no journal: set `journal` in its configuration." }, 404),
  );
  app.get("/journal", async (c) => {
    const { data, error } = queryFormat.safeParse(c.req.query());
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    return c.json({ entries: await journal!.search(data) });
  });
  app.get("/journal/:id", async (c) => {
    const entry = await journal!.get(c.req.param("id"));
    return entry ? c.json(entry) : c.json({ error: "The journal has no entry with this ID." }, 404);
  });
  return app;
}
