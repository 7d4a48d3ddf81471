import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { registry } from "../../test/servers/registry.ts";
import { loadConfig } from "./load.ts";
import { HIDDEN, shownConfig, withoutSecretsOf } from "./shown.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-shown-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "gateway.config.yaml");

/** Settings that hold secrets, each with what the drawn secret is put into. */
type Put = (secret: string) => object;
const restOf = (more: object) => ({ type: "rest", url: "https://api.example.com", kinds: {}, ...more });
const guid = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";
const SETTINGS: Readonly<Record<string, Put>> = {
  "a token": (secret) => ({ auth: [{ type: "bearer", tokens: [{ name: "entra", token: secret }] }] }),
  "a user": (secret) => ({ auth: [{ type: "basic", users: [{ name: "entra", password: secret }] }] }),
  "a client": (secret) => ({
    auth: [{ type: "clientCredentials", key: secret, clients: [{ name: "e", id: "e", secrets: [secret] }] }],
  }),
  "an operator's token": (secret) => ({ operations: { tokens: [{ name: "op", token: secret }] } }),
  "the store's password": (secret) => ({ state: { url: "postgres://postern@db/postern", password: secret } }),
  "Valkey's password": (secret) => ({ limits: { shared: { url: "redis://valkey:6379", password: secret } } }),
  "the audit log's key": (secret) => ({ audit: { file: "audit.log", key: secret } }),
  ldap: (secret) => ({
    connectors: { other: { type: "ldap", url: "ldap://d", bind: { dn: "cn=p", password: secret }, kinds: {} } },
  }),
  sql: (secret) => ({
    connectors: {
      other: { type: "sql", dialect: "postgres", host: "d", database: "d", user: "u", password: secret, kinds: {} },
    },
  }),
  sftp: (secret) => ({
    connectors: {
      other: {
        type: "file",
        folder: { path: "/", pattern: "*.csv" },
        sftp: { host: "h", user: "u", password: secret, passphrase: secret, hostKey: `SHA256:${"A".repeat(43)}` },
        stateFile: "accepted",
        kinds: {},
      },
    },
  }),
  "an API's password": (secret) => ({
    connectors: { other: restOf({ auth: { type: "basic", username: "u", password: secret } }) },
  }),
  "an API's token": (secret) => ({ connectors: { other: restOf({ auth: { type: "bearer", token: secret } }) } }),
  "an API's keys": (secret) => ({
    connectors: { other: restOf({ auth: { type: "apiKey", headers: { "X-One": secret }, body: { two: secret } } }) },
  }),
  "an API's client": (secret) => ({
    connectors: {
      other: restOf({
        auth: {
          type: "clientCredentials",
          tokenUrl: "https://t",
          clientId: "c",
          clientSecret: secret,
          parameters: { more: secret },
        },
      }),
    },
  }),
  "an API's key": (secret) => ({
    connectors: { other: restOf({ auth: { type: "jwt", key: secret, issuer: "i", audience: "a" } }) },
  }),
  "an API's login": (secret) => ({
    connectors: {
      other: restOf({
        auth: {
          type: "login",
          path: "/login",
          body: { deep: { er: [secret, 1] } },
          headers: { more: secret },
          session: "token",
          header: "Authorization",
        },
      }),
    },
  }),
  "an API's headers": (secret) => ({ connectors: { other: restOf({ headers: { anything: secret } }) } }),
  "an API's proxy": (secret) => ({ connectors: { other: restOf({ proxy: `http://user:${secret}@proxy:3128` }) } }),
  "a header in a call": (secret) => ({
    connectors: {
      other: restOf({
        kinds: {
          user: {
            key: "id",
            search: { path: "/users", headers: { "X-Api-Key": `'${secret}'` } },
            get: { path: "/users/{$key}" },
          },
        },
      }),
    },
  }),
  Entra: (secret) => ({
    syncs: {
      hr: {
        from: { route: "/scim" },
        to: { entra: { tenant: guid, client: guid, servicePrincipal: guid, job: "j", credential: { secret } } },
        match: ["externalId"],
        attributes: { externalId: "externalId", userName: "userName" },
        signal: secret,
      },
    },
  }),
};

const plain = {
  server: { port: 0 },
  auth: [{ type: "bearer", tokens: [{ name: "entra", token: `sha256:${"A".repeat(43)}` }] }],
  connectors: { people: { type: "memory", kinds: { user: { unique: ["userName"] } } } },
  routes: { "/scim": { User: { connector: "people", mapping: "postern:scim/user" } } },
};

function loaded(more: object, env: Record<string, string> = {}) {
  const { connectors, ...rest } = more as { connectors?: object };
  const config = { ...plain, ...rest, connectors: { ...plain.connectors, ...connectors } };
  writeFileSync(file, stringify(config));
  return loadConfig(file, registry, env);
}

/** Secrets as people make them: letters, digits and signs that YAML, addresses and expressions take. */
const secrets = fc.string({ unit: fc.constantFrom(..."abcdefXYZ0123456789-_.~!"), minLength: 34, maxLength: 60 });

describe("a configuration as it is shown", () => {
  test.each(Object.entries(SETTINGS))("never has a secret: %s", (_, put) => {
    fc.assert(
      fc.property(secrets, fc.boolean(), fc.boolean(), (secret, isWhole, isReference) => {
        const config = isReference ? loaded(put("${env:A_SECRET}"), { A_SECRET: secret }) : loaded(put(secret));
        const text = stringify(shownConfig(config, { isWhole }));
        expect(text).not.toContain(secret);
        if (isReference) expect(text).toContain("${env:A_SECRET}");
        const other = loaded(put("x".repeat(40)));
        expect(stringify(shownConfig(config, { isWhole, comparedWith: other }))).not.toContain(secret);
      }),
      { numRuns: 6 },
    );
  });

  test("hides a secret wherever else its text stands", () => {
    const secret = "correct-horse-battery-staple";
    const config = loaded({
      ...SETTINGS["a token"]!(secret),
      safety: { "/scim": { protect: { User: { attributes: [`not-${secret}`] } } } },
    });
    expect(stringify(shownConfig(config, { isWhole: false }))).not.toContain(secret);
  });

  test("may be invalid where only its secrets are asked for: messages are cleaned of them", () => {
    const headers = { "X-Anything": "a-literal-that-nobody-sees" };
    const given = { connectors: { crm: { type: "rest", headers, timeout: "long" } }, limits: 7 };
    const clean = withoutSecretsOf([{ source: { given, secrets: [] }, registry }]);
    const line =
      '{ headers: { X-Anything: a-literal-that-nobody-sees }, timeout: long, url: "http://me:and-you@host" }';
    expect(clean(line)).toBe('{ headers: { X-Anything: ‹secret› }, timeout: long, url: "http://me:‹secret›@host" }');
    expect(withoutSecretsOf([{ source: { given: undefined, secrets: [] }, registry }])("as it is")).toBe("as it is");
  });

  test("shows what a reference stands for in settings without secrets, and hides it where it is one anywhere", () => {
    const env = { HOME_OF_IT: "/srv/company/gateway", PW: "open-sesame-open-sesame", ACCOUNT: "me:and-more-than-that" };
    const about = (more: object) => {
      const { source } = loaded({ audit: { file: "${env:HOME_OF_IT}/audit.log" }, ...more }, env);
      return withoutSecretsOf([{ source, registry }])(`${env.HOME_OF_IT}/user.yaml:1:1: ${env.PW} ${env.ACCOUNT}`);
    };
    const account = { connectors: { other: restOf({ proxy: "http://${env:ACCOUNT}@proxy:3128" }) } };
    const put = SETTINGS["an operator's token"]!;
    expect(about({ ...put("not-${env:PW}-at-all-of-the-tests"), ...account })).toBe(
      "/srv/company/gateway/user.yaml:1:1: ‹secret› ‹secret›",
    );
    expect(about(put("not-${env:HOME_OF_IT}-at-all-of-the-tests"))).toMatch(/^‹secret›\/user.yaml:1:1/);
  });

  test("shows a plain text that a reference elsewhere happens to stand for", () => {
    const put = SETTINGS.sql!("of-the-database") as { connectors: { other: { host: string } } };
    put.connectors.other.host = "${env:DB_HOST}";
    const config = loaded({ ...put, operations: { host: "localhost" } }, { DB_HOST: "localhost" });
    expect(shownConfig(config, { isWhole: false })).toMatchObject({
      operations: { host: "localhost" },
      connectors: { other: { host: "${env:DB_HOST}", password: HIDDEN.secret } },
    });
  });

  test("is otherwise as it was written, or with all defaults", () => {
    const config = loaded({ limits: { pageSize: 7 } });
    const written = shownConfig(config, { isWhole: false });
    expect(written).toEqual({
      ...plain,
      auth: [{ type: "bearer", tokens: [{ name: "entra", token: HIDDEN.secret }] }],
      limits: { pageSize: 7 },
    });
    expect(parse(stringify(written))).toEqual(written);
    expect(shownConfig(config, { isWhole: true })).toMatchObject({ limits: { pageSize: 7, scan: 5000 } });
  });

  test("tells that a secret is another one, without telling it", () => {
    const before = loaded(SETTINGS.ldap!("one-password"));
    const after = loaded(SETTINGS.ldap!("another-password"));
    const shown = (comparedWith: typeof before) =>
      (shownConfig(after, { isWhole: false, comparedWith }) as { connectors: { other: { bind: object } } }).connectors
        .other.bind;
    expect(shown(before)).toEqual({ dn: "cn=p", password: HIDDEN.changed });
    expect(shown(after)).toEqual({ dn: "cn=p", password: HIDDEN.secret });
  });
});
