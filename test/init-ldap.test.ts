import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { start } from "../src/compose/compose.ts";
import { send } from "./clients/replay.ts";
import { startDirectoryServer } from "./servers/directory-server.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

type Server = Pick<Slapd, "url" | "bind" | "ldapsearch" | "ldapmodify" | "stop">;

const add = (dn: string, ...lines: string[]) => `dn: ${dn},${SUFFIX}\n${lines.join("\n")}\n\n`;
const person = (name: string, ...more: string[]) =>
  add(`uid=${name},ou=people`, "objectClass: inetOrgPerson", `uid: ${name}`, `cn: ${name}`, `sn: ${name}`, ...more);
const posix = (name: string, n: number) =>
  add(
    `uid=${name},ou=people`,
    "objectClass: account",
    "objectClass: posixAccount",
    `uid: ${name}`,
    `cn: ${name}`,
    `uidNumber: ${n}`,
    `gidNumber: ${n}`,
    `homeDirectory: /home/${name}`,
  );

interface Case {
  readonly name: string;
  readonly start: () => Promise<Server>;
  readonly config: readonly string[];
  readonly user: readonly string[];
  readonly group: readonly string[];
  /** What is still to be decided by who runs it, and an answer. */
  readonly choose: Readonly<Record<string, string>>;
  readonly member: RegExp;
}

const people = person("ann", "mail: ann@x.test", "carLicense: x") + person("bo", "carLicense: y");
const cases: Case[] = [
  {
    name: "OpenLDAP with people and groups of names",
    start: () =>
      startSlapd(`${people}${add("cn=all,ou=groups", "objectClass: groupOfNames", "cn: all", "member: cn=nobody")}`),
    config: [
      "filter: (objectClass=inetOrgPerson)",
      "filter: (objectClass=groupOfNames)",
      "placeholder: { attr: member",
    ],
    user: ["#   carLicense (2): text", "id: { attr: entryUUID", "active: { attr: pwdAccountLockedTime"],
    group: ["members: { attr: member, ref: User, many: true }"],
    choose: {},
    member: /member: uid=new,ou=people/,
  },
  {
    name: "OpenLDAP with POSIX accounts and groups",
    start: () =>
      startSlapd(
        posix("ann", 1000) +
          posix("bo", 1001) +
          add("cn=staff,ou=groups", "objectClass: posixGroup", "cn: staff", "gidNumber: 100", "memberUid: ann"),
      ),
    config: ["filter: (objectClass=account)", "filter: (objectClass=posixGroup)"],
    user: [
      "# Not in the schema of example.test, or not allowed by the entries' classes, and so not mapped: sn",
      "uidNumber",
    ],
    group: ["members: { attr: memberUid, ref: User, by: uid, many: true }"],
    choose: { uidNumber: "5000", gidNumber: "100", homeDirectory: "/home/new" },
    member: /memberUid: new/,
  },
  {
    name: "OpenLDAP without anybody yet",
    start: () => startSlapd(),
    config: [`base: "ou=people,${SUFFIX}"`, `base: "ou=groups,${SUFFIX}"`, "rdn: uid"],
    user: ["meta.version: { attr: entryCSN"],
    group: ["members: { attr: member, ref: User, many: true }"],
    choose: {},
    member: /member: uid=new,ou=people/,
  },
  {
    name: "389 Directory Server",
    start: async () => {
      const server = await startDirectoryServer();
      server.ldapmodify(people.replaceAll("objectClass: inet", "changetype: add\nobjectClass: inet"));
      return server;
    },
    config: ["key: nsUniqueId", "filter: (objectClass=inetOrgPerson)"],
    user: ["id: { attr: nsUniqueId", "active: { attr: nsAccountLock", "meta.version: { attr: entryusn"],
    group: ["members: { attr: member, ref: User, many: true }"],
    choose: {},
    member: /member: uid=new,ou=people/,
  },
  {
    name: "389 Directory Server as it comes, without plug-ins",
    start: async () => {
      const server = await startDirectoryServer(undefined, []);
      server.ldapmodify(people.replaceAll("objectClass: inet", "changetype: add\nobjectClass: inet"));
      return server;
    },
    config: ["key: nsUniqueId"],
    user: ["not mapped: memberOf", "not mapped: entryusn"],
    group: ["members: { attr: member, ref: User, many: true }"],
    choose: {},
    member: /member: uid=new,ou=people/,
  },
];

describe.each(cases)("postern init ldap, on $name", (each) => {
  const folder = mkdtempSync(join(tmpdir(), "postern-init-ldap-"));
  const config = join(folder, "gateway.config.yaml");
  let server: Server;
  beforeAll(async () => {
    server = await each.start();
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });
  const env = () => ({ ...process.env, LDAP_PASSWORD: server.bind.password, SCIM_TOKEN: TOKEN });
  const postern = (...args: string[]) =>
    new Promise<{ status: number; output: string }>((resolve) => {
      execFile(process.execPath, [join(ROOT, "src/main.ts"), ...args], { env: env() }, (error, stdout, stderr) =>
        resolve({ status: (error?.code as number | undefined) ?? 0, output: stdout + stderr }),
      );
    });
  const read = (file: string) => readFileSync(join(folder, file), "utf8");

  test("writes what fits, and what serves once the choices are made", async () => {
    const init = await postern("init", "ldap", "--url", server.url, "--bind", server.bind.dn, "--out", folder);
    expect(init, init.output).toMatchObject({ status: 0 });
    for (const part of each.config) expect(read("gateway.config.yaml")).toContain(part);
    for (const part of each.user) expect(read("mappings/ldap/user.yaml")).toContain(part);
    for (const part of each.group) expect(read("mappings/ldap/group.yaml")).toContain(part);
    expect(read("gateway.config.yaml")).not.toContain(server.bind.password);
    for (const file of ["mappings/ldap/user.yaml", "mappings/ldap/group.yaml"])
      writeFileSync(
        join(folder, file),
        read(file).replace(/"CHOOSE: new entries must have (\w+)"/g, (_, attr) => JSON.stringify(each.choose[attr])),
      );
    const checked = await postern("check", "--connect", "--config", config);
    expect(checked.output.match(/MISSING.*/g) ?? []).toEqual([]);
    expect(checked, checked.output).toMatchObject({ status: 0 });
    writeFileSync(config, read("gateway.config.yaml").replace("port: 8880", "port: 0"));
    const running = await start(registry, config, { SCIM_TOKEN: TOKEN, LDAP_PASSWORD: server.bind.password });
    const client = { base: running.url + running.routes[0], token: TOKEN };
    const made = await send(client, "POST", "/Users", { userName: "new", displayName: "New" });
    expect(made.status, made.text).toBe(201);
    const group = await send(client, "POST", "/Groups", { displayName: "fresh", members: [{ value: made.json.id }] });
    expect(group.status, group.text).toBe(201);
    expect(group.json.members).toEqual([expect.objectContaining({ value: made.json.id })]);
    expect(server.ldapsearch("(cn=fresh)", "*")).toMatch(each.member);
    await running.stop();
  });
});
