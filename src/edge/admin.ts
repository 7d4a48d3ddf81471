import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import type { JournalStore } from "../journal/store.ts";
import type { Readiness } from "./health.ts";
import { journalEndpoints } from "./journal.ts";
import { type SyncAdmin, syncEndpoints, syncSignals } from "./syncs.ts";

/** The admin endpoints: metrics, readiness by connector, change-guard status and release. */
export interface Admin {
  /** The metrics in Prometheus text format. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
  readonly readiness: Pick<Readiness, "ask">;
  /** The routes with a change guard. */
  readonly guarded: () => readonly string[];
  readonly guard: {
    readonly status: (route: string) => Promise<unknown>;
    /** Releases stopped changes, and records who did it and why. Returns what was released. */
    readonly release: (release: z.output<typeof releaseFormat>) => Promise<readonly unknown[]>;
  };
  readonly syncs: SyncAdmin;
  /** The journal; undefined if the gateway keeps none. */
  readonly journal: Pick<JournalStore, "search" | "get"> | undefined;
  /** Host names that requests may use, besides IP addresses and localhost. */
  readonly hosts: readonly string[];
  /** The operator who holds a token; undefined if no tokens are configured. */
  readonly authenticate: ((authorization: string | undefined) => Promise<string | undefined>) | undefined;
  /** The console; undefined if none is configured. It asks by itself who is there. */
  readonly console: Hono | undefined;
  /** Whether metrics need no token. */
  readonly hasOpenMetrics: boolean;
  /** What a failure is told as: faults of the gateway are for its log alone. */
  readonly failed: (error: Error) => string;
  /** Called for each invalid token. */
  readonly refused: () => void;
  /** Reports whether only this machine can reach the address. */
  readonly isLoopback: boolean;
}

/** At least one letter or digit is required: without it a text says nothing. */
const WORD = /[\p{L}\p{N}]/u;

/** Which stopped changes to release, by whom and why. */
export const releaseFormat = z.strictObject({
  route: z.string().min(1),
  type: z.string().optional(),
  keys: z.array(z.string()).min(1).max(10_000).optional(),
  by: z.string().trim().regex(WORD, '"by" must say who releases the changes').max(200),
  reason: z.string().trim().regex(WORD, '"reason" must say why').max(1000),
});

/** Maximum number of delayed responses to invalid tokens. */
const MAX_WAITING = 20;
/** Maximum body size in bytes: enough for the keys of ten thousand entries. */
const MAX_BODY = 4 * 1024 * 1024;

const USAGE =
  "Available: GET /metrics, /readyz, /guard, /syncs and /journal; POST /guard/release, and /syncs/NAME/run, release, retry, forget, cancel and signal.";

/**
 * The operators' endpoints. Requests from browsers and for other host names are refused, to prevent cross-site request forgery and DNS
 * rebinding.
 */
export function createAdmin(admin: Admin): Hono<{ Variables: { operator: string | undefined } }> {
  const { metrics, readiness, guarded, guard, syncs, journal, hosts, authenticate, failed, refused, isLoopback } =
    admin;
  const app = new Hono<{ Variables: { operator: string | undefined } }>();
  let waiting = 0;
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: (c) => c.json({ error: "The body is too large." }, 413) }));
  app.onError((error, c) => c.json({ error: failed(error) }, 500));
  app.route("/", syncSignals(syncs));
  app.use(async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!isOwnName(host, hosts))
      return c.json({ error: `${host} is not an allowed host name: add it to operations.hosts.` }, 421);
    return next();
  });
  // Before the middleware that refuses pages of other sites: sign-in returns from one.
  if (admin.console) app.route("/", admin.console);
  app.use(async (c, next) => {
    const host = c.req.header("host") ?? "";
    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site") ?? "none";
    if ((origin !== undefined && URL.parse(origin)?.host !== host) || !["none", "same-origin"].includes(site))
      return c.json({ error: "Requests from web pages are not allowed." }, 403);
    if (!authenticate || (admin.hasOpenMetrics && c.req.path === "/metrics")) return next();
    // Delays the response to each wrong guess.
    if (waiting >= MAX_WAITING) return c.json({ error: "Too many invalid tokens. Try again later." }, 429);
    const operator = await authenticate(c.req.header("authorization"));
    if (operator === undefined) {
      waiting++;
      await sleep(1000);
      waiting--;
      refused();
      return c.json({ error: "Send a bearer token from operations.tokens." }, 401);
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
  for (const path of ["/guard/*", "/syncs/*", "/journal/*"])
    app.use(path, async (c, next) => {
      if (authenticate || isLoopback) return next();
      return c.json(
        {
          error: "The guard and syncs can be used from other machines only with a token: configure operations.tokens.",
        },
        403,
      );
    });
  app.route("/", syncEndpoints(syncs));
  app.route("/", journalEndpoints(journal));
  app.get("/guard", async (c) => {
    const states = await Promise.all(guarded().map(async (route) => [route, await guard.status(route)] as const));
    return c.json(Object.fromEntries(states));
  });
  app.post("/guard/release", async (c) => {
    if (!/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))
      return c.json({ error: "Send JSON with route, by and reason." }, 415);
    const given: unknown = await c.req.json().catch(() => undefined);
    // A token identifies its operator, whatever the body says.
    const operator = c.get("operator");
    const asked = typeof given === "object" && given !== null && operator ? { ...given, by: operator } : given;
    const { data: release, error } = releaseFormat.safeParse(asked);
    if (!release)
      return c.json(
        { error: error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ") },
        400,
      );
    if (!guarded().includes(release.route))
      return c.json({ error: `No such guarded route. Available: ${guarded().join(", ") || "none has a guard"}.` }, 404);
    return c.json({ route: release.route, released: await guard.release(release) });
  });
  app.notFound((c) => c.json({ error: USAGE }, 404));
  return app;
}

/** Reports whether a Host header names this address: an IP address, localhost or a configured name. */
function isOwnName(host: string, hosts: readonly string[]): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.toLowerCase() ?? "";
  return name === "localhost" || /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])$/.test(name) || hosts.includes(name);
}
