import { isObject, type Resource } from "../scim/schema.ts";
import { type Plan, planOfPaths, planOfSchemas, type TypeName } from "./plan.ts";
import type { Answer } from "./transport.ts";

/** What an endpoint publishes about itself, as it answered. */
export interface Discovery {
  readonly config: Answer;
  readonly types: Answer;
  readonly schemas: Answer;
}

/** The discovery endpoints, RFC 7644 §4. */
export const DISCOVERY_PATHS = {
  config: "/ServiceProviderConfig",
  types: "/ResourceTypes",
  schemas: "/Schemas",
} as const;

/** The resources of an answer that lists them; some endpoints answer with a bare array. */
export function resourcesIn({ status, json }: Pick<Answer, "status" | "json">): Resource[] {
  const list = status !== 200 ? [] : Array.isArray(json) ? json : json?.Resources;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** The schemas of a type, its core schema first, and its endpoint; undefined if the endpoint does not publish the type. */
export function publishedType(
  { types, schemas }: Discovery,
  type: TypeName,
): { readonly endpoint: string; readonly schemas: readonly Resource[] } | undefined {
  const resource = resourcesIn(types).find(({ name, id }) => name === type || id === type);
  const all: readonly Resource[] = resourcesIn(schemas);
  const schemaOf = (urn: unknown): Resource | undefined =>
    all.find(({ id }) => String(id).toLowerCase() === String(urn).toLowerCase());
  const core = schemaOf(resource?.schema ?? `urn:ietf:params:scim:schemas:core:2.0:${type}`);
  if (!core) return undefined;
  const extensions: readonly Resource[] = Array.isArray(resource?.schemaExtensions)
    ? resource.schemaExtensions.flatMap((each: unknown): readonly Resource[] =>
        [schemaOf(isObject(each) ? each.schema : undefined) ?? []].flat(),
      )
    : all.filter(
        ({ id }) => String(id).startsWith("urn:ietf:params:scim:schemas:extension:") && String(id).endsWith(`:${type}`),
      );
  // Some give a whole URL or path here: what is appended to the base URL is its last part.
  const name = String(resource?.endpoint ?? "")
    .split("/")
    .findLast((part) => part !== "");
  return { endpoint: `/${name ?? `${type}s`}`, schemas: [core, ...extensions] };
}

/** What decides which attributes are written. */
export interface Choices {
  /** The attributes that users and groups are matched by. */
  readonly joining: Readonly<Record<TypeName, string>>;
  /** The paths that a job in Entra writes, in place of what the endpoint publishes. */
  readonly paths?: Readonly<Record<TypeName, readonly string[]>> | undefined;
}

/** The plan for users: of the paths that are given, else of what is published, else the defaults. */
export function userPlan(discovery: Discovery, { joining, paths }: Choices): Plan {
  if (paths) return planOfPaths("User", joining.User, paths.User);
  const published = publishedType(discovery, "User");
  return published ? planOfSchemas("User", joining.User, published) : planOfPaths("User", joining.User);
}

/** The plan for groups; undefined if the endpoint says what types it has, and groups are not among them. */
export function groupPlan(discovery: Discovery, { joining, paths }: Choices): Plan | undefined {
  if (paths && paths.Group.length > 0) return planOfPaths("Group", joining.Group, paths.Group);
  const published = publishedType(discovery, "Group");
  if (published) return planOfSchemas("Group", joining.Group, published);
  return resourcesIn(discovery.types).length > 0 ? undefined : planOfPaths("Group", joining.Group);
}
