import fc from "fast-check";
import {
  DummyDriver,
  Kysely,
  MssqlAdapter,
  MssqlQueryCompiler,
  MysqlAdapter,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteQueryCompiler,
  sql as theirs,
} from "kysely";
import { describe, expect, test } from "vitest";
import { type Sql, sql } from "./sql.ts";

const makes = {
  sqlite: [SqliteAdapter, SqliteQueryCompiler],
  postgres: [PostgresAdapter, PostgresQueryCompiler],
  mysql: [MysqlAdapter, MysqlQueryCompiler],
  mssql: [MssqlAdapter, MssqlQueryCompiler],
} as const;
const databases = Object.entries(makes).map(([name, [Adapter, Compiler]]) => {
  const dialect = {
    createAdapter: () => new Adapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: () => {
      throw new Error("nothing is asked");
    },
    createQueryCompiler: () => new Compiler(),
  };
  return [name, new Kysely<unknown>({ dialect })] as const;
});

// biome-ignore lint/suspicious/noExplicitAny: both tags take the same
type Tag = any;
/** A statement as both tags would be given it. */
type Made = (tag: Tag) => Tag;
const value: fc.Arbitrary<Made> = fc
  .oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean())
  .map((each) => () => each);
const name = fc.string({ unit: fc.constantFrom("a", "B", '"', "`", "]", ".", " ", "é"), minLength: 1 });
const { statement } = fc.letrec<{ statement: Made }>((tie) => ({
  statement: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant<Made>((tag) => tag`x`),
    fc.array(name, { minLength: 1, maxLength: 2 }).map<Made>((names) => (tag) => tag.id(...names)),
    fc.tuple(fc.oneof(value, tie("statement")), fc.oneof(value, tie("statement"))).map<Made>(
      ([one, two]) =>
        (tag) =>
          tag`a ${one(tag)} = ${two(tag)} b`,
    ),
    fc.array(fc.oneof(value, tie("statement")), { minLength: 1, maxLength: 5 }).map<Made>(
      (parts) => (tag) =>
        tag`(${tag.join(
          parts.map((part) => part(tag)),
          tag` or `,
        )})`,
    ),
  ),
}));

describe.each(databases)("statements for %s", (_, db) => {
  test("are what kysely's own template makes of them, however they are put together", () => {
    fc.assert(
      fc.property(statement, (made) => {
        const ours: Sql = sql`${made(sql)} end`;
        const expected = theirs`${made(theirs)} end`.compile(db);
        for (let again = 0; again < 2; again++) {
          const { sql: text, parameters } = ours.compile(db);
          expect({ text, parameters }).toEqual({ text: expected.sql, parameters: expected.parameters });
        }
      }),
    );
  });

  test("that share a part are each whole", () => {
    const part = sql`f(${1}, ${sql.id("a")}, ${2}, ${sql.id("b")}, ${3})`;
    const [one, two] = [sql`${part} and ${part}`, sql`${9} ${part}`];
    expect(one.compile(db).parameters).toEqual([1, 2, 3, 1, 2, 3]);
    expect(two.compile(db).parameters).toEqual([9, 1, 2, 3]);
  });
});
