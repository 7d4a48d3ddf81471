import { setImmediate as next } from "node:timers/promises";
import type { Entry } from "../connector/connector.ts";
import { UNSURE } from "../connector/error.ts";
import { readEntry, referencesIn } from "../mapping/read.ts";
import type { Selection } from "../mapping/selection.ts";
import { notFound } from "../scim/error.ts";
import type { Resource } from "../scim/schema.ts";
import { ask, type Context, expressionFailure } from "./context.ts";
import { BackendError } from "./failure.ts";
import { keyOf } from "./input.ts";
import type { Endpoint, Endpoints, KnownReferences } from "./references.ts";
import type { Repeats } from "./repeats.ts";
import type { InTurn } from "./turns.ts";
import type { Shown, View, Views } from "./view.ts";
import type { Perform } from "./writes.ts";

/** Limits on the cost of a query. */
export interface Limits {
  /** Maximum resources per page. */
  readonly pageSize: number;
  /** Maximum entries read for a filter or order that the backend supports only in part. */
  readonly scan: number;
}

/** What a route's operations need. */
export interface Serving {
  readonly endpoints: Endpoints;
  readonly limits: Limits;
  /** The response to PATCH by resource type. Default: the resource. */
  readonly patchAnswers: ReadonlyMap<string, "resource" | "none">;
  readonly views: ReadonlyMap<string, Views>;
  /** Creations that may be repeated. */
  readonly repeats: Repeats;
  readonly inTurn: InTurn;
  /** The path that all writes take. */
  readonly write: Perform;
}

/** The endpoint of a resource type. Throws 404 if the route has none. */
export function endpointOf({ endpoints }: Pick<Serving, "endpoints">, type: string): Endpoint {
  const endpoint = endpoints.get(type);
  if (!endpoint) throw notFound(`This route does not serve ${type}.`);
  return endpoint;
}

/** The views of an endpoint's resources. */
export const viewsOf = ({ views }: Pick<Serving, "views">, { mapping }: Endpoint): Views =>
  views.get(mapping.type.name)!;

/** The response to a write: only the ID for a caller without read permission, whatever it requests. */
export const answerView = (serving: Serving, endpoint: Endpoint, query: Shown, { allows }: Context): View => {
  const views = viewsOf(serving, endpoint);
  return allows(endpoint.mapping.type.name, "read") ? views.of(query) : views.none;
};

/** Converts entries to resources, resolving their references together. */
export async function resourcesOf(
  { endpoints }: Pick<Serving, "endpoints">,
  entries: readonly Entry[],
  selection: Selection,
  context: Context,
  known: KnownReferences,
): Promise<Resource[]> {
  await known.learnReferences(referencesIn(selection, entries));
  const location = (type: string, id: string) =>
    `${context.baseUrl}${endpoints.get(type)?.mapping.type.endpoint ?? ""}/${encodeURIComponent(id)}`;
  const readAll = (some: readonly Entry[]): Resource[] | Promise<Resource[]> => {
    const read = some.map((entry) => readEntry(selection, entry, { references: known, location }));
    if (selection.expressions.length === 0) return read as Resource[];
    return Promise.all(read).catch((error) => {
      throw expressionFailure(error);
    });
  };
  if (entries.length <= PIECE) return readAll(entries);
  const resources: Resource[] = [];
  for (let at = 0; at < entries.length; at += PIECE) {
    // Yield to other requests.
    if (at > 0) await next();
    for (const each of await readAll(entries.slice(at, at + PIECE))) resources.push(each);
  }
  return resources;
}

/** How many entries are converted before yielding: about a millisecond's work. */
const PIECE = 50;

/** Converts an entry to a resource for a view. */
export async function resourceOf(
  serving: Pick<Serving, "endpoints">,
  entry: Entry,
  { selection, cut }: View,
  context: Context,
  known: KnownReferences,
): Promise<Resource> {
  const [resource] = await resourcesOf(serving, [entry], selection, context, known);
  return cut?.(resource!) ?? resource!;
}

/** Like `resourceOf`, of an entry as a write left it. Whoever is told that it cannot be shown is told of the write, too. */
export const writtenResourceOf: typeof resourceOf = (...of) =>
  resourceOf(...of).catch((error) => {
    if (!(error instanceof BackendError) || error.message.includes(UNSURE)) throw error;
    throw new BackendError(error.failure, `${error.message}${UNSURE}`);
  });

/** Reads an entry by its resource's ID. Throws 404 if it does not exist. */
export async function entryOf(
  endpoint: Endpoint,
  id: string,
  attrs: readonly string[],
  context: Context,
): Promise<Entry> {
  const entry = await ask(context, endpoint, "get", { key: keyOf(endpoint, id), attrs });
  if (!entry) throw notFound(`There is no ${endpoint.mapping.type.name} with the ID ${JSON.stringify(id)}.`);
  return entry;
}
