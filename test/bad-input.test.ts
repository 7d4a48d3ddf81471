import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, startSlapd } from "./servers/slapd.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const user = (userName: string, more: object = {}) => ({
  schemas: [USER],
  userName,
  name: { familyName: "X" },
  displayName: "X",
  ...more,
});

const systems: [string, () => Promise<{ gateway: TestGateway; stop: () => Promise<void> }>][] = [
  [
    "SQLite",
    async () => {
      const gateway = await startGateway({ ...legacyHr(), limits: { body: 20_000 } });
      return { gateway, stop: gateway.stop };
    },
  ],
  [
    "OpenLDAP",
    async () => {
      const slapd: Slapd = await startSlapd();
      const gateway = await startGateway({ ...openLdap(slapd, ROOT), limits: { body: 20_000 } });
      const stop = async () => {
        await gateway.stop();
        await slapd.stop();
      };
      return { gateway, stop };
    },
  ],
];

describe.each(systems)("bad and hostile input, on %s", (_, open) => {
  let gateway: TestGateway;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ gateway, stop } = await open());
  });
  afterAll(() => stop());

  test.each([
    ["no token", ""],
    ["a wrong token", "wrong-token-wrong-token"],
    ["a token with one letter more", "a-token-that-is-for-tests-only2"],
  ])("%s is 401 with WWW-Authenticate", async (_, token) => {
    const { status, headers, json } = await send({ ...gateway, token }, "GET", "/Users");
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toMatch(/^Bearer realm=/);
    expect(json.schemas).toEqual(["urn:ietf:params:scim:api:messages:2.0:Error"]);
  });

  const json = { "Content-Type": "application/scim+json" };
  test.each([
    ["malformed JSON", "POST", "/Users", "{", json, 400, "invalidSyntax"],
    ["a JSON array", "POST", "/Users", "[]", json, 400, "invalidSyntax"],
    ["a number", "POST", "/Users", "7", json, 400, "invalidSyntax"],
    ["an empty body", "POST", "/Users", "", json, 400, "invalidSyntax"],
    ["another content type", "POST", "/Users", "<user/>", { "Content-Type": "text/xml" }, 415, undefined],
    ["a body over the limit", "POST", "/Users", `{"userName":"${"x".repeat(30_000)}"}`, json, 413, undefined],
    ["a missing required attribute", "POST", "/Users", `{"schemas":["${USER}"]}`, json, 400, "invalidValue"],
    ["a value of the wrong type", "POST", "/Users", `{"userName":{"a":[]}}`, json, 400, "invalidValue"],
    ["a NUL in a value", "POST", "/Users", '{"userName":"a\\u0000b"}', json, 400, "invalidValue"],
    ["half a character in a value", "POST", "/Users", '{"userName":"a\\ud800b"}', json, 400, "invalidValue"],
    ["half a character in a name", "POST", "/Users", '{"userName":"a","b\\udfff":1}', json, 400, "invalidValue"],
    [
      "half a character in a path of a bulk request",
      "POST",
      "/Bulk",
      '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"DELETE","path":"/Users/\\ud800"}]}',
      json,
      400,
      "invalidValue",
    ],
    [
      "half a character in a filter",
      "GET",
      `/Users?filter=${encodeURIComponent('userName eq "a\\ud800"')}`,
      undefined,
      {},
      400,
      "invalidFilter",
    ],
    ["an unknown endpoint", "GET", "/Nothing", undefined, {}, 404, undefined],
    ["an unknown resource", "GET", "/Users/4711", undefined, {}, 404, undefined],
    ["an id that is none", "GET", `/Users/${encodeURIComponent("*)(uid=*")}`, undefined, {}, 404, undefined],
    [
      "an unknown attribute in a filter",
      "GET",
      `/Users?filter=${encodeURIComponent('shoeSize eq "9"')}`,
      undefined,
      {},
      400,
      "invalidFilter",
    ],
    ["a count that is no number", "GET", "/Users?count=ten", undefined, {}, 400, "invalidValue"],
    ["a PATCH without operations", "PATCH", "/Users/1", "{}", json, 400, "invalidSyntax"],
    [
      "a PATCH of an unknown attribute",
      "PATCH",
      "/Users/1",
      '{"Operations":[{"op":"add","path":"shoeSize","value":9}]}',
      json,
      400,
      "invalidPath",
    ],
    [
      "a PATCH of a readOnly attribute",
      "PATCH",
      "/Users/1",
      '{"Operations":[{"op":"replace","path":"id","value":"9"}]}',
      json,
      400,
      "mutability",
    ],
    [
      "a required attribute taken away",
      "PATCH",
      "/Users/1",
      '{"Operations":[{"op":"remove","path":"userName"}]}',
      json,
      400,
      "mutability",
    ],
  ])("%s is refused in SCIM's form", async (_, method, path, body, headers, status, scimType) => {
    const answer = await send(gateway, method, path, body, headers as Record<string, string>);
    expect({ status: answer.status, body: answer.json }).toMatchObject({
      status,
      body: { status: String(status), schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"] },
    });
    expect(answer.json.scimType).toBe(scimType);
  });

  test("a filter that does not parse is 400 invalidFilter with the position", async () => {
    const { status, json } = await send(
      gateway,
      "GET",
      `/Users?filter=${encodeURIComponent('userName eq "a" and (title')}`,
    );
    expect(status).toBe(400);
    expect(json).toMatchObject({ scimType: "invalidFilter", detail: expect.stringContaining("position 27") });
  });

  test.each([
    "*",
    "*)(uid=*",
    "Research and Development",
    "a\\b",
    "o'x\"; --",
    "日本 Ω",
    "x,ou=groups",
    "#hash",
    "a+b=c",
    "ä".repeat(100),
    "y".repeat(10_000),
  ])("the userName %j is stored exactly, found by a filter, and taken for nothing else", async (userName) => {
    const created = await send(gateway, "POST", "/Users", user(userName));
    if (created.status === 400) {
      expect(userName.length).toBeGreaterThan(1000);
      return;
    }
    expect(created.json.userName).toBe(userName);
    const filter = `userName eq ${JSON.stringify(userName)}`;
    const found = await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`);
    expect(found.json.Resources?.map((each: { id: string }) => each.id)).toEqual([created.json.id]);
    expect((await send(gateway, "POST", "/Users", user(userName))).json).toMatchObject({
      status: "409",
      scimType: "uniqueness",
    });
    expect((await send(gateway, "DELETE", `/Users/${created.json.id}`)).status).toBe(204);
  });

  /** Whole numbers are keys of both tables: the user with the group's number is taken away first. */
  const makeUnique = (id: string) => send(gateway, "DELETE", `/Users/${id}`);

  test("an id of one type is nothing under another, and nothing is touched", async () => {
    const group = (await send(gateway, "POST", "/Groups", { schemas: [], displayName: "Untouched" })).json;
    await makeUnique(group.id);
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const body =
        method === "PUT"
          ? user("x")
          : method === "PATCH"
            ? { Operations: [{ op: "replace", path: "title", value: "x" }] }
            : undefined;
      expect((await send(gateway, method, `/Users/${group.id}`, body)).status).toBe(404);
    }
    expect((await send(gateway, "GET", `/Groups/${group.id}`)).json.displayName).toBe("Untouched");
  });

  test("active false, sent twice, leaves the user disabled", async () => {
    const { id } = (await send(gateway, "POST", "/Users", user("twice"))).json;
    for (const value of ["False", false]) {
      const { status, json } = await send(gateway, "PATCH", `/Users/${id}`, {
        Operations: [{ op: "Replace", path: "active", value }],
      });
      expect({ status, active: json.active }).toEqual({ status: 200, active: false });
    }
  });

  test("If-Match with an old version is 412 and changes nothing", async () => {
    const created = await send(gateway, "POST", "/Users", user("versioned"));
    const etag = created.headers.get("etag")!;
    const patch = (title: string) =>
      send(
        gateway,
        "PATCH",
        `/Users/${created.json.id}`,
        { Operations: [{ op: "replace", path: "title", value: title }] },
        { "If-Match": etag },
      );
    expect((await patch("One")).status).toBe(200);
    expect((await patch("Two")).status).toBe(412);
    expect((await send(gateway, "GET", `/Users/${created.json.id}`)).json.title).toBe("One");
  });

  test("PUT clears what it leaves out", async () => {
    const { id } = (
      await send(
        gateway,
        "POST",
        "/Users",
        user("put", { title: "T", emails: [{ type: "work", value: "put@x.test" }] }),
      )
    ).json;
    const { status, json } = await send(gateway, "PUT", `/Users/${id}`, user("put", { displayName: "New" }));
    expect(status).toBe(200);
    expect(json).toMatchObject({ userName: "put", displayName: "New" });
    expect([json.title, json.emails]).toEqual([undefined, undefined]);
  });

  test("pages cover all users once, whatever their size", async () => {
    const seen: string[] = [];
    let total = 1;
    for (let startIndex = 1; startIndex <= total; startIndex += 3) {
      const { json } = await send(gateway, "GET", `/Users?startIndex=${startIndex}&count=3`);
      total = json.totalResults;
      seen.push(...json.Resources.map((each: { id: string }) => each.id));
    }
    expect(seen.length).toBe(total);
    expect(new Set(seen).size).toBe(total);
  });

  test("100 MB without a token are refused unread", async () => {
    const { port } = new URL(gateway.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.once("data", (data) => {
        socket.destroy();
        resolve(String(data));
      });
      socket.once("error", reject);
      socket.write(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Type: application/scim+json\r\nContent-Length: 104857600\r\n\r\n{",
      );
    });
    expect(answer).toMatch(/^HTTP\/1.1 401/);
  });
});
