import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stale } from "../scripts/generate.ts";

const root = join(import.meta.dirname, "..");
const roomOf = (file: string): string => {
  const parts = file.split("/");
  const [room = "", folder] = parts;
  if (room === "connectors" || room === "sinks") return parts.length === 2 ? room : `${room}/${folder}`;
  return parts[0] === "src" && parts.length > 2 ? `src/${parts[1]}` : parts[0] === "src" ? file : parts[0]!;
};

/** Who may import whom. Those that are not here (main.ts, src/compose, src/cli, demo) import everything, and no room of this table imports them. */
const allowed: Record<string, readonly string[]> = {
  "src/scim": ["src/json"],
  "src/connector": ["src/json"],
  "src/validate": ["src/scim", "src/json"],
  "src/thread": [],
  "src/json": [],
  "src/expression": ["src/thread", "src/connector"],
  "src/http": ["src/connector", "src/expression", "src/json"],
  "src/graph": ["src/http", "src/connector"],
  "src/entra": ["src/scim", "src/connector", "src/expression", "src/http", "src/json"],
  "src/mapping": ["src/scim", "src/connector", "src/expression", "src/json"],
  "src/gateway": ["src/scim", "src/mapping", "src/connector", "src/expression", "src/sink", "src/journal"],
  "src/play": [
    "src/config",
    "src/gateway",
    "src/mapping",
    "src/expression",
    "src/scim",
    "src/connector",
    "src/journal",
  ],
  "src/journal": ["src/scim", "src/connector"],
  "src/console": [
    "src/observe",
    "src/journal",
    "src/play",
    "src/sync",
    "src/sink",
    "src/scim",
    "src/mapping",
    "src/connector",
    "src/json",
  ],
  "src/edge": ["src/journal", "src/gateway", "src/scim", "src/auth", "src/observe", "src/json"],
  "src/auth": [],
  "src/observe": [],
  "src/sink": [],
  "src/state": ["src/connector", "src/gateway", "src/journal", "src/thread", "src/console"],
  "src/scimgateway": ["src/scim"],
  "src/sync": [
    "src/gateway",
    "src/scim",
    "src/mapping",
    "src/expression",
    "src/state",
    "src/connector",
    "src/graph",
    "src/http",
  ],
  "src/config": [
    "src/scim",
    "src/mapping",
    "src/connector",
    "src/sink",
    "src/auth",
    "src/state",
    "src/sync",
    "src/journal",
    "src/console",
  ],
};

/** What every connector, and every sink, may import beside its client library; and what one of them takes of another. */
const CONNECTOR = ["src/connector", "src/expression", "src/http", "src/json", "src/scim", "src/thread"];
const SINK = ["src/sink"];
const borrowed: Record<string, readonly string[]> = {
  "connectors/active-directory": ["connectors/ldap"],
  "connectors/file": ["connectors/sql"],
};

/** The rooms that a room may import; undefined for those that import everything. */
function mayImport(room: string): readonly string[] | undefined {
  const [first, folder] = room.split("/");
  if (first === "connectors" || first === "sinks") {
    const common = first === "connectors" ? CONNECTOR : SINK;
    return folder === undefined ? [...common, ...foldersOf(first)] : [...common, ...(borrowed[room] ?? [])];
  }
  return allowed[room];
}

const foldersOf = (first: string): string[] =>
  globSync(`${first}/*/`, { cwd: root }).map((path) => path.replace(/\/$/, ""));

const sources = globSync("{src,connectors,sinks,demo}/**/*.ts", { cwd: root }).filter(
  (file) => !file.endsWith(".test.ts"),
);
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

describe("the house", () => {
  test.each(sources.filter((file) => mayImport(roomOf(file))))("%s imports only what its room may", (file) => {
    const imports = [...textOf(file).matchAll(/from "(\.[^"]+)"/g)].map(([, path]) =>
      relative(root, join(root, dirname(file), path!)),
    );
    const rooms = new Set(imports.map(roomOf).filter((room) => room !== roomOf(file)));
    expect([...rooms].filter((room) => !mayImport(roomOf(file))!.includes(room))).toEqual([]);
  });

  test("every room has a rule", () => {
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].filter((room) => !mayImport(room)).sort()).toEqual([
      "demo",
      "src/cli",
      "src/compose",
      "src/main.ts",
    ]);
  });

  test("only the edge and the console know Hono, and HTTP status numbers stand in scim/error.ts and the edge alone", () => {
    expect(
      sources.filter((file) => /from "hono/.test(textOf(file)) && !["src/edge", "src/console"].includes(roomOf(file))),
    ).toEqual([]);
    const withStatus = sources.filter(
      (file) => /ScimError\(\d{3}/.test(textOf(file)) && !["src/edge", "src/scim", "src/cli"].includes(roomOf(file)),
    );
    expect(withStatus).toEqual([]);
  });

  test("the console takes nothing but types of plain data from syncs", () => {
    const imports = sources
      .filter((file) => roomOf(file) === "src/console")
      .flatMap((file) => textOf(file).match(/^import [^;]*from "[^"]*\/sync\/[^"]*"/gm) ?? []);
    expect(imports.filter((each) => !/^import type [^;]*\/shown\.ts"$/.test(each))).toEqual([]);
  });

  test("no file is longer than 350 lines", () => {
    expect(sources.filter((file) => textOf(file).split("\n").length > 351)).toEqual([]);
  });

  test("main.ts alone imports the lists of connectors and of sinks", () => {
    const importers = sources.filter((file) => /from "[^"]*(connectors|sinks)\/index\.ts"/.test(textOf(file)));
    expect(importers).toEqual(["src/main.ts"]);
  });

  test("no files import each other in a circle, types included", () => {
    const importsOf = new Map(sources.map((file) => [file, importedBy(file)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" > "));
      if (path.includes(file) || done.has(file)) return;
      for (const each of importsOf.get(file) ?? []) walk(each, [...path, file]);
      done.add(file);
    };
    for (const file of sources) walk(file, []);
    expect(circles).toEqual([]);
  });

  test("every export has a doc comment", () => {
    const without = sources.flatMap((file) => {
      const lines = textOf(file).split("\n");
      return lines.flatMap((line, index) => {
        const isExport = /^export (default|(async )?(function|const|let|class|interface|type)\b)/.test(line);
        return isExport && !lines[index - 1]?.trimEnd().endsWith("*/") ? [`${file}:${index + 1}: ${line}`] : [];
      });
    });
    expect(without).toEqual([]);
  });

  test("no function takes more than six parameters", () => {
    const many = sources.flatMap((file) =>
      [...textOf(file).matchAll(/(?:function\*?\s+(\w+)(?:<[^(]*>)?|const (\w+)\s*=\s*(?:async\s*)?)\(/g)].flatMap(
        (match) => {
          const count = parametersAt(textOf(file), match.index + match[0].length);
          return count > 6 ? [`${file}: ${match[1] ?? match[2]} takes ${count}`] : [];
        },
      ),
    );
    expect(many).toEqual([]);
  });

  test("generated files are current (npm run generate)", () => {
    expect(stale()).toEqual([]);
  });
});

/** The files of ours that a file imports. */
const importedBy = (file: string): string[] =>
  [...textOf(file).matchAll(/from "(\.[^"]+\.ts)"/g)].map(([, path]) =>
    relative(root, join(root, dirname(file), path!)),
  );

/** How many parameters, or values, stand in the parentheses that were opened before a place. */
function parametersAt(text: string, start: number): number {
  let [depth, count, hasText] = [0, 0, false];
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === "=" && text[at + 1] === ">") at++;
    else if ("([{<".includes(character)) depth++;
    else if (depth > 0 && ")]}>".includes(character)) depth--;
    else if (character === ")") return count + (hasText ? 1 : 0);
    else if (depth === 0 && character === ",") [count, hasText] = [count + 1, false];
    else if (/\S/.test(character)) hasText = true;
  }
  return count;
}

describe("the recipes of docs/architecture.md", () => {
  const copy = mkdtempSync(join(tmpdir(), "postern-recipes-"));
  afterAll(() => rmSync(copy, { recursive: true }));
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, {
      cwd: copy,
      encoding: "utf8",
      env: { ...process.env, SCIM_TOKEN: "of-the-tests-only-0123" },
    });

  beforeAll(() => {
    for (const folder of ["src", "connectors", "sinks"])
      cpSync(join(root, folder), join(copy, folder), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const options = JSON.parse(textOf("tsconfig.json").replace(/^\s*\/\/.*$/gm, ""));
    const only = { include: ["src", "connectors", "sinks"], exclude: ["**/*.test.ts"] };
    writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ ...options, ...only }));
    writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
    for (const [, kind, path, body] of textOf("docs/architecture.md").matchAll(/```(ts|diff) (\S+)\n([\s\S]*?)```/g)) {
      const file = join(copy, path!);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, kind === "ts" ? body! : changed(readFileSync(file, "utf8"), body!, path!));
    }
  });

  test("compile as they stand", () => {
    const { status, stdout } = run(join(root, "node_modules/.bin/tsc"), "--noEmit", "-p", copy);
    expect(stdout).toBe("");
    expect(status).toBe(0);
  }, 60_000);

  test("serve a clock, tell standard error of what was asked, know what exists, and have the setting", () => {
    writeFileSync(
      join(copy, "gateway.yaml"),
      `server: { port: 0 }
auth: [{ type: bearer, tokens: [{ name: tests, token: of-the-tests-only-0123 }] }]
connectors: { clock: { type: clock, zone: Europe/Zurich } }
audit: { type: stderr }
routes: { /scim/v2: { User: { connector: clock, mapping: user.yaml } } }
`,
    );
    writeFileSync(
      join(copy, "user.yaml"),
      `resource: User
kind: clock
attributes: { id: { attr: zone, readOnly: true }, userName: zone, displayName: { attr: time, readOnly: true } }
`,
    );
    writeFileSync(
      join(copy, "try.ts"),
      `import { connectors } from "./connectors/index.ts";
import { openConnectors, start } from "./src/compose/compose.ts";
import { loadConfig } from "./src/config/load.ts";
import { bareRoute } from "./src/compose/routes.ts";
import { sinks } from "./sinks/index.ts";

const registry = { connectors, sinks };
const running = await start(registry, "gateway.yaml", process.env);
const call = (path: string, more: object = {}) => fetch(running.url + "/scim/v2" + path, {
  headers: { authorization: "Bearer of-the-tests-only-0123", "content-type": "application/scim+json" }, ...more });
const { Resources: [shown] } = await (await call("/Users")).json();
const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
const made = await call("/Users", { method: "POST", body: JSON.stringify({ schemas, userName: "noon" }) });
await running.stop();
const loaded = loadConfig("gateway.yaml", registry, process.env);
const route = bareRoute(loaded, "/scim/v2", openConnectors(loaded, { warn: () => {} }));
const context = { baseUrl: "", signal: AbortSignal.timeout(1000), requestId: "", caller: undefined, source: "",
  mayDo: async () => true, allows: () => true, note: () => {}, waited: () => {} };
const exists = (id: string) => route.run({ name: "exists", type: "User", id, context });
console.log("it has " + JSON.stringify({ userName: shown.userName, made: made.status, name: loaded.config.log.name,
  exists: [await exists("Europe/Zurich"), await exists("elsewhere")] }));
`,
    );
    const { stdout, stderr } = run(process.execPath, "try.ts");
    // The log goes there, too, and may come last.
    const [, found] = /^it has (.*)$/m.exec(stdout) ?? [];
    if (found === undefined) throw new Error(stderr);
    expect(JSON.parse(found)).toEqual({
      userName: "Europe/Zurich",
      made: 503,
      name: "postern",
      exists: [true, false],
    });
    const events = stderr.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
    expect(events).toMatchObject([
      { event: "intent", action: "create", caller: "tests" },
      { event: "outcome", intent: events[0].id, result: "503" },
    ]);
  }, 60_000);
});

/** A text with a change of the form of a patch: lines that stay, that go and that come, found wherever they stand first. */
function changed(text: string, patch: string, path: string): string {
  const lines = patch.trimEnd().split("\n");
  const part = (signs: string) =>
    lines
      .filter((line) => signs.includes(line[0]!))
      .map((line) => line.slice(1))
      .join("\n");
  const [before, after] = [part(" -"), part(" +")];
  if (!text.includes(`${before}\n`))
    throw new Error(`${path} has no longer what docs/architecture.md changes: ${before}`);
  return text.replace(`${before}\n`, () => `${after}\n`);
}
