import { randomUUID } from "node:crypto";
import type { Context } from "../gateway/context.ts";
import type { Query } from "../gateway/operation.ts";
import type { Endpoint } from "../gateway/references.ts";
import type { Route } from "../gateway/route.ts";
import { badRequest, notFound } from "../scim/error.ts";
import type { ResourceType } from "../scim/schema.ts";

/** A SCIM request as the command line, or a file, says it. */
export interface ScimRequest {
  readonly method: string;
  /** Such as `/Users?filter=userName eq "ann"`, with the route before it or without. */
  readonly url: string;
  readonly body?: unknown;
}

/** A request, taken apart. */
export interface Target {
  readonly type: ResourceType;
  readonly id: string | undefined;
  readonly query: Query;
}

/** The route that a request's address begins with; the first where it begins with none. */
export function routeOf({ url }: ScimRequest, routes: Iterable<string>): string {
  const { pathname } = new URL(url, "http://localhost");
  const all = [...routes];
  return all.find((base) => pathname.startsWith(`${base}/`)) ?? all[0]!;
}

/** What a request asks for. Throws 404 where the route has no such endpoint. */
export function targetOf(
  { url }: ScimRequest,
  route: string,
  endpoints: ReadonlyMap<string, Pick<Endpoint, "mapping">>,
): Target {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const path = pathname.startsWith(`${route}/`) ? pathname.slice(route.length) : pathname;
  const [, endpoint = "", id] = path.split("/");
  const type = [...endpoints.values()]
    .map(({ mapping }) => mapping.type)
    .find((each) => each.endpoint.toLowerCase() === `/${endpoint.toLowerCase()}`);
  if (!type) throw notFound(`${route} has no endpoint /${endpoint}.`);
  return { type, id: id === undefined ? undefined : decodeURIComponent(id), query: Object.fromEntries(searchParams) };
}

/** Carries out a request on a route, without HTTP before it. Gives the status and the resource; throws `ScimError`. */
export async function carryOut(
  request: ScimRequest,
  { base, endpoints, run }: Route,
  caller?: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const target = targetOf(request, base, endpoints);
  const { query } = target;
  const id = target.id ?? "";
  const common = { type: target.type.name, context: contextFor(base, caller) };
  const { method, body } = request;
  switch (method.toUpperCase()) {
    case "GET":
      if (target.id === undefined) return { status: 200, body: await run({ name: "list", ...common, query }) };
      return { status: 200, body: await run({ name: "get", ...common, id, query }) };
    case "POST":
      return { status: 201, body: await run({ name: "create", ...common, body, query }) };
    case "PUT":
      return { status: 200, body: await run({ name: "replace", ...common, id, body, query }) };
    case "PATCH": {
      const resource = await run({ name: "patch", ...common, id, body, query });
      return { status: resource ? 200 : 204, body: resource };
    }
    case "DELETE":
      await run({ name: "delete", ...common, id });
      return { status: 204, body: undefined };
    default:
      throw badRequest("invalidSyntax", `There is no method ${method}: GET, POST, PUT, PATCH or DELETE.`);
  }
}

const contextFor = (baseUrl: string, caller: string | undefined): Context => ({
  baseUrl,
  signal: AbortSignal.timeout(60_000),
  requestId: randomUUID(),
  caller,
  source: "",
  mayDo: async () => true,
  allows: () => true,
  note: () => {},
  waited: () => {},
});
