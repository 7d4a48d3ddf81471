import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { startGateway, type TestGateway } from "./servers/gateway.ts";
import { type PeopleApi, startPeopleApi } from "./servers/people-api.ts";
import { peopleReads } from "./servers/people-mapping.ts";

describe("what an API is asked", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-reach-"));
  let api: PeopleApi;
  let gateway: TestGateway;
  beforeAll(async () => {
    api = await startPeopleApi();
    for (let n = 0; n < 250; n++) {
      const id = `id-${n}`;
      api.people.set(id, { id, login: `login${n}`, title: n % 2 ? "odd" : "even" });
    }
    const mapping = join(folder, "user.yaml");
    const attributes = { id: { attr: "id", readOnly: true }, userName: "login", title: "title", nickName: "note" };
    writeFileSync(mapping, stringify({ resource: "User", kind: "person", attributes }));
    const one = "/people/{$key}";
    const person = {
      ...peopleReads,
      update: { method: "PATCH", path: one, body: "$changed" },
      within: 'title != "hidden"',
    };
    const failures = [{ when: 'error = "email_taken"', is: "conflict", attribute: "login" }];
    gateway = await startGateway({
      connectors: { people: { type: "rest", url: api.url, kinds: { person }, failures } },
      routes: { "/scim/v2": { User: { connector: "people", mapping } } },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await api.stop();
    rmSync(folder, { recursive: true });
  });
  const found = async (filter: string) => {
    api.seen.length = 0;
    const { status, json, text } = await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`);
    expect(status, text).toBe(200);
    return json.Resources.map(({ id }: { id: string }) => id);
  };

  test.each([
    ['id eq "id-7"', ["id-7"]],
    ['id eq "id-7" and title eq "odd"', ["id-7"]],
    ['title sw "ev" and id eq "id-7"', []],
    ['(userName pr and id eq "id-8") and not (title eq "odd")', ["id-8"]],
    ['id eq "none" and title eq "odd"', []],
    ['id eq "id-7" and id eq "id-8"', []],
  ])("of %s is one entry, whatever else is asked of it", async (filter, expected) => {
    expect(await found(filter)).toEqual(expected);
    expect(api.seen.map(({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`)).toHaveLength(1);
    expect(api.seen[0]!.path).toMatch(/^\/api\/people\/[^/?]+$/);
  });

  test("and what it says: a success that says that it is none is a failure", async () => {
    api.fail(({ method }, response) => {
      if (method !== "PATCH") return false;
      response.writeHead(200, { "content-type": "application/json" }).end('{"error":"email_taken"}');
      return true;
    });
    const change = { Operations: [{ op: "replace", path: "nickName", value: "x" }] };
    const refused = await send(gateway, "PATCH", "/Users/id-9", change);
    expect(refused.status, refused.text).toBe(409);
    api.fail(undefined);
    expect((await send(gateway, "PATCH", "/Users/id-9", change)).status).toBe(200);
  });

  test("a change that would take an entry out of its kind is refused before anything is sent", async () => {
    api.seen.length = 0;
    const change = { Operations: [{ op: "replace", path: "title", value: "hidden" }] };
    const refused = await send(gateway, "PATCH", "/Users/id-9", change);
    expect(refused.status, refused.text).toBe(400);
    expect(refused.json.detail).toContain("nothing was changed");
    expect(api.seen.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("a page of HTML that says 404 is a server that is not the API: nobody is gone", async () => {
    api.fail((_, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not Found</h1>");
      return true;
    });
    expect((await send(gateway, "GET", "/Users/id-9")).status).toBe(503);
    expect((await send(gateway, "DELETE", "/Users/id-9")).status).toBeGreaterThanOrEqual(400);
    api.fail(undefined);
    expect((await send(gateway, "GET", "/Users/none")).status).toBe(404);
  });
});
