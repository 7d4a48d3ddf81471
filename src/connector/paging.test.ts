import fc from "fast-check";
import { expect, test } from "vitest";
import memory from "../../connectors/memory/index.ts";
import { lent } from "../../test/servers/lent.ts";
import type { Bookmark, Connector, SearchRequest } from "./connector.ts";
import {
  behindNumber,
  behindPosition,
  expired,
  type NumberedPage,
  numberedIn,
  positionIn,
  readNumbered,
  withOffsets,
} from "./paging.ts";

const signal = new AbortController().signal;
const request: SearchRequest = { kind: "person", attrs: ["n"], limit: 10, count: true, signal };

/** People of a number each, behind a connector whose searches are noted. */
async function people(count: number, more: Partial<Connector> = {}) {
  const asked: SearchRequest[] = [];
  const config = memory.config.parse({ kinds: { person: { key: "id" } } });
  const opened = memory.open(config, lent("."));
  for (let n = 0; n < count; n++) await opened.create({ kind: "person", entry: { n }, attrs: [], signal });
  const search: Connector["search"] = (each) => {
    asked.push(each);
    return (more.search ?? opened.search)(each);
  };
  return { asked, bare: opened, connector: withOffsets({ ...opened, search }) };
}

test("the page behind one that was given is gone on to by its bookmark, whatever the sizes of pages", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 9 }), async (sizes) => {
      const { asked, bare, connector } = await people(40);
      const whole = await bare.search({ ...request, limit: 100 });
      let offset = 0;
      for (const limit of sizes) {
        const { entries, total } = await connector.search({ ...request, limit, offset });
        expect(entries).toEqual(whole.entries.slice(offset, offset + limit));
        expect(total).toBe(40);
        offset += limit;
        if (offset >= 40) break;
      }
      for (const each of asked.slice(1)) expect(each.bookmark).toBeDefined();
    }),
    { numRuns: 30 },
  );
});

test("what is deleted before a page neither hides nor repeats others", async () => {
  const { connector } = await people(30);
  const first = await connector.search({ ...request, attrs: ["id", "n"] });
  for (const { id } of first.entries.slice(0, 5)) await connector.delete({ kind: "person", key: String(id), signal });
  const second = await connector.search({ ...request, attrs: ["id", "n"], offset: 10 });
  const third = await connector.search({ ...request, attrs: ["id", "n"], offset: 20 });
  const keys = [first, second, third].flatMap(({ entries }) => entries.map(({ id }) => id));
  expect(new Set(keys).size).toBe(30);
});

test("pages of other searches are not gone on from", async () => {
  const { asked, connector } = await people(30);
  await connector.search(request);
  const where = { op: "lt", attr: "n", value: 25 } as const;
  await connector.search({ ...request, where, offset: 10 });
  await connector.search({ ...request, orderBy: { attr: "n", descending: true }, offset: 10 });
  expect(asked.map(({ bookmark }) => bookmark)).toEqual([undefined, undefined, undefined]);
});

test("a page whose bookmark leads nowhere any more is found by its index", async () => {
  let isOld = false;
  const { bare } = await people(0);
  const { connector, asked } = await people(0, {
    search: async (each) => {
      if (each.bookmark && isOld) throw expired();
      return bare.search(each).then((result) => ({ ...result, entries: [{ id: "x" }], next: ["x"] }));
    },
  });
  await connector.search(request);
  isOld = true;
  expect((await connector.search({ ...request, offset: 1 })).entries).toHaveLength(1);
  expect(asked.map(({ bookmark, offset }) => [bookmark, offset])).toEqual([
    [undefined, undefined],
    [["x"], 1],
    [undefined, 1],
  ]);
  // By a cursor it is told, for the client to begin anew.
  await expect(connector.search({ ...request, bookmark: ["x"] })).rejects.toMatchObject({ kind: "expired" });
});

test("bookmarks are positions or numbers, and nothing else", () => {
  expect(positionIn(behindPosition({ key: "k", value: 0 }))).toEqual({ key: "k", value: 0 });
  expect(positionIn(behindPosition({ key: "k" }))).toEqual({ key: "k" });
  expect(numberedIn(behindNumber({ offset: 7 }))).toEqual({ offset: 7 });
  const place = { offset: 7, total: 9, last: ["i", "j", "k"] };
  expect(numberedIn(behindNumber(place))).toEqual(place);
  expect(numberedIn(behindNumber({ ...place, last: ["h", ...place.last] }))).toEqual(place);
  for (const wrong of [[7], [], ["k", "v", "w"], [true]])
    expect(() => positionIn(wrong)).toThrow("start the list again");
  for (const wrong of [
    ["7"],
    [],
    [-1],
    [0.5],
    [1, 2],
    [1, "k"],
    [1, 2],
    [1, 2, 3],
    [1, 2, "a", "b", "c", "d"],
    [2 ** 53],
  ])
    expect(() => numberedIn(wrong)).toThrow("start the list again");
});

test("a list known by numbers hides nobody who stays in it, whoever else comes, goes or is moved between its pages", async () => {
  const change = fc.record({
    at: fc.nat({ max: 60 }),
    to: fc.nat({ max: 60 }),
    how: fc.constantFrom("gone", "new", "moved"),
  });
  // Of three keys two are enough: the third may be gone or somewhere else.
  const turns = fc.array(fc.array(change, { maxLength: 2 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(turns, fc.integer({ min: 1, max: 9 }), async (changes, limit) => {
      const list = Array.from({ length: 30 }, (_, n) => `k${n}`);
      const kept = new Set(list);
      const given = new Set<string>();
      const read = async (from: number, count: number) => ({
        items: list.slice(from, from + count),
        total: list.length,
        isMore: from + count < list.length,
      });
      let bookmark: Bookmark | undefined = behindNumber({ offset: 0 });
      for (let turn = 0; bookmark; turn++) {
        const page: NumberedPage<string> | undefined = await readNumbered(numberedIn(bookmark), limit, {
          keyOf: String,
          read,
        }).catch((error) => {
          expect(error.kind).toBe("expired");
          return undefined;
        });
        // The client begins anew.
        if (!page) given.clear();
        for (const each of page?.items ?? []) given.add(each);
        bookmark = page ? page.next : behindNumber({ offset: 0 });
        const before = list.length;
        for (const [index, { at, to, how }] of (changes[turn] ?? []).entries()) {
          if (how === "new") list.splice(at, 0, `new ${turn} ${index}`);
          else {
            const [key] = list.splice(at, 1);
            if (key !== undefined) kept.delete(key);
            if (key !== undefined && how === "moved") list.splice(to, 0, key);
          }
        }
        // Where as many come as go, their number does not tell.
        if (list.length === before && (changes[turn]?.length ?? 0) > 0) list.push(`last ${turn}`);
      }
      for (const key of kept) expect(given).toContain(key);
    }),
    { numRuns: 1000 },
  );
});
