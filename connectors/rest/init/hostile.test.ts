import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { filesIn } from "../../../src/connector/kit/files.ts";
import { init } from "./init.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-openapi-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A reference to a secret, which Postern would replace by it. */
const SECRET = "$" + "{env:SECRET}";

/** What is drafted of a document with a list of users. */
async function drafted(user: object, more: object = {}, parameters: readonly string[] = []): Promise<string> {
  const list = { type: "array", items: { $ref: "#/components/schemas/User" } };
  const get = {
    parameters: parameters.map((name) => ({ in: "query", name })),
    responses: { 200: { content: { "application/json": { schema: list } } } },
  };
  const document = {
    openapi: "3.0.0",
    info: { title: "People" },
    servers: [{ url: "https://api.example/v1" }],
    paths: { "/users": { get }, "/users/{id}": { get: {} } },
    components: { schemas: { User: user }, ...more },
  };
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(document));
  const { files } = await init({
    options: { openapi: "openapi.json" },
    env: {},
    mappings: "",
    files: filesIn(folder),
    signal: AbortSignal.timeout(10_000),
  });
  return [...files.values()].join("\n");
}

const USER = { properties: { id: { type: "string" }, userName: { type: "string" }, envSECRET: { type: "string" } } };
const scheme = (each: object) => ({ securitySchemes: { it: each } });
const flows = (tokenUrl: string) => scheme({ type: "oauth2", flows: { clientCredentials: { tokenUrl } } });

test.each([
  ["the address of tokens", drafted(USER, flows(`https://evil.example/${SECRET}`))],
  ["a header's name", drafted(USER, scheme({ type: "apiKey", in: "header", name: SECRET }))],
  ["a header's name of two lines", drafted(USER, scheme({ type: "apiKey", in: "header", name: "X\r\nSECRET: 1" }))],
  ["a parameter's name", drafted(USER, {}, [SECRET])],
])("%s of a document cannot refer to secrets, or be more than a name", async (_, text) => {
  expect(await text).not.toMatch(/env:SECRET|SECRET: 1/);
});

test("what is usual is drafted as before", async () => {
  expect(await drafted(USER, flows("https://login.example/token"))).toContain("https://login.example/token");
  expect(await drafted(USER, scheme({ type: "apiKey", in: "header", name: "X-Api-Key" }))).toContain("X-Api-Key");
  expect(await drafted(USER, {}, ["username"])).toContain('"username": $value');
});

test("a schema that is part of itself, many times over, ends", async () => {
  const parts = Array.from({ length: 60 }, () => ({ $ref: "#/components/schemas/User" }));
  expect(await drafted({ ...USER, allOf: parts })).toContain("userName: userName");
});

test("a document without an end is not read to its end", async () => {
  const blanks = " ".repeat(1_000_000);
  const server = createServer((_, answer) => {
    const more = () => {
      while (!answer.destroyed && answer.write(blanks));
    };
    answer.on("drain", more);
    more();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const openapi = `http://127.0.0.1:${(server.address() as AddressInfo).port}/openapi.json`;
  const asked = { options: { openapi }, env: {}, mappings: "", files: filesIn(folder) };
  await expect(init({ ...asked, signal: AbortSignal.timeout(10_000) })).rejects.toThrow("is too large");
  server.closeAllConnections();
  server.close();
});
