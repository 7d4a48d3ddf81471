import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Bookmark, Connector } from "../../src/connector/connector.ts";
import { lent } from "../../test/servers/lent.ts";
import rest from "./index.ts";

type Row = { id: string; name: string };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An API that gives all of its rows at once, as it is told to. */
async function startWhole(answer: (response: ServerResponse, asked: number) => void) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    answer(response, asked);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => new Promise((done) => server.close(done).closeAllConnections()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const give = (response: ServerResponse, body: string) =>
  response.writeHead(200, { "content-type": "application/json" }).end(body);

function open(url: string, search: object = {}, more: object = {}): Connector {
  const kind = { key: "id", search: { path: "/report", items: "data.rows", snapshot: {}, ...search }, ...more };
  const connector = rest.open(rest.config.parse({ url, kinds: { person: kind } }), lent("/"));
  closing.push(() => connector.close());
  return connector;
}

const signal = AbortSignal.timeout(60_000);
const page = (connector: Connector, limit: number, bookmark?: Bookmark, offset?: number) =>
  connector.search({
    kind: "person",
    attrs: ["id", "name"],
    limit,
    count: true,
    signal,
    ...(bookmark && { bookmark }),
    ...(offset !== undefined && { offset }),
  });

async function all(connector: Connector, limit: number): Promise<Row[]> {
  const found: Row[] = [];
  let bookmark: Bookmark | undefined;
  do {
    const { entries, next } = await page(connector, limit, bookmark);
    found.push(...(entries as unknown as Row[]));
    bookmark = next;
  } while (bookmark);
  return found;
}

const row = fc.record({ id: fc.stringMatching(/^[a-zA-Z0-9é]{1,3}$/), name: fc.stringMatching(/^[a-z]{1,5}$/) });
const byKey = (rows: readonly Row[]) => [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

describe("a list that is given all at once", () => {
  test("is served page by page, everybody once in the order of the keys, and read once for all of it", async () => {
    const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 12 }), async (rows, limit) => {
        const api = await startWhole((response) => give(response, JSON.stringify({ n: 1, data: { rows } })));
        const connector = open(api.url);
        expect(await all(connector, limit)).toEqual(byKey(rows));
        expect((await page(connector, 0)).total).toBe(rows.length);
        const { entries } = await page(connector, limit, undefined, 2);
        expect(entries).toEqual(byKey(rows).slice(2, 2 + limit));
        for (const { id, name } of rows)
          expect(await connector.get({ kind: "person", key: id, attrs: ["name"], signal })).toEqual({ name });
        expect(await connector.get({ kind: "person", key: "none of them", attrs: [], signal })).toBeUndefined();
        expect(api.asked()).toBe(1);
        for (const close of closing.splice(0).reverse()) await close();
      }),
      { numRuns: 25 },
    );
  });

  test("hides nobody who was there all the time where it is read anew between two pages", async () => {
    const rows = fc.uniqueArray(row, { selector: ({ id }) => id, minLength: 2, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(rows, fc.func(fc.boolean()), async (rows, goes) => {
        const stays = rows.filter(({ id }) => !goes(id));
        const api = await startWhole((response, asked) =>
          give(response, JSON.stringify({ data: { rows: asked === 1 ? rows : [...stays].reverse() } })),
        );
        const connector = open(api.url, { snapshot: { seconds: 0 } });
        const first = await page(connector, 1);
        // Another listing begins, with a snapshot of its own.
        await page(connector, 1);
        const found = [...(first.entries as unknown as Row[])];
        let { next } = first;
        while (next) {
          const more = await page(connector, 3, next);
          found.push(...(more.entries as unknown as Row[]));
          next = more.next;
        }
        const ids = found.map(({ id }) => id);
        for (const { id } of stays) expect(ids.filter((each) => each === id)).toHaveLength(1);
        for (const close of closing.splice(0).reverse()) await close();
      }),
      { numRuns: 25 },
    );
  });

  const rows = Array.from({ length: 500 }, (_, n) => ({ id: `${1000 + n}`, name: `name${n}` }));
  const text = JSON.stringify({ data: { rows } });

  test("is a failed read wherever it is cut off, and nobody is served from its beginning", async () => {
    for (const length of [0, 1, 200, text.length - 2, text.length - 1]) {
      const api = await startWhole((response) => give(response, text.slice(0, length)));
      const connector = open(api.url);
      await expect(page(connector, 10), String(length)).rejects.toMatchObject({ kind: "unavailable" });
      await expect(connector.get({ kind: "person", key: "1000", attrs: [], signal })).rejects.toThrow();
    }
  });

  test("is a failed read where the connection breaks in the middle, and begun anew where it is read again", async () => {
    const api = await startWhole((response, asked) => {
      if (asked > 1) return void give(response, text);
      response.writeHead(200, { "content-type": "application/json" }).write(text.slice(0, 9000));
      setTimeout(() => response.destroy(), 50);
    });
    expect(await all(open(api.url), 100)).toEqual(rows);
    expect(api.asked()).toBe(2);
  });

  test("is a failed read where there is no list, where it is no object, and where the API says that something failed", async () => {
    for (const body of ["{}", '{"data":{}}', '{"data":{"rows":null}}', '{"error":"x"}', "[]", "3", '{"data":[]}']) {
      const api = await startWhole((response) => give(response, body));
      await expect(page(open(api.url), 10), body).rejects.toMatchObject({ kind: "unavailable" });
    }
    const missing = await startWhole((response) =>
      response.writeHead(404, { "content-type": "application/json" }).end("{}"),
    );
    await expect(page(open(missing.url), 10)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("that has fewer items than it must have is a failed read", async () => {
    const empty = await startWhole((response) => give(response, '{"data":{"rows":[]}}'));
    expect((await page(open(empty.url), 10)).total).toBe(0);
    await expect(page(open(empty.url, { atLeast: 1 }), 10)).rejects.toThrow(/ended after 0 items.*atLeast/);
    const short = await startWhole((response) => give(response, JSON.stringify({ data: { rows }, total: 501 })));
    await expect(page(open(short.url, { atLeast: "total" }), 10)).rejects.toThrow(/ended after 500 items/);
    expect(await all(open(short.url, { atLeast: "total - 1" }), 100)).toHaveLength(500);
  });

  test("that is larger than it may be is a failed read", async () => {
    const api = await startWhole((response) => give(response, text));
    await expect(page(open(api.url, { snapshot: { maxItems: 499 } }), 10)).rejects.toThrow(/maxItems/);
    await expect(page(open(api.url, { snapshot: { maxBytes: 1024 } }), 10)).rejects.toThrow(/maxBytes/);
  });

  test("shows both of two items with one key, and an item without a key fails the read", async () => {
    const twice = [
      { id: "1", name: "a" },
      { id: "1", name: "b" },
      { id: "0", name: "c" },
    ];
    const api = await startWhole((response) => give(response, JSON.stringify({ data: { rows: twice } })));
    expect((await all(open(api.url), 1)).map(({ name }) => name)).toEqual(["c", "a", "b"]);
    const keyless = await startWhole((response) => give(response, '{"data":{"rows":[{"name":"a"}]}}'));
    await expect(page(open(keyless.url), 10)).rejects.toThrow(/without "id"/);
  });

  test("is read once for many who ask at once, and goes on being read for those who come later", async () => {
    let finish = () => {};
    const api = await startWhole((response) => {
      response.writeHead(200, { "content-type": "application/json" }).write(text.slice(0, 9000));
      finish = () => response.end(text.slice(9000));
    });
    const connector = open(api.url);
    const impatient = new AbortController();
    const first = connector.search({ kind: "person", attrs: [], limit: 1, count: true, signal: impatient.signal });
    const others = [page(connector, 10), page(connector, 20)];
    await expect.poll(() => api.asked()).toBe(1);
    impatient.abort();
    await expect(first).rejects.toMatchObject({ kind: "busy" });
    finish();
    for (const each of others) expect((await each).total).toBe(500);
    expect(api.asked()).toBe(1);
  });

  test("that was read for nobody any more is there for the next one, however old it may be otherwise", async () => {
    let finish = () => {};
    const api = await startWhole((response) => {
      response.writeHead(200, { "content-type": "application/json" }).write(text.slice(0, 9000));
      finish = () => response.end(text.slice(9000));
    });
    const connector = open(api.url, { snapshot: { seconds: 0 } });
    const impatient = new AbortController();
    const first = connector.search({ kind: "person", attrs: [], limit: 1, count: true, signal: impatient.signal });
    await expect.poll(() => api.asked()).toBe(1);
    impatient.abort();
    await expect(first).rejects.toThrow(/still being read/);
    finish();
    // The second asks while it is read, or after that: it is answered by the first reading in either case.
    expect((await page(connector, 10)).total).toBe(500);
    expect(api.asked()).toBe(1);
    const third = page(connector, 10);
    await expect.poll(() => api.asked()).toBe(2);
    finish();
    await third;
  });

  test("is filtered by `within`, and each item is what `entry` makes of it", async () => {
    const api = await startWhole((response) => give(response, text));
    const connector = open(api.url, {}, { entry: '{ "id": id, "name": $uppercase(name) }', within: "name < 'NAME2'" });
    const found = await all(connector, 100);
    expect(found.length).toBe(rows.filter(({ name }) => name < "name2").length);
    expect(found[0]).toEqual({ id: "1000", name: "NAME0" });
    const among = await connector.resolve!({ kind: "person", to: "keys", values: ["1000", "1499"], signal });
    expect([...among.keys()]).toEqual(["1000"]);
  });

  test("is refused in a configuration that could not be meant so", () => {
    const parse = (kind: object) => () =>
      rest.config.parse({ url: "http://x", kinds: { person: { key: "id", ...kind } } });
    expect(parse({ search: { path: "/x" } })).toThrow(/`get` is missing/);
    expect(parse({ search: { path: "/x", snapshot: {} }, delete: { method: "DELETE", path: "/{$key}" } })).toThrow(
      /`get`/,
    );
    expect(parse({ search: { path: "/x", snapshot: {}, items: "rows[a = 1]" } })).toThrow(/path as `items`/);
    expect(parse({ search: { path: "/x", snapshot: {}, page: { by: "offset" } } })).toThrow(/at once/);
    expect(() => open("http://x", { query: { n: "$limit" } })).toThrow(/uses \$limit/);
  });
});
