import { isObject } from "../../../src/scim/schema.ts";

type Table = Readonly<Record<string, unknown>>;

/** An OpenAPI document, 3.x, or 2.0 as Swagger called it. */
export interface OpenApi {
  readonly title: string;
  /** The API's base address, if the document has one that is whole. */
  readonly url: string | undefined;
  readonly auth: Readonly<Record<string, unknown>>;
  readonly paths: Table;
  /** A value with what it refers to in its place. */
  readonly resolved: (value: unknown) => Table | undefined;
}

/** A list of an API's, with the calls on its items. */
export interface Collection {
  readonly path: string;
  readonly itemPath: string | undefined;
  readonly list: Table;
  readonly get: Table | undefined;
  readonly create: Table | undefined;
  /** How an item is changed, and by what. */
  readonly update: "PATCH" | "PUT" | undefined;
  readonly canDelete: boolean;
}

/** Reads an OpenAPI document. Throws an `Error` if it is none. */
export function readOpenApi(document: unknown, from: string): OpenApi {
  if (!isObject(document) || !isObject(document.paths) || !(document.openapi || document.swagger))
    throw new Error(`${from} is not an OpenAPI document: it has no "openapi" and "paths".`);
  const resolved = (value: unknown, depth = 0): Table | undefined => {
    if (!isObject(value)) return undefined;
    const reference = value.$ref;
    if (typeof reference !== "string") return value;
    if (!reference.startsWith("#/") || depth > 20) return undefined;
    const names = reference
      .slice(2)
      .split("/")
      .map((each) => each.replaceAll("~1", "/").replaceAll("~0", "~"));
    const target = names.reduce<unknown>(
      (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      document,
    );
    return resolved(target, depth + 1);
  };
  const info = resolved(document.info);
  return {
    title: typeof info?.title === "string" ? info.title.replace(/\s+/g, " ").slice(0, 80) : "the API",
    url: addressOf(document, from),
    auth: authOf(document, resolved),
    paths: document.paths,
    resolved: (value) => resolved(value),
  };
}

function addressOf(document: Table, from: string): string | undefined {
  const [server] = Array.isArray(document.servers) ? document.servers.filter(isObject) : [];
  const host = typeof document.host === "string" ? document.host : undefined;
  const [scheme = "https"] = Array.isArray(document.schemes) ? document.schemes.map(String) : [];
  const given = withDefaults(server) ?? (host && `${scheme}://${host}${String(document.basePath ?? "")}`);
  if (typeof given !== "string" || given.includes("{")) return undefined;
  const address = URL.parse(given, /^https?:/.test(from) ? from : undefined);
  return address && /^https?:$/.test(address.protocol) ? address.href.replace(/\/$/, "") : undefined;
}

/** The address of a server with its variables' defaults, which OpenAPI demands. */
function withDefaults(server: Table | undefined): unknown {
  const { url, variables } = server ?? {};
  if (typeof url !== "string" || !isObject(variables)) return url;
  return url.replace(/\{([^{}]+)\}/g, (all, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return isObject(variable) && typeof variable.default === "string" ? variable.default : all;
  });
}

function authOf(document: Table, resolved: (value: unknown) => Table | undefined): Table {
  const components = resolved(document.components);
  const schemes = resolved(components?.securitySchemes ?? document.securityDefinitions) ?? {};
  for (const each of Object.values(schemes)) {
    const scheme = resolved(each);
    const type = String(scheme?.type);
    const kind = String(scheme?.scheme ?? "").toLowerCase();
    if (type === "http" && kind === "bearer") return { type: "bearer", token: "${env:API_TOKEN}" };
    if (type === "basic" || (type === "http" && kind === "basic"))
      return { type: "basic", username: "postern", password: "${env:API_PASSWORD}" };
    if (
      type === "apiKey" &&
      typeof scheme?.name === "string" &&
      isPlainName(scheme.name) &&
      (scheme.in === "header" || scheme.in === "query")
    )
      return { type: "apiKey", [scheme.in === "header" ? "headers" : "query"]: { [scheme.name]: "${env:API_KEY}" } };
    const flow =
      resolved(resolved(scheme?.flows)?.clientCredentials) ?? (scheme?.flow === "application" ? scheme : undefined);
    if (type === "oauth2" && typeof flow?.tokenUrl === "string" && /^https:[^{}]*$/.test(flow.tokenUrl))
      return {
        type: "clientCredentials",
        tokenUrl: flow.tokenUrl,
        clientId: "${env:API_CLIENT_ID}",
        clientSecret: "${env:API_CLIENT_SECRET}",
      };
  }
  return { type: "none" };
}

/** The list whose path ends in one of some names, the shortest path first; or the one at a path. */
export function findCollection({ paths, resolved }: OpenApi, names: RegExp, path?: string): Collection | undefined {
  const found = Object.keys(paths)
    .filter((each) => resolved(resolved(paths[each])?.get))
    .filter((each) => (path === undefined ? !each.includes("{") && names.test(each.split("/").at(-1)!) : each === path))
    .sort((a, b) => a.length - b.length)[0];
  if (found === undefined) return undefined;
  const item = Object.keys(paths).find(
    (each) => each.startsWith(`${found}/{`) && /^\/\{[^/{}]+\}$/.test(each.slice(found.length)),
  );
  const of = (at: string | undefined, method: string) =>
    at === undefined ? undefined : resolved(resolved(paths[at])?.[method]);
  return {
    path: found,
    itemPath: item,
    list: of(found, "get")!,
    get: of(item, "get"),
    create: of(found, "post"),
    update: of(item, "patch") ? "PATCH" : of(item, "put") ? "PUT" : undefined,
    canDelete: of(item, "delete") !== undefined,
  };
}

/**
 * Whether a name of a document's may be written into a configuration: not one that Postern would take for a reference to a secret, which
 * the API would then be sent, nor for an expression.
 */
export const isPlainName = (name: string): boolean => /^[\w.$-]+$/.test(name);

/** The schema of an operation's successful answer. */
export function answerOf({ resolved }: OpenApi, operation: Table | undefined): Table | undefined {
  const responses = resolved(operation?.responses) ?? {};
  const status = Object.keys(responses).find((each) => /^2/.test(each)) ?? "default";
  const answer = resolved(responses[status]);
  const content = resolved(answer?.content) ?? {};
  const type = Object.keys(content).find((each) => /json/.test(each));
  return resolved(type === undefined ? answer?.schema : resolved(content[type])?.schema);
}

/** The properties of a schema, of its parts, too. */
export function propertiesOf(
  { resolved }: OpenApi,
  schema: Table | undefined,
  seen = new Set<Table>(),
): Readonly<Record<string, Table>> {
  // A part that is there several times has nothing to add; one that is within itself would never end.
  if (!schema || seen.has(schema)) return {};
  seen.add(schema);
  const parts = Array.isArray(schema.allOf) ? schema.allOf : [];
  const own = resolved(schema.properties) ?? {};
  return {
    ...Object.assign({}, ...parts.map((each) => propertiesOf({ resolved } as OpenApi, resolved(each), seen))),
    ...Object.fromEntries(
      Object.entries(own).flatMap(([name, each]) => {
        const property = resolved(each);
        return property ? [[name, property] as const] : [];
      }),
    ),
  };
}

/** The names of an operation's parameters in the query. */
export function queryOf({ resolved }: OpenApi, operation: Table): ReadonlyMap<string, number | undefined> {
  const parameters = Array.isArray(operation.parameters) ? operation.parameters : [];
  return new Map(
    parameters.flatMap((each) => {
      const parameter = resolved(each);
      if (parameter?.in !== "query" || typeof parameter.name !== "string" || !isPlainName(parameter.name)) return [];
      const maximum = resolved(parameter.schema)?.maximum ?? parameter.maximum;
      return [[parameter.name, typeof maximum === "number" ? maximum : undefined] as const];
    }),
  );
}
