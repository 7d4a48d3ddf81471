import type { Entry } from "../connector/connector.ts";
import { type Creation, entryToCreate } from "../mapping/write.ts";
import { type Attribute, commonAttributes, type Resource, type Schema } from "../scim/schema.ts";
import { expressionFailure } from "./context.ts";
import { idsInResource, readInput, takenAttr } from "./input.ts";
import { list } from "./list.ts";
import type { Named } from "./operation.ts";
import { type Endpoint, type KnownReferences, knownReferences } from "./references.ts";
import { answerView, endpointOf, entryOf, resourceOf, type Serving, writtenResourceOf } from "./serving.ts";
import type { View } from "./view.ts";

/** A creation in progress. */
interface Creating {
  readonly operation: Named<"create">;
  readonly endpoint: Endpoint;
  readonly resource: Resource;
  readonly view: View;
  readonly known: KnownReferences;
}

/**
 * Creates a resource, RFC 7644 §3.3. If a value chosen by the mapping's `create` is taken, the next one is tried, unless the resource
 * itself already exists. A request that is repeated because its outcome was unknown returns what it created.
 */
export async function create(serving: Serving, operation: Named<"create">): Promise<Resource> {
  const { type, body, query, context } = operation;
  const endpoint = endpointOf(serving, type);
  const resource = readInput(endpoint, body, context);
  const view = answerView(serving, endpoint, query, context);
  const known = knownReferences(serving.endpoints, endpoint, context);
  await known.learnIds(idsInResource(endpoint, resource));
  const creation = await inMapping(entryToCreate(endpoint.mapping, resource, known));
  const creating = { operation, endpoint, resource, view, known };
  const request = serving.repeats.requestOf(type, body, context);
  for (let entry = creation.entry; ; ) {
    try {
      const made = await attempt(serving, creating, entry, request.key);
      return await writtenResourceOf(serving, made, view, context, known).then(
        (resource) => {
          request.ended(undefined);
          return resource;
        },
        (error) => {
          request.ended(new Error("created, but cannot be returned", { cause: error }));
          throw new UnshownError("created, but cannot be returned", { cause: error });
        },
      );
    } catch (error) {
      if (error instanceof UnshownError) throw error.cause;
      const taken = takenAttr(error);
      const next = taken === undefined ? undefined : await nextOf(creation, taken);
      // Whether the resource exists matters if a name would be incremented, or the client has asked before.
      const isAsked = next !== undefined || (taken !== undefined && request.isRepeat);
      const twin = isAsked ? await twinOf(serving, creating) : undefined;
      if (twin !== undefined && request.isRepeat) {
        request.ended(undefined);
        return resourceOf(serving, await entryOf(endpoint, twin, view.selection.attrs, context), view, context, known);
      }
      if (next && twin === undefined) {
        entry = next;
        continue;
      }
      request.ended(error);
      throw error;
    }
  }
}

async function attempt(
  serving: Serving,
  { operation: { context }, endpoint, view }: Creating,
  entry: Entry,
  requestKey: string,
): Promise<Entry> {
  const { attrs } = view.selection;
  return (await serving.write({ endpoint, context, action: "create", entry, attrs, requestKey }))!;
}

/** The new resource could not be returned, for the given cause. */
class UnshownError extends Error {}

/**
 * The ID of an existing resource with the same identity: attributes that the schema declares unique, and `externalId`. Undefined if there
 * is none, or the request has none of these attributes.
 */
async function twinOf(serving: Serving, { operation, endpoint, resource }: Creating): Promise<string | undefined> {
  const { type: ofType, groups } = endpoint.mapping;
  const isMapped = (attribute: Attribute) =>
    groups.get(attribute)?.some(({ rows }) => rows.some((row) => !row.writeOnly)) === true;
  const identity = identityOf(ofType.schema).filter(isMapped);
  const terms = identity.flatMap(({ name }) =>
    typeof resource[name] === "string" ? [`${name} eq ${JSON.stringify(resource[name])}`] : [],
  );
  if (terms.length === 0) return undefined;
  const query = { filter: terms.join(" and "), attributes: "id", count: "1" };
  const { type, context } = operation;
  const { Resources } = await list(serving, { name: "list", type, query, context });
  return Resources[0] && String(Resources[0].id);
}

const identityOf = ({ attributes }: Schema): Attribute[] =>
  [...attributes, ...commonAttributes].filter(
    ({ name, type, uniqueness, multiValued }) =>
      type === "string" && !multiValued && name !== "id" && (uniqueness !== "none" || name === "externalId"),
  );

/** The entry with the next candidate for a taken attribute; undefined if there is none. */
const nextOf = ({ next }: Creation, taken: string) => inMapping(next(taken));

const inMapping = <T>(result: Promise<T>): Promise<T> =>
  result.catch((error) => {
    throw expressionFailure(error);
  });
