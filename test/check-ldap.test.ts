import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { startDebianSlapd } from "./servers/debian-slapd.ts";
import { openDirectoryServer, startDirectoryServer } from "./servers/directory-server.ts";
import { ROOT, startGateway, TOKEN } from "./servers/gateway.ts";
import { openLdap, type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

type Server = Pick<Slapd, "url" | "bind" | "ldapsearch" | "ldapmodify" | "stop">;
type Settings = ReturnType<typeof openLdap> | ReturnType<typeof openDirectoryServer>;

const SERVICE = `cn=postern,ou=services,${SUFFIX}`;
const PEOPLE = `ou=people,${SUFFIX}`;
const person = (name: string, ...more: string[]) =>
  `dn: uid=${name},${PEOPLE}\nobjectClass: inetOrgPerson\nuid: ${name}\ncn: ${name}\nsn: ${name}\n${more.map((line) => `${line}\n`).join("")}\n`;
const adding = (ldif: string) => ldif.replaceAll("\nobjectClass: inet", "\nchangetype: add\nobjectClass: inet");
const group = (member: string) =>
  `dn: cn=team,ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: team\nmember: ${member}\n`;

/** Runs `postern check --connect`; gives the findings, a line each with what belongs to it. */
async function check(
  settings: Settings,
): Promise<{ status: number; output: string; findings: string[]; last: string }> {
  const folder = mkdtempSync(join(tmpdir(), "postern-check-ldap-"));
  const file = join(folder, "gateway.config.yaml");
  const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
  writeFileSync(file, stringify({ auth, ...settings }));
  const args = [join(ROOT, "src/main.ts"), "check", "--connect", "-c", file];
  const [status, output] = await new Promise<[number, string]>((resolve) =>
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve([(error?.code as number | undefined) ?? 0, stdout + stderr]),
    ),
  );
  rmSync(folder, { recursive: true });
  const findings = output.split(/\n(?= {2}(?:ok|MISSING|UNKNOWN) )/).slice(1);
  return {
    status,
    output,
    findings: findings.map((line) => line.replace(/\n\S.*\s*$/, "").trim()),
    last: output.trim().split("\n").at(-1)!,
  };
}

describe("postern check --connect, on LDAP directories", () => {
  let server: Server | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  /** What really happens: a user is made and deleted, one that is there is changed. */
  const attempt = async (settings: Settings) => {
    const gateway = await startGateway(settings);
    const made = await send(gateway, "POST", "/Users", { userName: "made", displayName: "Made" });
    const { Resources } = (await send(gateway, "GET", '/Users?filter=userName eq "ann"')).json;
    const Operations = [{ op: "replace", path: "title", value: "x" }];
    const changed = await send(gateway, "PATCH", `/Users/${Resources?.[0]?.id}`, { Operations });
    const deleted = made.status === 201 ? (await send(gateway, "DELETE", `/Users/${made.json.id}`)).status : undefined;
    await gateway.stop();
    return [made.status, changed.status, deleted];
  };

  test("OpenLDAP: an account that may only read is told so, and how to let it write", async () => {
    server = await startSlapd(person("ann"), ["to attrs=userPassword by * auth", "to * by * read"]);
    const settings = openLdap(server, ROOT);
    const { status, findings } = await check(settings);
    expect(status).toBe(1);
    expect(findings.find((line) => line.includes(`user in ${PEOPLE}:`))).toMatch(
      new RegExp(
        `^MISSING user in .*: may not create; change .*title.*mail.*\\n +olcAccess: to dn.subtree="${PEOPLE}" by dn.exact="${SERVICE}" write by \\* break$`,
      ),
    );
    expect(await attempt(settings)).toEqual([503, 503, undefined]);
    await server.stop();
    server = await startSlapd(person("ann"), [
      "to attrs=userPassword by anonymous auth by * break",
      `to dn.subtree="${PEOPLE}" by dn.exact="${SERVICE}" write by * break`,
      "to * by * read",
    ]);
    const allowed = openLdap(server, ROOT);
    expect((await check(allowed)).findings).toContainEqual(`ok      user in ${PEOPLE}: may read, create, change`);
    expect(await attempt(allowed)).toEqual([201, 200, 204]);
  });

  test("OpenLDAP: nothing is left of what was tried", async () => {
    server = await startSlapd(person("ann", "mail: ann@x.test"));
    const everything = () => server!.ldapsearch("(objectClass=*)", "*", "+").split("\n").sort();
    const before = everything();
    const { findings, status, last } = await check(openLdap(server, ROOT));
    expect({ status, findings }).toEqual({
      status: 0,
      findings: [
        expect.stringContaining("ok      user in"),
        expect.stringContaining("ok      group in"),
        expect.stringMatching(/^UNKNOWN user: could not determine whether new passwords are hashed/),
        expect.stringMatching(
          /^UNKNOWN user: could not determine whether locking an account prevents logons: set pwdLockout: TRUE/,
        ),
        expect.stringMatching(/^UNKNOWN could not determine whether member, manager follow renames and deletions/),
      ],
    });
    expect(last).toMatch(/: 3 UNKNOWN \(1 warning accepted in the files\)\.$/);
    expect(everything()).toEqual(before);
  });

  test("OpenLDAP: overlays that are not there, and passwords in clear", async () => {
    const ldif = `${person("ann", "userPassword: hello")}\n${group(`uid=ann,${PEOPLE}`)}`;
    server = await startSlapd(ldif, [`to * by dn.exact="${SERVICE}" write by * auth`], "");
    const { findings } = await check(openLdap(server, ROOT));
    expect(findings).toEqual([
      expect.stringContaining("ok      user in"),
      expect.stringContaining("ok      group in"),
      expect.stringMatching(/^MISSING user: 1 of 1 examined passwords are stored in clear text/),
      expect.stringMatching(/^UNKNOWN user: could not determine whether locking an account prevents logons/),
      expect.stringMatching(/^MISSING user: no entry has memberOf, although cn=team,.* has uid=ann,/),
      expect.stringMatching(/^UNKNOWN could not determine whether member/),
    ]);
  });

  test("OpenLDAP: a size limit that ends a listing", async () => {
    const many = Array.from({ length: 501 }, (_, n) => person(`u${n}`)).join("");
    server = await startSlapd(
      `${many}dn: cn=other,ou=services,${SUFFIX}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: other\nuserPassword: secret\n`,
      ["to * by * write"],
    );
    const bind = { dn: `cn=other,ou=services,${SUFFIX}`, password: "secret" };
    const { findings } = await check(openLdap({ ...server, bind }, ROOT));
    expect(findings).toContainEqual(
      `MISSING user: the server does not let the account list all entries: limits dn.exact="${bind.dn}" size=unlimited`,
    );
  });

  test("what the schema does not have, keeps itself, needs, or has as another type", async () => {
    server = await startSlapd(person("ann"));
    const folder = mkdtempSync(join(tmpdir(), "postern-check-ldap-"));
    const mapping = join(folder, "user.yaml");
    writeFileSync(
      mapping,
      stringify({
        resource: "User",
        kind: "user",
        attributes: {
          id: { attr: "entryUUID", readOnly: true },
          userName: "uid",
          displayName: "nickname",
          title: "modifiersName",
          nickName: "gidNumber",
          externalId: "dnQualifier",
          userType: { attr: "seeAlso" },
        },
        create: { objectClass: '["top", "account", "nothing"]' },
      }),
    );
    const settings = openLdap(server, ROOT);
    const routes = { "/scim/v2": { User: { connector: "directory", mapping } } };
    const { findings } = await check({ ...settings, routes } as unknown as Settings);
    rmSync(folder, { recursive: true });
    expect(findings.filter((line) => line.startsWith("MISSING"))).toEqual([
      "MISSING user: the schema has no object class nothing",
      "MISSING user: the schema has no attribute nickname",
      "MISSING user: the directory maintains modifiersName itself: map it readOnly",
      "MISSING user: no class of a new entry (account, top, nothing) allows gidNumber: one of posixAccount does; add it to objectClass",
      "MISSING user: no class of a new entry (account, top, nothing) allows dnQualifier",
    ]);
  });

  test("OpenLDAP: a base that is not there", async () => {
    server = await startSlapd();
    const settings = openLdap(server, ROOT);
    settings.connectors.directory.kinds.user.base = "ou=nowhere,dc=example,dc=test";
    const { status, output } = await check(settings);
    expect(status).toBe(1);
    expect(output).toContain("The base ou=nowhere,dc=example,dc=test of user does not exist");
  });

  test("Debian's slapd with the shipped configuration of it has all that the mappings need", async () => {
    server = await startDebianSlapd(join(ROOT, "examples/openldap/debian.ldif"));
    const example = openLdap(server, ROOT);
    for (const kind of Object.values(example.connectors.directory.kinds))
      kind.base = kind.base.replace(SUFFIX, "dc=example,dc=org");
    const { status, findings } = await check(example);
    expect({ status, findings: findings.filter((line) => line.startsWith("MISSING")) }).toEqual({
      status: 0,
      findings: [],
    });
    const gateway = await startGateway(example);
    const made = await send(gateway, "POST", "/Users", { userName: "ann", displayName: "Ann", password: "secret-7" });
    const members = [{ value: made.json.id }];
    const team = await send(gateway, "POST", "/Groups", { displayName: "team", members });
    expect([made.status, team.status]).toEqual([201, 201]);
    expect(server.ldapsearch("(uid=ann)", "userPassword", "memberOf")).toMatch(
      new RegExp(`userPassword:: ${Buffer.from("{SSHA}").toString("base64").slice(0, 8)}[^]*memberOf: cn=team`),
    );
    const Operations = [{ op: "replace", path: "active", value: false }];
    const signsIn = () =>
      spawnSync("ldapwhoami", ["-x", "-H", server!.url, "-D", "uid=ann,ou=people,dc=example,dc=org", "-w", "secret-7"])
        .status;
    expect(signsIn()).toBe(0);
    expect((await send(gateway, "PATCH", `/Users/${made.json.id}`, { Operations })).json.active).toBe(false);
    expect(signsIn()).toBe(49);
    // Who comes into a group and leaves it has it in memberOf, and not.
    const bo = await send(gateway, "POST", "/Users", { userName: "bo", displayName: "Bo" });
    const add = { op: "add", path: "members", value: [{ value: bo.json.id }] };
    const remove = { op: "remove", path: `members[value eq "${made.json.id}"]` };
    for (const each of [add, remove])
      expect((await send(gateway, "PATCH", `/Groups/${team.json.id}`, { Operations: [each] })).status).toBe(204);
    expect(server.ldapsearch("(uid=bo)", "memberOf")).toContain("memberOf: cn=team");
    expect(server.ldapsearch("(uid=ann)", "memberOf")).not.toContain("memberOf:");
    expect(
      (await send(gateway, "PATCH", `/Groups/${team.json.id}`, { Operations: [{ op: "remove", path: "members" }] }))
        .status,
    ).toBe(204);
    expect((await send(gateway, "DELETE", `/Users/${made.json.id}`)).status).toBe(204);
    expect((await send(gateway, "GET", `/Groups/${team.json.id}`)).json.members).toBeUndefined();
    await gateway.stop();
  });

  test("389 Directory Server: what the account lacks can be granted as it is told, and then is what happens", async () => {
    const reads = `dn: ${SUFFIX}\nchangetype: modify\nadd: aci\naci: (targetattr="*")(version 3.0; acl "reads"; allow (read, search, compare) userdn="ldap:///${SERVICE}";)\n`;
    server = await startDirectoryServer(`${reads}\n${adding(person("ann"))}`);
    const settings = openDirectoryServer(server, ROOT);
    const { findings } = await check(settings);
    const lines = findings.filter((line) => /^MISSING (user|group) in /.test(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/may not create; change .*mail.*; delete\n +dn: ou=people/);
    expect(await attempt(settings)).toEqual([503, 503, undefined]);
    for (const line of lines) {
      const [dn, ...acis] = line.split("\n").slice(1);
      server.ldapmodify([dn, "changetype: modify", "add: aci", ...acis].map((each) => each!.trim()).join("\n"));
    }
    expect((await check(settings)).findings).toContainEqual(
      `ok      user in ${PEOPLE}: may read, create, change, delete`,
    );
    expect(await attempt(settings)).toEqual([201, 200, 204]);
  });

  test("389 Directory Server: an account that sees nothing", async () => {
    server = await startDirectoryServer("", []);
    const { findings } = await check(openDirectoryServer(server, ROOT));
    expect(findings[0]).toBe(`MISSING user: the base ${PEOPLE} does not exist, or the account may not see it`);
  });

  test("389 Directory Server as it comes: what its plug-ins keep is not there", async () => {
    server = await startDirectoryServer(undefined, []);
    server.ldapmodify(adding(person("ann")));
    server.ldapmodify(group(`uid=ann,${PEOPLE}`).replace("\n", "\nchangetype: add\n"));
    const { findings } = await check(openDirectoryServer(server, ROOT));
    expect(findings).toContainEqual("MISSING user: entries have no entryusn: the USN plug-in maintains it");
    expect(findings.join("\n")).toMatch(/MISSING user: no entry has memberOf, although cn=team,.* has uid=ann/);
  });
});
