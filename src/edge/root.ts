import type { Hono, Context as HonoContext } from "hono";
import { runBulk } from "../gateway/bulk.ts";
import { searchAll } from "../gateway/search.ts";
import { readBulk } from "../scim/bulk.ts";
import { ScimError } from "../scim/error.ts";
import { readSearchRequest } from "../scim/search.ts";
import { scimJson } from "./answers.ts";
import { jsonBody } from "./body.ts";
import { contextOf, type Env } from "./env.ts";
import { onlyMethods } from "./methods.ts";
import type { Served } from "./served.ts";

/** Endpoints of a route as a whole: search over all types, bulk, and `/Me`, RFC 7644 §3.4.2.1, §3.7 and §3.11. */
export function root(app: Hono<Env>, { route, limits, publicUrl, log }: Served): void {
  const { base } = route;
  const contextFor = (c: HonoContext<Env>) => contextOf(c, base, publicUrl);

  app.get(base, async (c) => scimJson(c, await searchAll(route, limits, c.req.query(), contextFor(c))));
  onlyMethods(app, base, ["GET"], log);

  app.post(`${base}/.search`, async (c) => {
    const query = readSearchRequest(jsonBody(c));
    return scimJson(c, await searchAll(route, limits, query, contextFor(c)));
  });
  onlyMethods(app, `${base}/.search`, ["POST"], log);

  app.post(`${base}/Bulk`, async (c) => {
    const bulk = readBulk(jsonBody(c), limits.bulkOperations);
    return scimJson(c, await runBulk(route, bulk, contextFor(c)));
  });
  onlyMethods(app, `${base}/Bulk`, ["POST"], log);

  app.all(`${base}/Me`, () => {
    throw new ScimError(501, undefined, "/Me is not available: callers are services, not users.");
  });
}
