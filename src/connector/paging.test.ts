import fc from "fast-check";
import { expect, test } from "vitest";
import memory from "../../connectors/memory/index.ts";
import { lent } from "../../test/servers/lent.ts";
import type { Connector, SearchRequest } from "./connector.ts";
import {
  type Bookmark,
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
  expect(numberedIn(behindNumber({ offset: 7, last: "k", total: 9 }))).toEqual({ offset: 7, last: "k", total: 9 });
  for (const wrong of [[7], [], ["k", "v", "w"], [true]]) expect(() => positionIn(wrong)).toThrow("begin it anew");
  for (const wrong of [["7"], [], [-1], [0.5], [1, 2], [1, "k"], [1, "k", "x"], [1, "k", 2, 3], [2 ** 53]])
    expect(() => numberedIn(wrong)).toThrow("begin it anew");
});

test("a list known by numbers hides nobody, whoever else comes or goes between its pages", async () => {
  const change = fc.record({ at: fc.nat({ max: 60 }), isGone: fc.boolean() });
  const turns = fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(turns, fc.integer({ min: 1, max: 9 }), async (changes, limit) => {
      let list = Array.from({ length: 30 }, (_, n) => `k${n}`);
      const kept = new Set(list);
      const given: string[] = [];
      const read = async (from: number, count: number) => ({
        items: list.slice(from, from + count),
        total: list.length,
        isMore: from + count < list.length,
      });
      let bookmark: Bookmark | undefined = behindNumber({ offset: 0 });
      for (let turn = 0; bookmark; turn++) {
        const { items, next }: NumberedPage<string> = await readNumbered(numberedIn(bookmark), limit, {
          keyOf: String,
          read,
        });
        given.push(...items);
        bookmark = next;
        // Either some come or some go: where as many do both, their number does not tell.
        const some = changes[turn] ?? [];
        for (const [index, { at }] of some.entries()) {
          if (some[0]?.isGone) for (const key of list.splice(at, 1)) kept.delete(key);
          else list = [...list.slice(0, at), `new ${turn} ${index}`, ...list.slice(at)];
        }
      }
      for (const key of kept) expect(given).toContain(key);
    }),
  );
});
