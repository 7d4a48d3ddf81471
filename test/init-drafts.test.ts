import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { reportOf } from "../src/cli/check.ts";
import { writeDraft } from "../src/cli/init-write.ts";
import { loadMapping } from "../src/config/load.ts";
import { filesIn } from "../src/connector/kit/files.ts";
import { runMappingTests } from "../src/mapping/testing.ts";
import { ROOT, startGateway, TOKEN } from "./servers/gateway.ts";
import { stopServer } from "./servers/ports.ts";
import { registry } from "./servers/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-drafts-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** All that drafts name, each with a value that is long enough. */
const env = new Proxy({ APP_TOKEN: TOKEN } as Record<string, string>, {
  get: (given, name) =>
    given[String(name)] ?? (String(name).startsWith("POSTERN_") ? undefined : `${String(name)}-of-the-tests-only`),
});
const attributeTypes = registry.connectors.flatMap(({ types }) => types ?? []);

/** Drafts as `postern init TYPE` does, in a folder of its own. */
async function draft(type: string, options: Readonly<Record<string, unknown>>) {
  const { init } = registry.connectors.find((each) => each.type === type)!;
  const initial = await init!.run({
    options,
    env,
    mappings: join(ROOT, "mappings"),
    files: filesIn(folder),
    signal: AbortSignal.timeout(20_000),
  });
  const out = mkdtempSync(join(folder, "out-"));
  await writeDraft(initial, out, registry);
  const read = (path: string) => readFileSync(join(out, path), "utf8");
  return { out, notes: initial.notes.join("\n"), read, config: parse(read("gateway.config.yaml")) };
}

/** Checks a draft as its reader will: `postern check`, then `postern test`. */
async function checked(out: string): Promise<void> {
  const file = join(out, "gateway.config.yaml");
  const { problems } = await reportOf({ registry, file, env, connect: false, denyWarnings: true, format: "text" });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const tests = globSync(join(out, "mappings/**/*.test.yaml"));
  expect(tests.length).toBeGreaterThan(0);
  for (const path of tests) {
    const { mapping } = loadMapping(path.replace(".test.yaml", ".yaml"), { attributeTypes });
    const outcomes = await runMappingTests(mapping, { references: {}, ...parse(readFileSync(path, "utf8")) });
    expect(outcomes.filter(({ failure }) => failure)).toEqual([]);
  }
  for (const path of globSync(join(out, "**/*.yaml"))) {
    const schema = /\$schema=(\S+)/.exec(readFileSync(path, "utf8"))?.[1];
    expect(JSON.parse(readFileSync(join(path, "..", schema!), "utf8"))).toHaveProperty("$schema");
  }
}

const DOCUMENT = `openapi: 3.0.3
info: { title: People, version: "1" }
servers: [{ url: "https://people.example.test/api" }]
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Api-Key } }
  schemas:
    Person:
      allOf:
        - type: object
          properties: { id: { type: string } }
        - type: object
          properties:
            login: { type: string }
            profile: { type: object, properties: { firstName: { type: string }, lastName: { type: string } } }
            email: { type: string }
            suspended: { type: boolean }
            shoeSize: { type: integer }
paths:
  /status: { get: { responses: { "200": { description: ok } } } }
  /users:
    get:
      parameters:
        - { in: query, name: page, schema: { type: integer } }
        - { in: query, name: per_page, schema: { type: integer } }
        - { in: query, name: login, schema: { type: string } }
      responses:
        "200":
          content:
            application/json:
              schema:
                type: object
                properties:
                  data: { type: array, items: { $ref: "#/components/schemas/Person" } }
                  meta: { type: object, properties: { total: { type: integer } } }
    post: { responses: { "201": { description: made } } }
  /users/{userId}:
    get: { responses: { "200": { description: one } } }
    patch: { responses: { "200": { description: changed } } }
    delete: { responses: { "204": { description: gone } } }
`;
const SWAGGER = {
  swagger: "2.0",
  info: { title: "Old" },
  host: "old.example.test",
  basePath: "/v1",
  securityDefinitions: { basic: { type: "basic" } },
  definitions: { U: { properties: { id: {}, mail: { type: "string" }, name: { type: "string" } } } },
  paths: {
    "/accounts": { get: { responses: { 200: { schema: { type: "array", items: { $ref: "#/definitions/U" } } } } } },
    "/accounts/{id}": { get: { responses: {} }, put: { responses: {} } },
    "/teams": {
      get: { responses: { 200: { schema: { type: "array", items: { properties: { id: {}, name: {} } } } } } },
    },
    "/teams/{id}": { get: { responses: {} } },
  },
};

describe("postern init", () => {
  test("a skeleton for an API passes check", async () => {
    const { out, config } = await draft("rest", {});
    await checked(out);
    expect(config.connectors.api.url).toBe("https://people.example.com/api/v2");
  });

  test("the calls of an API follow from its OpenAPI document", async () => {
    writeFileSync(join(folder, "openapi.yaml"), DOCUMENT);
    const { out, config, read, notes } = await draft("rest", { openapi: "openapi.yaml" });
    await checked(out);
    expect(config.connectors.api).toEqual({
      type: "rest",
      url: "https://people.example.test/api",
      auth: { type: "apiKey", headers: { "X-Api-Key": "${env:API_KEY}" } },
      kinds: {
        user: {
          key: "id",
          get: { path: "/users/{$key}" },
          search: {
            path: "/users",
            query: { per_page: "$limit", page: "$page", where: "$where" },
            items: "data",
            total: "meta.total",
            page: { by: "number", size: 100 },
          },
          create: { method: "POST", path: "/users", body: "$" },
          update: { method: "PATCH", path: "/users/{$key}", body: "$changed" },
          delete: { method: "DELETE", path: "/users/{$key}" },
          attributes: { login: { filter: { eq: { to: '{ "login": $value }', exact: false } } } },
        },
      },
    });
    expect(parse(read("mappings/rest/user.yaml")).attributes).toEqual({
      id: { attr: "id", readOnly: true },
      userName: "login",
      "name.givenName": "profile.firstName",
      "name.familyName": "profile.lastName",
      'emails[type eq "work"].value': "email",
      active: { attr: "suspended", as: { values: { true: false, false: true } } },
    });
    expect(notes).toContain("user: not mapped: shoeSize.");
  });

  test("pages by a cursor, and a server's variables, follow from it as well", async () => {
    const text = DOCUMENT.replace("name: page,", "name: cursor,")
      .replace("name: per_page, schema: { type: integer }", "name: limit, schema: { type: integer, maximum: 50 }")
      .replace(
        '"https://people.example.test/api" }',
        '"https://people.example.test/{tenant}", variables: { tenant: { default: acme } } }',
      );
    const meta = "properties: { total: { type: integer } }";
    writeFileSync(join(folder, "openapi.yaml"), text.replace(meta, "properties: { nextCursor: { type: string } }"));
    const { out, config } = await draft("rest", { openapi: "openapi.yaml" });
    await checked(out);
    expect(config.connectors.api.url).toBe("https://people.example.test/acme");
    expect(config.connectors.api.kinds.user.search).toEqual({
      path: "/users",
      query: { limit: "$limit", cursor: "$cursor", where: "$where" },
      items: "data",
      page: { by: "cursor", next: "meta.nextCursor", size: 50 },
    });
    writeFileSync(join(folder, "openapi.yaml"), text);
    const { notes } = await draft("rest", { openapi: "openapi.yaml" });
    expect(notes).toContain("user: cursor looks like a cursor, but the document does not say where");
  });

  test("so it is with Swagger 2.0 by a URL, and what is missing is said", async () => {
    const server = createServer((_, response) => response.end(JSON.stringify(SWAGGER)));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/swagger.json`;
    const { out, config, notes } = await draft("rest", { openapi: address }).finally(() => stopServer(server));
    await checked(out);
    expect(config.connectors.api).toMatchObject({ url: "https://old.example.test/v1", auth: { type: "basic" } });
    expect(Object.keys(config.routes["/scim/v2"])).toEqual(["User", "Group"]);
    expect(notes).toContain("mail stands for it");
    expect(notes).toContain("user: the document has no POST /accounts: none can be created.");
  });

  test.each([
    ["no such file", { openapi: "none.yaml" }, /There is no file none\.yaml/],
    ["another document", { openapi: "other.json" }, /not an OpenAPI document/],
    ["no list of users", { openapi: "empty.json" }, /name it by --users/],
    ["a wrong address", { url: "people" }, /--url is an address/],
    ["references in a circle", { openapi: "circle.json" }, /name it by --users/],
  ])("says in a line what is wrong: %s", async (_, options, message) => {
    writeFileSync(join(folder, "other.json"), "{}");
    const empty = { openapi: "3.0.0", servers: [{ url: "https://x.test" }], paths: {} };
    writeFileSync(join(folder, "empty.json"), JSON.stringify(empty));
    writeFileSync(
      join(folder, "circle.json"),
      JSON.stringify({ ...empty, paths: { "/users": { $ref: "#/paths/~1users" } } }),
    );
    await expect(draft("rest", options)).rejects.toThrow(message);
  });

  test("another SCIM server tells what it has, and is passed through", async () => {
    const { out: memory } = await draft("memory", {});
    await checked(memory);
    const { connectors, routes } = parse(readFileSync(join(memory, "gateway.config.yaml"), "utf8"));
    for (const endpoint of Object.values<{ mapping: string }>(routes["/scim/v2"]))
      endpoint.mapping = join(memory, endpoint.mapping);
    const gateway = await startGateway({ connectors, routes });
    try {
      const { out, config, notes, read } = await draft("scim", { url: gateway.base, tokenEnv: "APP_TOKEN" });
      await checked(out);
      expect(config.connectors.app).toMatchObject({
        type: "scim",
        auth: { type: "bearer", token: "${env:APP_TOKEN}" },
      });
      expect(notes).toContain("SCIM 2.0. patch: yes");
      // The server in memory has no groups of a user.
      expect(read("mappings/scim/user.yaml")).not.toMatch(/^ {2}groups/m);
      await expect(draft("scim", { url: `${gateway.base}/Users`, tokenEnv: "APP_TOKEN" })).rejects.toThrow(
        /base address/,
      );
    } finally {
      await gateway.stop();
    }
  });

  test("tables and files are drafted with tests, too", async () => {
    const db = new DatabaseSync(join(folder, "people.db"));
    db.exec("create table users (id integer primary key, username text not null unique, email text, active integer)");
    db.close();
    await checked((await draft("sql", { dialect: "sqlite", file: "people.db" })).out);
    writeFileSync(
      join(folder, "people.csv"),
      "number,login,first name,last name,email\n1,ann,Ann,Berg,ann@x.test\n2,bo,Bo,Lie,b@x.test\n",
    );
    await checked((await draft("file", { file: "people.csv" })).out);
  });

  test("nothing is written if one file is in the way, and what is the same is not in the way", async () => {
    const { init } = registry.connectors.find(({ type }) => type === "memory")!;
    const request = {
      options: {},
      env,
      mappings: join(ROOT, "mappings"),
      files: filesIn(folder),
      signal: AbortSignal.timeout(5000),
    };
    const initial = await init!.run(request);
    const out = mkdtempSync(join(folder, "out-"));
    const schema = readFileSync(join(ROOT, "schemas/mapping.schema.json"), "utf8");
    await writeDraft({ files: new Map([["schemas/mapping.schema.json", schema]]), notes: [] }, out, registry);
    writeFileSync(join(out, ".env.example"), "mine");
    expect(await writeDraft(initial, out, registry)).toEqual({ present: [".env.example"] });
    expect(globSync(join(out, "*.yaml"))).toEqual([]);
  });

  test("a name that is misspelt is told, with the one that was meant", async () => {
    const { status, output } = await new Promise<{ status: unknown; output: string }>((resolve) =>
      execFile(process.execPath, [join(ROOT, "src/main.ts"), "init", "ldpa"], (error, stdout, stderr) =>
        resolve({ status: error?.code, output: stdout + stderr }),
      ),
    );
    expect({ status, output: output.trim() }).toEqual({
      status: 2,
      output: 'error: there is nothing to start from called "ldpa", did you mean "ldap"?',
    });
  });

  test("without a connector it lists them, with a command line that works for each", async () => {
    const output = await new Promise<string>((resolve) =>
      execFile(process.execPath, [join(ROOT, "src/main.ts"), "init"], (_, stdout) => resolve(stdout)),
    );
    for (const { type, init } of registry.connectors) {
      expect(output).toContain(`  ${type}\n`);
      expect(output).toContain(`$ ${init!.example}`);
    }
    expect(output).toContain("$ postern init scimgateway config/plugin-ldap.json");
  });
});
