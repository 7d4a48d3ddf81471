import type { Entry as LdapEntry, SearchResult } from "ldapts";
import { FilterParser } from "ldapts";
import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../src/connector/error.ts";
import type { Directory } from "./directory.ts";
import { createSearch } from "./search.ts";
import { createSnapshots, freshnessOf, type Listing } from "./snapshots.ts";
import { standard } from "./standard.ts";

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const kind = {
  base: "ou=people",
  filter: FilterParser.parseString("(objectClass=person)"),
  rdn: "uid",
  key: "entryUUID",
  placeholder: undefined,
};
const listing: Listing = { kind: "user", where: undefined, order: { attr: "entryUUID", descending: false } };

/** A directory whose connections do as they are told: `pages` gives what a search finds, page by page. */
function directoryOf(
  pages: () => AsyncIterable<readonly number[]>,
  look: (filter: string) => readonly number[] = () => [],
) {
  const entry = (n: number) => ({ dn: `uid=${n}`, entryUUID: uuid(n) }) as unknown as LdapEntry;
  const client = {
    search: async (_: string, { filter }: { filter: { toString: () => string } }): Promise<SearchResult> => ({
      searchEntries: look(String(filter)).map(entry),
      searchReferences: [],
    }),
    searchPaginated: async function* () {
      for await (const page of pages()) yield { searchEntries: page.map(entry), searchReferences: [] };
    },
  };
  const pool = {
    run: (_: AbortSignal, work: (given: unknown) => Promise<unknown>) => work(client),
    close: async () => {},
  };
  return {
    kinds: new Map([["user", kind]]),
    typeOf: () => "text",
    dialect: standard,
    pool,
    bulk: pool,
    referred: () => {},
    failure: (error: unknown) => error,
  } as unknown as Directory;
}

const kindOf = (error: unknown) => (error instanceof ConnectorError ? error.kind : String(error));

describe("snapshots", () => {
  test("whose reading fails are told of to all who ask, and not read anew for each of them", async () => {
    let readings = 0;
    const { take } = createSnapshots(
      directoryOf(async function* () {
        readings++;
        yield [1];
        throw new ConnectorError("denied", "the account may not list");
      }),
    );
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    const gone = AbortSignal.abort(new Error("the client has gone"));
    const asked = await Promise.allSettled([
      take(listing, "now", AbortSignal.timeout(1000)),
      take(listing, "now", gone),
      take(listing, Date.now(), gone),
    ]);
    expect(asked.map((each) => each.status === "rejected" && kindOf(each.reason))).toEqual(["denied", "busy", "busy"]);
    for (let n = 0; n < 5; n++)
      await expect(take(listing, "now", AbortSignal.timeout(1000))).rejects.toMatchObject({ kind: "denied" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(readings).toBeLessThanOrEqual(2);
  });

  test("are read two at a time, however many listings are asked for", async () => {
    let [running, most] = [0, 0];
    const { take } = createSnapshots(
      directoryOf(async function* () {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield [1, 2];
        running--;
      }),
    );
    const where = (n: number) => ({ op: "sw", attr: "uid", value: String(n) }) as const;
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, n) => take({ ...listing, where: where(n) }, "now", AbortSignal.timeout(5000))),
    );
    expect(taken.map(({ list }) => list.length())).toEqual(Array(20).fill(2));
    expect(most).toBe(2);
  });

  test("show what was made and deleted here while they were read", async () => {
    let go = () => {};
    const { take, changed } = createSnapshots(
      directoryOf(async function* () {
        yield [1, 2, 3];
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        yield [5];
      }),
    );
    const reading = take(listing, "now", AbortSignal.timeout(1000));
    await new Promise((resolve) => setTimeout(resolve, 5));
    changed("user", { removed: uuid(2) });
    changed("user", { added: uuid(4) });
    changed("group", { added: uuid(9) });
    go();
    const { list, codec } = await reading;
    expect(list.slice(0, 10).map(codec.keyOf)).toEqual([1, 3, 4, 5].map(uuid));
  });

  test.each([
    // A small list is read anew for each listing, and serves its later pages for a minute.
    { ms: 10, age: 0, since: "now", freshness: "wait" },
    { ms: 10, age: 50_000, since: 60_000, freshness: "use" },
    { ms: 10, age: 50_000, since: 40_000, freshness: "wait" },
    { ms: 10, age: 61_000, since: 70_000, freshness: "wait" },
    // A large one serves for a minute, and is read anew behind in its second half.
    { ms: 8000, age: 20_000, since: "now", freshness: "use" },
    { ms: 8000, age: 20_000, since: 10_000, freshness: "use" },
    { ms: 8000, age: 31_000, since: "now", freshness: "refresh" },
    { ms: 8000, age: 61_000, since: "now", freshness: "wait" },
    // One that may lack what was written here is read anew behind once it is twice as old as it took to read.
    { ms: 8000, age: 17_000, since: "now", isTouched: true, freshness: "refresh" },
    { ms: 8000, age: 15_000, since: "now", isTouched: true, freshness: "use" },
    { ms: 10, age: 21, since: 10, isTouched: true, freshness: "wait" },
    { ms: 10, age: 21, since: 30, isTouched: true, freshness: "refresh" },
    // One that takes longer than that to read serves for twice as long as it took.
    { ms: 50_000, age: 99_000, since: "now", freshness: "refresh" },
  ])(
    "that took $ms ms to read, $age ms ago, of a listing that began $since ms ago: $freshness",
    ({ ms, age, since, freshness, isTouched = false }) => {
      const now = 1_000_000_000;
      const began = typeof since === "number" ? now - since : ("now" as const);
      expect(freshnessOf({ at: now - age, ms, isTouched }, began, now)).toBe(freshness);
    },
  );

  test("from which others take entries while a page is read hide nobody", async () => {
    const present = new Set(Array.from({ length: 30 }, (_, n) => n));
    let isRemoved = false;
    const directory = directoryOf(
      async function* () {
        yield [...Array(30).keys()];
      },
      (filter) => {
        // Between the reading of the keys and that of the page three entries are deleted, one of them here.
        for (const n of [3, 4]) present.delete(n);
        if (!isRemoved) changed("user", { removed: uuid(1) });
        isRemoved = true;
        present.delete(1);
        return [...present].filter((n) => filter.includes(uuid(n)));
      },
    );
    const { search, changed } = createSearch(directory);
    const asked = { kind: "user", attrs: ["entryUUID"], limit: 10, count: true, signal: AbortSignal.timeout(1000) };
    const seen: unknown[] = [];
    for (let bookmark: SearchBookmark, n = 0; n === 0 || bookmark; n++) {
      const { entries, next } = await search({ ...asked, ...(bookmark && { bookmark }) });
      seen.push(...entries.map(({ entryUUID }) => entryUUID));
      bookmark = next;
    }
    expect(seen).toEqual([...present].map(uuid));
  });
});

type SearchBookmark = Awaited<ReturnType<ReturnType<typeof createSearch>["search"]>>["next"];
