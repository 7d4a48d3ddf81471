import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { startGateway, type TestGateway } from "./servers/gateway.ts";
import { type Fault, json, type PeopleApi, startPeopleApi } from "./servers/people-api.ts";
import { peopleReads, writeMapping } from "./servers/people-mapping.ts";

const TOKEN = "the-secret-token-of-the-api";
const one = "/people/{$key}";

const connector = (url: string) => ({
  type: "rest",
  url,
  auth: { type: "bearer", token: TOKEN },
  timeout: 1,
  maxBytes: 1_000_000,
  failures: [{ when: 'code = "login_taken"', is: "conflict", attribute: "login" }],
  kinds: {
    person: {
      ...peopleReads,
      create: [
        { method: "POST", path: "/people", body: "$", idempotencyKey: "Idempotency-Key" },
        { method: "PUT", path: `${one}/roles/{title}`, when: "$exists(title)" },
      ],
      update: {
        method: "PUT",
        path: one,
        body: "$merge([$, { 'id': $key }])",
        undo: { method: "PUT", path: one, body: "$entry" },
      },
      delete: { method: "DELETE", path: one },
      attributes: { note: { set: { method: "PUT", path: `${one}/notes/{$value}` } } },
    },
  },
});

describe("an API that fails", () => {
  let api: PeopleApi;
  let gateway: TestGateway;
  beforeAll(async () => {
    api = await startPeopleApi();
  });
  // A gateway for each test: its breaker would answer in the API's place after some failures.
  beforeEach(async () => {
    gateway = await startGateway({
      connectors: { people: connector(api.url) },
      routes: { "/scim/v2": { User: { connector: "people", mapping: writeMapping() } } },
    });
  });
  afterEach(async () => {
    api.fail(undefined);
    await gateway.stop();
  });
  afterAll(() => api.stop());

  const once = (fault: Fault): Fault => {
    let isDone = false;
    return (request, response) => {
      if (isDone) return false;
      isDone = true;
      return fault(request, response);
    };
  };
  const html: Fault = (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Please sign in</body></html>");
    return true;
  };
  const endless: Fault = (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const part = Buffer.alloc(1_048_576, " ");
    let left = 1024;
    const more = () => {
      while (left-- > 0) if (!response.write(part)) return response.once("drain", more);
      return response.end("{}");
    };
    more();
    return true;
  };

  const reads: [string, Fault, number, RegExp][] = [
    ["answers HTML", html, 503, /answered GET with text\/html, but JSON was expected/],
    [
      "cuts its JSON off",
      (_, r) => Boolean(r.writeHead(200, { "content-type": "application/json" }).end('{"items":[{"id":"1"')),
      503,
      /JSON that is truncated/,
    ],
    [
      "gives something that is no object",
      (_, r) => json(r, 200, { items: [17], total: 1 }),
      503,
      /returned something other than an object for a person/,
    ],
    [
      "gives an error without words",
      (_, r) => Boolean(r.writeHead(500).end()),
      503,
      /refused GET \/people, status 500\.$/,
    ],
    [
      "refuses the gateway's own account",
      (_, r) => json(r, 403, { message: `not with ${TOKEN}` }),
      503,
      /status 403: not with \*\*\*/,
    ],
    ["closes the connection", (_, r) => Boolean(r.destroy()), 503, /is unreachable: UND_ERR_SOCKET\.$/],
    ["says nothing", () => true, 503, /did not answer in time\.$/],
    ["is throttled for long", (_, r) => json(r, 429, {}, { "retry-after": "77" }), 429, /Try again in 77 seconds/],
    [
      "leads to another host",
      (_, r) => Boolean(r.writeHead(302, { location: "http://127.0.0.2:1/people" }).end()),
      503,
      /redirects a GET/,
    ],
    ["answers 1 GB", endless, 503, /response exceeds maxBytes, 1000000 bytes/],
    [
      "answers a small body that unpacks to much",
      (_, r) =>
        Boolean(
          r
            .writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" })
            .end(gzipSync(Buffer.alloc(50_000_000, " "))),
        ),
      503,
      /exceeds maxBytes/,
    ],
  ];
  test.each(reads)("that %s is a clear answer in time", async (_, fault, status, detail) => {
    api.fail(fault);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const answer = await send(gateway, "GET", "/Users?count=1");
    expect([answer.status, answer.json.detail]).toEqual([status, expect.stringMatching(detail)]);
    expect(answer.text).not.toContain(TOKEN);
    if (status === 429) expect(answer.headers.get("retry-after")).toBe("77");
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  });

  test("that refuses a question is not told as an entry that is gone: a client would make it anew", async () => {
    api.fail((_, response) => json(response, 400, { message: "no such field" }));
    const answer = await send(gateway, "GET", "/Users/42");
    expect([answer.status, answer.json.detail]).toEqual([
      400,
      "The API refused GET /people/42, status 400: no such field.",
    ]);
  });

  test("that is throttled for a second is waited for, and is asked once more", async () => {
    api.fail(once((_, response) => json(response, 429, {}, { "retry-after": "1" })));
    api.seen.length = 0;
    expect((await send(gateway, "GET", "/Users?count=1")).status).toBe(200);
    expect(api.seen).toHaveLength(2);
  });

  test("and closes the connection after a creation is asked again under the same key, which is not the next one's", async () => {
    api.fail(once((_, response) => Boolean(response.destroy())));
    api.seen.length = 0;
    expect((await send(gateway, "POST", "/Users", { userName: "key1" })).status).toBe(201);
    expect((await send(gateway, "POST", "/Users", { userName: "key2" })).status).toBe(201);
    const keys = api.seen.filter(({ method }) => method === "POST").map(({ headers }) => headers["idempotency-key"]);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(2);
  });

  test("and does not say what it made says that it is there", async () => {
    api.fail(
      ({ method, path }, response) => method === "POST" && path === "/api/people" && json(response, 201, { ok: true }),
    );
    const answer = await send(gateway, "POST", "/Users", { userName: "unknown" });
    expect([answer.status, answer.json.detail]).toEqual([
      503,
      expect.stringContaining("without reporting its key. Check created.key: the entry now exists."),
    ]);
    api.fail(({ method }, response) => method === "POST" && html({} as never, response));
    expect((await send(gateway, "POST", "/Users", { userName: "unknown" })).json.detail).toMatch(/may or may not have/);
  });

  test("in the second call of a creation leaves nothing behind", async () => {
    api.fail(({ path }, response) => path.includes("/roles/") && json(response, 500, { message: "no roles today" }));
    const refused = await send(gateway, "POST", "/Users", { userName: "undone", title: "clerk" });
    expect(refused.status).toBe(503);
    expect(refused.json.detail).toMatch(
      /no roles today.*This was call 2 of several; the previous calls were undone\.$/,
    );
    expect([...api.people.values()].filter(({ login }) => login === "undone")).toEqual([]);
    api.fail(undefined);
    expect((await send(gateway, "POST", "/Users", { userName: "undone", title: "clerk" })).status).toBe(201);
  });

  test("in the second call and in what takes the first back says what is left", async () => {
    api.fail(
      ({ path, method }, response) =>
        (path.includes("/roles/") || method === "DELETE") && json(response, 500, { message: "broken" }),
    );
    const refused = await send(gateway, "POST", "/Users", { userName: "left", title: "clerk" });
    expect(refused.json.detail).toMatch(
      /earlier changes remain: call 1 could not be undone: The API refused DELETE \/people\//,
    );
    expect([...api.people.values()].filter(({ login }) => login === "left")).toHaveLength(1);
  });

  test("in the second call of a change puts back what the first changed", async () => {
    const { json: made } = await send(gateway, "POST", "/Users", { userName: "changed", title: "clerk" });
    api.fail(({ path }, response) => path.includes("/notes/") && json(response, 400, { message: "no such note" }));
    const change = { title: "manager", displayName: "Ann" };
    const refused = await send(gateway, "PATCH", `/Users/${made.id}`, {
      Operations: [{ op: "replace", value: change }],
    });
    expect([refused.status, refused.json.detail]).toEqual([
      400,
      expect.stringContaining("no such note. This was call 2 of several; the previous calls were undone."),
    ]);
    expect(api.people.get(made.id)!.title).toBe("clerk");
  });

  test("with a name that is taken says so as SCIM does", async () => {
    await send(gateway, "POST", "/Users", { userName: "twice" });
    const refused = await send(gateway, "POST", "/Users", { userName: "TWICE" });
    expect([refused.status, refused.json.scimType]).toEqual([409, "uniqueness"]);
  });

  test("is not asked for entries by what would lead elsewhere in a path", async () => {
    api.seen.length = 0;
    for (const id of ["..", "%2e%2e", ".", "..%2f..%2fadmin", "a%2Fb", "x?y", "%00"]) {
      const answer = await send(gateway, "GET", `/Users/${id}`);
      expect([id, answer.status]).toEqual([
        id,
        id === ".." || id === "." || id === "%2e%2e" ? expect.any(Number) : 404,
      ]);
    }
    expect(api.seen.map(({ path }) => path).filter((path) => !/^\/api\/people(\/[^/?]+|\?.*)?$/.test(path))).toEqual(
      [],
    );
  });
});
