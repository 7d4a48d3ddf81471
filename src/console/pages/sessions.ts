import { Hono } from "hono";
import { z } from "zod";
import type { EndSessions, SessionList, SessionRow, SessionsEnded } from "../api/sessions.ts";
import { operatorOnly } from "../console.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";
import { bodyOf } from "../given.ts";
import { Refusal } from "../refusal.ts";

/** What the page on sessions asks and does. Acts are recorded under the operator's name. */
export interface SessionsDeps {
  readonly list: () => Promise<
    Omit<SessionList, "sessions"> & { readonly sessions: readonly Omit<SessionRow, "isOwn">[] }
  >;
  /** Ends a session, or all of its person. Returns how many; undefined if the session was over. */
  readonly end: (which: EndSessions, by: string) => Promise<number | undefined>;
}

const endFormat = z.strictObject({ id: z.string().regex(/^[\w-]{43}$/), isAll: z.boolean() });

/** Who is signed in, for operators. */
export function sessionsPage({ list, end }: SessionsDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.use(operatorOnly);
  app.get("/", async (c) => {
    const { sessions, hasMore } = await list();
    const rows = sessions.map((each) => ({ ...each, isOwn: each.id === c.var.operator.session }));
    return c.json({ sessions: rows, hasMore } satisfies SessionList);
  });
  app.post("/end", async (c) => {
    const count = await end(await bodyOf(c, endFormat), c.var.operator.name);
    if (count === undefined) throw new Refusal("missing", "This session is over already.");
    return c.json({ count } satisfies SessionsEnded);
  });
  return app;
}
