import type { Hono } from "hono";
import { resourceTypeResource, schemaResource, serviceProviderConfig } from "../scim/discovery.ts";
import { notFound } from "../scim/error.ts";
import { listResponse, wholePage } from "../scim/list.ts";
import type { Resource, ResourceType } from "../scim/schema.ts";
import { contextOf, type Env } from "./env.ts";
import { scimJson } from "./errors.ts";

/** The endpoints by which clients learn what there is, RFC 7644 §4. */
export function discovery(
  app: Hono<Env>,
  base: string,
  types: readonly ResourceType[],
  pageSize: number,
  publicUrl: string | undefined,
): void {
  app.get(`${base}/ServiceProviderConfig`, (c) =>
    scimJson(c, serviceProviderConfig(contextOf(c, base, publicUrl).baseUrl, pageSize)),
  );

  const offer = (endpoint: string, resourcesAt: (baseUrl: string) => readonly Resource[]) => {
    app.get(`${base}/${endpoint}`, (c) => {
      const all = resourcesAt(contextOf(c, base, publicUrl).baseUrl);
      return scimJson(c, listResponse(all, all.length, wholePage));
    });
    app.get(`${base}/${endpoint}/:id`, (c) => {
      const id = c.req.param("id").toLowerCase();
      const found = resourcesAt(contextOf(c, base, publicUrl).baseUrl).find(
        (each) => String(each.id).toLowerCase() === id,
      );
      if (!found) throw notFound(`There is no ${JSON.stringify(c.req.param("id"))} among ${base}/${endpoint}.`);
      return scimJson(c, found);
    });
  };
  const schemas = new Map(
    types.flatMap((type) => [type.schema, ...type.extensions]).map((schema) => [schema.id, schema]),
  );
  offer("ResourceTypes", (baseUrl) => types.map((type) => resourceTypeResource(type, baseUrl)));
  offer("Schemas", (baseUrl) => [...schemas.values()].map((schema) => schemaResource(schema, baseUrl)));
}
