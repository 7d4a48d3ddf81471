import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Bookmark, Condition, Connector, Entry } from "../../src/connector/connector.ts";
import { matches } from "../../src/connector/reference.ts";
import { startMariaDb, startPostgres } from "../../test/servers/databases.ts";
import { lent } from "../../test/servers/lent.ts";
import sql from "./index.ts";

const kinds = {
  person: { table: "jobs", where: { deleted: 0 }, rows: { by: "worker", order: ["start_date"], maximum: 5 } },
  site: { table: "jobs", rows: { by: "site", maximum: 100 } },
  crowded: { table: "jobs", rows: { by: "site", maximum: 5 } },
};
const signal = () => AbortSignal.timeout(10_000);

/** Keys that some database would take for one another, order in its own way, or hand out though they say nothing. */
const workers = ["a1", "A1", "b2", "é", "É", "10", "9", "o'x", "100%", "a_1", "日本", "z"];
const nobodies = [null, "", "   "];

const rowsOf = (worker: string | null, n: number) => ({
  worker,
  start_date: `20${10 + ((n * 7) % 15)}-01-0${1 + (n % 9)}`,
  title: n % 3 === 0 ? null : `Title ${n % 4}`,
  site: n % 5,
  deleted: 0,
});
const table = [...workers, ...nobodies].flatMap((worker, at) =>
  Array.from({ length: 1 + (at % 4) }, (_, n) => rowsOf(worker, at * 5 + n)),
);
const gone = { worker: "gone", start_date: "2020-01-01", title: "Gone", site: 1, deleted: 1 };

const quoted = (value: unknown) =>
  value === null ? "null" : typeof value === "number" ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
const inserts = [...table, gone]
  .map((row) => `insert into jobs values (${Object.values(row).map(quoted).join(", ")});`)
  .join("\n");
const create = (text: string, after = "") =>
  `create table jobs (worker ${text}, start_date ${text}, title ${text}, site int, deleted int not null)${after};\ncreate index jobs_worker on jobs (worker);\n${inserts}`;

const onSqlite = async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-sql-"));
  writeFileSync(join(folder, "schema.sql"), create("text"));
  const settings = { dialect: "sqlite", file: "test.db", create: true, script: "schema.sql", kinds };
  const connector = sql.open(sql.config.parse(settings), lent(folder));
  return { connector, close: () => connector.close().then(() => rmSync(folder, { recursive: true })) };
};
const onServer = (start: typeof startPostgres, script: string) => async () => {
  const database = await start();
  database.run(script);
  const connector = sql.open(sql.config.parse({ ...database.settings, kinds }), lent("."));
  return { connector, close: () => connector.close().then(database.stop) };
};

describe.each([
  { name: "SQLite", open: onSqlite },
  { name: "PostgreSQL", open: onServer(startPostgres, create("varchar(40)")) },
  // Its collation takes a1 for A1, é for É, and pads with blanks.
  { name: "MariaDB", open: onServer(startMariaDb, create("varchar(40)", " collate utf8mb4_unicode_ci")) },
])("a kind with several rows for each entry, $name", ({ open }) => {
  let connector: Connector;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ connector, close } = await open());
  });
  afterAll(() => close());

  const pages = async (kind: string, limit: number, attrs: readonly string[]) => {
    const entries: Entry[] = [];
    for (let bookmark: Bookmark | undefined; ; ) {
      const page = await connector.search({
        ...{ kind, attrs, limit, count: true, signal: signal() },
        ...(bookmark && { bookmark }),
      });
      entries.push(...page.entries);
      if (!page.next) return { entries, total: page.total };
      expect(page.entries.length).toBe(limit);
      bookmark = JSON.parse(JSON.stringify(page.next)) as Bookmark;
    }
  };

  test("gives one entry for each value of the column, with all its rows, in pages of any size", async () => {
    const expected = new Map(workers.map((worker) => [worker, table.filter((row) => row.worker === worker)]));
    for (const limit of [1, 3, workers.length, 100]) {
      const { entries, total } = await pages("person", limit, ["worker", "rows"]);
      expect(total).toBe(workers.length);
      expect(entries.map((entry) => entry.worker)).toEqual(
        [...workers].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
      for (const { worker, rows } of entries) {
        const rowsExpected = expected
          .get(worker as string)!
          .map(({ title, ...row }) => ({ ...row, ...(title !== null && { title }) }));
        expect(rows).toEqual(expect.arrayContaining(rowsExpected));
        expect(rows).toHaveLength(rowsExpected.length);
        const dates = (rows as { start_date: string }[]).map((row) => row.start_date);
        expect(dates).toEqual([...dates].sort());
      }
    }
  });

  test("gives the rows in the same order each time, whatever they are ordered by", async () => {
    const first = await pages("site", 2, ["site", "rows"]);
    const second = await pages("site", 100, ["site", "rows"]);
    expect(second.entries).toEqual(first.entries);
    expect(first.entries.map((entry) => entry.site)).toEqual(["0", "1", "2", "3"]);
  });

  test("finds an entry by its key, to the letter, and none for rows without one", async () => {
    for (const worker of workers) {
      const entry = await connector.get({ kind: "person", key: worker, attrs: ["worker", "rows"], signal: signal() });
      expect(entry).toMatchObject({ worker });
      expect((entry!.rows as readonly { worker: string }[]).every((row) => row.worker === worker)).toBe(true);
    }
    for (const key of ["", "   ", "nobody", "gone", "a1 "])
      expect(await connector.get({ kind: "person", key, attrs: ["rows"], signal: signal() }), key).toBeUndefined();
    expect((await connector.get({ kind: "site", key: "3", attrs: ["rows"], signal: signal() }))?.rows).not.toEqual([]);
    expect(await connector.get({ kind: "site", key: "3x", attrs: ["rows"], signal: signal() })).toBeUndefined();
  });

  test("finds by conditions on the key what the reference finds, and leaves others to the gateway", async () => {
    const value = fc.constantFrom(...workers, ...workers.map((each) => each.slice(0, 1)));
    const leaf = fc.record({
      op: fc.constantFrom("eq", "sw", "co", "ew", "gt", "le") as fc.Arbitrary<"eq">,
      attr: fc.constant("worker"),
      value,
      caseExact: fc.boolean(),
    });
    const condition = fc.oneof(
      leaf,
      fc.array(leaf, { minLength: 1, maxLength: 3 }).map((conditions): Condition => ({ op: "or", conditions })),
      leaf.map((each): Condition => ({ op: "not", condition: each })),
    );
    const population = workers.map((worker) => ({ worker }));
    await fc.assert(
      fc.asyncProperty(condition as fc.Arbitrary<Condition>, async (where) => {
        const leaves = where.op === "or" ? where.conditions : where.op === "not" ? [where.condition] : [where];
        const supports = leaves.map((each) => connector.supports("person", each));
        if (supports.includes("none") || (where.op === "not" && supports.includes("superset"))) return;
        const request = { kind: "person", where, attrs: ["worker"], limit: 100, count: true, signal: signal() };
        const { entries, total } = await connector.search(request);
        const found = entries.map((entry) => entry.worker);
        const wanted = population.filter((entry) => matches(entry, where)).map((entry) => entry.worker);
        expect(found).toEqual(expect.arrayContaining(wanted));
        expect(total).toBe(found.length);
        if (!supports.includes("superset")) expect(found.length).toBe(wanted.length);
      }),
      { numRuns: 200 },
    );
    expect(connector.supports("person", { op: "eq", attr: "title", value: "x" })).toBe("none");
    expect(connector.supports("person", { op: "pr", attr: "rows" })).toBe("none");
    expect(connector.sorts("person", "title")).toBe(false);
  });

  test("refuses an entry with more rows than it may have, and names it", async () => {
    const expected = {
      kind: "unavailable",
      message: expect.stringMatching(/more than 5 rows with site "0".*rows\.maximum/),
    };
    const request = { kind: "crowded", attrs: ["rows"], signal: signal() };
    await expect(connector.search({ ...request, limit: 1, count: true })).rejects.toMatchObject(expected);
    await expect(connector.get({ ...request, key: "0" })).rejects.toMatchObject(expected);
    expect((await connector.search({ ...request, attrs: ["site"], limit: 9, count: true })).entries).toHaveLength(4);
  });

  test("is read only, and says so", async () => {
    const request = { kind: "person", key: "a1", attrs: [], signal: signal() };
    const expected = { kind: "invalid", message: expect.stringContaining('"person"') };
    await expect(connector.create({ ...request, entry: { worker: "new" } })).rejects.toMatchObject(expected);
    await expect(connector.update({ ...request, changes: [] })).rejects.toMatchObject(expected);
    await expect(connector.delete(request)).rejects.toMatchObject(expected);
    expect(await connector.get(request)).toEqual({ worker: "a1" });
  });

  test("refuses bookmarks that are none of its own, and explains its statements", async () => {
    for (const bookmark of [[1, 2], [true], ["a", "b", "c"]])
      await expect(
        connector.search({ kind: "person", attrs: ["worker"], limit: 2, count: true, bookmark, signal: signal() }),
      ).rejects.toMatchObject({ kind: "expired" });
    const where = { op: "eq", attr: "worker", value: "ann" } as const;
    const operation = { type: "search", kind: "person", where, attrs: ["rows"], limit: 2, count: true } as const;
    expect(await connector.explain(operation)).toMatch(/group by[\s\S]*ann/);
    expect(await connector.explain({ type: "get", kind: "person", key: "ann", attrs: ["rows"] })).toContain("ann");
  });

  test("checks that the columns are there, and that an index finds an entry's rows", async () => {
    const uses = { reads: ["worker", "rows"], writes: [], matches: [], constants: {} };
    const check = (kind: string, more: object = {}) =>
      connector.check!(new Map([[kind, { ...uses, ...more }]]), signal());
    expect(await check("person")).toMatchObject([{ ok: true }]);
    expect(await check("site", { reads: ["rows"] })).toMatchObject([
      { ok: false, text: expect.stringContaining("index") },
    ]);
    // An expression over the rows names columns in them; a column by itself is no attribute of an entry.
    expect(await check("person", { reads: ["rows", "title"] })).toMatchObject([{ ok: true }]);
    for (const reads of [["title"], ["rows", "salary"]])
      expect(await check("person", { reads })).toMatchObject([
        { ok: false, text: expect.stringContaining(`"${reads.at(-1)}"`) },
      ]);
  });
});

describe("the settings of a kind with several rows for each entry", () => {
  const parse = (kind: object) =>
    sql.config.safeParse({ dialect: "sqlite", file: ":memory:", kinds: { person: { table: "jobs", ...kind } } });

  test("take no part that only a table of entries has", () => {
    const lists = { tags: { table: "tags", owner: "worker", value: "tag" } };
    expect(parse({ rows: { by: "worker" } }).success).toBe(true);
    for (const more of [{ lists }, { json: ["doc"] }, { updatedBy: { at: 1 } }, { statements: { delete: "x" } }])
      expect(parse({ rows: { by: "worker" }, ...more }).success).toBe(false);
    expect(parse({ rows: { by: "rows" } }).success).toBe(false);
  });
});
