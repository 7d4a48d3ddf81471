import type { Expected } from "../connector/connector.ts";
import { refusesUnmapped, unmappedIn } from "../mapping/unmapped.ts";
import { badRequest, notFound, preconditionFailed } from "../scim/error.ts";
import { readResource } from "../scim/input.ts";
import type { PatchOperation } from "../scim/operations.ts";
import { type Resource, schemaPart } from "../scim/schema.ts";
import { versionOf } from "../scim/version.ts";
import type { Context } from "./context.ts";
import { BackendError } from "./failure.ts";
import { type Endpoint, idsInValues } from "./references.ts";

/** Maximum length of an ID. */
export const MAX_ID = 1024;

/**
 * Values that a PUT keeps if it omits them: booleans, above all `active`, so that an omission never enables anybody, and immutable
 * attributes.
 */
export function keepUnspoken(resource: Resource, current: Resource, { mapping }: Endpoint): Resource {
  const kept: Resource = { ...resource };
  for (const { name, type, mutability } of mapping.type.schema.attributes) {
    const isKept = type === "boolean" || mutability === "immutable";
    if (isKept && kept[name] === undefined && current[name] !== undefined) kept[name] = current[name];
  }
  return kept;
}

/** Normalises a client's resource. Unmapped attributes are logged, or refused if the mapping says so. */
export function readInput(endpoint: Endpoint, body: unknown, context: Context): Resource {
  const { resource, unknown } = readResource(body, endpoint.mapping.type);
  refuseOrNote(endpoint, [...unknown, ...unmappedIn(endpoint.mapping, resource)], context);
  return resource;
}

/** Logs or refuses attributes that no row maps. */
export function refuseOrNote(endpoint: Endpoint, names: readonly string[], context: Context): void {
  if (names.length === 0) return;
  if (refusesUnmapped(endpoint.mapping)) {
    const listed = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 200)));
    const isList = [...endpoint.mapping.groups.keys()].some((each) => each.multiValued && names.includes(each.name));
    throw badRequest(
      "invalidValue",
      `Not mapped here: ${listed.join(", ")}${isList ? ", with all of these values. Each value needs a mapped type, and most types have room for one value" : ""}.`,
    );
  }
  context.note({ unmapped: names.slice(0, 20).map(loggable) });
}

/** A client's attribute name, if it looks like one. Otherwise it could be anything of any length. */
const loggable = (name: string): string => (/^[\w:.$-]{1,200}$/.test(name) ? name : "(no name)");

/** The key of an ID. IDs that no backend could have created are not looked up. */
export function keyOf(endpoint: Endpoint, id: string): string {
  if (id.length > MAX_ID || id.includes("\0"))
    throw notFound(`There is no ${endpoint.mapping.type.name} with this ID.`);
  return id;
}

/** The values that `If-Match` expects. Throws 412 if the mapping has no version. */
export function expectedFor(endpoint: Endpoint, ifMatch: string | undefined): { expected?: Expected } {
  const version = versionOf(ifMatch);
  if (version === undefined || version === "*") return {};
  const row = endpoint.mapping.version;
  if (!row)
    throw preconditionFailed(
      `A ${endpoint.mapping.type.name} has no version here: remove If-Match, or map meta.version.`,
    );
  return { expected: { [row.attr]: version } };
}

/** The IDs that a resource refers to, by type. */
export const idsInResource = ({ mapping }: Endpoint, resource: Resource) =>
  idsInValues(mapping, (path) => {
    const schema = mapping.rows.find((row) => row.path.attribute === path.attribute)!.path.schema;
    return [schemaPart(resource, mapping.type, schema)?.[path.attribute.name]];
  });

/** The IDs that a PATCH refers to, by type. */
export const idsInOperations = ({ mapping }: Endpoint, operations: readonly PatchOperation[]) =>
  idsInValues(mapping, (path) =>
    operations
      .filter((operation) => operation.path.attribute === path.attribute)
      .flatMap((operation): unknown[] => {
        if ("elements" in operation) return [...operation.elements];
        return "value" in operation ? [operation.value] : [];
      }),
  );

/** Reports whether a write conflicted with a concurrent change. */
export const isVersionMismatch = (error: unknown): boolean =>
  error instanceof BackendError && error.failure.kind === "versionMismatch";

/** The attribute whose value another entry has, if that is why a creation was refused. */
export const takenAttr = (error: unknown): string | undefined =>
  error instanceof BackendError && error.failure.kind === "conflict" ? error.failure.attr : undefined;
