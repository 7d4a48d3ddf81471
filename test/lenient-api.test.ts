import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { startGateway, type TestGateway } from "./servers/gateway.ts";
import { json } from "./servers/people-api.ts";
import { writeMapping } from "./servers/people-mapping.ts";

/** An API that knows an entry by more spellings than one (`01` is 1, `SVC` is svc), and whose PUT replaces what is there. */
async function startLenientApi() {
  const people = new Map<string, Record<string, unknown>>();
  const written: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { pathname } = new URL(request.url!, "http://x");
    if (pathname === "/people") return void json(response, 200, { items: [...people.values()] });
    const key = decodeURIComponent(pathname.slice("/people/".length)).toLowerCase().replace(/^0+/, "");
    if (request.method !== "GET") written.push(`${request.method} ${key}`);
    if (request.method === "PUT") people.set(key, { ...people.get(key), ...JSON.parse(body), id: key });
    if (!people.has(key)) return void json(response, 404, {});
    const found = people.get(key)!;
    if (request.method === "DELETE") people.delete(key);
    return void json(response, 200, found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    people,
    written,
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

describe("an API that knows an entry by several spellings", () => {
  let api: Awaited<ReturnType<typeof startLenientApi>>;
  let gateway: TestGateway;
  const one = "/people/{$key}";
  const start = (kind: object, safety: object) =>
    startGateway({
      connectors: {
        people: {
          type: "rest",
          url: api.url,
          kinds: {
            person: {
              key: "id",
              get: { path: one },
              search: { path: "/people", items: "items", page: { by: "offset", size: 100 } },
              create: { method: "PUT", path: "/people/{login}", body: "$" },
              update: { method: "PUT", path: one, body: "$changed" },
              delete: { method: "DELETE", path: one },
              created: { key: "id" },
              ...kind,
            },
          },
        },
      },
      routes: { "/scim/v2": { User: { connector: "people", mapping: writeMapping() } } },
      safety: { "/scim/v2": safety },
    });
  beforeAll(async () => {
    api = await startLenientApi();
  });
  beforeEach(() => {
    api.people.clear();
    api.people.set("1", { id: "1", login: "svc-root", title: "service" });
    api.people.set("2", { id: "2", login: "ann", title: "staff" });
    api.written.length = 0;
  });
  afterAll(() => api.stop());

  test("what is protected is not written to by any of them", async () => {
    gateway = await start({}, { protect: { User: { entries: 'userName sw "svc-"' } } });
    for (const id of ["01", "001"]) {
      const change = { Operations: [{ op: "replace", path: "title", value: "x" }] };
      expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(404);
      expect((await send(gateway, "PATCH", `/Users/${id}`, change)).status).toBe(404);
      expect((await send(gateway, "PUT", `/Users/${id}`, { userName: "x" })).status).toBe(404);
    }
    expect((await send(gateway, "DELETE", "/Users/1")).status).toBe(403);
    expect(api.written).toEqual([]);
    expect((await send(gateway, "DELETE", "/Users/2")).status).toBe(204);
    await gateway.stop();
  });

  test("is written to by the one that it gives alone, without a look at it where that is known", async () => {
    gateway = await start({}, {});
    api.people.set("zoë", { id: "zoë", login: "zoë", title: "staff" });
    const change = { Operations: [{ op: "replace", path: "title", value: "x" }] };
    for (const id of ["01", "002", "ZOË", "Zoë"]) {
      const path = `/Users/${encodeURIComponent(id)}`;
      expect((await send(gateway, "PATCH", path, change)).status, id).toBe(404);
      expect((await send(gateway, "DELETE", path)).status, id).toBe(404);
    }
    expect(api.written).toEqual([]);
    for (const id of ["2", "zoë"]) {
      const path = `/Users/${encodeURIComponent(id)}`;
      expect((await send(gateway, "PATCH", path, change)).status, id).toBe(200);
      expect((await send(gateway, "DELETE", path)).status, id).toBe(204);
    }
    await gateway.stop();
  });

  test("a creation by PUT replaces nothing, whether it is of the kind or not, and takes back nothing that was there", async () => {
    api.people.set("svc", { id: "svc", login: "svc", title: "service" });
    api.people.set("bob", { id: "bob", login: "bob", title: "staff" });
    const kind = { key: "id", within: 'title = "staff"', create: { method: "PUT", path: "/people/{id}", body: "$" } };
    const mapping = writeMapping({
      attributes: { id: { attr: "id", readOnly: true }, userName: "id", title: "title" },
    });
    gateway = await startGateway({
      connectors: {
        people: {
          type: "rest",
          url: api.url,
          kinds: {
            person: {
              get: { path: one },
              search: { path: "/people", items: "items", page: { by: "offset", size: 100 } },
              delete: { method: "DELETE", path: one },
              ...kind,
            },
          },
        },
      },
      routes: { "/scim/v2": { User: { connector: "people", mapping } } },
    });
    for (const userName of ["svc", "SVC", "bob", "BOB"])
      for (const title of ["staff", "guest"])
        expect((await send(gateway, "POST", "/Users", { userName, title })).status, userName).toBe(409);
    expect(api.written).toEqual([]);
    expect((await send(gateway, "POST", "/Users", { userName: "new", title: "staff" })).status).toBe(201);
    await gateway.stop();
  });
});
