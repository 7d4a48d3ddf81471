import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import rest from "../connectors/rest/index.ts";
import type { Bookmark, Change, Connector, Entry } from "../src/connector/connector.ts";
import { withOffsets } from "../src/connector/paging.ts";
import { lent } from "./servers/lent.ts";

// What an API answers that is not what was asked for is never told as that it was done, or that somebody is not there.

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly text: string;
}
type Answering = (asked: Asked, response: ServerResponse) => unknown;

const signal = () => AbortSignal.timeout(5000);
const user = { kind: "user" };
const replace = (attr: string, value: string): readonly Change[] => [{ op: "replace", attr, values: [value] }];

describe("answers of an API", () => {
  let answering: Answering;
  let seen: Asked[] = [];
  let url: string;
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { pathname, searchParams } = new URL(request.url!, "http://api");
      const asked = {
        method: request.method!,
        path: pathname,
        query: searchParams,
        text: Buffer.concat(chunks).toString(),
      };
      seen.push(asked);
      const body = answering(asked, response);
      if (response.writableEnded) return;
      response.setHeader("content-type", "application/json");
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen = [];
  });

  const page = { by: "offset", size: 100 };
  const search = { path: "/users", query: { limit: "$limit", offset: "$offset" }, items: "data", total: "total", page };
  const kind = {
    key: "id",
    get: { path: "/users/{$key}" },
    search,
    update: { method: "PUT", path: "/users/{$key}", body: "$changed" },
    delete: { method: "DELETE", path: "/users/{$key}" },
  };
  const open = (more: object = {}, settings: object = {}): Connector =>
    rest.open(rest.config.parse({ url, kinds: { user: { ...kind, ...more } }, ...settings }), lent("/", {}));
  const all = (connector: Connector, more: object = {}) =>
    connector.search({ ...user, attrs: ["id"], limit: 1000, count: true, signal: signal(), ...more });
  const people = Array.from({ length: 230 }, (_, index) => ({ id: index + 1, name: `n${index + 1}` }));
  const text = (response: ServerResponse, status: number, type: string, body: string) =>
    response.writeHead(status, { "content-type": type }).end(body);

  test("a session that is renewed and then redirected elsewhere is no success", async () => {
    let isOver = true;
    answering = ({ path }, response) => {
      if (path === "/session") return { token: `t${seen.length}` };
      if (isOver) {
        isOver = false;
        return text(response, 401, "application/json", "{}");
      }
      return response.writeHead(302, { location: "https://elsewhere.example/login" }).end();
    };
    const auth = { type: "login", path: "/session", body: {}, session: "token", header: "authorization" };
    const connector = open({}, { auth });
    const asked = { ...user, key: "3", signal: signal() };
    for (const work of [
      () => connector.delete(asked),
      () => connector.get({ ...asked, attrs: ["name"] }),
      () => all(connector),
      () => connector.update({ ...asked, changes: replace("name", "x"), attrs: ["name"] }),
    ]) {
      isOver = true;
      await expect(work()).rejects.toMatchObject({ kind: "unavailable" });
    }
  });

  test("a number that JSONata has rounded is not sent", async () => {
    answering = ({ method }) => (method === "GET" ? { id: "9007199254740993" } : {});
    const connector = open({
      delete: { method: "POST", path: "/rpc", body: '{ "method": "delete", "id": $number($key) }' },
    });
    await expect(connector.delete({ ...user, key: "9007199254740993", signal: signal() })).rejects.toThrow(
      "may be rounded",
    );
    expect(seen.filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("a page that is shorter than it may be is not the end, where the API says that there are more", async () => {
    answering = ({ query }) => {
      const from = Number(query.get("offset"));
      return { data: people.slice(from, from + Math.min(50, Number(query.get("limit")))), total: people.length };
    };
    const connector = open();
    const { entries, total } = await all(connector);
    expect([entries.length, total]).toEqual([230, 230]);
    answering = ({ query }) => {
      const from = (Number(query.get("page")) - 1) * 50;
      return { data: people.slice(from, from + 50), total: people.length };
    };
    const numbered = { ...search, query: { page: "$page", limit: "$limit" }, page: { by: "number", size: 100 } };
    await expect(all(open({ search: numbered }))).rejects.toThrow("page.size");
  });

  test("pages of the API's own size are read as they are, wherever one begins", async () => {
    answering = ({ query }) => {
      const from = (Number(query.get("page")) - 1) * 50;
      return { data: people.slice(from, from + 50), total: people.length };
    };
    const connector = open({ search: { ...search, query: { page: "$page" }, page: { by: "number", size: 50 } } });
    for (const [offset, limit] of [
      [0, 7],
      [10, 10],
      [45, 20],
      [100, 100],
      [220, 30],
    ] as const) {
      const { entries, total } = await all(connector, { offset, limit });
      expect(entries.map(({ id }) => id)).toEqual(people.slice(offset, offset + limit).map(({ id }) => id));
      expect(total).toBe(230);
    }
  });

  test.each([
    ["an error", { error: "db down" }],
    ["null", null],
    ["a text", "maintenance"],
    ["an entry without its key", { data: [{ name: "n" }] }],
  ])("%s in place of a list is no empty list", async (_, body) => {
    answering = () => body;
    await expect(all(open())).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("an object without the list is an empty one, as APIs leave empty lists out", async () => {
    answering = () => ({ total: 0 });
    expect(await all(open())).toMatchObject({ entries: [], total: 0 });
  });

  test("something without a key in place of an entry is not told as that there is none", async () => {
    answering = () => ({ user: { id: "3", name: "n" } });
    await expect(open().get({ ...user, key: "3", attrs: ["name"], signal: signal() })).rejects.toThrow('without "id"');
  });

  test.each([
    ["text/plain", "404 page not found"],
    ["text/html", "<h1>Not found</h1>"],
  ])("a 404 in %s is a router's: nobody is told that an entry is gone", async (type, body) => {
    answering = (_, response) => text(response, 404, type, body);
    const asked = { ...user, key: "3", signal: signal() };
    await expect(open().get({ ...asked, attrs: ["name"] })).rejects.toMatchObject({ kind: "unavailable" });
    await expect(open().delete(asked)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("a list that is not there is no entry that is not there, nor is the address of a deletion", async () => {
    answering = ({ path, method }, response) =>
      path === "/users/3" && method === "GET" ? { id: "3" } : text(response, 404, "application/json", "{}");
    await expect(all(open())).rejects.toMatchObject({ kind: "unavailable" });
    await expect(open().delete({ ...user, key: "3", signal: signal() })).rejects.toMatchObject({ kind: "invalid" });
  });

  test("conditions hold as JSONata's $boolean says, for failures and for who is gone", async () => {
    answering = () => ({ error: "locked", id: "3" });
    const failing = open({}, { failures: [{ when: "error", is: "conflict", detail: "error" }] });
    const asked = { ...user, key: "3", signal: signal() };
    await expect(failing.delete(asked)).rejects.toMatchObject({ kind: "conflict" });
    answering = () => ({ id: "3", deactivated: 1 });
    const leaving = open({ get: { ...kind.get, gone: "deactivated" } });
    expect(await leaving.get({ ...asked, attrs: ["id"] })).toBeUndefined();
    answering = () => ({ id: "3", deactivated: 0 });
    expect(await leaving.get({ ...asked, attrs: ["id"] })).toEqual({ id: "3" });
  });

  test("a change for which no call is made is not told as done", async () => {
    answering = () => ({ id: "3", name: "n" });
    const connector = open({ update: { ...kind.update, when: "$exists($changed.enabled)" } });
    const asked = { ...user, key: "3", attrs: ["name"], signal: signal() };
    await expect(connector.update({ ...asked, changes: replace("name", "x") })).rejects.toThrow("Nothing was changed");
    await connector.update({ ...asked, changes: replace("enabled", "x") });
    expect(seen.filter(({ method }) => method === "PUT")).toHaveLength(1);
  });

  test("a page by a cursor is full where some were gone before they were read", async () => {
    answering = ({ path, query }, response) => {
      if (path !== "/users") {
        const id = Number(path.split("/").at(-1));
        return id % 2 === 0 ? people[id - 1] : text(response, 404, "application/json", "{}");
      }
      const from = Number(query.get("offset"));
      return { data: people.slice(from, from + Number(query.get("limit"))).map(({ id }) => ({ id })), total: 230 };
    };
    const connector = open({ search: { ...search, gives: ["id"] } });
    const { entries } = await connector.search({
      ...user,
      attrs: ["id", "name"],
      limit: 11,
      count: false,
      signal: signal(),
    });
    expect(entries.map(({ id }) => id)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]);
  });

  test.each([
    ["offsets", { page: { by: "offset", size: 100 }, query: { offset: "$offset", limit: "$limit" } }],
    ["page numbers", { page: { by: "number", size: 20 }, query: { page: "$page", limit: "$limit" } }],
    ["one page for all", { page: undefined, query: {}, total: undefined }],
    [
      "offsets, with a call that counts",
      {
        page: { by: "offset", size: 100 },
        query: { offset: "$offset", limit: "$limit" },
        total: undefined,
        count: { path: "/count" },
      },
    ],
  ])("who is deleted between pages hides nobody else, in a list of %s", async (_, more) => {
    let left = [...people];
    answering = ({ path, query: asked }) => {
      if (path === "/count") return left.length;
      const size = Number(asked.get("limit") ?? 1000);
      const from = asked.has("page") ? (Number(asked.get("page")) - 1) * size : Number(asked.get("offset") ?? 0);
      return { data: left.slice(from, from + size), total: left.length };
    };
    const connector = open({ search: { ...search, ...more } });
    const listed: number[] = [];
    for (let bookmark: Bookmark | undefined; ; ) {
      const { entries, next } = await all(connector, { limit: 20, ...(bookmark && { bookmark }) });
      listed.push(...entries.map(({ id }) => Number(id)));
      if (!next) break;
      bookmark = next;
      const gone = listed.slice(0, 3);
      left = left.filter(({ id }) => !gone.includes(id)).filter(({ id }) => id !== listed.at(-2));
    }
    expect(listed).toEqual(people.map(({ id }) => id));
  });

  test("a list that has no page behind its last one ends there, and one that is gone is none", async () => {
    let isGone = false;
    answering = ({ query: asked }, response) => {
      const from = (Number(asked.get("page")) - 1) * 23;
      if (isGone || from >= people.length)
        return text(response, 404, "application/json", '{"detail": "Invalid page."}');
      return { data: people.slice(from, from + 23), total: people.length };
    };
    const numbered = { ...search, query: { page: "$page" }, page: { by: "number", size: 23 } };
    const connector = open({ search: numbered });
    const { entries, next } = await all(connector);
    expect([entries.length, next]).toEqual([230, undefined]);
    expect(await all(connector, { offset: 230, limit: 23 })).toMatchObject({ entries: [], total: 230 });
    isGone = true;
    for (const offset of [0, 23])
      await expect(all(connector, { offset })).rejects.toMatchObject({ kind: "unavailable" });
  });

  describe("a list whose pages the API knows by addresses of its own", () => {
    const linked = {
      search: {
        path: "/users",
        query: { limit: "$limit" },
        items: "data",
        page: { by: "next", size: 100, next: "next" },
      },
    };
    const auth = { type: "apiKey", query: { api_key: "k3y-of-the-api" } };
    const listing = ({ query }: { query: URLSearchParams }) => {
      const from = Number(query.get("from") ?? 0);
      const to = from + Math.min(30, Number(query.get("limit")));
      const next = new URLSearchParams({
        from: String(to),
        limit: query.get("limit")!,
        api_key: query.get("api_key")!,
      });
      return { data: people.slice(from, to), ...(to < people.length && { next: `/users?${next}` }) };
    };
    const ids = (entries: readonly Entry[]) => entries.map(({ id }) => Number(id));

    test("is gone on with by any process, an API's page at a time", async () => {
      answering = listing;
      const listed: number[] = [];
      for (let bookmark: Bookmark | undefined; ; ) {
        const { entries, next } = await all(open(linked, { auth }), { limit: 50, ...(bookmark && { bookmark }) });
        listed.push(...ids(entries));
        if (!next) break;
        bookmark = next;
      }
      expect(listed).toEqual(people.map(({ id }) => id));
    });

    test("hides its addresses, which hold the credentials, and takes none that somebody made", async () => {
      answering = listing;
      const connector = open(linked, { auth });
      const { next } = await all(connector, { limit: 60, count: false });
      const said = next!.map((each) => `${each}${Buffer.from(String(each), "base64url")}`).join();
      expect(said).not.toContain("k3y");
      expect(said).not.toContain("/users");
      const other = open(linked, { auth: { type: "apiKey", query: { api_key: "another" } } });
      // Nor is a place in one list one in another.
      const kinds = { guest: { ...kind, ...linked }, user: { ...kind, ...linked } };
      const both = open({}, { auth, kinds });
      const guests = await all(both, { kind: "guest", limit: 60 });
      await expect(all(both, { bookmark: guests.next })).rejects.toMatchObject({ kind: "expired" });
      await expect(all(other, { bookmark: next })).rejects.toMatchObject({ kind: "expired" });
      const forged = Buffer.from(JSON.stringify({ place: { offset: 0, url: "/secrets" }, skip: 0, before: 0 }));
      seen = [];
      for (const sealed of [forged.toString("base64url"), `${next![2]}A`, String(next![2]).slice(0, 20), ""])
        await expect(all(connector, { bookmark: [60, 60, sealed] })).rejects.toMatchObject({ kind: "expired" });
      expect(seen).toEqual([]);
    });

    test("that the API no longer knows is begun anew by the client, or found by its index", async () => {
      answering = (request, response) =>
        isOld && request.query.has("from") && request.query.get("from") !== "90"
          ? text(response, 400, "application/json", `{"error": "unknown cursor"}`)
          : listing(request);
      let isOld = false;
      const connector = withOffsets(open(linked, { auth }));
      const { next } = await all(connector, { limit: 30 });
      isOld = true;
      await expect(all(connector, { limit: 30, bookmark: next })).rejects.toMatchObject({ kind: "expired" });
      isOld = false;
      // The page behind was given, and is then gone on to: one call where the way from the beginning would be three.
      await all(connector, { limit: 30, offset: 60, count: false });
      seen = [];
      expect(ids((await all(connector, { limit: 30, offset: 90, count: false })).entries)[0]).toBe(91);
      expect(seen).toHaveLength(1);
    });
  });

  test.each([
    [{ get: { path: "/users" } }, "get does not use $key"],
    [{ delete: { method: "DELETE", path: "/users" } }, "delete does not use $key"],
    [{ update: { method: "PUT", path: "/users", body: "$changed" } }, "update does not use $key"],
    [{ attributes: { name: { filter: { eq: "'name=' & $vlaue" } } } }, "filter.eq does not use $value"],
    [{ attributes: { name: { filter: { eq: '{ "name": $value }' } } } }, "search does not use $where"],
    [
      { attributes: { name: { filter: { eq: { to: "$value", call: { path: "/by-name", items: "$" } } } } } },
      "call does not use $where",
    ],
  ])("calls that do not speak of what they are for are refused at the start: %j", (more, message) => {
    expect(() => open(more)).toThrow(message);
  });
});
