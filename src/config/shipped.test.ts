import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { registry } from "../../test/servers/registry.ts";
import { ConfigError } from "./diagnostic.ts";
import { loadConfig } from "./load.ts";
import { locate, packageFolder, shippedFolder, shippedNames, shownName } from "./shipped.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-shipped-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The routes of a configuration with this mapping, or the mistakes in it. */
function loaded(mapping: string, user?: string) {
  const file = join(folder, "gateway.config.yaml");
  writeFileSync(
    file,
    `auth: [{ type: bearer, tokens: [{ name: t, token: 0123456789abcdef }] }]
connectors: { mem: { type: memory, kinds: { user: {}, account: {} } } }
routes:
  /scim/v2:
    User: { connector: mem, mapping: "${mapping}" }
`,
  );
  if (user !== undefined) writeFileSync(join(folder, "user.yaml"), user);
  try {
    return loadConfig(file, registry, {}).routes.get("/scim/v2")?.get("User")?.mappingFile;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

describe("shipped mappings", () => {
  test("are found inside the package by name, from any folder", () =>
    expect(loaded("postern:scim/user")).toBe(join(shippedFolder, "scim/user.yaml")));

  test("are named in a mapping's types", () => {
    const user = `resource: User
types: postern:ad/ad.types
kind: account
attributes: { id: { attr: id, readOnly: true }, userName: login }
`;
    expect(loaded("user.yaml", user)).toBe(join(folder, "user.yaml"));
  });

  test.each([
    ["postern:openldap/usr", 'no mapping is shipped as "postern:openldap/usr", did you mean "postern:openldap/user"?'],
    ["postern:openldap", 'no mapping is shipped as "postern:openldap", did you mean "postern:openldap/user"?'],
    [
      "postern:zendesk/organisations",
      'no mapping is shipped as "postern:zendesk/organisations": use one of postern:zendesk/group, postern:zendesk/user',
    ],
    ["postern:../package", 'no mapping is shipped as "postern:../package"'],
    [
      "postern:ad/ad.types",
      'no mapping is shipped as "postern:ad/ad.types": use one of postern:ad/group, postern:ad/user',
    ],
    [
      "mappings/openldap/user.yaml",
      `no such file: ${join(folder, "mappings/openldap/user.yaml")}, did you mean "postern:openldap/user"?`,
    ],
    ["nowhere.yaml", `no such file: ${join(folder, "nowhere.yaml")}`],
  ])("a name that is none, %s, is told at its place", (name, message) =>
    expect(loaded(name)).toEqual([`5:38: ${message}`]),
  );

  test("may be named with their ending", () =>
    expect(locate("postern:hr/hr.types.yaml", folder, "types")).toEqual({
      file: join(shippedFolder, "hr/hr.types.yaml"),
    }));

  test("are called by their names in messages, but for whoever works on them in a clone", () => {
    const file = join(shippedFolder, "ad/user.yaml");
    const home = process.cwd();
    expect(shownName(file)).toBe(join("mappings", "ad", "user.yaml"));
    try {
      process.chdir(folder);
      expect(shownName(file)).toBe("postern:ad/user");
      expect(shownName(join(process.cwd(), "user.yaml"))).toBe("user.yaml");
    } finally {
      process.chdir(home);
    }
  });

  test("are all mappings below mappings/, and all files of types", () => {
    expect(shippedNames("mapping")).toContain("postern:389-directory-server/user");
    expect(shippedNames("mapping").filter((name) => name.includes("."))).toEqual([]);
    expect(shippedNames("types")).toEqual(["postern:ad/ad.types", "postern:hr/hr.types"]);
    expect(shippedFolder).toBe(join(packageFolder, "mappings"));
  });
});
