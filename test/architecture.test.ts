import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { stale } from "../scripts/generate.ts";

const root = join(import.meta.dirname, "..");
const roomOf = (file: string): string => {
  const parts = file.split("/");
  const [room = "", folder] = parts;
  if (room === "connectors" || room === "sinks") return parts.length === 2 ? room : `${room}/${folder}`;
  return parts[0] === "src" && parts.length > 2 ? `src/${parts[1]}` : parts[0] === "src" ? "composition" : parts[0]!;
};

/** Who may import whom. `composition` is main.ts, compose.ts and cli/: they import everything, and nothing imports them. */
const allowed: Record<string, readonly string[]> = {
  "src/scim": ["src/json"],
  "src/connector": ["src/json"],
  "src/thread": [],
  "src/json": [],
  "src/expression": ["src/thread", "src/connector"],
  "src/http": ["src/connector", "src/expression", "src/json"],
  "src/mapping": ["src/scim", "src/connector", "src/expression", "src/json"],
  "src/gateway": ["src/scim", "src/mapping", "src/connector", "src/expression"],
  "src/edge": ["src/gateway", "src/scim", "src/auth", "src/observe", "src/json"],
  "src/auth": [],
  "src/observe": [],
  "src/sink": [],
  "src/state": ["src/connector", "src/gateway"],
  "src/config": ["src/scim", "src/mapping", "src/connector", "src/sink", "src/auth", "src/state"],
  "sinks/file": ["src/sink"],
  sinks: ["src/sink", "sinks/file"],
  "connectors/rest": ["src/connector", "src/expression", "src/http"],
  "connectors/scim": ["src/connector", "src/http", "src/scim"],
  "connectors/memory": ["src/connector", "src/expression"],
  "connectors/sql": ["src/connector", "src/expression", "src/thread", "src/json"],
  "connectors/ldap": ["src/connector", "src/expression"],
  "connectors/active-directory": ["src/connector", "src/expression", "connectors/ldap"],
  connectors: [
    "src/connector",
    "connectors/active-directory",
    "connectors/memory",
    "connectors/rest",
    "connectors/scim",
    "connectors/sql",
    "connectors/ldap",
  ],
};

const sources = globSync("{src,connectors,sinks}/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

describe("the house", () => {
  test.each(sources.filter((file) => roomOf(file) in allowed))("%s imports only what its room may", (file) => {
    const imports = [...textOf(file).matchAll(/from "(\.[^"]+)"/g)].map(([, path]) =>
      relative(root, join(root, dirname(file), path!)),
    );
    const rooms = new Set(imports.map(roomOf).filter((room) => room !== roomOf(file)));
    expect([...rooms].filter((room) => !allowed[roomOf(file)]!.includes(room))).toEqual([]);
  });

  test("every room has a rule", () => {
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].filter((room) => !(room in allowed)).sort()).toEqual(["composition", "src/cli"]);
  });

  test("only the edge knows Hono, and HTTP status numbers stand in scim/error.ts and the edge alone", () => {
    expect(sources.filter((file) => /from "hono/.test(textOf(file)) && roomOf(file) !== "src/edge")).toEqual([]);
    const withStatus = sources.filter(
      (file) => /ScimError\(\d{3}/.test(textOf(file)) && !["src/edge", "src/scim", "src/cli"].includes(roomOf(file)),
    );
    expect(withStatus).toEqual([]);
  });

  test("no file is longer than 350 lines", () => {
    expect(sources.filter((file) => textOf(file).split("\n").length > 351)).toEqual([]);
  });

  test("generated files are current (npm run generate)", () => {
    expect(stale()).toEqual([]);
  });
});
