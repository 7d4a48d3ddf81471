import type { Loaded } from "../config/load.ts";
import type { Context } from "../gateway/context.ts";
import { createGateway } from "../gateway/gateway.ts";
import type { Query } from "../gateway/list.ts";
import type { Endpoints } from "../gateway/references.ts";
import { patchAnswersOf } from "../generation.ts";
import { ScimError } from "../scim/error.ts";
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
export function targetOf({ url }: ScimRequest, route: string, endpoints: Endpoints): Target {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const path = pathname.startsWith(`${route}/`) ? pathname.slice(route.length) : pathname;
  const [, endpoint = "", id] = path.split("/");
  const type = [...endpoints.values()]
    .map(({ mapping }) => mapping.type)
    .find((each) => each.endpoint.toLowerCase() === `/${endpoint.toLowerCase()}`);
  if (!type) throw new ScimError(404, undefined, `${route} has no endpoint /${endpoint}.`);
  return { type, id: id === undefined ? undefined : decodeURIComponent(id), query: Object.fromEntries(searchParams) };
}

/** Carries out a request on a route's endpoints, without HTTP before it. Gives the status and the resource; throws `ScimError`. */
export async function carryOut(
  request: ScimRequest,
  route: string,
  endpoints: Endpoints,
  loaded: Loaded,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { type, id, query } = targetOf(request, route, endpoints);
  const gateway = createGateway(endpoints, loaded.config.limits, patchAnswersOf(loaded, route));
  const context: Context = {
    baseUrl: route,
    signal: AbortSignal.timeout(60_000),
    requestId: "",
    caller: undefined,
    source: "",
    allows: () => true,
    note: () => {},
    waited: () => {},
  };
  const { method, body } = request;
  switch (method.toUpperCase()) {
    case "GET":
      return {
        status: 200,
        body: await (id === undefined
          ? gateway.list(type.name, query, context)
          : gateway.get(type.name, id, query, context)),
      };
    case "POST":
      return { status: 201, body: await gateway.create(type.name, body, query, context) };
    case "PUT":
      return { status: 200, body: await gateway.replace(type.name, id!, body, query, context) };
    case "PATCH": {
      const resource = await gateway.patch(type.name, id!, body, query, context);
      return { status: resource ? 200 : 204, body: resource };
    }
    case "DELETE":
      await gateway.remove(type.name, id!, context);
      return { status: 204, body: undefined };
    default:
      throw new ScimError(400, undefined, `There is no method ${method}: GET, POST, PUT, PATCH or DELETE.`);
  }
}
