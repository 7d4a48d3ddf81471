import type { Change, Entry } from "../connector/connector.ts";
import { changesBetween, directChanges } from "../mapping/changes.ts";
import { attrsKept, attrsOf, attrsUnread } from "../mapping/mapping.ts";
import { readEntry, referencesIn } from "../mapping/read.ts";
import type { Selection } from "../mapping/selection.ts";
import { entryToCreate, unmappedIn } from "../mapping/write.ts";
import { inConflict, notFound } from "../scim/error.ts";
import { checkImmutable, requireAll } from "../scim/input.ts";
import { type Operation, readPatch } from "../scim/operations.ts";
import { applyPatch } from "../scim/patch.ts";
import type { Resource } from "../scim/schema.ts";
import { ask, type Context, expressionFailure } from "./context.ts";
import {
  expectedFor,
  idsInOperations,
  idsInResource,
  isVersionMismatch,
  keepUnspoken,
  keyOf,
  readInput,
  refuseOrNote,
  takenAttr,
} from "./input.ts";
import { type Limits, list, type Query } from "./list.ts";
import { type Endpoint, type Endpoints, type KnownReferences, knownReferences } from "./references.ts";
import { createViews, type View } from "./view.ts";
import { type Perform, toConnector } from "./writes.ts";

export interface Gateway {
  readonly endpoints: Endpoints;
  readonly get: (type: string, id: string, query: Query, context: Context) => Promise<Resource>;
  readonly list: (type: string, query: Query, context: Context) => Promise<unknown>;
  readonly create: (type: string, body: unknown, query: Query, context: Context) => Promise<Resource>;
  readonly replace: (
    type: string,
    id: string,
    body: unknown,
    query: Query,
    context: Context,
    ifMatch?: string,
  ) => Promise<Resource>;
  /** Undefined where the answer is to have no content. */
  readonly patch: (
    type: string,
    id: string,
    body: unknown,
    query: Query,
    context: Context,
    ifMatch?: string,
  ) => Promise<Resource | undefined>;
  readonly remove: (type: string, id: string, context: Context, ifMatch?: string) => Promise<void>;
}

/** Whether what an operation writes may already have a value that cannot be changed: that has to be read first. */
const touchesImmutable = ({ path: { attribute, sub } }: Operation): boolean =>
  attribute.mutability === "immutable" || (sub?.mutability === "immutable" && !attribute.multiValued);

/** How often a write that met a change by another is read and tried again before it is given up. */
const ATTEMPTS = 3;

/** The gateway of one route: each SCIM operation in terms of the mapping and the connector behind it. */
export function createGateway(
  endpoints: Endpoints,
  limits: Limits,
  patchResponse: ReadonlyMap<string, "resource" | "none">,
  perform: Perform = toConnector,
): Gateway {
  const endpointOf = (type: string): Endpoint => {
    const endpoint = endpoints.get(type);
    if (!endpoint) throw notFound(`This route serves no ${type}.`);
    return endpoint;
  };
  const views = new Map([...endpoints.values()].map((endpoint) => [endpoint, createViews(endpoint.mapping)]));
  const viewsOf = (endpoint: Endpoint) => views.get(endpoint)!;

  async function resources(
    entries: readonly Entry[],
    selection: Selection,
    context: Context,
    known: KnownReferences,
  ): Promise<Resource[]> {
    await known.learnReferences(referencesIn(selection, entries));
    const location = (type: string, id: string) =>
      `${context.baseUrl}${endpoints.get(type)?.mapping.type.endpoint ?? ""}/${encodeURIComponent(id)}`;
    const read = entries.map((entry) => readEntry(selection, entry, { references: known, location }));
    if (selection.expressions.length === 0) return read as Resource[];
    return Promise.all(read).catch((error) => {
      throw expressionFailure(error);
    });
  }

  async function one(entry: Entry, { selection, cut }: View, context: Context, known: KnownReferences) {
    const [resource] = await resources([entry], selection, context, known);
    return cut?.(resource!) ?? resource!;
  }

  async function get(type: string, id: string, query: Query, context: Context): Promise<Resource> {
    const endpoint = endpointOf(type);
    const view = viewsOf(endpoint).of(query);
    const entry = await read(endpoint, id, view.selection.attrs, context);
    return one(entry, view, context, knownReferences(endpoints, endpoint, context));
  }

  async function create(type: string, body: unknown, query: Query, context: Context): Promise<Resource> {
    const endpoint = endpointOf(type);
    const { mapping } = endpoint;
    const resource = readInput(endpoint, body, context);
    const view = viewsOf(endpoint).of(query);
    const known = knownReferences(endpoints, endpoint, context);
    await known.learnIds(idsInResource(endpoint, resource));
    const inMapping = <T>(result: Promise<T>) =>
      result.catch((error) => {
        throw expressionFailure(error);
      });
    const creation = await inMapping(entryToCreate(mapping, resource, known));
    const { attrs } = view.selection;
    for (let entry = creation.entry; ; ) {
      try {
        const made = await perform({ endpoint, context, action: "create", entry, attrs });
        return await one(made!, view, context, known);
      } catch (error) {
        const taken = takenAttr(error);
        const next = taken === undefined ? undefined : await inMapping(creation.next(taken));
        if (!next) throw error;
        entry = next;
      }
    }
  }

  async function replace(
    type: string,
    id: string,
    body: unknown,
    query: Query,
    context: Context,
    ifMatch?: string,
  ): Promise<Resource> {
    const endpoint = endpointOf(type);
    const resource = readInput(endpoint, body, context);
    const known = knownReferences(endpoints, endpoint, context);
    await known.learnIds(idsInResource(endpoint, resource));
    const view = viewsOf(endpoint).of(query);
    const entry = await rewrite(
      endpoint,
      id,
      (current) => {
        const target = keepUnspoken(resource, current, endpoint);
        checkImmutable(current, target, endpoint.mapping.type);
        return target;
      },
      view,
      known,
      context,
      ifMatch,
    );
    return one(entry, view, context, known);
  }

  async function patch(
    type: string,
    id: string,
    body: unknown,
    query: Query,
    context: Context,
    ifMatch?: string,
  ): Promise<Resource | undefined> {
    const endpoint = endpointOf(type);
    const { mapping } = endpoint;
    const operations = readPatch(body, mapping.type);
    const known = knownReferences(endpoints, endpoint, context);
    await known.learnIds(idsInOperations(endpoint, operations));
    const answers = query.attributes !== undefined || (patchResponse.get(type) ?? "resource") === "resource";
    const view = answers ? viewsOf(endpoint).of(query) : viewsOf(endpoint).none;
    const changes = operations.some(touchesImmutable) ? undefined : directChanges(mapping, operations, known);
    let entry: Entry;
    if (changes) {
      const unmapped = operations
        .map(({ path }) => path.attribute)
        .filter((attribute) => !mapping.groups.has(attribute));
      refuseOrNote(
        endpoint,
        unmapped.map(({ name }) => name),
        context,
      );
      entry = await update(endpoint, id, changes, view.selection.attrs, context, ifMatch);
    } else {
      const patched = (current: Resource) => {
        const result = applyPatch(current, operations, mapping.type);
        requireAll(result, mapping.type, "mutability");
        checkImmutable(current, result, mapping.type);
        return result;
      };
      entry = await rewrite(endpoint, id, patched, view, known, context, ifMatch);
    }
    return answers ? one(entry, view, context, known) : undefined;
  }

  /** Makes the changes, in one call; where there are none the entry must still be there. */
  async function update(
    endpoint: Endpoint,
    id: string,
    changes: readonly Change[],
    attrs: readonly string[],
    context: Context,
    ifMatch?: string,
  ): Promise<Entry> {
    if (changes.length === 0 && ifMatch === undefined) return read(endpoint, id, attrs, context);
    const key = keyOf(endpoint, id);
    const expected = expectedFor(endpoint, ifMatch);
    return (await perform({ endpoint, context, action: "update", key, changes, ...expected, attrs }))!;
  }

  /** Reads, changes the resource, and writes the difference; again where another was faster, unless `If-Match` forbids. */
  async function rewrite(
    endpoint: Endpoint,
    id: string,
    change: (current: Resource) => Resource,
    view: View,
    known: KnownReferences,
    context: Context,
    ifMatch?: string,
  ): Promise<Entry> {
    const { mapping } = endpoint;
    const { all } = viewsOf(endpoint);
    const unread = attrsUnread(mapping);
    const written = attrsOf(mapping).filter((attr) => !unread.has(attr));
    const attrs = [...new Set([...all.attrs, ...written, ...attrsKept(mapping)])];
    for (let attempt = 1; ; attempt++) {
      const present = await read(endpoint, id, attrs, context);
      const [current] = await resources([present], all, context, known);
      const target = change(current!);
      refuseOrNote(endpoint, unmappedIn(mapping, target), context);
      const changes = await changesBetween(mapping, present, current!, target, known).catch((error) => {
        throw expressionFailure(error);
      });
      if (changes.length === 0 && ifMatch === undefined) return present;
      try {
        return await update(endpoint, id, changes, view.selection.attrs, context, ifMatch);
      } catch (error) {
        const isLostRace = isVersionMismatch(error) && ifMatch === undefined;
        if (!isLostRace) throw error;
        if (attempt === ATTEMPTS) throw inConflict("Others keep changing this resource. Try again.");
      }
    }
  }

  async function remove(type: string, id: string, context: Context, ifMatch?: string): Promise<void> {
    const endpoint = endpointOf(type);
    const key = keyOf(endpoint, id);
    await perform({ endpoint, context, action: "delete", key, ...expectedFor(endpoint, ifMatch) });
  }

  async function read(endpoint: Endpoint, id: string, attrs: readonly string[], context: Context): Promise<Entry> {
    const { mapping, connector } = endpoint;
    const entry = await ask(context, () =>
      connector.get({ kind: mapping.kind, key: keyOf(endpoint, id), attrs, signal: context.signal }),
    );
    if (!entry) throw notFound(`There is no ${mapping.type.name} with the id ${JSON.stringify(id)}.`);
    return entry;
  }

  const listing = { endpoints, limits, viewsOf, resources };
  return {
    endpoints,
    get,
    list: (type, query, context) => list(listing, type, query, context),
    create,
    replace,
    patch,
    remove,
  };
}
