import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judge } from "../src/entra/findings/index.ts";
import type { Exchange, Purpose } from "../src/entra/report-data.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway(legacyHr());
});
afterAll(() => gateway.stop());

type Request = Pick<Exchange, "method" | "path" | "body" | "type"> & {
  readonly token?: string;
  readonly base?: string;
};

/** Sends a request as Entra does, and takes note of the exchange as the engine does. */
async function send(
  purpose: Purpose,
  { method, path, body, type, token = gateway.token, base = gateway.base }: Request,
): Promise<Exchange> {
  const at = Date.now();
  const common = { purpose, type, at, method, path, ...(body !== undefined && { body }) };
  try {
    const response = await fetch(base + path, {
      method,
      redirect: "manual",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/scim+json; charset=utf-8" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text === "" ? {} : { json: JSON.parse(text) as unknown };
    return {
      ...common,
      tookMs: Date.now() - at,
      answer: { status: response.status, headers: Object.fromEntries(response.headers), text, ...json },
    };
  } catch (error) {
    const { cause } = error as { cause?: Error & { code?: string } };
    return { ...common, tookMs: Date.now() - at, failure: `${cause?.code ?? ""} ${cause?.message ?? error}` };
  }
}

const get = (path: string, type: "User" | "Group" = "User") => ({ method: "GET", path, type }) as const;
const patch = (path: string, Operations: readonly object[], type: "User" | "Group" = "User") =>
  ({
    method: "PATCH",
    path,
    type,
    body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations },
  }) as const;
const idOf = ({ answer }: Exchange): string => (answer!.json as { id: string }).id;

test("the gateway itself has no findings in the life of a user and of a group as Entra drives them", async () => {
  const user = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "ada.l@contoso.example",
    externalId: "ada",
    active: true,
    displayName: "Ada",
    emails: [{ primary: true, type: "work", value: "ada.l@contoso.example" }],
    meta: { resourceType: "User" },
    roles: [],
  };
  const group = {
    schemas: [
      "urn:ietf:params:scim:schemas:core:2.0:Group",
      "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    ],
    externalId: "fin",
    displayName: "Finance",
    meta: { resourceType: "Group" },
  };
  const steps: Exchange[] = [];
  const sent = async (...request: Parameters<typeof send>) => {
    const exchange = await send(...request);
    steps.push(exchange);
    return exchange;
  };
  await sent("probe", get("/Users?filter=userName+eq+%227d0c5a7e-0f0e-4d6c-9f4b-0a7f5f6f2b11%22"));
  await sent("probe", get("/Groups?excludedAttributes=members&filter=displayName+eq+%227d0c5a7e%22", "Group"));
  await sent("match", get('/Users?filter=userName+eq+"ADA.L%40contoso.example"'));
  const id = idOf(await sent("create", { method: "POST", path: "/Users", type: "User", body: user }));
  await sent("match", get('/Users?filter=userName+eq+"ADA.L%40contoso.example"'));
  await sent("read", get(`/Users/${id}`));
  await sent("update", patch(`/Users/${id}`, [{ op: "Replace", path: "active", value: "False" }]));
  await sent("read", get(`/Users/${id}`));
  const groupId = idOf(await sent("create", { method: "POST", path: "/Groups", type: "Group", body: group }));
  await sent(
    "update",
    patch(`/Groups/${groupId}`, [{ op: "Add", path: "members", value: [{ $ref: null, value: id }] }], "Group"),
  );
  await sent("read", get(`/Groups/${groupId}?excludedAttributes=members`, "Group"));
  await sent(
    "check reference",
    get(`/Groups?filter=id+eq+%22${groupId}%22+and+members+eq+%22${id}%22&excludedAttributes=members`, "Group"),
  );
  await sent("discover", get("/Users?startIndex=1&count=2"));
  await sent("discover", get("/Users?startIndex=3&count=2"));
  await sent("delete", { method: "DELETE", path: `/Groups/${groupId}`, type: "Group" });
  await sent("delete", { method: "DELETE", path: `/Users/${id}`, type: "User" });
  await sent("verify", get(`/Users/${id}`));
  expect(
    steps.map((each) => [each.purpose, each.path, ...judge(each)]).filter(([, , ...found]) => found.length > 0),
  ).toEqual([]);
});

test("what the gateway refuses is told as what it is", async () => {
  const probe = get("/Users?filter=userName+eq+%22x%22");
  const found = async (...request: Parameters<typeof send>) => judge(await send(...request));
  expect(await found("probe", { ...probe, token: "wrong" })).toEqual(["unauthorized"]);
  expect(await found("probe", get("/People?filter=userName+eq+%22x%22"))).toEqual(["filter-answered-404"]);
  expect(await found("match", get("/Users?filter=userName+like+%22x%22"))).toEqual(["filter-refused"]);
  expect(await found("update", patch("/Users/none", [{ op: "replace", path: "active", value: false }]))).toEqual([
    "linked-object-not-found",
  ]);
  const twice = {
    method: "POST",
    path: "/Users",
    type: "User",
    body: { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "twice", active: true },
  } as const;
  await send("create", twice);
  expect(await found("create", twice)).toEqual(["conflict-on-create"]);
});

test("how a connection really fails is told apart: refused, no such host, no TLS, closed", async () => {
  const probe = get("/Users?filter=userName+eq+%22x%22");
  const server = createServer((socket) => socket.once("data", () => socket.destroy())).listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at = async (address: string) => judge(await send("probe", { ...probe, base: address }));
  expect(await at(base)).toEqual(["connection-lost"]);
  server.close();
  await once(server, "close");
  expect(await at(base)).toEqual(["connection-refused"]);
  expect(await at("http://no-such-host.invalid")).toEqual(["host-not-found"]);
  expect(await at(gateway.base.replace("http:", "https:"))).toEqual(["tls-failed"]);
});
