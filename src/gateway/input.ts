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

/** The most characters of an id. */
export const MAX_ID = 1024;

/**
 * What a PUT leaves as it is because it does not speak of it: a boolean, `active` above all, so that nobody is enabled
 * by an omission, and what is immutable.
 */
export function keepUnspoken(resource: Resource, current: Resource, { mapping }: Endpoint): Resource {
  const kept: Resource = { ...resource };
  for (const { name, type, mutability } of mapping.type.schema.attributes) {
    const isKept = type === "boolean" || mutability === "immutable";
    if (isKept && kept[name] === undefined && current[name] !== undefined) kept[name] = current[name];
  }
  return kept;
}

/** A client's resource made regular; what nothing takes is noted, or refused where the mapping says so. */
export function readInput(endpoint: Endpoint, body: unknown, context: Context): Resource {
  const { resource, unknown } = readResource(body, endpoint.mapping.type);
  refuseOrNote(endpoint, [...unknown, ...unmappedIn(endpoint.mapping, resource)], context);
  return resource;
}

/** Says what no row of the mapping takes. */
export function refuseOrNote(endpoint: Endpoint, names: readonly string[], context: Context): void {
  if (names.length === 0) return;
  if (refusesUnmapped(endpoint.mapping)) {
    const listed = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 200)));
    const isList = [...endpoint.mapping.groups.keys()].some((each) => each.multiValued && names.includes(each.name));
    throw badRequest(
      "invalidValue",
      `Nothing here takes ${listed.join(", ")}${isList ? " with all of these values. Each needs a type that is mapped, and most types have room for one value" : ""}.`,
    );
  }
  context.note({ unmapped: names.slice(0, 20).map(loggable) });
}

/** A name that a client sent, as far as it looks like one: what does not may be anything, and of any length. */
const loggable = (name: string): string => (/^[\w:.$-]{1,200}$/.test(name) ? name : "(no name)");

/** An id is a key as it is; what no backend could have made is not asked for. */
export function keyOf(endpoint: Endpoint, id: string): string {
  if (id.length > MAX_ID || id.includes("\0"))
    throw notFound(`There is no ${endpoint.mapping.type.name} with this id.`);
  return id;
}

/** What `If-Match` expects of the entry. Throws 412 where the mapping knows no version. */
export function expectedFor(endpoint: Endpoint, ifMatch: string | undefined): { expected?: Expected } {
  const version = versionOf(ifMatch);
  if (version === undefined || version === "*") return {};
  const row = endpoint.mapping.version;
  if (!row)
    throw preconditionFailed(
      `A ${endpoint.mapping.type.name} has no version here: leave If-Match out, or map meta.version.`,
    );
  return { expected: { [row.attr]: version } };
}

/** The ids that a resource refers to, by type. */
export const idsInResource = ({ mapping }: Endpoint, resource: Resource) =>
  idsInValues(mapping, (path) => {
    const schema = mapping.rows.find((row) => row.path.attribute === path.attribute)!.path.schema;
    return [schemaPart(resource, mapping.type, schema)?.[path.attribute.name]];
  });

/** The ids that a PATCH refers to, by type. */
export const idsInOperations = ({ mapping }: Endpoint, operations: readonly PatchOperation[]) =>
  idsInValues(mapping, (path) =>
    operations
      .filter((operation) => operation.path.attribute === path.attribute)
      .flatMap((operation): unknown[] => {
        if ("elements" in operation) return [...operation.elements];
        return "value" in operation ? [operation.value] : [];
      }),
  );

/** True for a write that met a change by another. */
export const isVersionMismatch = (error: unknown): boolean =>
  error instanceof BackendError && error.failure.kind === "versionMismatch";

/** The attribute of which another entry has the value, for a creation that was refused for it. */
export const takenAttr = (error: unknown): string | undefined =>
  error instanceof BackendError && error.failure.kind === "conflict" ? error.failure.attr : undefined;
