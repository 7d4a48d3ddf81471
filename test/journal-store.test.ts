import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type CompiledQuery, Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesIn } from "../src/connector/kit/files.ts";
import { openSqlite, sqliteDialect } from "../src/connector/kit/sqlite.ts";
import { idOfTime, type JournalEntry, journalId } from "../src/journal/entry.ts";
import type { MemberChanges } from "../src/journal/members.ts";
import { rowOf } from "../src/journal/row.ts";
import type { JournalLine, JournalQuery, JournalStore } from "../src/journal/store.ts";
import { createJournalStore } from "../src/state/journal.ts";
import { sqliteLayout } from "../src/state/journal-sqlite.ts";
import { openJournalStore } from "../src/state/journal-store.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";

const START = Date.UTC(2026, 0, 1);
const DAY = 24 * 3_600_000;

/** A few words, so that entries are alike in some of them. */
const word = fc.constantFrom(
  "",
  "ann",
  "Ann",
  "ANNA@example.com",
  "50%",
  "a_b",
  "a\\b",
  "Ünal",
  "李",
  "a\0b",
  "half \ud83d",
  "o'hara",
  '"',
);
const line = fc.record({
  route: fc.constantFrom("/scim/v2", "/hr"),
  caller: fc.constantFrom("", "entra", "okta"),
  type: fc.constantFrom("User", "Group", ""),
  action: fc.constantFrom("create", "patch", ""),
  result: fc.constantFrom("success" as const, "failure" as const),
  requestId: fc.constantFrom("r1", "r2", "ann"),
  resource: fc.constantFrom("", "1", "2", "ann"),
  display: word,
  members: fc.option(
    fc
      .uniqueArray(
        fc.record({
          id: fc.constantFrom("1", "ann", "a\0b"),
          type: fc.constantFrom("", "User", "Group"),
          name: fc.constant(""),
        }),
        { maxLength: 3, selector: ({ id }) => id },
      )
      .map((added): MemberChanges => ({ added, removed: [], more: 0 })),
    { nil: undefined },
  ),
});
const query = fc.record(
  {
    from: fc.integer({ min: 0, max: 40 }).map((day) => START + day * DAY),
    until: fc.integer({ min: 0, max: 40 }).map((day) => START + day * DAY),
    route: fc.constantFrom("/scim/v2", "/hr"),
    caller: fc.constantFrom("", "entra"),
    type: fc.constantFrom("User", "Group"),
    action: fc.constantFrom("create", "patch"),
    result: fc.constantFrom("success" as const, "failure" as const),
    requestId: fc.constantFrom("r1", "r2"),
    resource: fc.constantFrom("1", "ann"),
    about: fc.record(
      { id: fc.constantFrom("1", "ann", "a\0b"), type: fc.constantFrom("User", "Group") },
      { requiredKeys: ["id"] },
    ),
    search: word,
  },
  { requiredKeys: [] },
);

let made = 0;
function entryOf(given: object, day: number): JournalEntry {
  const at = START + day * DAY;
  return {
    id: `${idOfTime(at)}${String(++made).padStart(8, "0")}`,
    at,
    ...{ replica: "a", source: "127.0.0.1", status: 200, sentence: "Done.", ms: 1.5, backendMs: 0.25 },
    attributes: ["title"],
    request: { title: "[text]" },
    steps: [{ step: "received", at: 0, text: "…" }],
    ...(given as Pick<
      JournalEntry,
      "route" | "caller" | "type" | "action" | "result" | "requestId" | "resource" | "display" | "members"
    >),
  };
}

const lineOf = ({ request: _, steps: __, ...entry }: JournalEntry): JournalLine => entry;

/** What a search should find, by the plainest code there is. */
function expected(all: readonly JournalEntry[], query: JournalQuery) {
  const { from, until, before, after, search, about, limit, ...exact } = query;
  const isAbout = ({ resource, type, members }: JournalEntry, { id, type: wanted }: NonNullable<typeof about>) =>
    [
      { id: resource, type },
      ...(members?.added ?? []).map((member) => ({ id: member.id, type: member.type || wanted })),
    ].some((each) => each.id === id && (wanted === undefined || each.type === wanted));
  const isWanted = (entry: JournalEntry) =>
    (from === undefined || entry.at >= from) &&
    (until === undefined || entry.at < until) &&
    (before === undefined || entry.id < before) &&
    (after === undefined || entry.id > after) &&
    (!about || isAbout(entry, about)) &&
    Object.entries(exact).every(([name, value]) => entry[name as keyof JournalEntry] === value) &&
    (!search ||
      [entry.resource, entry.requestId].includes(search) ||
      entry.display.toLowerCase().includes(search.toLowerCase()));
  const found = all.filter(isWanted).sort((one, other) => (one.id < other.id ? -1 : 1));
  return (after === undefined ? found.reverse() : found).slice(0, limit).map(lineOf);
}

describe.each(["sqlite", "postgres"] as const)("the journal's store in %s", (kind) => {
  const folder = mkdtempSync(join(tmpdir(), "postern-journal-"));
  let server: Database | undefined;
  let stores = 0;
  const opened: JournalStore[] = [];
  const location = () => {
    if (kind === "sqlite") return { url: `sqlite:state-${++stores}.db` };
    const name = `journal_${++stores}`;
    server!.run(`reset role;\ncreate database ${name} owner postern`);
    const { url, password } = stateIn(server!);
    return { url: url.replace(/[^/]+$/, name), password };
  };
  const open = (at = location()) => {
    const store = openJournalStore(at, filesIn(folder));
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    if (kind === "postgres") server = await startPostgres();
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  test("a search finds what it asks for, and no more, newest first, or oldest first behind an entry", async () => {
    const store = open();
    const all: JournalEntry[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.integer({ min: 0, max: 40 })), { minLength: 1, maxLength: 6 }),
        query,
        fc.constantFrom("none", "before", "after"),
        fc.integer({ min: 1, max: 30 }),
        async (lines, asked, side, limit) => {
          const entries = lines.map(([given, day]) => entryOf(given, day));
          await store.append(entries.map(rowOf));
          all.push(...entries);
          const whole = { ...asked, ...(side !== "none" && { [side]: entries[0]!.id }), limit };
          const found = expected(all, whole);
          expect(await store.search(whole)).toEqual(found);
          const ids = await store.ids(whole);
          expect(ids).toEqual(found.map(({ id }) => id));
          expect(await store.lines(ids)).toEqual(found);
        },
      ),
      { numRuns: 120 },
    );
    const one = all[Math.floor(all.length / 2)]!;
    expect(await store.get(one.id)).toEqual(one);
    expect(await store.get("no such id")).toBeUndefined();
  });

  test("what is too old, or more than is to be kept, is forgotten, the oldest first", async () => {
    const store = open();
    const entries = Array.from({ length: 450 }, (_, index) =>
      entryOf({ ...fc.sample(line, 1)[0], display: `p${index}` }, index / 10),
    );
    await store.append(entries.map(rowOf));
    const now = START + 45 * DAY;
    expect(await store.forget({ days: 30, megabytes: 100 }, now)).toBe(150);
    const kept = await store.search({ limit: 1000 });
    expect(kept).toEqual(expected(entries.slice(150), { limit: 1000 }));
    const request = { title: "x".repeat(100_000) };
    await store.append(Array.from({ length: 30 }, () => rowOf({ ...entryOf(fc.sample(line, 1)[0]!, 45), request })));
    await store.forget({ days: 30, megabytes: 1 }, now);
    const left = await store.search({ limit: 1000 });
    expect(left.length).toBeGreaterThan(5);
    expect(left.length).toBeLessThan(12);
    expect(await store.get(entries.at(-1)!.id)).toBeUndefined();
    expect(await store.forget({ days: 30, megabytes: 1 }, now)).toBe(0);
  });

  test("keeps an entry once, however often it is given: part of a batch may have been kept before its store went away", async () => {
    const store = open();
    const entries = Array.from({ length: 450 }, () => entryOf(fc.sample(line, 1)[0]!, 1));
    await store.append(entries.slice(0, 250).map(rowOf));
    await store.append(entries.map(rowOf));
    expect(await store.search({ limit: 1000 })).toEqual(expected(entries, { limit: 1000 }));
    expect(await store.get(entries[0]!.id)).toEqual(entries[0]);
  });

  test("says what resources were known by last", async () => {
    const store = open();
    const of = (resource: string, display: string, type = "User") =>
      entryOf({ ...fc.sample(line, 1)[0], route: "/scim/v2", type, resource, display }, 1);
    await store.append([of("1", "ann"), of("1", "anna"), of("1", ""), of("2", "bob", "Group"), of("3", "")].map(rowOf));
    expect(await store.displays("/scim/v2", "User", ["1", "2", "3", "4"])).toEqual(new Map([["1", "anna"]]));
    expect(await store.displays("/scim/v2", "", ["1", "2"])).toEqual(
      new Map([
        ["1", "anna"],
        ["2", "bob"],
      ]),
    );
  });

  test("two that open it at the same time make it once, and each finds what the other keeps", async () => {
    const at = location();
    const [one, other] = [open(at), open(at)];
    const mine = entryOf(fc.sample(line, 1)[0]!, 1);
    await Promise.all([one.append([mine].map(rowOf)), other.search({ limit: 1 })]);
    expect(await other.get(mine.id)).toEqual(mine);
  });
});

test.each<[Omit<JournalQuery, "limit">, RegExp]>([
  [{ resource: "1", caller: "entra", result: "failure" }, /^SCAN journal_terms VIRTUAL/],
  [{ requestId: "r1", caller: "entra", result: "success" }, /^SCAN journal_terms VIRTUAL/],
  [{ about: { id: "1", type: "User" } }, /^SCAN journal_terms VIRTUAL/],
  [{ caller: "rare" }, /journal_by_caller/],
  [{ caller: "entra", result: "failure" }, /journal_by_failure/],
  [{ caller: "entra", type: "Group" }, /^SCAN journal$/],
  [{ caller: "entra", search: "an" }, /^SCAN journal$/],
  [{ result: "success", type: "Group" }, /^SCAN journal$/],
])("SQLite reads few entries for %j, or goes through them in order", async (given, way) => {
  expect((await planOf(given))[0]).toMatch(way);
});

test("SQLite looks a part of a name up in an index, and takes what is found in the order of entries, without sorting it", async () => {
  const plan = await planOf({ search: "anna", caller: "entra" });
  expect(plan[0]).toMatch(/^SCAN journal_(names|terms) VIRTUAL/);
  expect(plan.join()).not.toContain("TEMP B-TREE");
});

/** How SQLite goes about the last question of a search. */
async function planOf(given: Omit<JournalQuery, "limit">): Promise<string[]> {
  const database = openSqlite(":memory:");
  const asked: CompiledQuery[] = [];
  const db = new Kysely<unknown>({
    dialect: sqliteDialect(() => database),
    log: ({ query }) => {
      asked.push(query);
    },
  });
  const store = createJournalStore({ layout: sqliteLayout(db), close: () => db.destroy() });
  await store.search({ ...given, limit: 1 });
  const { sql, parameters } = asked.findLast(({ sql }) => sql.includes(" limit "))!;
  const plan = database.prepare(`explain query plan ${sql}`).all(...(parameters as string[]));
  await store.close();
  return plan.map(({ detail }) => String(detail));
}

describe("the journal's SQLite file", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-journal-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  const open = (name = `state-${++files}.db`) => openJournalStore({ url: `sqlite:${name}` }, filesIn(folder));

  test("has all entries of two processes that write at the same time, whatever their clocks say", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.nat(1), fc.boolean()), { minLength: 1, maxLength: 40 }),
        async (drawn) => {
          const [name, all] = [`both-${++files}.db`, new Map<string, JournalEntry>()];
          const stores = [open(name), open(name)];
          // Both count from zero in each millisecond.
          const batches = drawn.map(([ms, counter, isOther]) => {
            const id = `${idOfTime(START + ms)}${String(counter).padStart(5, "0")}${isOther ? "b" : "a"}${++made}`;
            return { ...entryOf(fc.sample(line, 1)[0]!, 0), id };
          });
          for (const each of batches) all.set(each.id, each);
          await Promise.all(stores.map((store, at) => store.append(batches.filter((_, n) => n % 2 === at).map(rowOf))));
          await stores[0]!.append(batches.map(rowOf));
          const found = await stores[1]!.search({ limit: 1000 });
          expect(found.map(({ id }) => id).sort()).toEqual([...all.keys()].sort());
          // Pages have each once.
          const paged: string[] = [];
          for (let page = found.slice(0, 7); page.length > 0; ) {
            paged.push(...page.map(({ id }) => id));
            page = [...(await stores[0]!.search({ before: paged.at(-1)!, limit: 7 }))];
          }
          expect(paged).toEqual(found.map(({ id }) => id));
          for (const [id, entry] of all) expect(await stores[0]!.get(id)).toEqual(entry);
          for (const store of stores) await store.close();
        },
      ),
      { numRuns: 5 },
    );
  });

  test("finds each part of a name, of whatever characters it is", async () => {
    const store = open();
    const names = fc.sample(fc.string({ unit: "binary", maxLength: 12 }), 200);
    const entries = names.map((display, n) => entryOf({ ...fc.sample(line, 1)[0], display, resource: `n${n}` }, 1));
    await store.append(entries.map(rowOf));
    for (const { display } of entries) {
      const characters = Array.from(display);
      const from = fc.sample(fc.nat(characters.length), 1)[0]!;
      const search = characters.slice(from, from + 5).join("");
      expect(await store.search({ search, limit: 1000 })).toEqual(expected(entries, { search, limit: 1000 }));
    }
    await store.close();
  });

  test("finds and forgets each entry, however many a clock that stands still gave the same time", async () => {
    const store = open();
    const now = Date.now() + 3_600_000;
    const entries = Array.from({ length: 12_000 }, () => ({
      ...entryOf(fc.sample(line, 1)[0]!, 0),
      id: journalId(now),
    }));
    await store.append(entries.map(rowOf));
    const newest = await store.search({ limit: 100 });
    expect(newest.map(({ id }) => id)).toEqual(
      entries
        .slice(-100)
        .map(({ id }) => id)
        .reverse(),
    );
    for (const each of fc.sample(fc.constantFrom(...entries), 50)) expect(await store.get(each.id)).toEqual(each);
    expect(await store.forget({ days: 1, megabytes: 1 }, now + 2 * DAY)).toBe(entries.length);
    await store.close();
  });

  test("takes entries before questions that wait", async () => {
    const store = open();
    await store.append(Array.from({ length: 2000 }, () => rowOf(entryOf(fc.sample(line, 1)[0]!, 1))));
    let answered = 0;
    const questions = Array.from({ length: 100 }, () =>
      store.search({ search: "zz", limit: 1 }).then(() => answered++),
    );
    await store.append([rowOf(entryOf(fc.sample(line, 1)[0]!, 1))]);
    expect(answered).toBeLessThan(10);
    await Promise.all(questions);
    // One is answered, and a hundred wait.
    const many = await Promise.allSettled(Array.from({ length: 150 }, () => store.search({ limit: 1 })));
    expect(many.filter(({ status }) => status === "rejected")).toHaveLength(49);
    await store.close();
  });

  test.each([
    ["all at once", false],
    ["also if it was ended on the way", true],
  ])("of an earlier layout is taken over with all its entries, %s", async (_, isEnded) => {
    const name = `old-${isEnded}`;
    const entries = Array.from({ length: 2500 }, (_, n) =>
      entryOf({ ...fc.sample(line, 1)[0], members: undefined }, n % 40),
    );
    const before = openSqlite(join(folder, `${name}-journal.db`));
    before.exec(readFileSync(join(import.meta.dirname, "tables/journal-before.sql"), "utf8"));
    const short = before.prepare(`insert into journal values (${Array(12).fill("?").join(",")})`);
    const details = before.prepare("insert into journal_details values (?, ?, ?)");
    before.exec("begin");
    for (const row of entries.map(rowOf)) {
      short.run(...row.slice(0, 9), 0, 0, 1000);
      details.run(row[0]!, row[9]!, row[10]!);
    }
    before.exec("commit");
    before.close();
    if (isEnded) await endedOnTheWay(join(folder, `${name}-journal.db`));
    const store = open(`${name}.db`);
    expect(await store.search({ limit: 1000 })).toEqual(expected(entries, { limit: 1000 }));
    expect(await store.get(entries[7]!.id)).toEqual(entries[7]);
    const { requestId } = entries[9]!;
    expect(await store.search({ requestId, limit: 1000 })).toEqual(expected(entries, { requestId, limit: 1000 }));
    await store.close();
  });

  test("leaves nothing in its indexes of what it has forgotten", async () => {
    const store = open("left.db");
    const entries = Array.from({ length: 500 }, (_, n) =>
      entryOf({ ...fc.sample(line, 1)[0], display: `name ${n}` }, n % 40),
    );
    await store.append(entries.map(rowOf));
    expect(await store.forget({ days: 1, megabytes: 1 }, START + 100 * DAY)).toBe(500);
    await store.close();
    const file = openSqlite(join(folder, "left-journal.db"));
    for (const index of ["journal_terms", "journal_names"]) {
      file.exec(`create virtual table ${index}_words using fts5vocab(${index}, 'row')`);
      expect(file.prepare(`select count(*) as n from ${index}_words`).get()).toEqual({ n: 0 });
    }
    file.close();
  });
});

/** Begins to take a file over, and ends when a piece of it is done. */
async function endedOnTheWay(file: string): Promise<void> {
  const database = openSqlite(file);
  let deletions = 0;
  const ending = () => {
    if (deletions > 0) throw new Error("ended");
  };
  const db = new Kysely<unknown>({
    dialect: sqliteDialect(() => database, ending),
    log: ({ query }) => {
      if (/^delete from "journal_details_before"/.test(query.sql)) deletions++;
    },
  });
  await expect(sqliteLayout(db).make()).rejects.toThrow("ended");
  expect(database.prepare("select count(*) as n from journal_before").get()).toEqual({ n: 1500 });
  await db.destroy();
}
