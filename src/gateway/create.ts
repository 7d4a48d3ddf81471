import type { Entry } from "../connector/connector.ts";
import { type Creation, entryToCreate } from "../mapping/write.ts";
import { type Attribute, commonAttributes, type Resource, type Schema } from "../scim/schema.ts";
import { expressionFailure } from "./context.ts";
import { idsInResource, readInput, takenAttr } from "./input.ts";
import { list } from "./list.ts";
import type { Named } from "./operation.ts";
import { type Endpoint, type KnownReferences, knownReferences } from "./references.ts";
import { answerView, endpointOf, entryOf, resourceOf, type Serving } from "./serving.ts";
import type { View } from "./view.ts";

/** A creation on its way. */
interface Creating {
  readonly operation: Named<"create">;
  readonly endpoint: Endpoint;
  readonly resource: Resource;
  readonly view: View;
  readonly known: KnownReferences;
}

/**
 * Creates a resource, RFC 7644 §3.3. Where a value that the mapping's `create` chose is taken, its next one is tried; but not where the
 * resource itself is there already. A request that is repeated because nobody knew whether it was made gets what it made.
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
      return await resourceOf(serving, made, view, context, known).then(
        (resource) => {
          request.ended(undefined);
          return resource;
        },
        (error) => {
          request.ended(new Error("it was made, and cannot be shown", { cause: error }));
          throw new UnshownError("it was made, and cannot be shown", { cause: error });
        },
      );
    } catch (error) {
      if (error instanceof UnshownError) throw error.cause;
      const taken = takenAttr(error);
      const next = taken === undefined ? undefined : await nextOf(creation, taken);
      // Whether it is there already matters where a name would be counted on, and where the client asked before.
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

/** What was made could not be shown, for its cause. */
class UnshownError extends Error {}

/**
 * The id of the resource that is there already under the same identity: the attributes that the schema calls unique, and
 * `externalId`. Undefined where there is none, or where the request names none of them.
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

/** The entry with the next value for an attribute that is taken; undefined where there is none. */
const nextOf = ({ next }: Creation, taken: string) => inMapping(next(taken));

const inMapping = <T>(result: Promise<T>): Promise<T> =>
  result.catch((error) => {
    throw expressionFailure(error);
  });
