import { expectedFor, keyOf } from "./input.ts";
import type { Named } from "./operation.ts";
import { endpointOf, type Serving } from "./serving.ts";

/** Deletes a resource, RFC 7644 §3.6. */
export async function remove(serving: Serving, { type, id, context, ifMatch }: Named<"delete">): Promise<undefined> {
  const endpoint = endpointOf(serving, type);
  const key = keyOf(endpoint, id);
  await serving.write({ endpoint, context, action: "delete", key, ...expectedFor(endpoint, ifMatch) });
  return undefined;
}
