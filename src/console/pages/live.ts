import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { timeOfId } from "../../journal/entry.ts";
import type { JournalStore } from "../../journal/store.ts";
import type { LiveChoices, LiveEntry, LiveList, LiveRequest } from "../api/live.ts";
import { cutOf } from "../cut.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { queryOf } from "../given.ts";
import { commandsOf, type Sent } from "../live/commands.ts";
import { lineOf } from "../live/line.ts";
import { createPlaces } from "../live/places.ts";
import { linesWithNames, orAway, withNames } from "../live/store.ts";
import { streamEntries } from "../live/stream.ts";
import { createTail } from "../live/tail.ts";
import { Refusal } from "../refusal.ts";

/** What the page asks the journal. */
export type LiveJournal = Pick<JournalStore, "search" | "ids" | "lines" | "get" | "displays">;

/** What the page shows. */
export interface LiveSources {
  /** The journal; undefined if the gateway keeps none. */
  readonly journal: LiveJournal | undefined;
  readonly choices: () => LiveChoices;
  /** Where requests for a resource type of a route are sent; undefined if the route has no such type any more. */
  readonly sentTo: (route: string, type: string) => Sent | undefined;
  /** What a connector is, and where it asks; undefined if the configuration has none of this name. */
  readonly serverOf: (connector: string) => LiveEntry["servers"][string] | undefined;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** How many entries a list has. */
const LISTED = 100;

const text = z.string().max(500).optional();
const time = z.iso
  .datetime({ offset: true })
  .transform((given) => Date.parse(given))
  .optional();
const id = z.string().regex(/^\w{1,64}$/);
const filters = {
  from: time,
  until: time,
  route: text,
  caller: text,
  type: text,
  action: text,
  result: z.enum(["success", "failure"]).optional(),
  requestId: text,
  /** A resource's requests are also those of groups that it was added to, or taken out of. */
  resource: text,
  search: text,
};
const listFormat = z.strictObject({ ...filters, before: id.optional() }).transform(asAsked);
const streamFormat = z.strictObject({ ...filters, after: id.optional() }).transform(asAsked);

function asAsked<Asked extends { readonly resource?: string | undefined }>({ resource, ...asked }: Asked) {
  return { ...asked, about: resource === undefined ? undefined : { id: resource } };
}

/** The server's part of the page of requests: lists, one entry, and a stream of those that come. */
export function livePage({ journal: store, choices, sentTo, serverOf, stopping }: LiveSources): ConsolePage {
  const app: ConsolePage = new Hono<ConsoleEnv>();
  if (!store) {
    app.all("/*", (c) =>
      c.json({ error: "This gateway keeps no journal. Add journal: {} to its configuration." }, 404),
    );
    return app;
  }
  const journal = orAway(store);
  const tail = createTail(store);
  const places = createPlaces();

  app.get("/", async (c) => {
    const query = queryOf(c, listFormat);
    const { rows, last } = await cutOf(LISTED, (limit) => journal.search({ ...query, limit }));
    const shown = await linesWithNames(journal, rows);
    return c.json({ entries: shown.map(lineOf), hasOlder: last !== undefined } satisfies LiveList);
  });
  app.get("/choices", (c) => c.json(choices()));
  app.get("/request/:id", async (c) => {
    const requestId = c.req.param("id").slice(0, 500);
    return c.json({ entries: await journal.ids({ requestId, limit: 2 }) } satisfies LiveRequest);
  });
  app.get("/entry/:id", async (c) => {
    const found = await journal.get(c.req.param("id"));
    if (!found) throw new Refusal("missing", "The journal has no such entry, or no longer.");
    const entry = await withNames(journal, found);
    const sent = sentTo(entry.route, entry.type);
    const answered = timeOfId(entry.id);
    const asked = entry.steps.flatMap(({ failure, connector }) => (failure && connector ? [connector] : []));
    const known = asked.map((name) => [name, serverOf(name)] as const).filter(([, server]) => server !== undefined);
    const servers = Object.fromEntries(known) as LiveEntry["servers"];
    const commands = sent && commandsOf(entry, sent);
    return c.json({ entry, answered, servers, commands } satisfies LiveEntry);
  });
  app.get("/room", (c) => {
    // Takes no place: it says whether there is one, as browsers don't say why a stream was refused.
    places.take(c.var.operator.session)();
    return c.json({});
  });
  app.get("/stream", (c) => {
    // Hono would answer HEAD as GET, and nobody would read the stream.
    if (c.req.method !== "GET") return c.json({ error: "Use GET." }, 405);
    const { after: given, ...filter } = queryOf(c, streamFormat);
    const leave = places.take(c.var.operator.session);
    // A browser that comes back by itself says more recently what it has.
    const after = id.safeParse(c.req.header("last-event-id")).data ?? given;
    // Proxies such as nginx would collect what is sent.
    c.header("X-Accel-Buffering", "no");
    const { outgoing } = c.env as HttpBindings;
    // Cut off, because a browser that doesn't read would hold up the end of the gateway.
    const cut = () => outgoing.destroy();
    stopping.addEventListener("abort", cut);
    outgoing.once("close", leave);
    return streamSSE(c, async (stream) => {
      try {
        const { isSignedIn } = c.var;
        await streamEntries(stream, { tail, search: store.search }, { filter, after, isSignedIn });
      } finally {
        stopping.removeEventListener("abort", cut);
        leave();
      }
    });
  });
  return app;
}
