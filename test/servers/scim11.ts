import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "../clients/replay.ts";
import type { TestGateway } from "./gateway.ts";

type Json = Record<string, unknown>;
const OLD = "urn:scim:schemas:core:1.0";
const OLD_ENTERPRISE = "urn:scim:schemas:extension:enterprise:1.0";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/**
 * A server of SCIM 1.1, made of one of 2.0: its URNs, errors and PATCH are the older ones, and it knows neither brackets nor `not`
 * in filters, nor the newer media type.
 */
export async function startScim11(gateway: TestGateway) {
  const translated = (value: unknown, newer: boolean): unknown => {
    const text = JSON.stringify(value ?? null).replaceAll(
      newer ? OLD_ENTERPRISE : ENTERPRISE,
      newer ? ENTERPRISE : OLD_ENTERPRISE,
    );
    const core = newer
      ? text.replaceAll(`"${OLD}"`, '"urn:ietf:params:scim:schemas:core:2.0:User"')
      : text.replace(/"urn:ietf:params:scim:schemas:core:2\.0:(User|Group)"/g, `"${OLD}"`);
    return JSON.parse(core);
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const url = new URL(request.url!, "http://old");
    const answer = (status: number, body?: unknown) =>
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(body === undefined ? undefined : JSON.stringify(body));
    const failed = (code: number, description: string) =>
      answer(code, { Errors: [{ description, code: String(code) }] });
    const filter = url.searchParams.get("filter") ?? "";
    if (/[[\]]|\bnot\b/.test(filter)) return failed(400, "This filter is not of SCIM 1.1.");
    if (`${request.headers.accept} ${request.headers["content-type"]}`.includes("scim+json"))
      return failed(406, "JSON only.");
    const group = url.pathname.startsWith("/v1/Groups");
    const given = text === "" ? undefined : (translated(JSON.parse(text), true) as Json);
    if (given) given.schemas = group ? ["urn:ietf:params:scim:schemas:core:2.0:Group"] : given.schemas;
    const path = `${url.pathname.slice("/v1".length)}${url.search}`.replaceAll(
      encodeURIComponent(OLD_ENTERPRISE),
      ENTERPRISE,
    );
    const body =
      request.method === "PATCH"
        ? { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: operations(given!) }
        : given;
    const result = await send(gateway, request.method!, path, body);
    if (result.status >= 400) return failed(result.status, result.json.detail);
    return answer(result.status, result.json && translated(result.json, false));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await gateway.stop();
    },
  };
}

/** SCIM 1.1 §3.3.2: what is named in `meta.attributes` is taken away first; lists are added to, but for what is marked as deleted. */
function operations({ schemas: _, meta, ...given }: Json): object[] {
  const gone = ((meta as Json | undefined)?.attributes ?? []) as string[];
  const put = Object.entries(given).flatMap(([path, value]): object[] => {
    if (!Array.isArray(value)) return [{ op: "replace", value: { [path]: value } }];
    const isGone = (each: Json) => each.operation === "delete";
    return [
      ...value
        .filter(isGone)
        .map((each) => ({ op: "remove", path: `${path}[value eq ${JSON.stringify(each.value)}]` })),
      ...(value.some((each) => !isGone(each))
        ? [{ op: "add", path, value: value.filter((each) => !isGone(each)) }]
        : []),
    ];
  });
  return [...gone.map((path) => ({ op: "remove", path })), ...put];
}
