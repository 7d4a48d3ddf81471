import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { registry } from "../../test/servers/registry.ts";
import { ConfigError } from "./diagnostic.ts";
import { loadConfig } from "./load.ts";

const good = `auth: [{ type: bearer, tokens: [{ name: t, token: "\${env:TOKEN}" }] }]
connectors:
  mem:
    type: memory
    kinds: { person: {} }
routes:
  /scim/v2:
    User: { connector: mem, mapping: user.yaml }
`;
const mapping = `resource: User
kind: person
attributes:
  id: { attr: id, readOnly: true }
  userName: login
`;

/** The mistakes that a configuration is refused for, each as line:column: message. */
function mistakes(
  config: string,
  user = mapping,
  env: Record<string, string> = { TOKEN: "0123456789abcdef" },
): string[] {
  const folder = mkdtempSync(join(tmpdir(), "postern-config-"));
  try {
    writeFileSync(join(folder, "c.yaml"), config);
    writeFileSync(join(folder, "user.yaml"), user);
    loadConfig(join(folder, "c.yaml"), registry, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("a configuration", () => {
  test("that is right is taken", () => expect(mistakes(good)).toEqual([]));

  test.each([
    ["a missing secret, by name", good, mapping, {}, "1:51: the environment variable TOKEN is not set"],
    [
      "an address that its environment gives, and others reach without TLS",
      good,
      mapping,
      { TOKEN: "0123456789abcdef", POSTERN_HOST: "0.0.0.0" },
      expect.stringMatching(/^1:1: .*0\.0\.0\.0.*plainHttp: true/),
    ],
    [
      "an unknown key, with the one that was meant",
      good.replace("kinds:", "kind:"),
      mapping,
      undefined,
      '5:5: unknown key "kind", did you mean "kinds"?',
    ],
    [
      "an unknown optional key",
      `${good}limits: { pageSze: 3 }\n`,
      mapping,
      undefined,
      '9:11: unknown key "pageSze", did you mean "pageSize"?',
    ],
    [
      "a key that is missing",
      good.replace("    kinds: { person: {} }\n", ""),
      mapping,
      undefined,
      '3:3: "kinds" is missing',
    ],
    [
      "an unknown connector",
      good.replace("connector: mem", "connector: men"),
      mapping,
      undefined,
      '8:24: there is no connector "men", did you mean "mem"?',
    ],
    [
      "a kind that the connector does not have",
      good,
      mapping.replace("person", "persn"),
      undefined,
      '2:7: the connector has no kind "persn", did you mean "person"?',
    ],
    [
      "an attribute that no schema has",
      good,
      `${mapping}  shoeSize: x\n`,
      undefined,
      '6:3: there is no attribute "shoeSize" in a User',
    ],
    [
      "JSONata that does not compile",
      good,
      `${mapping}  title: { read: "$join(" }\n`,
      undefined,
      '6:24: Expected ")" before end of expression, at character 6',
    ],
    [
      "a mapping without an id",
      good,
      mapping.replace(/ {2}id.*\n/, ""),
      undefined,
      '3:1: there is no row for "id": map the attribute that holds the immutable key',
    ],
    ["YAML that is none", good.replace("routes:", "routes: ]"), mapping, undefined, expect.stringMatching(/^6:\d+: /)],
  ])("with %s is refused at its place", (_, config, user, env, message) => {
    expect(mistakes(config, user, env as Record<string, string> | undefined)).toContainEqual(message);
  });

  test.each(globSync("examples/*/*.config.yaml"))("that is shipped is right: %s", (file) => {
    const names = [...readFileSync(file, "utf8").matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => name!);
    const env = Object.fromEntries(names.map((name) => [name, "0123456789abcdef"]));
    expect(loadConfig(file, registry, env).routes.size).toBeGreaterThan(0);
  });

  test("knows the files of resource types that its mappings name, so that a change of them is noticed", () => {
    const env = new Proxy({}, { get: () => "0123456789abcdef" });
    const { typesFiles } = loadConfig("examples/badges/gateway.config.yaml", registry, env);
    expect([...typesFiles].map(([file, text]) => [basename(file), text])).toEqual([
      ["badges.types.yaml", readFileSync("examples/badges/badges.types.yaml", "utf8")],
    ]);
  });

  test.each(
    [...registry.connectors, ...registry.sinks].map(({ type, example, config }) => [type, example, config] as const),
  )("that the reference page of %s shows is right", (type, example, config) => {
    const { type: said, ...settings } = parse(example);
    expect(said).toBe(type);
    expect((config as z.ZodType).safeParse(settings).error?.issues ?? []).toEqual([]);
  });

  test.each([
    ["server: { port: 8880, plainHttp: true }\n", "0.0.0.0"],
    ["server: { host: 127.0.0.1 }\n", "127.0.0.1"],
  ])("listens where its environment says, unless it says so itself: %j", (server, host) => {
    const folder = mkdtempSync(join(tmpdir(), "postern-config-"));
    try {
      writeFileSync(join(folder, "user.yaml"), mapping);
      writeFileSync(join(folder, "c.yaml"), server + good);
      const env = { TOKEN: "0123456789abcdef", POSTERN_HOST: "0.0.0.0" };
      expect(loadConfig(join(folder, "c.yaml"), registry, env).config.server.host).toBe(host);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("shows all its mistakes at once", () => {
    expect(
      mistakes(good.replace("kinds:", "kind:").replace("type: bearer", "type: beaer")).length,
    ).toBeGreaterThanOrEqual(2);
  });
});
