import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { filesIn } from "../../../src/connector/kit/files.ts";
import { init } from "./init.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-names-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("names with line breaks add nothing to the files that are drafted", async () => {
  const db = new DatabaseSync(join(folder, "hr.db"));
  db.exec(`create table users (id text primary key, username text, "odd\nwrite:\n  x: 1" text,
    "needed\noperations: { port: 1 } #" text not null)`);
  db.close();
  const { files } = await init({
    options: { dialect: "sqlite", file: "hr.db" },
    env: {},
    mappings: "",
    files: filesIn(folder),
    signal: AbortSignal.timeout(10_000),
  });
  expect(Object.keys(parse(files.get("gateway.config.yaml")!))).toEqual(["server", "auth", "connectors", "routes"]);
  expect(Object.keys(parse(files.get(join("mappings", "user.yaml"))!))).toEqual(["resource", "kind", "attributes"]);
});
