import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { Readiness } from "./health.ts";
import { type SyncAdmin, syncEndpoints, syncSignals } from "./syncs.ts";

/** The admin endpoints: metrics, readiness by connector, change-guard status and release. */
export interface Admin {
  /** The metrics, in Prometheus's text form. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
  readonly readiness: Pick<Readiness, "ask">;
  /** The routes that have a guard. */
  readonly guarded: () => readonly string[];
  readonly guard: {
    readonly status: (route: string) => Promise<unknown>;
    /** Releases what was stopped, and records who did it and why. Gives what was released. */
    readonly release: (release: z.output<typeof releaseFormat>) => Promise<readonly unknown[]>;
  };
  readonly syncs: SyncAdmin;
  /** Names of hosts by which the address may be called, beside addresses and localhost. */
  readonly hosts: readonly string[];
  /** Who holds a token; undefined where no tokens are configured. */
  readonly authenticate: ((authorization: string | undefined) => Promise<string | undefined>) | undefined;
  /** Called for each wrong token. */
  readonly refused: () => void;
  /** Whether only this machine can reach the address. */
  readonly isLoopback: boolean;
}

/** A letter or a digit: what has none says nothing. */
const WORD = /[\p{L}\p{N}]/u;

/** Which stopped changes are released, by whom and why. */
export const releaseFormat = z.strictObject({
  route: z.string().min(1),
  type: z.string().optional(),
  keys: z.array(z.string()).min(1).max(10_000).optional(),
  by: z.string().trim().regex(WORD, "say who releases it").max(200),
  reason: z.string().trim().regex(WORD, "say why").max(1000),
});

/** How many who sent a wrong token wait at a time. */
const MAX_WAITING = 20;
/** The longest body, in bytes: the keys of ten thousand entries. */
const MAX_BODY = 4 * 1024 * 1024;

const USAGE =
  "/metrics, /readyz, /guard, /syncs, or POST /guard/release, /syncs/NAME/run, release, retry, forget, cancel, signal";

/**
 * The administrators' address. Pages in a browser cannot use it: a request that comes from one, or for a name that is not
 * this address's, is refused, so that neither forged requests nor rebound names reach it.
 */
export function createAdmin(admin: Admin): Hono<{ Variables: { operator: string | undefined } }> {
  const { metrics, readiness, guarded, guard, syncs, hosts, authenticate, refused, isLoopback } = admin;
  const app = new Hono<{ Variables: { operator: string | undefined } }>();
  let waiting = 0;
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: (c) => c.json({ error: "the body is too large" }, 413) }));
  app.onError((error, c) => c.json({ error: error.message }, 500));
  app.route("/", syncSignals(syncs));
  app.use(async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isOwnName(host, hosts))
      return c.json({ error: `${host} is no name of this address: add it to operations.hosts` }, 421);
    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site") ?? "none";
    if ((origin !== undefined && URL.parse(origin)?.host !== host) || !["none", "same-origin"].includes(site))
      return c.json({ error: "pages of other sites may not ask here" }, 403);
    if (!authenticate) return next();
    // Who guesses waits, before the next guess is looked at.
    if (waiting >= MAX_WAITING) return c.json({ error: "too many wrong tokens: wait" }, 429);
    const operator = await authenticate(c.req.header("authorization"));
    if (operator === undefined) {
      waiting++;
      await sleep(1000);
      waiting--;
      refused();
      return c.json({ error: "send a token of operations.tokens" }, 401);
    }
    c.set("operator", operator);
    return next();
  });
  app.get("/metrics", async (c) => {
    const { text, type } = await metrics();
    return c.body(text, 200, { "Content-Type": type });
  });
  app.get("/readyz", async (c) => {
    const { isReady, connectors } = await readiness.ask();
    return c.json({ status: isReady ? "ok" : "unavailable", connectors }, isReady ? 200 : 503);
  });
  for (const path of ["/guard/*", "/syncs/*"])
    app.use(path, async (c, next) => {
      if (authenticate || isLoopback) return next();
      return c.json({ error: "beyond this machine the guard and syncs need operations.tokens" }, 403);
    });
  app.route("/", syncEndpoints(syncs));
  app.get("/guard", async (c) => {
    const states = await Promise.all(guarded().map(async (route) => [route, await guard.status(route)] as const));
    return c.json(Object.fromEntries(states));
  });
  app.post("/guard/release", async (c) => {
    if (!/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))
      return c.json({ error: "send JSON: route, by, reason" }, 415);
    const given: unknown = await c.req.json().catch(() => undefined);
    // Who has a token is who it says, and nobody else.
    const operator = c.get("operator");
    const asked = typeof given === "object" && given !== null && operator ? { ...given, by: operator } : given;
    const { data: release, error } = releaseFormat.safeParse(asked);
    if (!release)
      return c.json(
        { error: error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ") },
        400,
      );
    if (!guarded().includes(release.route))
      return c.json({ error: `name a route: ${guarded().join(", ") || "none has a guard"}` }, 404);
    return c.json({ route: release.route, released: await guard.release(release) });
  });
  app.notFound((c) => c.json({ error: USAGE }, 404));
  return app;
}

/** Whether a Host header names this address: by an IP address, as localhost, or by a name that is configured. */
function isOwnName(host: string, hosts: readonly string[]): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.toLowerCase() ?? "";
  return name === "localhost" || /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])$/.test(name) || hosts.includes(name);
}
