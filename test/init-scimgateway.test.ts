import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { parse, parseDocument, stringify } from "yaml";
import { reportOf } from "../src/cli/check.ts";
import { explainCommand } from "../src/cli/explain.ts";
import { writeDraft } from "../src/cli/init-write.ts";
import { start } from "../src/compose/compose.ts";
import { loadMapping } from "../src/config/load.ts";
import { runMappingTests } from "../src/mapping/testing.ts";
import { convertScimgateway } from "../src/scimgateway/convert.ts";
import { GRAPH_CALLS } from "../src/scimgateway/graph-calls.ts";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, TOKEN } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { GROUPS, STAFF, startSamba } from "./servers/samba.ts";
import { SUFFIX, startSlapd } from "./servers/slapd.ts";

const FILES = join(import.meta.dirname, "scimgateway");
const shipped = (path: string) => readFileSync(join(ROOT, "mappings", path), "utf8");
const folder = mkdtempSync(join(tmpdir(), "postern-scimgateway-"));
afterAll(() => rmSync(folder, { recursive: true }));

const given = (...names: string[]) =>
  names.map((name) => ({ path: join(FILES, name), text: readFileSync(join(FILES, name), "utf8") }));
const convert = (...names: string[]) => convertScimgateway(given(...names), shipped);

/** All that the converted configurations name, each with a value that is long enough. */
const env = new Proxy({} as Record<string, string>, {
  get: (_, name) => (String(name).startsWith("POSTERN_") ? undefined : `${String(name)}-of-the-tests-only`),
});

/** Writes what files are converted to, with secrets taken from the environment and without TLS; gives the configuration's path. */
async function written(names: readonly string[], change: (config: Config) => void = () => {}): Promise<string> {
  const out = mkdtempSync(join(folder, "out-"));
  const { files } = convert(...names);
  const config = parse(files.get("gateway.config.yaml")!.replace(/\$\{file:[^}]+\}/g, "${env:A_FILE}")) as Config;
  if (config.server.tls) config.server = { port: config.server.port };
  change(config);
  await writeDraft(
    { files: new Map([...files, ["gateway.config.yaml", stringify(config)]]), notes: [] },
    out,
    registry,
  );
  return join(out, "gateway.config.yaml");
}

interface Config {
  server: { port: number; tls?: object; networks?: object };
  // biome-ignore lint/suspicious/noExplicitAny: settings of any connector.
  connectors: Record<string, any>;
}

const CONVERTED = [
  "plugin-ldap.json",
  "plugin-openldap.json",
  "plugin-ldap-old.json",
  "plugin-mssql.json",
  "plugin-scim.json",
  "plugin-entra-id.json",
  "plugin-loki.json",
];

describe("postern init scimgateway", () => {
  afterEach(() => vi.restoreAllMocks());

  test.each(CONVERTED)("%s becomes a configuration that passes check, and tests that pass", async (name) => {
    const file = await written([name]);
    const { problems } = await reportOf({ registry, file, env, connect: false, denyWarnings: true, format: "text" });
    expect(problems.filter(({ severity, code }) => severity === "error" || code === undefined)).toEqual([]);
    const attributeTypes = registry.connectors.flatMap(({ types }) => types ?? []);
    const tests = globSync(join(file, "../mappings/**/*.test.yaml"));
    expect(tests.length).toBeGreaterThan(0);
    for (const path of tests) {
      const { mapping } = loadMapping(path.replace(".test.yaml", ".yaml"), { attributeTypes });
      const cases = { references: {}, ...parse(readFileSync(path, "utf8")) };
      expect((await runMappingTests(mapping, cases)).filter(({ failure }) => failure)).toEqual([]);
    }
  });

  test("several files become one gateway, in which callers reach only what they reached before", async () => {
    const { files } = convert("plugin-openldap.json", "plugin-mssql.json");
    const config = parse(files.get("gateway.config.yaml")!);
    expect(Object.keys(config.routes)).toEqual(["/openldap/scim/v2", "/mssql/scim/v2"]);
    expect(config.auth).toEqual([
      {
        type: "bearer",
        tokens: [
          { name: "openldap", token: "${env:SCIM_TOKEN}", may: { routes: ["/openldap/scim/v2"] } },
          { name: "mssql", token: "${env:SCIM_TOKEN_2}", may: { routes: ["/mssql/scim/v2"] } },
        ],
      },
    ]);
  });

  test.each([...CONVERTED, "plugin-mongodb.json", "plugin-saphana.json", "plugin-soap.json", "plugin-api.json"])(
    "no secret of %s is in a file or in what is said",
    (name) => {
      const { files, items } = convert(name);
      expect([...files.values()].join("\n") + JSON.stringify(items)).not.toContain("not-a-secret");
    },
  );

  test.each(["plugin-mongodb.json", "plugin-saphana.json", "plugin-soap.json", "plugin-api.json"])(
    "%s has no counterpart: nothing is written, and what to do instead is said",
    (name) => {
      const { files, items } = convert(name);
      expect(files.size).toBe(0);
      expect(items).toEqual([
        { outcome: "left", place: expect.stringMatching(/:\d+ endpoint/), text: expect.any(String) },
      ]);
    },
  );

  test.each(CONVERTED)("what became of the settings of %s", (name) => {
    const lines = convert(name).items.map(({ outcome, place, text }) => `${outcome} ${place}: ${text}`);
    expect(lines.join("\n").replaceAll(FILES, "")).toMatchSnapshot();
  });

  test.each([
    ["no JSON", "{ password: geheim", /is not JSON/],
    ["another file", '{"name": "x"}', /not a configuration of scimgateway/],
    ["a list", "[]", /not a configuration of scimgateway/],
  ])("says what is wrong with %s, without repeating it", (_, text, message) => {
    expect(() => convertScimgateway([{ path: "x.json", text }], shipped)).toThrow(message);
    expect(() => convertScimgateway([{ path: "x.json", text }], shipped)).not.toThrow(/geheim/);
  });

  test("names and values that mean something elsewhere are not taken for it", () => {
    const hostile = JSON.stringify({
      scimgateway: { port: 1, auth: { basic: [{ username: "${file:/etc/passwd}", password: "x" }] } },
      endpoint: {
        entity: {
          "../../up": {
            baseUrls: ["ldap://x"],
            username: "${env:HOME}",
            ldap: { userBase: "dc=x", userObjectClasses: ["person"] },
          },
        },
        map: { user: { uid: { mapTo: "userName" }, __proto__: { mapTo: "title" }, "a: b": { mapTo: 'x"] y' } } },
      },
    });
    const { files } = convertScimgateway([{ path: "plugin-x.json", text: hostile }], shipped);
    expect([...files.keys()]).toEqual(["gateway.config.yaml", "mappings/x-up/user.yaml", "mappings/x-up/types.yaml"]);
    for (const text of files.values()) {
      expect(text).not.toContain("/etc/passwd");
      expect(text).not.toContain("HOME");
      expect(parseDocument(text).errors).toEqual([]);
    }
  });

  test("a setting that the conversion does not know is told, and left to the reader", () => {
    const file = JSON.parse(given("plugin-openldap.json")[0]!.text);
    file.scimgateway.auth.basik = [{ username: "x" }];
    file.endpoint.entity.undefined.ldap.homeServer = "fs1";
    const { items } = convertScimgateway([{ path: "plugin-openldap.json", text: JSON.stringify(file) }], shipped);
    const unknown = items
      .filter(({ text }) => text.startsWith("Not a setting"))
      .map(({ place }) => place.split(" ")[1]);
    expect(unknown).toEqual(["scimgateway.auth.basik.0.username", "endpoint.entity.undefined.ldap.homeServer"]);
  });

  test("Graph is called as the example calls it", () => {
    const example = parse(readFileSync(join(ROOT, "examples/microsoft-graph/gateway.config.yaml"), "utf8"), {
      merge: true,
    });
    const { failures, kinds } = example.connectors.graph;
    expect(parse(GRAPH_CALLS, { merge: true })).toEqual({ failures, kinds });
  });

  const REQUESTS = [
    ["GET", '/scim/v2/Users?filter=userName eq "ann@example.test"'],
    [
      "POST",
      "/scim/v2/Users",
      {
        userName: "ann@example.test",
        active: true,
        name: { givenName: "Ann", familyName: "Berg" },
        emails: [{ type: "work", value: "ann@example.test" }],
      },
    ],
    ["PATCH", "/scim/v2/Users/1", { Operations: [{ op: "Replace", path: "active", value: "False" }] }],
    ["DELETE", "/scim/v2/Users/1"],
  ] as const;
  test.each([
    "plugin-ldap.json",
    "plugin-openldap.json",
    "plugin-mssql.json",
    "plugin-scim.json",
    "plugin-entra-id.json",
  ])("what Entra's requests ask behind %s", async (name) => {
    const file = await written([name]);
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((text) => lines.push(text));
    for (const [method, url, body] of REQUESTS) {
      lines.push(`> ${method} ${url}`);
      await explainCommand({ registry, file, request: { method, url, body }, connect: false, entry: undefined, env });
    }
    expect(lines.join("\n")).toMatchSnapshot();
  });
});

describe("before the backends", () => {
  test("the same directory entries as plugin-ldap writes, by its code", async () => {
    const slapd = await startSlapd();
    const file = await written(["plugin-openldap.json"], ({ server, connectors }) => {
      server.port = 0;
      connectors.openldap.url = slapd.url;
    });
    const running = await start(registry, file, { SCIM_TOKEN: TOKEN, OPENLDAP_PASSWORD: slapd.bind.password });
    try {
      const client = { base: running.url + running.routes[0], token: TOKEN };
      const user = {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        externalId: "ann-1",
        userName: "ann",
        active: true,
        displayName: "Ann Berg",
        name: { givenName: "Ann", familyName: "Berg", formatted: "Ann Berg" },
        emails: [{ primary: true, type: "work", value: "ann@example.test" }],
      };
      const made = await send(client, "POST", "/Users", user);
      expect(made).toMatchObject({
        status: 201,
        json: { userName: "ann", emails: [{ type: "work", value: "ann@example.test" }] },
      });
      const { id } = made.json as { id: string };
      // createUser: the DN from namingAttribute, each mapped attribute, all of userObjectClasses.
      expect(entry(slapd.ldapsearch("-b", `uid=ann,ou=people,${SUFFIX}`, "-s", "base"))).toEqual([
        "businessCategory: ann-1",
        "cn: Ann Berg",
        "displayName: Ann Berg",
        "employeeType: true",
        "givenName: Ann",
        "mail: ann@example.test",
        "objectClass: inetOrgPerson",
        "objectClass: organizationalPerson",
        "objectClass: person",
        "objectClass: top",
        "sn: Berg",
        "uid: ann",
      ]);
      const found = await send(client, "GET", '/Users?filter=userName eq "ann"');
      expect(found.json).toMatchObject({ totalResults: 1, Resources: [{ id, active: true }] });
      // modifyUser: replaces what the request names, and nothing else.
      const operations = [
        { op: "Replace", path: "active", value: "False" },
        { op: "Replace", path: 'emails[type eq "work"].value', value: "berg@example.test" },
        { op: "Add", path: "title", value: "Boss" },
      ];
      await send(client, "PATCH", `/Users/${id}`, { Operations: operations });
      const changed = entry(slapd.ldapsearch("-b", `uid=ann,ou=people,${SUFFIX}`, "-s", "base"));
      expect(changed).toEqual(
        expect.arrayContaining(["employeeType: false", "mail: berg@example.test", "title: Boss", "sn: Berg"]),
      );
      // createGroup and modifyGroup: members by their DN.
      const group = await send(client, "POST", "/Groups", { displayName: "Sales", members: [{ value: id }] });
      expect(group.status).toBe(201);
      const members = () => entry(slapd.ldapsearch("-b", `cn=Sales,ou=groups,${SUFFIX}`, "-s", "base", "member"));
      expect(members()).toContain(`member: uid=ann,ou=people,${SUFFIX}`);
      const groupId = (group.json as { id: string }).id;
      await send(client, "PATCH", `/Groups/${groupId}`, {
        Operations: [{ op: "Remove", path: "members", value: [{ value: id }] }],
      });
      expect(members()).not.toContain(`member: uid=ann,ou=people,${SUFFIX}`);
      expect((await send(client, "DELETE", `/Users/${id}`)).status).toBe(204);
      expect(() => slapd.ldapsearch("-b", `uid=ann,ou=people,${SUFFIX}`, "-s", "base")).toThrow();
    } finally {
      await running.stop();
      await slapd.stop();
    }
  });

  test("the same accounts in Active Directory as plugin-ldap makes, by its code", { timeout: 180_000 }, async () => {
    const samba = await startSamba();
    const file = await written(["plugin-ldap.json"], (config) => {
      config.server = { port: 0 };
      const { kinds, ...ad } = config.connectors.ldap;
      kinds.user.base = STAFF;
      kinds.user.filter = kinds.user.filter.replace(/\(memberOf=.*\)\(!\(cn=admin\)\)/, "");
      kinds.group.base = GROUPS;
      const bind = { dn: samba.bind.dn, password: "${env:A_FILE}" };
      config.connectors.ldap = { ...ad, urls: [samba.url], tls: { ca: samba.ca }, bind, kinds };
    });
    const secrets = new Proxy({ SCIM_TOKEN: TOKEN, A_FILE: samba.bind.password } as Record<string, string>, {
      get: (known, name) => known[String(name)] ?? env[String(name)],
    });
    const running = await start(registry, file, secrets);
    try {
      const client = { base: running.url + running.routes[0], token: TOKEN };
      const read = (name: string) => entry(samba.ldapsearch(`CN=${name},${STAFF}`));
      const address = { type: "work", locality: "Bergen", country: "Norway" };
      const mail = [{ type: "work", value: "ann@corp.example.test" }];
      const made = await send(client, "POST", "/Users", {
        userName: "ann",
        password: "Secret-of-ann-1",
        emails: mail,
        addresses: [address],
      });
      expect(made).toMatchObject({ status: 201, json: { userName: "ann", active: true } });
      // createUser: named by sAMAccountName, enabled because it has a password, which must be changed; countries get their codes.
      expect(read("ann")).toEqual(
        expect.arrayContaining([
          "sAMAccountName: ann",
          "userAccountControl: 512",
          "userPrincipalName: ann@corp.example.test",
          "pwdLastSet: 0",
          "co: Norway",
          "c: NO",
          "countryCode: 578",
        ]),
      );
      await send(client, "POST", "/Users", { userName: "bo" });
      expect(read("bo")).toEqual(expect.arrayContaining(["userAccountControl: 514", "userPrincipalName: bo"]));
      // modifyUser: the other flags of userAccountControl stay.
      const { id } = made.json as { id: string };
      await send(client, "PATCH", `/Users/${id}`, { Operations: [{ op: "Replace", path: "active", value: "False" }] });
      expect(read("ann")).toContain("userAccountControl: 514");
    } finally {
      await running.stop();
      await samba.stop();
    }
  });

  test("the same rows as plugin-mssql writes, by its code", async () => {
    const database = join(folder, "people.db");
    const db = new DatabaseSync(database);
    const columns = ["Enabled", "Password", "FirstName", "MiddleName", "LastName", "Email", "MobilePhone"];
    db.exec(
      `create table User (UserID varchar(50) not null primary key, ${columns.map((each) => `${each} varchar(50)`).join(", ")})`,
    );
    const file = await written(["plugin-mssql.json"], ({ server, connectors }) => {
      server.port = 0;
      const { kinds } = connectors.mssql;
      connectors.mssql = { type: "sql", dialect: "sqlite", file: database, kinds };
    });
    const running = await start(registry, file, { SCIM_TOKEN: TOKEN });
    try {
      const client = { base: running.url + running.routes[0], token: TOKEN };
      const name = { givenName: "Ann", familyName: "Berg" };
      const made = await send(client, "POST", "/Users", {
        userName: "ann",
        password: "x",
        name,
        emails: [{ type: "work", value: "a@example.test" }],
      });
      expect(made).toMatchObject({ status: 201, json: { id: "ann", userName: "ann", active: false } });
      const row = () => ({ ...db.prepare("select * from User").get() });
      expect(row()).toEqual({
        UserID: "ann",
        Enabled: "false",
        Password: "x",
        FirstName: "Ann",
        MiddleName: null,
        LastName: "Berg",
        Email: "a@example.test",
        MobilePhone: null,
      });
      await send(client, "PATCH", "/Users/ann", {
        Operations: [
          { op: "Replace", path: "active", value: "True" },
          { op: "Remove", path: "name.givenName" },
        ],
      });
      expect(row()).toMatchObject({ Enabled: "true", FirstName: null });
      expect((await send(client, "DELETE", "/Users/ann")).status).toBe(204);
      expect(db.prepare("select count(*) as n from User").get()).toEqual({ n: 0 });
    } finally {
      await running.stop();
      db.close();
    }
  });
});

describe("when ids change", () => {
  test("a restart keeps the old ids and fails; a restart in full matches everybody, and creates nobody", {
    timeout: 180_000,
  }, async () => {
    const database = join(folder, "switch.db");
    new DatabaseSync(database).exec(
      "create table users (id integer primary key, name text not null unique, display text, active integer, manager text)",
    );
    const mapping = (key: string) => ({
      resource: "User",
      kind: "user",
      attributes: {
        id: { attr: key, readOnly: true },
        userName: "name",
        displayName: "display",
        active: { attr: "active", as: "boolean" },
        "enterprise:manager.value": { attr: "manager", ref: "User" },
      },
    });
    const served = (key: string) => {
      const file = join(folder, `by-${key}.yaml`);
      writeFileSync(file, stringify(mapping(key)));
      const kinds = { user: { table: "users", key: { column: key } } };
      return {
        connectors: { app: { type: "sql", dialect: "sqlite", file: database, kinds } },
        routes: { "/scim/v2": { User: { connector: "app", mapping: file } } },
      };
    };
    const gateway = await startGateway(served("name"));
    const cycle = (kind: string, ...more: string[]) =>
      new Promise<string>((resolve) =>
        execFile(
          process.execPath,
          [
            ...[join(ROOT, "src/main.ts"), "simulate", "entra", "cycle", kind, "--endpoint", gateway.base],
            ...["--state", join(folder, "simulation"), "--no-verify", ...more],
          ],
          { env: { ...process.env, POSTERN_TOKEN: TOKEN } },
          (_, stdout, stderr) => resolve(stdout + stderr),
        ),
      );
    const count = () => new DatabaseSync(database).prepare("select count(*) as n from users").get()?.n;
    try {
      expect(await cycle("initial", "--people", "5", "--groups", "0", "--sync-all")).toContain("create success 5");
      expect(gateway.reload(served("id"))).toBe(true);
      const restarted = await cycle("restart");
      expect(restarted).toContain("InvalidAnchor (5 attempts)");
      expect(restarted).not.toContain("create");
      const inFull = await cycle("restart-in-full");
      expect(inFull).toContain("restart in full, Succeeded");
      expect(inFull).not.toContain("create");
      expect(count()).toBe(5);
    } finally {
      await gateway.stop();
    }
  });
});

/** The attributes of an entry in LDIF, sorted, without those that the server keeps. */
const entry = (ldif: string): string[] =>
  ldif
    .replace(/\n /g, "")
    .split("\n")
    .filter((line) => /^\w+: /.test(line) && !/^(dn|result|search):/.test(line))
    .sort();
