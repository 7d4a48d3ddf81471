import type { Resource } from "../scim/schema.ts";
import type { Named } from "./operation.ts";
import { knownReferences } from "./references.ts";
import { endpointOf, entryOf, resourceOf, type Serving, viewsOf } from "./serving.ts";

/** Reads a resource by ID, RFC 7644 §3.4.1. */
export async function get(serving: Serving, { type, id, query, context }: Named<"get">): Promise<Resource> {
  const endpoint = endpointOf(serving, type);
  const view = viewsOf(serving, endpoint).of(query);
  const entry = await entryOf(endpoint, id, view.selection.attrs, context);
  return resourceOf(serving, entry, view, context, knownReferences(serving.endpoints, endpoint, context));
}
