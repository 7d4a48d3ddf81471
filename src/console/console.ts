import { type ErrorHandler, Hono, type MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Me } from "./api/me.ts";
import { type Assets, serveAssets, shell } from "./assets.ts";
import type { ConsoleEnv, ConsolePage } from "./env.ts";
import { answerProblem, SignInProblem } from "./problem.ts";
import { Refusal } from "./refusal.ts";
import { withRoom } from "./room.ts";

/** How people sign in, and how requests tell who sends them. */
export interface SignIn {
  /** Endpoints for whoever isn't signed in yet, below `/console`. */
  readonly endpoints: Hono;
  /** Sets `operator`, or answers 401. */
  readonly identify: MiddlewareHandler<ConsoleEnv>;
  /** Lets a request pass that changes nothing and yet is a POST, such as a trial: it must come from the console's own page. */
  readonly changing: MiddlewareHandler<ConsoleEnv>;
  /** Minutes without use after which a session ends. */
  readonly idleMinutes: number;
}

/** What the console is made of. */
export interface ConsoleOptions {
  readonly assets: Assets;
  readonly signIn: SignIn;
  /** The server's part of each page, by name: mounted at `/console/api/NAME`. */
  readonly pages: Readonly<Record<string, ConsolePage>>;
  /** Called for each failure of a page that nobody foresaw. */
  readonly failed: (error: Error) => void;
  /** Where the console begins, if only that page of it is served: `/mappings/play`. */
  readonly home?: string;
}

/** Refuses whoever may only look. Comes before each handler that changes something. */
export const operatorOnly: MiddlewareHandler<ConsoleEnv> = async (c, next) =>
  c.var.operator.role === "operator"
    ? next()
    : c.json({ error: "Your role is viewer: only operators may do this." }, 403);

/** What is answered where something failed that nobody foresaw. */
export const FAULT = "This is a fault of the gateway. Its log has the reason.";

const NONE = ["'none'"];
const SELF = ["'self'"];

/** The console: its pages at `/console/`, what they ask at `/console/api/`. */
export function createConsole(options: ConsoleOptions): Hono {
  const { assets, signIn, home = "" } = options;
  const app = new Hono();
  const base = new Hono();
  base.onError(faultsTo(options.failed));
  base.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: NONE,
        scriptSrc: SELF,
        styleSrc: SELF,
        imgSrc: ["'self'", "data:"],
        connectSrc: SELF,
        fontSrc: SELF,
        formAction: SELF,
        baseUri: NONE,
        frameAncestors: NONE,
      },
      xFrameOptions: "DENY",
      referrerPolicy: "no-referrer",
      strictTransportSecurity: false,
    }),
  );
  base.route("/assets", serveAssets(assets));
  base.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  base.route("/", signIn.endpoints);
  base.route("/api", api(options));
  base.get("/*", (c) => c.html(shell(assets, { path: c.req.path.slice("/console/".length) || home })));
  app.get("/console", (c) => c.redirect("/console/"));
  app.route("/console", base);
  return app;
}

/** Answers what a page refuses in its words. Everything else nobody foresaw: its words are for the log alone. */
const faultsTo =
  (failed: ConsoleOptions["failed"]): ErrorHandler =>
  (error, c) => {
    if (error instanceof Refusal) return c.json({ error: error.message }, error.status);
    if (error instanceof SignInProblem) return answerProblem(c, error);
    failed(error);
    return c.json({ error: FAULT }, 500);
  };

function api({ signIn: { identify, changing, idleMinutes }, pages, home, failed }: ConsoleOptions): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.onError(faultsTo(failed));
  const who = new Hono<ConsoleEnv>().use(identify).all("/*", (c) => c.body(null, 204));
  app.use(identify);
  app.use(withRoom());
  app.use(async (c, next) => {
    const headers = new Headers(c.req.raw.headers);
    headers.set("x-postern-background", "true");
    // While the store of sessions is away, nobody is known to have left.
    c.set("isSignedIn", async () => (await who.fetch(new Request(c.req.url, { headers }), c.env)).status !== 401);
    return next();
  });
  app.use(async (c, next) => (c.req.method === "GET" ? next() : changing(c, next)));
  app.get("/me", (c) => {
    const { name, role, csrf } = c.var.operator;
    return c.json({ name, role, csrf, idleMinutes, ...(home !== undefined && { home }) } satisfies Me);
  });
  for (const [name, page] of Object.entries(pages)) app.route(`/${name}`, page);
  app.all("/*", (c) => c.json({ error: "The console has no such address." }, 404));
  return app;
}
