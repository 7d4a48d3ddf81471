import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import type { JournalStore } from "../../journal/store.ts";
import type { LiveChoices, LiveEntry, LiveList } from "../api/live.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { commandsOf, type Sent } from "../live/commands.ts";
import { streamEntries } from "../live/stream.ts";
import { createTail } from "../live/tail.ts";

/** What the page shows. */
export interface LiveSources {
  /** The journal; undefined if the gateway keeps none. */
  readonly journal: Pick<JournalStore, "search" | "get"> | undefined;
  readonly choices: () => LiveChoices;
  /** Where requests for a resource type of a route are sent; undefined if the route has no such type any more. */
  readonly sentTo: (route: string, type: string) => Sent | undefined;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** How many entries a list has. */
const LISTED = 100;
/** How many browsers are told of new entries. */
const MAX_STREAMS = 100;
/** How many of them one session may have. */
const MAX_OF_ONE = 8;

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
  resource: text,
  search: text,
};
const listFormat = z.strictObject({ ...filters, before: id.optional() });
const streamFormat = z.strictObject({ ...filters, after: id.optional() });

/** The server's part of the page of requests: lists, one entry, and a stream of those that come. */
export function livePage({ journal, choices, sentTo, stopping }: LiveSources): ConsolePage {
  const app: ConsolePage = new Hono<ConsoleEnv>();
  if (!journal) {
    app.all("/*", (c) =>
      c.json({ error: "This gateway keeps no journal. Add journal: {} to its configuration." }, 404),
    );
    return app;
  }
  const tail = createTail(journal);
  /** The streams that are open, each with its session. */
  const streams = new Map<object, string>();

  app.get("/", async (c) => {
    const { data, error } = listFormat.safeParse(c.req.query());
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    return orAway(c, async () => {
      const entries = await journal.search({ ...data, limit: LISTED + 1 });
      const list = { entries: entries.slice(0, LISTED), hasOlder: entries.length > LISTED };
      return c.json(list satisfies LiveList);
    });
  });
  app.get("/choices", (c) => c.json(choices()));
  app.get("/entry/:id", (c) =>
    orAway(c, async () => {
      const entry = await journal.get(c.req.param("id"));
      if (!entry) return c.json({ error: "The journal has no such entry, or no longer." }, 404);
      const sent = sentTo(entry.route, entry.type);
      return c.json({ entry, commands: sent && commandsOf(entry, sent) } satisfies LiveEntry);
    }),
  );
  app.get("/stream", (c) => {
    // Hono would answer HEAD as GET, and nobody would read the stream.
    if (c.req.method !== "GET") return c.json({ error: "Use GET." }, 405);
    const { data, error } = streamFormat.safeParse(c.req.query());
    if (!data) return c.json({ error: z.prettifyError(error) }, 400);
    const session = c.var.operator.csrf;
    const ofOne = [...streams.values()].filter((each) => each === session).length;
    if (ofOne >= MAX_OF_ONE) return c.json({ error: "Close another page of this console that follows requests." }, 429);
    if (streams.size >= MAX_STREAMS) return c.json({ error: "Too many pages are open that follow requests." }, 503);
    const { after: given, ...filter } = data;
    // A browser that comes back by itself says more recently what it has.
    const after = id.safeParse(c.req.header("last-event-id")).data ?? given;
    // Proxies such as nginx would collect what is sent.
    c.header("X-Accel-Buffering", "no");
    const { outgoing } = c.env as HttpBindings;
    // Cut off, because a browser that doesn't read would hold up the end of the gateway.
    const cut = () => outgoing.destroy();
    stopping.addEventListener("abort", cut);
    const place = {};
    streams.set(place, session);
    outgoing.once("close", () => streams.delete(place));
    return streamSSE(c, async (stream) => {
      try {
        const { isSignedIn } = c.var;
        await streamEntries(stream, { tail, search: journal.search }, { filter, after, isSignedIn });
      } finally {
        stopping.removeEventListener("abort", cut);
        streams.delete(place);
      }
    });
  });
  return app;
}

/** An answer from the store, or that it is away. */
async function orAway(c: Context<ConsoleEnv>, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch {
    return c.json({ error: "The journal's store does not answer." }, 503);
  }
}
