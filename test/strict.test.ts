import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

const MESSAGES = "urn:ietf:params:scim:api:messages:2.0";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

describe("what clients are let off, and are not where the route is strict", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    const { connectors, routes } = legacyHr();
    gateway = await startGateway({
      connectors,
      routes: { "/scim/v2": routes["/scim/v2"], "/strict/v2": { strict: true, ...routes["/scim/v2"] } },
    });
  });
  afterAll(() => gateway.stop());
  const at = (route: string) => ({ ...gateway, base: gateway.url + route });
  let turn = 0;

  const cases: [string, (userName: string) => [string, string, object?], string][] = [
    ["a POST without schemas", (userName) => ["POST", "/Users", { userName }], "invalidSyntax"],
    ["a POST with no schemas among them", (userName) => ["POST", "/Users", { schemas: [], userName }], "invalidSyntax"],
    [
      "a POST with a schema that nothing knows",
      (userName) => ["POST", "/Users", { schemas: [USER, "urn:x"], userName }],
      "invalidSyntax",
    ],
    ["a PUT without schemas", (userName) => ["PUT", "/Users/2", { userName }], "invalidSyntax"],
    [
      "a PATCH without schemas",
      () => ["PATCH", "/Users/2", { Operations: [{ op: "replace", path: "title", value: "T" }] }],
      "invalidSyntax",
    ],
    [
      "a PATCH without operations",
      () => ["PATCH", "/Users/2", { schemas: [`${MESSAGES}:PatchOp`], Operations: [] }],
      "invalidSyntax",
    ],
    ["an empty filter", () => ["GET", "/Users?filter=&count=1"], "invalidFilter"],
  ];
  test.each(cases)("%s", async (_, request, scimType) => {
    const [method, path, body] = request(`strict${++turn}`);
    const refused = await send(at("/strict/v2"), method, path, body);
    expect(refused, refused.text).toMatchObject({ status: 400, json: { scimType } });
    const taken = await send(at("/scim/v2"), method, path, body);
    expect(taken.status, taken.text).toBeLessThan(300);
  });

  test("what keeps to the letter is taken by both", async () => {
    for (const route of ["/scim/v2", "/strict/v2"]) {
      const user = { schemas: [USER], userName: `strict${++turn}` };
      const made = await send(at(route), "POST", "/Users", user);
      expect(made.status, made.text).toBe(201);
      const Operations = [{ op: "replace", path: "active", value: "False" }];
      const patched = await send(at(route), "PATCH", `/Users/${made.json.id}`, {
        schemas: [`${MESSAGES}:PatchOp`],
        Operations,
      });
      expect(patched.json.active).toBe(false);
      expect((await send(at(route), "GET", `/Users?filter=userName eq "${user.userName}"`)).json.totalResults).toBe(1);
    }
  });
});
