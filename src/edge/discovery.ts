import type { Hono, Context as HonoContext } from "hono";
import { resourceTypeResource, schemaResource, serviceProviderConfig } from "../scim/discovery.ts";
import { notFound, ScimError } from "../scim/error.ts";
import { listResponse, wholePage } from "../scim/list.ts";
import type { Resource } from "../scim/schema.ts";
import { scimJson } from "./answers.ts";
import { contextOf, type Env } from "./env.ts";
import { onlyMethods } from "./methods.ts";
import type { Served } from "./served.ts";

/** The discovery endpoints, RFC 7644 §4. */
export function discovery(app: Hono<Env>, { route, types, limits, publicUrl, log }: Served): void {
  const { base } = route;
  const baseUrlOf = (c: HonoContext<Env>) => contextOf(c, base, publicUrl).baseUrl;
  const get = (path: string, answer: (c: HonoContext<Env>) => unknown) => {
    app.get(`${base}${path}`, (c) => {
      if (c.req.query("filter") !== undefined)
        throw new ScimError(403, undefined, "Discovery endpoints cannot be filtered (RFC 7644 §4): remove the filter.");
      return scimJson(c, answer(c));
    });
    onlyMethods(app, `${base}${path}`, ["GET"], log);
  };
  const mappings = [...route.endpoints.values()].map(({ mapping }) => mapping);
  const has = {
    password: mappings.some(({ groups }) => [...groups.keys()].some(({ name }) => name === "password")),
    version: mappings.some(({ version }) => version !== undefined),
    interop: mappings.some(({ type }) => type.profile?.interop !== undefined),
  };
  get("/ServiceProviderConfig", (c) => serviceProviderConfig(baseUrlOf(c), limits, has));

  const offer = (path: string, resourcesAt: (baseUrl: string) => readonly Resource[]) => {
    get(path, (c) => {
      const all = resourcesAt(baseUrlOf(c));
      return listResponse(all, all.length, wholePage);
    });
    get(`${path}/:id`, (c) => {
      const id = c.req.param("id")!;
      const found = resourcesAt(baseUrlOf(c)).find((each) => String(each.id).toLowerCase() === id.toLowerCase());
      if (!found) throw notFound(`There is no ${JSON.stringify(id)} at ${base}${path}.`);
      return found;
    });
  };
  const schemas = new Map(
    types.flatMap((type) => [type.schema, ...type.extensions]).map((schema) => [schema.id, schema]),
  );
  offer("/ResourceTypes", (baseUrl) => types.map((type) => resourceTypeResource(type, baseUrl)));
  offer("/Schemas", (baseUrl) => [...schemas.values()].map((schema) => schemaResource(schema, baseUrl)));
}
