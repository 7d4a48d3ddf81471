import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

describe("postern health, the container's health check", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-health-"));
  const file = (name: string) => join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true }));
  /** The check, with a configuration whose secrets are not there. */
  const health = (server: object) =>
    new Promise<{ status: number; said: string }>((resolve) => {
      writeFileSync(file("gateway.config.yaml"), stringify({ server, auth: [{ token: "${env:NOT_SET}" }] }));
      const args = [join(ROOT, "src/main.ts"), "health", "--config", file("gateway.config.yaml")];
      execFile(process.execPath, args, (error, _, said) =>
        resolve({ status: (error?.code as number | undefined) ?? 0, said }),
      );
    });

  test.each(["http", "https"])("holds while the gateway answers by %s, and not after", async (scheme) => {
    makeAuthority(folder);
    makeCertificate(folder, "server", "DNS:gateway.example.test");
    const tls = scheme === "https" ? { tls: { cert: file("server.pem"), key: file("server.key") } } : {};
    const gateway = await startGateway({
      ...legacyHr(),
      server: { host: "0.0.0.0", plainHttp: true, port: 0, ...tls },
    });
    const server = { host: "0.0.0.0", port: Number(new URL(gateway.url).port), ...tls };
    expect(await health(server)).toEqual({ status: 0, said: "" });
    await gateway.stop();
    expect(await health(server)).toEqual({ status: 1, said: expect.stringContaining("does not answer") });
  });
});

describe("the account of examples/openldap", () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  const account = { dn: `cn=postern,${SUFFIX}`, password: "of-the-example" };
  beforeAll(async () => {
    const example = readFileSync(join(ROOT, "examples/openldap/access.ldif"), "utf8");
    const access = [...example.matchAll(/^olcAccess: \{\d+\}(.*)$/gm)].map(([, rule]) =>
      rule!.replaceAll("dc=example,dc=org", SUFFIX),
    );
    expect(access).toHaveLength(7);
    const ldif = `dn: ${account.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: ${account.password}

dn: uid=elsewhere,ou=services,${SUFFIX}
objectClass: inetOrgPerson
uid: elsewhere
cn: Elsewhere
sn: Elsewhere
userPassword: never-read
`;
    slapd = await startSlapd(ldif, access);
    gateway = await startGateway(openLdap({ url: slapd.url, bind: account }, ROOT));
  });
  afterAll(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  test("may do all that the gateway does to people and groups", async () => {
    const made = await send(gateway, "POST", "/Users", {
      userName: "ann",
      displayName: "Ann",
      name: { familyName: "A" },
      password: "Secret-of-ann-1",
    });
    expect(made.status, made.text).toBe(201);
    const at = `/Users/${made.json.id}`;
    const group = await send(gateway, "POST", "/Groups", {
      displayName: "crew",
      members: [{ value: made.json.id }],
    });
    expect(group.status, group.text).toBe(201);
    const patch = async (path: string, ...Operations: object[]) =>
      (await send(gateway, "PATCH", path, { Operations })).status;
    expect([
      await patch(at, { op: "replace", path: "userName", value: "anna" }),
      await patch(at, { op: "replace", path: "password", value: "Another-of-ann-2" }),
      await patch(`/Groups/${group.json.id}`, { op: "remove", path: `members[value eq "${made.json.id}"]` }),
      (await send(gateway, "GET", '/Users?filter=userName eq "anna"')).json.totalResults,
      (await send(gateway, "DELETE", `/Groups/${group.json.id}`)).status,
      (await send(gateway, "DELETE", at)).status,
    ]).toEqual([200, 200, 204, 1, 204, 204]);
  });

  test("may change nothing elsewhere", async () => {
    const beyond = openLdap({ url: slapd.url, bind: account }, ROOT);
    const { user } = beyond.connectors.directory.kinds;
    user.base = `ou=services,${SUFFIX}`;
    const wide = await startGateway(beyond);
    const { Resources } = (await send(wide, "GET", "/Users")).json;
    expect(Resources).toHaveLength(1);
    const at = `/Users/${Resources[0].id}`;
    expect([
      (await send(wide, "PATCH", at, { Operations: [{ op: "replace", path: "title", value: "x" }] })).status,
      (await send(wide, "DELETE", at)).status,
      (await send(wide, "POST", "/Users", { userName: "new", displayName: "New" })).status,
    ]).toEqual([503, 503, 503]);
    expect(slapd.ldapsearch("(uid=elsewhere)", "title")).toBe(`dn: uid=elsewhere,ou=services,${SUFFIX}\n\n`);
    await wide.stop();
  });
});
