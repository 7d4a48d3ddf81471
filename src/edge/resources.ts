import type { Hono, Context as HonoContext } from "hono";
import { isObject, type Resource, type ResourceType } from "../scim/schema.ts";
import { readSearchRequest } from "../scim/search.ts";
import { versionOf } from "../scim/version.ts";
import { noContent, scimJson } from "./answers.ts";
import { jsonBody } from "./body.ts";
import { contextOf, type Env } from "./env.ts";
import { onlyMethods } from "./methods.ts";
import type { Served } from "./served.ts";

/** The endpoints of one resource type, RFC 7644 §3.2. */
export function resources(app: Hono<Env>, type: ResourceType, served: Served): void {
  const { route, publicUrl, log } = served;
  const { base, run } = route;
  const { name, endpoint } = type;
  const all = `${base}${endpoint}`;
  const single = `${all}/:id`;
  const contextFor = (c: HonoContext<Env>) => contextOf(c, base, publicUrl);
  const written = (c: HonoContext<Env>) => ({
    type: name,
    body: jsonBody(c),
    query: c.req.query(),
    context: contextFor(c),
  });

  app.get(all, async (c) =>
    scimJson(c, await run({ name: "list", type: name, query: c.req.query(), context: contextFor(c) })),
  );

  app.post(all, async (c) => {
    const resource = await run({ name: "create", ...written(c) });
    return answer(c, resource, 201, {
      Location: locationOf(resource) ?? `${contextFor(c).baseUrl}${endpoint}/${resource.id}`,
    });
  });
  onlyMethods(app, all, ["GET", "POST"], log);

  app.post(`${all}/.search`, async (c) =>
    scimJson(c, await run({ name: "list", type: name, query: readSearchRequest(jsonBody(c)), context: contextFor(c) })),
  );
  onlyMethods(app, `${all}/.search`, ["POST"], log);

  app.get(single, async (c) => {
    const { id } = target(c);
    const resource = await run({ name: "get", type: name, id, query: c.req.query(), context: contextFor(c) });
    const known = versionOf(c.req.header("if-none-match"));
    const current = versionOf(etagOf(resource));
    if (known !== undefined && (known === "*" || known === current)) return noContent(c, 304);
    return answer(c, resource, 200);
  });

  app.put(single, async (c) => answer(c, await run({ name: "replace", ...target(c), ...written(c) }), 200));

  app.patch(single, async (c) => {
    const resource = await run({ name: "patch", ...target(c), ...written(c) });
    return resource ? answer(c, resource, 200) : noContent(c);
  });

  app.delete(single, async (c) => {
    await run({ name: "delete", type: name, ...target(c), context: contextFor(c) });
    return noContent(c);
  });
  onlyMethods(app, single, ["GET", "PUT", "PATCH", "DELETE"], log);
}

const target = (c: HonoContext<Env>) => ({ id: c.req.param("id")!, ifMatch: c.req.header("if-match") });

function answer(
  c: HonoContext<Env>,
  resource: Resource,
  status: number,
  headers: Record<string, string> = {},
): Response {
  const etag = etagOf(resource);
  return scimJson(c, resource, status, { ...headers, ...(etag && { ETag: etag }) });
}

const metaOf = (resource: Resource): Resource => (isObject(resource.meta) ? resource.meta : {});
const etagOf = (resource: Resource) => metaOf(resource).version as string | undefined;
const locationOf = (resource: Resource) => metaOf(resource).location as string | undefined;
