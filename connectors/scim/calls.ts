import {
  type Change,
  type Entry,
  type Expected,
  fromValues,
  type SearchRequest,
  valuesOf,
} from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound } from "../../src/connector/error.ts";
import type { Answer } from "../../src/connector/http.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import type { Call } from "../../src/http/call.ts";
import { isSegment } from "../../src/http/text.ts";
import { isObject, type Resource } from "../../src/scim/schema.ts";
import { changed, patchBody } from "./changes.ts";
import { type Filters, filterText } from "./filter.ts";
import { askedFor, type PathOf, pathOf, putAt, valuesAt } from "./paths.ts";
import { type Settings, URNS } from "./settings.ts";

/** A kind of resources. */
export interface ScimKind {
  readonly name: string;
  readonly endpoint: string;
  readonly schema: string;
  readonly filters: Filters;
}

/** A resource as the server returns it, with its version if it has one. */
export interface Present {
  readonly resource: Resource;
  readonly etag: string | undefined;
}

/** Builds a kind from its settings. */
export function kindOf(
  name: string,
  { endpoint, schema, caseExact }: Settings["kinds"][string],
  { version, filter }: Settings,
): ScimKind {
  const { core, enterprise } = URNS[version];
  const named = version === "1.1" ? core : `${core}${endpoint.toLowerCase() === "/groups" ? "Group" : "User"}`;
  const filters = {
    version,
    ...filter,
    caseExact: new Set(caseExact),
    pathOf: (attr: string) => pathOf(attr, enterprise),
  };
  return { name, endpoint, schema: schema ?? named, filters };
}

/** The path of a resource. Throws `notFound` for an impossible key. */
export function pathTo({ name, endpoint }: ScimKind, key: string): string {
  if (!isSegment(key)) throw entryNotFound(name, key);
  return `${endpoint}/${encodeURIComponent(key)}`;
}

/** The attributes to read before a change. A PATCH needs only what it affects: renaming a group does not require its members. */
export const readBefore = (
  changes: readonly Change[],
  expected: Expected | undefined,
  hasPatch: boolean,
): string[] | undefined =>
  hasPatch ? [...changes.map(({ attr }) => attr), ...Object.keys(expected ?? {}), "meta.version"] : undefined;

const attributesFor = (attrs: readonly string[], path: PathOf): string =>
  [...new Set(["id", ...attrs.map((attr) => askedFor(path(attr)))])].join(",");

/** The call that reads a resource. */
export function getCall(
  kind: ScimKind,
  key: string,
  attrs: readonly string[] | undefined,
  { projection }: Settings,
  path: PathOf,
): Call {
  return {
    method: "GET",
    path: pathTo(kind, key),
    query: attrs && projection ? { attributes: attributesFor(attrs, path) } : {},
  };
}

/** The call for a page of a list, after skipping resources. */
export function listCall(
  { endpoint, filters }: ScimKind,
  { where, attrs }: Pick<SearchRequest, "where" | "attrs">,
  offset: number,
  size: number,
  { projection }: Settings,
  path: PathOf,
): Call {
  return {
    method: "GET",
    path: endpoint,
    query: {
      ...(where && { filter: filterText(filters, where) }),
      startIndex: String(offset + 1),
      count: String(size),
      ...(projection && { attributes: attributesFor(attrs, path) }),
    },
  };
}

/** The resource in a response, and its version. */
export function resourceIn({ body, headers }: Answer, { name }: ScimKind, key?: string): Present {
  if (!isObject(body) || (key !== undefined && body.id !== undefined && String(body.id) !== key))
    throw new ConnectorError("unavailable", `The server's response is not a ${name}.`);
  const { version } = isObject(body.meta) ? body.meta : {};
  return {
    resource: key === undefined ? body : { id: key, ...body },
    etag: headers.etag ?? (typeof version === "string" && version !== "" ? version : undefined),
  };
}

/** The precondition of a write. */
export const matching = (etag: string | undefined): Record<string, string> =>
  etag === undefined ? {} : { "if-match": etag };

/** The resource for a new entry. */
export function resourceOf({ schema }: ScimKind, entry: Entry, path: PathOf): Resource {
  const resource: Resource = { schemas: [schema] };
  for (const attr of Object.keys(entry)) putAt(resource, path(attr), valuesOf(entry, attr));
  return withSchemas(resource);
}

/** Lists the extensions whose attributes a resource has. */
function withSchemas(resource: Resource): Resource {
  const own = Array.isArray(resource.schemas) ? resource.schemas : [];
  const extensions = Object.keys(resource).filter((name) => /^urn:/i.test(name));
  return { ...resource, schemas: [...new Set([...own, ...extensions])] };
}

/** Changes of a resource, and the resource before them if it was read. */
export interface PlannedUpdate {
  readonly key: string;
  readonly changes: readonly Change[];
  readonly before: Present | undefined;
}

/** The call for changes: a PATCH, or a PUT of the whole resource if the server has no PATCH. */
export function updateCall(
  kind: ScimKind,
  { key, changes, before }: PlannedUpdate,
  { version }: Settings,
  hasPatch: boolean,
  path: PathOf,
): Call {
  const headers = matching(before?.etag);
  const attrs = [...new Set(changes.map(({ attr }) => attr))];
  const entry = Object.fromEntries(
    attrs.map((attr) => [attr, fromValues(valuesAt(before?.resource ?? {}, path(attr)))]),
  );
  // Throws if a swap's old value is no longer there.
  const after = before ? applyChanges(entry, changes) : {};
  if (hasPatch)
    return {
      method: "PATCH",
      path: pathTo(kind, key),
      headers,
      body: patchBody(changes, before?.resource, version, [kind.schema], path),
    };
  const all = Object.fromEntries(attrs.map((attr) => [attr, after[attr]]));
  const { meta: _, ...resource } = changed(before!.resource, all, path);
  return { method: "PUT", path: pathTo(kind, key), headers, body: withSchemas(resource) };
}
