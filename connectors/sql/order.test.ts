import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Bookmark, Connector, SearchRequest } from "../../src/connector/connector.ts";
import { type Database, startMariaDb, startPostgres } from "../../test/servers/databases.ts";
import { lent } from "../../test/servers/lent.ts";
import sql from "./index.ts";

/** Values of columns that are ordered by, as SQL; each row takes the next one of each. */
const texts = ["null", "''", "' '", "'  '", "'b'", "'B'", "'a '", "'a'", "'ä'", "'😀'", "'\uffdd'", "'1'", "''"];
const numbers = ["null", "0.1", "0.1", "0.2", "0.3", "-1.5", "1e20", "16777217", "0", "0.1", "3.3333333"];
const whole = ["null", "0", "7", "-3", "1760000000", "1760000320", "2147483647"];
/** Nanoseconds since 1970: more digits than JavaScript's numbers hold. */
const long = ["null", "1760000000123456789", "1760000000123456790", "1760000000123456788", "5"];
/** Rows that others refer to, each with an instant, two within one millisecond. */
const places = [1, 2, 3, 4, 5].map((id) => `(${id}, '2026-01-31 08:00:00.12345${id % 3}')`).join(", ");
const instants = [
  "null",
  "'9999-12-31 23:59:59.999999'",
  "'2026-01-31 08:00:00.123456'",
  "'2026-01-31 08:00:00.123457'",
  "'1970-01-01 00:00:00'",
];

const valuesOf = (bytes: readonly string[], more: readonly string[]) => {
  const times = [...instants, ...more];
  return Array.from({ length: 26 }, (_, n) => {
    const of = (values: readonly string[]) => values[n % values.length];
    return `(${n + 1}, ${of(texts)}, ${of(numbers)}, ${of(numbers)}, ${of(times)}, ${of(bytes)}, ${of(whole)}, ${of(long)}, ${(n % 5) + 1})`;
  }).join(", ");
};
const lookups = { since: { column: "place", table: "places", key: "id", value: "since" } };
const kinds = {
  row: { table: "t", lookups },
  bounded: { table: "t", countTo: 5 },
  uncounted: { table: "t", countTo: 0 },
};
const columns = ["id", "s", "f", "d", "at", "b", "n", "l", "since"];

const dialects: Record<string, () => Promise<{ connector: Connector; close: () => Promise<void> }>> = {
  SQLite: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-order-"));
    const table =
      "create table t (id integer primary key, s text, f real, d decimal(30, 7), at text, b blob, n integer, l integer, place integer); create table places (id integer primary key, since text);";
    writeFileSync(
      join(folder, "t.sql"),
      `${table} insert into places values ${places}; insert into t values ${valuesOf(["null", "x''", "x'6162'", "x'6163'"], [])};`,
    );
    const connector = sql.open(
      sql.config.parse({ dialect: "sqlite", file: "t.db", create: true, script: "t.sql", kinds }),
      lent(folder),
    );
    return { connector, close: async () => connector.close().then(() => rmSync(folder, { recursive: true })) };
  },
  PostgreSQL: () =>
    onServer(
      startPostgres,
      `create table t (id int primary key, s varchar(20), f real, d numeric(30, 7), at timestamptz, b bytea, n int, l bigint, place int);
       create table places (id int primary key, since timestamptz);
       insert into places values ${places};
       insert into t values ${valuesOf(["null", "''", "'\\x6162'", "'\\x6163'"], ["'infinity'", "'-infinity'"])};`,
    ),
  MariaDB: () =>
    onServer(
      startMariaDb,
      `create table t (id int primary key, s varchar(20), f float, d decimal(30, 7), at datetime(6), b varbinary(9), n int, l bigint, place int) default charset utf8mb4 collate utf8mb4_unicode_ci;
       create table places (id int primary key, since datetime(6));
       insert into places values ${places};
       set names utf8mb4;
       insert into t values ${valuesOf(["null", "''", "'ab'", "'ac'"], [])};`,
    ),
};

async function onServer(start: () => Promise<Database>, script: string) {
  const database = await start();
  database.run(script);
  const connector = sql.open(sql.config.parse({ ...database.settings, kinds }), lent());
  return { connector, close: () => connector.close().then(database.stop) };
}

describe.each(Object.keys(dialects))("an order, on %s", (dialect) => {
  let connector: Connector;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    ({ connector, close } = await dialects[dialect]!());
  }, 60_000);
  afterAll(() => close?.());

  const search = (more: Partial<SearchRequest>) =>
    connector.search({
      kind: "row",
      attrs: ["id"],
      limit: 1000,
      count: true,
      signal: AbortSignal.timeout(5000),
      ...more,
    });

  test.each(["row", "bounded", "uncounted"])("of %s: who asks beyond the end is told where it was", async (kind) => {
    for (const offset of [26, 5000]) expect((await search({ kind, offset, limit: 5 })).total).toBe(26);
    expect((await search({ kind, offset: 25, limit: 5 })).total).toBe(26);
  });

  test.each(columns.flatMap((attr) => [false, true].map((descending) => [attr, descending] as const)))(
    "by %s, descending %s, is paged through by bookmarks as it is by one page, whatever the size",
    async (attr, descending) => {
      for (const caseExact of [false, true]) {
        const orderBy = { attr, descending, caseExact };
        const whole = (await search({ orderBy })).entries.map(({ id }) => id);
        expect(whole).toHaveLength(26);
        for (const limit of [1, 2, 5, 13]) {
          const seen: unknown[] = [];
          for (let bookmark: Bookmark | undefined; seen.length <= whole.length; ) {
            const { entries, next } = await search({ orderBy, limit, ...(bookmark && { bookmark }) });
            seen.push(...entries.map(({ id }) => id));
            if (!next) break;
            bookmark = JSON.parse(JSON.stringify(next)) as Bookmark;
          }
          expect(seen, `pages of ${limit}`).toEqual(whole);
        }
      }
    },
  );

  // The last: what it writes stays.
  test.each(
    columns
      .filter((attr) => attr !== "since" && attr !== "id")
      .flatMap((attr) => [false, true].map((descending) => [attr, descending] as const)),
  )("by %s, descending %s, hides nobody when the last of each page is deleted or changed", async (attr, descending) => {
    const orderBy = { attr, descending };
    const changes = {
      s: "c",
      f: 0.25,
      d: 0.25,
      at: "2026-02-01T00:00:00.000Z",
      b: "YWI=",
      n: 1760000321,
      l: "1760000000123456791",
    };
    const whole = (await search({ orderBy })).entries.map(({ id }) => id);
    const [seen, gone] = [new Set<unknown>(), new Set<unknown>()];
    let pages = 0;
    for (let bookmark: Bookmark | undefined; pages++ < 40; ) {
      const { entries, next } = await search({ orderBy, limit: 4, ...(bookmark && { bookmark }) });
      for (const { id } of entries) seen.add(id);
      if (!next) break;
      const key = String(entries.at(-1)!.id);
      const request = { kind: "row", key, signal: AbortSignal.timeout(5000) };
      gone.add(entries.at(-1)!.id);
      if (pages % 4 === 1) await connector.delete(request);
      else if (pages % 4 === 3)
        await connector.update({
          ...request,
          changes: [{ op: "replace", attr, values: [changes[attr as keyof typeof changes]] }],
          attrs: [],
        });
      bookmark = next;
    }
    expect(pages).toBeLessThan(40);
    expect(whole.filter((id) => !seen.has(id) && !gone.has(id))).toEqual([]);
  });
});
