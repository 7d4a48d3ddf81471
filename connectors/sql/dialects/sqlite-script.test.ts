import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { filesIn } from "../../../src/connector/kit/files.ts";
import sql from "../index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-script-"));
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true }));

const open = () => {
  const settings = {
    dialect: "sqlite",
    file: "people.db",
    create: true,
    script: "people.sql",
    kinds: { user: { table: "people" } },
  };
  return sql.open(sql.config.parse(settings), { files: filesIn(folder), log: { warn: () => {} } });
};
const probe = async () => {
  const connector = open();
  try {
    return await connector.probe(AbortSignal.timeout(2000));
  } finally {
    await connector.close();
  }
};

test("a script that fails leaves no database that the next start would take for a finished one", async () => {
  writeFileSync(join(folder, "people.sql"), "create table people (id integer primary key); create table oops (;");
  for (const _ of ["first", "second"]) {
    await expect(probe()).rejects.toThrow(/script: it failed, so .*people\.db was not created: .*syntax error/);
    expect(readdirSync(folder)).toEqual(["people.sql"]);
  }
  writeFileSync(join(folder, "people.sql"), "create table people (id integer primary key);");
  expect(await probe()).toContain("SQLite");
  expect(existsSync(join(folder, "people.db"))).toBe(true);
});
