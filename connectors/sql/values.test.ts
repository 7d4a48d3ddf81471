import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Connector, Entry, References } from "../../src/connector/connector.ts";
import { startMariaDb, startPostgres } from "../../test/servers/databases.ts";
import sql from "./index.ts";

const kinds = {
  account: {
    table: "accounts",
    text: ["login"],
    lists: {
      roles: { table: "account_roles", owner: "account", value: "role" },
      photos: { table: "account_photos", owner: "account", value: "photo" },
      notes: { table: "account_notes", owner: "account", value: "note", text: ["note"] },
    },
  },
  role: { table: "roles" },
  // The people that somebody manages are people, and no rows of a list.
  manager: { table: "accounts", lists: { reports: { table: "accounts", owner: "boss", value: "id" } } },
  // Of whom nothing is known but that roles are given to them.
  team: { table: "teams", lists: { members: { table: "team_members", owner: "team", value: "account" } } },
};
const references: References = [{ kind: "team", attr: "members", to: ["account"] }];

/** The same tables in each dialect; no foreign key does anything by itself. */
const tables = (bytes: string, key: string, json: string) => `
create table accounts (id ${key} primary key, login ${bytes} not null unique, number ${key}, photo ${bytes}, data ${json}, boss ${key});
create table account_roles (account ${key} not null, role ${key} not null, primary key (account, role));
create table account_photos (account ${key} not null, photo ${bytes} not null, primary key (account, photo));
create table account_notes (account ${key} not null, note ${bytes} not null, primary key (account, note));
create table roles (id ${key} primary key, name varchar(50));
create table teams (id ${key} primary key, name varchar(50));
create table team_members (team ${key} not null, account ${key} not null, primary key (team, account));
`;

const systems: [string, () => Promise<{ connector: Connector; stop: () => Promise<void> }>][] = [
  [
    "SQLite",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "postern-values-"));
      writeFileSync(join(folder, "schema.sql"), tables("blob", "integer", "text"));
      const settings = sql.config.parse({ dialect: "sqlite", file: "values.db", script: "schema.sql", kinds });
      const connector = sql.open(settings, { folder, log: { warn: () => {} }, references });
      const stop = async () => {
        await connector.close();
        rmSync(folder, { recursive: true });
      };
      return { connector, stop };
    },
  ],
  ["PostgreSQL", async () => onServer(await startPostgres(), tables("bytea", "bigint", "jsonb"))],
  ["MariaDB", async () => onServer(await startMariaDb(), tables("varbinary(200)", "bigint", "json"))],
];

function onServer(database: Awaited<ReturnType<typeof startPostgres>>, script: string) {
  database.run(script);
  const settings = sql.config.parse({ ...database.settings, kinds });
  const connector = sql.open(settings, { folder: "/", log: { warn: () => {} }, references });
  const stop = async () => {
    await connector.close();
    await database.stop();
  };
  return { connector, stop };
}

const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.integer().map(BigInt),
);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((each) => Buffer.from(each).toString("base64"));
const word = fc
  .string({ unit: "binary", minLength: 1, maxLength: 20 })
  .filter((each) => !each.includes("\0") && each.isWellFormed());
/** A whole number as entries hold it. */
const held = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value));

describe.each(systems)("values on %s", (name, open) => {
  let connector: Connector;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ connector, stop } = await open());
  });
  afterAll(() => stop());
  const signal = () => AbortSignal.timeout(10_000);
  const attrs = ["id", "login", "number", "photo", "roles", "photos", "notes"];
  const find = async (attr: string, value: string | number, more: object = {}) => {
    const where = { op: "eq" as const, attr, value, ...more };
    const found = await connector.search({
      kind: "account",
      where,
      attrs: ["id"],
      limit: 10,
      count: false,
      signal: signal(),
    });
    return found.entries.map(({ id }) => id);
  };

  test("come back as they went in, are found by what they are, and one is not taken for another", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          id: integer,
          number: integer,
          photo: bytes,
          login: word,
          roles: fc.uniqueArray(integer, { maxLength: 3 }),
          photos: fc.uniqueArray(bytes, { maxLength: 3 }),
          notes: fc.uniqueArray(word, { maxLength: 3 }),
        }),
        async ({ id, number, photo, login, roles, photos, notes }) => {
          const key = String(id);
          const drawn: Entry = {
            id: key,
            login,
            number: held(number),
            photo,
            roles: roles.map(held),
            photos,
            notes,
          };
          const made = await connector.create({ kind: "account", entry: drawn, attrs, signal: signal() });
          const sorted = (entry: Entry | undefined) =>
            Object.fromEntries(
              attrs.map((attr) => [
                attr,
                [(entry?.[attr] as never) ?? []]
                  .flat()
                  .map((each) => String(each))
                  .sort(),
              ]),
            );
          expect(sorted(made)).toEqual(sorted(drawn));
          expect(made.number).toBe(held(number));
          expect(await find("id", key)).toEqual([key]);
          expect(await find("number", held(number))).toEqual([key]);
          expect(await find("photo", photo)).toEqual([key]);
          expect(await find("login", login, { caseExact: true })).toEqual([key]);
          if (roles[0] !== undefined) expect(await find("roles", String(roles[0]))).toEqual([key]);
          if (photos[0] !== undefined) expect(await find("photos", photos[0])).toEqual([key]);
          if (notes[0] !== undefined) expect(await find("notes", notes[0], { caseExact: true })).toEqual([key]);
          // Its neighbours are others.
          for (const other of [id - 1n, id + 1n]) {
            const request = { kind: "account", key: String(other), signal: signal() };
            expect(await connector.get({ ...request, attrs: [] })).toBeUndefined();
            await expect(connector.delete(request)).rejects.toMatchObject({ kind: "notFound" });
          }
          await connector.delete({ kind: "account", key, signal: signal() });
          expect(await connector.get({ kind: "account", key, attrs: [], signal: signal() })).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("that are no bytes are refused, and nothing is written", async () => {
    for (const photo of ["data:image/png;base64,iVBORw0KGgo=", "https://example.com/me.jpg", "Maria Ann", "a"])
      await expect(
        connector.create({ kind: "account", entry: { id: "7", login: "x", photo }, attrs: [], signal: signal() }),
      ).rejects.toMatchObject({ kind: "invalid", attr: "photo" });
    expect(await find("login", "x", { caseExact: true })).toEqual([]);
  });

  test("of text that is kept as bytes are found without regard to case, and in the order of text", async () => {
    for (const [id, login] of [
      ["1", "Maria"],
      ["2", "anna"],
      ["3", "Émile"],
    ] as const)
      await connector.create({ kind: "account", entry: { id, login }, attrs: [], signal: signal() });
    expect(await find("login", "maria")).toEqual(["1"]);
    expect(await find("login", "maria", { caseExact: true })).toEqual([]);
    const { entries } = await connector.search({
      kind: "account",
      orderBy: { attr: "login", descending: false },
      attrs: ["login"],
      limit: 10,
      count: false,
      signal: signal(),
    });
    expect(entries.map(({ login }) => login)).toEqual(["anna", "Maria", "Émile"]);
    for (const key of ["1", "2", "3"]) await connector.delete({ kind: "account", key, signal: signal() });
  });

  test("that no column can hold are nobody's key", async () => {
    for (const key of ["9223372036854775808", "99999999999999999999", "1.0", "01", "-0", "1e3", " 1"]) {
      expect(await connector.get({ kind: "account", key, attrs: [], signal: signal() }), key).toBeUndefined();
      await expect(connector.delete({ kind: "account", key, signal: signal() })).rejects.toMatchObject({
        kind: "notFound",
      });
    }
  });

  test("beyond 64 bits are refused, never rounded", async () => {
    for (const number of ["18446744073709551616", "9223372036854775808", "-9223372036854775809"]) {
      await expect(
        connector.create({ kind: "account", entry: { id: "7", login: "x", number }, attrs: [], signal: signal() }),
      ).rejects.toMatchObject({ kind: "invalid" });
      expect(await find("number", number)).toEqual([]);
    }
  });

  test("what is deleted leaves no rows: who comes after it under its key inherits nothing", async () => {
    const create = (kind: string, entry: Entry) => connector.create({ kind, entry, attrs: ["id"], signal: signal() });
    const read = (kind: string, key: string, attr: string) =>
      connector.get({ kind, key, attrs: [attr], signal: signal() });
    await create("account", { id: "1", login: "boss" });
    await create("account", { id: "2", login: "bob", roles: [5, 6], photos: "AAEC", boss: 1 });
    await create("account", { id: "3", login: "carol", roles: 5 });
    await create("team", { id: "9", members: [2, 3] });
    await connector.delete({ kind: "account", key: "2", signal: signal() });
    await create("account", { id: "2", login: "another", boss: 1 });
    expect(await read("account", "2", "roles")).toEqual({});
    expect(await read("account", "2", "photos")).toEqual({});
    // By what mappings say, though the account's kind has no list of its teams.
    expect(await read("team", "9", "members")).toEqual({ members: 3 });
    expect(await read("account", "3", "roles")).toEqual({ roles: 5 });
    // A group takes its memberships along, and a new one of its key begins empty.
    await connector.delete({ kind: "team", key: "9", signal: signal() });
    await create("team", { id: "9" });
    expect(await read("team", "9", "members")).toEqual({});
    // Rows that are entries stay.
    await connector.delete({ kind: "manager", key: "1", signal: signal() });
    expect(await read("account", "2", "login")).toEqual({ login: "another" });
    for (const key of ["2", "3"]) await connector.delete({ kind: "account", key, signal: signal() });
    expect(name).toBeTruthy();
  });
});
