import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { reportOf } from "../src/cli/check.ts";
import { ROOT } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TOKEN = "0123456789abcdef0123";
const CONFIG = `auth: [{ type: bearer, tokens: [{ name: t, token: ${TOKEN} }] }]
connectors:
  mem: { type: memory, kinds: { person: {} } }
routes:
  /scim/v2:
    User: { connector: mem, mapping: user.yaml }
`;
const MAPPING = `resource: User
kind: person
attributes:
  id: { attr: id, readOnly: true }
  userName: login
  emails[type eq "work"].value: mail
`;

/** Runs the command line in a folder with a configuration. */
function postern(files: Record<string, string>, ...args: string[]) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr, last: stdout.trimEnd().split("\n").at(-1) };
}
const files = { "gateway.config.yaml": CONFIG, "user.yaml": MAPPING };
const home = `${MAPPING}  emails[type eq "home"].value: home\n`;

describe("postern check", () => {
  test("says that all is well where nothing was found: 0", () => {
    const { status, last, stderr } = postern({ ...files, "user.yaml": home }, "check");
    expect({ status, last, stderr }).toEqual({ status: 0, last: "gateway.config.yaml: all is well.", stderr: "" });
  });

  test("shows the line of a mistake with a mark below it, and no colours in a pipe: 1", () => {
    const { status, stdout } = postern({ ...files, "user.yaml": home.replace("login", "$trim(login)") }, "check");
    expect(status).toBe(1);
    expect(
      stdout,
    ).toBe(`user.yaml:5:13: error: this is an expression, but an attribute name is expected here: for an expression, write { read: ... }; for an attribute of this name, write { attr: ... }
  5 |   userName: $trim(login)
    |             ^^^^^^^^^^^^

gateway.config.yaml: 1 error.
`);
  });

  test("tells warnings apart from errors: they end with 0, and with 1 where they are denied", () => {
    const { status, stdout, last } = postern(files, "check");
    expect({ status, last }).toEqual({ status: 0, last: "gateway.config.yaml: 1 warning." });
    expect(stdout).toMatch(/^user\.yaml:6:3: warning: only "work" addresses are stored/m);
    expect(postern(files, "check", "--deny-warnings").status).toBe(1);
  });

  test("takes a warning that its author accepts, with a reason, for none", () => {
    const accepted = MAPPING.replace("  emails", "  # postern-accept dropped-values: one address is enough.\n  emails");
    const { status, last } = postern({ ...files, "user.yaml": accepted }, "check", "--deny-warnings");
    const all = "gateway.config.yaml: all is well (1 warning accepted in the files).";
    expect({ status, last }).toEqual({ status: 0, last: all });
  });

  test("gives JSON to tools", () => {
    const { status, stdout } = postern({ ...files, "user.yaml": home.replace("kind:", "knd:") }, "check", "-f", "json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      file: "gateway.config.yaml",
      status: 1,
      errors: 1,
      warnings: 0,
      problems: [
        {
          severity: "error",
          code: "unknown-key",
          file: "user.yaml",
          line: 2,
          column: 1,
          length: 3,
          suggestion: "kind",
        },
      ],
    });
  });

  test("never shows a secret that stands in the line of a mistake", () => {
    const config = CONFIG.replace("name: t,", "nam: t,");
    const { stdout } = postern({ ...files, "gateway.config.yaml": config }, "check");
    expect(stdout).toContain('unknown key "nam", did you mean "name"?');
    expect(stdout).toContain("token: ********************");
    expect(stdout).not.toContain(TOKEN);
  });

  test("says which backend did not answer: 3", () => {
    const config = CONFIG.replace(
      "{ type: memory, kinds: { person: {} } }",
      '{ type: ldap, url: "ldap://127.0.0.1:9", kinds: { person: { base: "dc=x", rdn: uid } } }',
    );
    const written = { "gateway.config.yaml": config, "user.yaml": home.replace("attr: id", "attr: entryUUID") };
    const { status, last, stdout } = postern(written, "check", "--connect");
    expect({ status, last }, stdout).toEqual({ status: 3, last: "gateway.config.yaml: no answer from mem." });
  });

  test("a command line that is not understood is none of these: 2", () => {
    expect(postern(files, "check", "--conect").status).toBe(2);
    expect(postern(files, "check", "--format", "xml").status).toBe(2);
    expect(postern(files, "check", "--help").status).toBe(0);
  });

  test("a file that is not there is told in a line", () => {
    const { stdout, stderr } = postern(files, "check", "-c", "other.yaml");
    expect({ stdout, stderr }).toEqual({
      stdout: "other.yaml: error: no such file: other.yaml\n\nother.yaml: 1 error.\n",
      stderr: "",
    });
  });

  test.each(globSync("examples/*/*.config.yaml", { cwd: ROOT }))(
    "has nothing to say of %s that its mappings do not explain",
    async (file) => {
      const text = readFileSync(join(ROOT, file), "utf8");
      const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => [name!, TOKEN]));
      const at = { registry, file: join(ROOT, file), env };
      const { problems } = await reportOf({ ...at, connect: false, denyWarnings: false, format: "text" });
      // Certificates and the like are the reader's own.
      const open = problems.filter(({ accepted, code }) => accepted === undefined && code !== "start");
      expect(open).toEqual([]);
    },
  );
});

describe("postern explain", () => {
  const phones = `${home}  displayName: { read: first & " " & last, write: { last: "displayName" } }\n`;
  const patch = JSON.stringify({ Operations: [{ op: "replace", path: "displayName", value: "Ann Lee" }] });

  test("shows the write that follows from an entry of the reader's choosing", () => {
    writeFileSync(join(folder, "entry.json"), '{ "first": "Ann", "last": "Li" }');
    for (const entry of ['{ "first": "Ann", "last": "Li" }', "entry.json"]) {
      const written = { ...files, "user.yaml": phones };
      const { status, stdout } = postern(written, "explain", "PATCH", "/Users/1", patch, "--entry", entry);
      expect(status).toBe(0);
      expect(stdout).toMatch(/# mem: update person[\s\S]*Ann Lee/);
    }
  });

  test("says so where nothing would be written", () => {
    const entry = '{ "first": "Ann", "last": "Lee", "login": "ann" }';
    const same = JSON.stringify({ Operations: [{ op: "replace", path: "displayName", value: "Ann Lee" }] });
    const other = phones.replace('{ last: "displayName" }', `{ last: '$substringAfter(displayName, " ")' }`);
    const { stdout } = postern(
      { ...files, "user.yaml": other },
      "explain",
      "PATCH",
      "/Users/1",
      same,
      "--entry",
      entry,
    );
    expect(stdout).toContain("# nothing would be written: the entry is as the request asks");
  });

  test("reads the entry from the backend where it may ask it, and writes nothing", () => {
    const database = new DatabaseSync(join(folder, "people.db"));
    database.exec(`create table people (id integer primary key, login text, mail text, home text, first text, last text);
      insert into people values (7, 'ann', null, null, 'Ann', 'Li')`);
    const connector = "mem: { type: sql, dialect: sqlite, file: people.db, kinds: { person: { table: people } } }";
    const config = CONFIG.replace("mem: { type: memory, kinds: { person: {} } }", connector);
    const written = {
      "gateway.config.yaml": config,
      "user.yaml": phones.replace("{ attr: id, ", "{ attr: id, as: string, "),
    };
    const explained = postern(written, "explain", "--connect", "PATCH", "/Users/7", patch);
    expect(explained.stdout).toContain('update "people" set "last" = ?');
    expect(explained.status).toBe(0);
    expect(database.prepare("select last from people").get()).toEqual({ last: "Li" });
    const absent = postern(written, "explain", "--connect", "PATCH", "/Users/8", patch);
    expect(absent).toMatchObject({ status: 1, stdout: expect.stringContaining('"status": "404"') });
    database.close();
  });

  test.each([
    ["a body that is no JSON", ["PATCH", "/Users/1", '{"Operations":'], /^error: the body is not JSON: /],
    [
      "a body's file that is not there",
      ["PATCH", "/Users/1", "@none.json"],
      /^error: the body: there is no file none\.json/,
    ],
    ["an entry that is no object", ["GET", "/Users/1", "--entry", "[1]"], /^error: the entry must be an object/],
    [
      "an entry's file that is not there",
      ["GET", "/Users/1", "--entry", "none.json"],
      /^error: the entry: there is no file/,
    ],
  ])("tells of %s in a line: 2", (_, args, message) => {
    const { status, stderr } = postern({ ...files, "user.yaml": phones }, "explain", ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("postern test", () => {
  test.each([
    ["postern:scim/user", "1 passed, 0 failed\n"],
    ["postern:scim/usr", 'no mapping is shipped as "postern:scim/usr", did you mean "postern:scim/user"?'],
  ])("tests the shipped mapping that it names, %s", (mapping, told) => {
    const cases = `mapping: ${mapping}
cases: [{ name: a filter is pushed down, filter: 'userName eq "ann"', where: 'userName eq "ann"' }]
`;
    const { stdout, stderr } = postern({ "my.test.yaml": cases }, "test", "my.test.yaml");
    expect(stdout + stderr).toContain(told);
  });

  test("shows what differs, line by line, and where the case stands", () => {
    const cases = `cases:
  - name: an entry is read
    read: { id: 1, login: ann, mail: ann@example.com }
    resource: { id: "1", userName: anna, emails: [{ type: work, value: ann@example.com }] }
`;
    const { status, stdout } = postern(
      { ...files, "user.yaml": home, "user.test.yaml": cases },
      "test",
      "user.test.yaml",
    );
    expect(status).toBe(1);
    expect(stdout).toBe(`FAIL user.test.yaml:2: an entry is read
     - expected  + actual
       ...
           value: ann@example.com
       id: "1"
     - userName: anna
     + userName: ann
0 passed, 1 failed
`);
  });
});
