import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeDraft } from "./init-write.ts";

const parent = mkdtempSync(join(tmpdir(), "postern-write-"));
afterAll(() => rmSync(parent, { recursive: true }));
const folder = () => mkdtempSync(join(parent, "out-"));
const registry = { connectors: [], sinks: [] };
const write = (out: string, title = "") =>
  writeDraft(
    {
      files: new Map([
        ["gateway.config.yaml", `# yaml-language-server: $schema=./schemas/gateway.schema.json\n# ${title}\n`],
        ["mappings/rest/user.yaml", "# users\n"],
      ]),
      notes: [],
    },
    out,
    registry,
  );

test.each<[string, string, (out: string) => void]>([
  ["a file", "gateway.config.yaml", (out) => writeFileSync(join(out, "gateway.config.yaml"), "mine")],
  ["a folder", "gateway.config.yaml", (out) => mkdirSync(join(out, "gateway.config.yaml"))],
  ["a link to nowhere", "gateway.config.yaml", (out) => symlinkSync("../elsewhere", join(out, "gateway.config.yaml"))],
  ["a file in place of a folder", "mappings", (out) => writeFileSync(join(out, "mappings"), "mine")],
])("%s in the way is named, and nothing is written", async (_, name, put) => {
  const out = folder();
  put(out);
  expect(await write(out)).toEqual({ present: [name] });
  expect(readdirSync(out)).toEqual([name]);
  expect(existsSync(join(parent, "elsewhere"))).toBe(false);
});

test("a file in place of the whole folder is named", async () => {
  const out = join(folder(), "file");
  writeFileSync(out, "mine");
  expect(await write(out)).toEqual({ present: [out] });
});

test("what a title says of a schema is not taken for one", async () => {
  const out = folder();
  expect(await write(out, "People $schema=schemas/none.schema.json")).toMatchObject({ written: expect.anything() });
  expect(readdirSync(join(out, "schemas")).sort()).toEqual(["gateway.schema.json", "mapping-test.schema.json"]);
});
