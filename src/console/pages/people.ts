import { type Context, Hono } from "hono";
import { z } from "zod";
import { ScimError } from "../../scim/error.ts";
import type { KnownPage, PeoplePage, PeopleTypes, PersonPage, ReferencesPage } from "../api/people.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { queryOf } from "../given.ts";
import { askedOrAway } from "../live/store.ts";
import type { Looking, PeopleDeps } from "../people/deps.ts";
import { knownResources, moreHistory } from "../people/history.ts";
import { listPage, typesOf } from "../people/list.ts";
import { personPage, referencesPage } from "../people/person.ts";

const text = z.string().max(1000);
const target = z.object({ route: text, type: text });
const listFormat = target.extend({
  by: text.optional(),
  text: text.default(""),
  cursor: z.string().max(4000).default(""),
});
const knownFormat = target.extend({ text: text.min(1) });
const resourceFormat = target.extend({ id: text.min(1) });
const historyFormat = resourceFormat.extend({ before: text });
const referencesFormat = resourceFormat.extend({ attribute: text, from: z.coerce.number().int().min(0).default(0) });

/** The server's part of the page on people and groups. Nothing of it changes anything. */
export function peoplePage({ journal, ...given }: PeopleDeps): ConsolePage {
  const deps = { ...given, journal: journal && { search: askedOrAway(journal.search) } };
  const app = new Hono<ConsoleEnv>();
  app.onError((error, c) => {
    // Refusals by the backend or by the gateway itself, in its own words.
    if (error instanceof ScimError) return c.json({ error: error.message }, error.status === 404 ? 404 : 502);
    throw error;
  });
  const looking = (
    c: Context<ConsoleEnv>,
    { route, type }: { readonly route: string; readonly type: string },
  ): Looking => ({
    route,
    type,
    by: c.var.operator.name,
    signal: c.req.raw.signal,
  });

  app.get("/types", (c) => c.json({ types: typesOf(deps) } satisfies PeopleTypes));
  app.get("/list", async (c) => {
    const asked = queryOf(c, listFormat);
    return c.json((await listPage(deps, looking(c, asked), asked)) satisfies PeoplePage);
  });
  app.get("/known", async (c) => c.json((await knownResources(deps, queryOf(c, knownFormat))) satisfies KnownPage));
  app.get("/resource", async (c) => {
    const asked = queryOf(c, resourceFormat);
    const page = await personPage(deps, looking(c, asked), asked.id);
    if (!page) return c.json({ error: "Neither the backend nor the journal knows a resource with this ID." }, 404);
    return c.json(page satisfies PersonPage);
  });
  app.get("/history", async (c) => c.json(await moreHistory(deps, queryOf(c, historyFormat))));
  app.get("/references", async (c) => {
    const asked = queryOf(c, referencesFormat);
    return c.json((await referencesPage(deps, looking(c, asked), asked)) satisfies ReferencesPage);
  });
  return app;
}
