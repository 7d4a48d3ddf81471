import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { ADMIN_PASSWORD, DOMAIN, GROUPS, openActiveDirectory, type Samba, STAFF, startSamba } from "./servers/samba.ts";

const USER = "bf967aba-0de6-11d0-a285-00aa003049e2";
const GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2";
const RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529";
const SERVICE = `CN=svc-scim,CN=Users,${DOMAIN}`;

describe("postern check --connect, as a service account with the rights that it was given", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-rights-"));
  const config = join(folder, "gateway.config.yaml");
  let samba: Samba;
  let admin: TestGateway;
  let service: TestGateway;
  beforeAll(async () => {
    samba = await startSamba();
    const password = Buffer.from(`"${ADMIN_PASSWORD}"`, "utf16le").toString("base64");
    samba.ldapmodify(
      `dn: ${SERVICE}\nchangetype: add\nobjectClass: user\nsAMAccountName: svc-scim\nuserPrincipalName: svc-scim@corp.example.test\nuserAccountControl: 512\nunicodePwd:: ${password}\n`,
    );
    const bind = { dn: "svc-scim@corp.example.test", password: ADMIN_PASSWORD };
    const settings = openActiveDirectory(samba, ROOT, { bind, user: { withoutPassword: "disable" } });
    const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
    writeFileSync(config, stringify({ auth, ...settings }));
    admin = await startGateway(openActiveDirectory(samba, ROOT));
    service = await startGateway(settings);
  });
  afterAll(async () => {
    await admin.stop();
    await service.stop();
    await samba.stop();
    rmSync(folder, { recursive: true });
  });

  const grant = (dn: string, ...aces: string[]) => {
    const sid = /objectSid:: (.*)/.exec(samba.ldapsearch(SERVICE, "-s", "base", "(objectClass=*)", "objectSid"))![1]!;
    const bytes = Buffer.from(sid, "base64");
    const parts = Array.from({ length: bytes[1]! }, (_, index) => bytes.readUInt32LE(8 + 4 * index));
    for (const ace of aces)
      samba.sambaTool("dsacl", "set", `--objectdn=${dn}`, `--sddl=(${ace};S-1-5-${parts.join("-")})`);
  };
  const check = () =>
    new Promise<{ status: number; lines: string[] }>((resolve) => {
      execFile(process.execPath, [join(ROOT, "src/main.ts"), "check", "--connect", "-c", config], (error, stdout) => {
        const lines = stdout.split("\n");
        const from = lines.findIndex((line) => line.startsWith("ad: "));
        resolve({ status: (error?.code as number | undefined) ?? 0, lines: lines.slice(from) });
      });
    });
  let count = 0;
  /** What really happens: an entry that the administrator made is changed, given a password and deleted, one is made. */
  const attempt = async () => {
    const user = () => ({ userName: `u${++count}@corp.example.test`, displayName: `u${count}` });
    const { id } = (await send(admin, "POST", "/Users", user())).json;
    const patch = (path: string, value: string) =>
      send(service, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path, value }] });
    return {
      create: (await send(service, "POST", "/Users", { ...user(), active: false })).status === 201,
      change: (await patch("title", "x")).status === 200,
      password: (await patch("password", "Correct horse 7 battery")).status === 200,
      delete: (await send(service, "DELETE", `/Users/${id}`)).status === 204,
    };
  };
  const userLine = (lines: string[]) => lines.find((line) => line.includes(`user in ${STAFF}:`))!;

  test("with none of them is told all that is missing, and how to grant it", async () => {
    const { status, lines } = await check();
    expect(status).toBe(1);
    expect(userLine(lines)).toMatch(/MISSING user in .*: may not .*create; change .*title.*; set passwords; delete/);
    expect(lines.join("\n")).toContain(`dsacls "${STAFF}" /I:T /G "svc-scim@corp.example.test:CCDC;user"`);
    expect(lines.join("\n")).toContain(`dsacls "${STAFF}" /I:S /G "svc-scim@corp.example.test:CA;Reset Password;user"`);
    expect(await attempt()).toEqual({ create: false, change: false, password: false, delete: false });
  });

  test.each([
    ["create and delete", `OA;CI;CCDC;${USER};`, ["change", "set passwords"], { create: true, delete: true }],
    [
      "one property",
      `OA;CIIO;RPWP;bf967a55-0de6-11d0-a285-00aa003049e2;${USER}`,
      ["change", "set passwords"],
      {
        create: true,
        delete: true,
        change: true,
      },
    ],
    ["all properties", `OA;CIIO;RPWP;;${USER}`, ["set passwords"], { create: true, delete: true, change: true }],
    [
      "passwords",
      `OA;CIIO;CR;${RESET_PASSWORD};${USER}`,
      [],
      { create: true, delete: true, change: true, password: true },
    ],
  ])("and then with %s is told what is still missing, and that is what happens", async (_, ace, missing, works) => {
    grant(STAFF, ace);
    const { lines } = await check();
    const told = ["create", "change", "set passwords", "delete"].filter((each) =>
      new RegExp(`may not .*\\b${each}\\b`).test(userLine(lines)),
    );
    expect(told).toEqual(missing);
    expect(await attempt()).toEqual({ change: false, password: false, ...works });
  });

  test("where a container below refuses what its parent grants says so", async () => {
    grant(`OU=Sales,${STAFF}`, `OD;CI;CC;${USER};`);
    const { lines } = await check();
    expect(userLine(lines)).toContain("ok ");
    expect(lines.find((line) => line.includes("OU=Sales"))).toMatch(/MISSING user in OU=Sales.*may not create/);
  });

  test("with all that the mappings need for groups, too, is well, and Entra's first user and group are there", async () => {
    samba.sambaTool("dsacl", "set", `--objectdn=OU=Sales,${STAFF}`, "--sddl=(A;CI;GA;;;DA)");
    grant(GROUPS, `OA;CI;CCDC;${GROUP};`, `OA;CIIO;RPWP;;${GROUP}`);
    const { lines } = await check();
    expect(lines.find((line) => line.includes(`group in ${GROUPS}:`))).toMatch(
      /ok {6}group in .*: may read, create, change, delete/,
    );
    const user = { userName: "first@corp.example.test", displayName: "First", password: "Correct horse 7 battery" };
    const created = await send(service, "POST", "/Users", user);
    expect(created.json).toMatchObject({ active: true });
    const members = [{ value: created.json.id }];
    expect((await send(service, "POST", "/Groups", { displayName: "firsts", members })).status).toBe(201);
  });
});
