import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

const outside = `dn: uid=outside,ou=services,${SUFFIX}
objectClass: inetOrgPerson
uid: outside
cn: Outside
sn: Outside
`;

describe("the gateway on OpenLDAP", () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  beforeAll(async () => {
    slapd = await startSlapd(outside);
    gateway = await startGateway(openLdap(slapd, ROOT));
  });
  afterAll(async () => {
    await gateway.stop();
    await slapd.stop();
  });
  const create = async (path: string, body: object) => (await send(gateway, "POST", path, body)).json;
  const patch = (path: string, ...Operations: object[]) => send(gateway, "PATCH", path, { Operations });

  test("a rename, by SCIM or by anyone, keeps ids and memberships", async () => {
    const user = await create("/Users", { userName: "before", displayName: "B" });
    const group = await create("/Groups", { displayName: "team, of + one", members: [{ value: user.id }] });
    expect(
      (await patch(`/Users/${user.id}`, { op: "replace", value: { userName: "after", title: "T" } })).json,
    ).toMatchObject({ id: user.id, userName: "after", title: "T" });
    expect((await patch(`/Groups/${group.id}`, { op: "replace", path: "displayName", value: "crew" })).status).toBe(
      204,
    );
    expect((await send(gateway, "GET", `/Groups/${group.id}`)).json).toMatchObject({
      displayName: "crew",
      members: [{ value: user.id, type: "User" }],
    });
    // slapd's overlays rewrite references behind the answer.
    await expect
      .poll(async () => (await send(gateway, "GET", `/Users/${user.id}`)).json.groups)
      .toMatchObject([{ value: group.id, type: "direct" }]);
    slapd.ldapmodify(`dn: uid=after,ou=people,${SUFFIX}\nchangetype: modrdn\nnewrdn: uid=elsewhere\ndeleteoldrdn: 1\n`);
    slapd.ldapmodify(
      `dn: uid=after,ou=people,${SUFFIX}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: after\ncn: Another\nsn: Another\n`,
    );
    expect((await patch(`/Users/${user.id}`, { op: "replace", path: "title", value: "Moved" })).json).toMatchObject({
      userName: "elsewhere",
      title: "Moved",
    });
    expect(slapd.ldapsearch("(uid=after)", "title")).not.toContain("Moved");
    expect((await send(gateway, "DELETE", `/Users/${user.id}`)).status).toBe(204);
    expect(slapd.ldapsearch("(uid=after)", "cn")).toContain("Another");
    await expect.poll(async () => (await send(gateway, "GET", `/Groups/${group.id}`)).json.members).toBeUndefined();
  });

  test("a rename whose other changes are refused is taken back", async () => {
    const user = await create("/Users", { userName: "stays", displayName: "S" });
    const { status } = await patch(`/Users/${user.id}`, {
      op: "replace",
      value: { userName: "goes", 'emails[type eq "work"].value': "日本" },
    });
    expect(status).toBe(400);
    expect((await send(gateway, "GET", `/Users/${user.id}`)).json.userName).toBe("stays");
  });

  test("a name beside that in the DN is another name: it is not shown, and stays through renames", async () => {
    const user = await create("/Users", { userName: "asmith", displayName: "A" });
    const rename = async (userName: string) =>
      (await patch(`/Users/${user.id}`, { op: "replace", path: "userName", value: userName })).json.userName;
    const uids = (of: string) =>
      [...slapd.ldapsearch(`(uid=${of})`, "uid").matchAll(/^uid: (.*)$/gm)].map(([, uid]) => uid);
    slapd.ldapmodify(`dn: uid=asmith,ou=people,${SUFFIX}\nchangetype: modify\nadd: uid\nuid: ann.smith\n`);
    expect((await send(gateway, "GET", `/Users/${user.id}`)).json.userName).toBe("asmith");
    for (const name of ["asmith", "a.smith", "a.smith"]) expect(await rename(name)).toBe(name);
    const put = { userName: "a.smith", displayName: "Ann" };
    expect((await send(gateway, "PUT", `/Users/${user.id}`, put)).json.userName).toBe("a.smith");
    expect(uids("ann.smith").sort()).toEqual(["a.smith", "ann.smith"]);
  });

  test.each(["back\\slash", "Smith, Ann", "trailing ", "#1 + 2; =3"])(
    "%j is taken back whole where a rename is",
    async (userName) => {
      const user = await create("/Users", { userName, displayName: "S" });
      const value = { userName: "goes", 'emails[type eq "work"].value': "日本" };
      expect((await patch(`/Users/${user.id}`, { op: "replace", value })).status).toBe(400);
      expect((await send(gateway, "GET", `/Users/${user.id}`)).json.userName).toBe(userName);
      expect((await patch(`/Users/${user.id}`, { op: "replace", path: "title", value: "x" })).status).toBe(200);
      expect((await send(gateway, "DELETE", `/Users/${user.id}`)).status).toBe(204);
    },
  );

  test("a directory that has no key for its entries is not served, and another key that they have is", async () => {
    const settings = openLdap(slapd, ROOT);
    const keyed = { ...settings.connectors.directory.kinds.user, key: "employeeNumber" };
    settings.connectors.directory.kinds.user = keyed;
    const folder = mkdtempSync(join(tmpdir(), "postern-key-"));
    const mapping = join(folder, "user.yaml");
    const attributes = { id: { attr: "employeeNumber", readOnly: true }, userName: "uid", title: "title" };
    writeFileSync(mapping, stringify({ resource: "User", kind: "user", attributes }));
    settings.routes["/scim/v2"] = { User: { connector: "directory", mapping } } as never;
    const other = await startGateway(settings);
    await create("/Users", { userName: "unnumbered", displayName: "U" });
    const listed = await send(other, "GET", `/Users?filter=${encodeURIComponent('userName eq "unnumbered"')}`);
    expect(listed.status).toBe(503);
    expect(listed.json.detail).toMatch(/returned no employeeNumber for uid=unnumbered,.*`key`/);
    slapd.ldapmodify(
      `dn: uid=unnumbered,ou=people,${SUFFIX}\nchangetype: modify\nadd: employeeNumber\nemployeeNumber: 00-7/x\n`,
    );
    const at = `/Users/${encodeURIComponent("00-7/x")}`;
    expect((await send(other, "GET", at)).json).toMatchObject({ id: "00-7/x", userName: "unnumbered" });
    const change = { Operations: [{ op: "replace", path: "title", value: "Agent" }] };
    expect((await send(other, "PATCH", at, change)).json.title).toBe("Agent");
    expect((await send(other, "GET", "/Users/007")).status).toBe(404);
    await other.stop();
    rmSync(folder, { recursive: true });
  });

  test("a base that is not there is 503 with its name, for each id and each request, and never 404", async () => {
    const settings = openLdap(slapd, ROOT);
    settings.connectors.directory.kinds.user.base = `ou=nowhere,${SUFFIX}`;
    const wrong = await startGateway(settings);
    const { id } = await create("/Users", { userName: "somewhere", displayName: "S" });
    const patchBody = { Operations: [{ op: "replace", path: "title", value: "x" }] };
    for (const [method, path, body] of [
      ["GET", `/Users/${id}`],
      ["GET", '/Users?filter=userName eq "somewhere"'],
      ["GET", "/Users"],
      ["PATCH", `/Users/${id}`, patchBody],
      ["DELETE", `/Users/${id}`],
      ["POST", "/Users", { userName: "new", displayName: "N" }],
    ] as const) {
      const answer = await send(wrong, method, encodeURI(path), body);
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(503);
      expect(answer.json.detail).toMatch(/base ou=nowhere,.* of user does not exist.*kinds\.user\.base/);
    }
    await wrong.stop();
  });

  test("what a client gives twice is given once, and an attribute that the schema lacks is its mistake in each write", async () => {
    const user = await create("/Users", { userName: "twice", displayName: "T" });
    const group = await create("/Groups", { displayName: "twice", members: [{ value: user.id }, { value: user.id }] });
    expect(group.members).toHaveLength(1);
    const add = { op: "add", path: "members", value: [{ value: user.id }, { value: user.id }] };
    expect((await patch(`/Groups/${group.id}`, add)).status).toBe(204);
    const folder = mkdtempSync(join(tmpdir(), "postern-schema-"));
    const mapping = join(folder, "user.yaml");
    const attributes = {
      id: { attr: "entryUUID", readOnly: true },
      userName: "uid",
      displayName: "cn",
      title: "noSuchType",
    };
    writeFileSync(
      mapping,
      stringify({
        resource: "User",
        kind: "user",
        attributes,
        create: { objectClass: '["inetOrgPerson"]', sn: "userName" },
      }),
    );
    const settings = openLdap(slapd, ROOT);
    settings.routes["/scim/v2"] = { User: { connector: "directory", mapping } } as never;
    const other = await startGateway(settings);
    const lacking = { userName: "lacking", displayName: "L", title: "x" };
    const change = { Operations: [{ op: "replace", path: "title", value: "x" }] };
    expect((await send(other, "POST", "/Users", lacking)).status).toBe(400);
    expect((await send(other, "PATCH", `/Users/${user.id}`, change)).status).toBe(400);
    expect((await send(other, "PUT", `/Users/${user.id}`, { ...lacking, userName: "twice" })).status).toBe(400);
    await other.stop();
    rmSync(folder, { recursive: true });
  });

  test("a password that is wrong is tried once, whatever is asked, and the right one from its file at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-secret-"));
    const secret = join(folder, "password");
    writeFileSync(secret, "not-the-password");
    const settings = openLdap(slapd, ROOT);
    settings.connectors.directory.bind = { ...slapd.bind, password: `\${file:${secret}}` };
    const counted = await startGateway(settings);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => send(counted, "GET", `/Users?startIndex=${n + 1}&count=1`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    expect(answers.at(-1)!.json.detail).toMatch(/next attempt is in/);
    // By the directory's own count.
    const failures = slapd.ldapsearch(`(entryDN=${slapd.bind.dn})`, "pwdFailureTime").match(/pwdFailureTime:/g) ?? [];
    expect(failures.length).toBeLessThanOrEqual(1);
    writeFileSync(secret, slapd.bind.password);
    await expect.poll(async () => (await send(counted, "GET", "/Users?count=1")).status, { timeout: 10_000 }).toBe(200);
    await counted.stop();
    rmSync(folder, { recursive: true });
  });

  test("an entry outside the kind's base is nothing, for reads and for writes", async () => {
    const id = /entryUUID: (.*)/.exec(slapd.ldapsearch("(uid=outside)", "entryUUID"))![1];
    expect((await send(gateway, "GET", `/Users/${id}`)).status).toBe(404);
    expect((await patch(`/Users/${id}`, { op: "replace", path: "title", value: "x" })).status).toBe(404);
    expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(404);
    expect(slapd.ldapsearch("(uid=outside)", "title")).toBe(`dn: uid=outside,ou=services,${SUFFIX}\n\n`);
  });

  test("what a creation would put beyond the kind's filter is not left there", async () => {
    const settings = openLdap(slapd, ROOT);
    settings.connectors.directory.kinds.user.filter = "(&(objectClass=inetOrgPerson)(title=staff))";
    const narrow = await startGateway(settings);
    const made = (title: string) =>
      send(narrow, "POST", "/Users", { userName: `of-${title}`, displayName: "O", title });
    expect((await made("staff")).status).toBe(201);
    const beyond = await made("guest");
    expect(beyond.status, beyond.text).toBe(400);
    expect(slapd.ldapsearch("(uid=of-guest)", "uid")).toBe("");
    expect(slapd.ldapsearch("(uid=of-staff)", "uid")).toContain("uid: of-staff");
    await narrow.stop();
  });

  test("a change that the directory takes for one of the filter's attributes, by another name or form, is taken back", async () => {
    const user = await create("/Users", { userName: "aliased", displayName: "A", name: { familyName: "Berg" } });
    const boss = await create("/Users", { userName: "aliased-boss", displayName: "B" });
    const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    for (const [filter, path, value] of [
      ["(!(surname=robot))", "name.familyName", "Robot"],
      ["(!(name=robot))", "title", "robot"],
      ["(!(telephoneNumber=123456))", 'phoneNumbers[type eq "work"].value', "12 34-56"],
      [`(!(manager=uid=aliased-boss, ou=people, ${SUFFIX}))`, `${urn}:manager`, { value: boss.id }],
      ["(userid=ali*)", "userName", "beyond"],
      [`(entryDN=uid=aliased,ou=people,${SUFFIX})`, "userName", "beyond"],
    ] as const) {
      const settings = openLdap(slapd, ROOT);
      settings.connectors.directory.kinds.user.filter = `(&(objectClass=inetOrgPerson)${filter})`;
      const narrow = await startGateway(settings);
      const Operations = [{ op: "replace", path, value }];
      const refused = await send(narrow, "PATCH", `/Users/${user.id}`, { Operations });
      expect(refused.status, `${filter}: ${refused.text}`).toBe(400);
      expect((await send(narrow, "GET", `/Users/${user.id}`)).status, filter).toBe(200);
      await narrow.stop();
    }
    expect(slapd.ldapsearch("(uid=aliased)", "sn", "title", "telephoneNumber", "manager")).not.toMatch(
      /robot|12 34|manager/i,
    );
  });

  test("a single value takes the place of all that are there, and of several names the one that names the entry changes", async () => {
    const { id } = await create("/Users", { userName: "several", displayName: "S" });
    const more = (lines: string) =>
      slapd.ldapmodify(`dn: uid=several,ou=people,${SUFFIX}\nchangetype: modify\n${lines}`);
    const phones = () =>
      [...slapd.ldapsearch("(cn=S)", "telephoneNumber").matchAll(/telephoneNumber: (.*)/g)].map(([, value]) => value);
    const two = () => more("replace: telephoneNumber\ntelephoneNumber: 111\ntelephoneNumber: 222\n");
    const whole = { userName: "several", displayName: "S" };
    two();
    await send(gateway, "PUT", `/Users/${id}`, { ...whole, phoneNumbers: [{ type: "work", value: "333" }] });
    expect(phones()).toEqual(["333"]);
    two();
    expect((await send(gateway, "PUT", `/Users/${id}`, whole)).json.phoneNumbers).toBeUndefined();
    expect(phones()).toEqual([]);
    two();
    await patch(`/Users/${id}`, { op: "replace", path: 'phoneNumbers[value eq "111"].value', value: "333" });
    expect(phones()).toEqual(["333"]);
    more("add: uid\nuid: beside\n");
    const renamed = await send(gateway, "PUT", `/Users/${id}`, { ...whole, userName: "several-2" });
    expect(renamed.json, renamed.text).toMatchObject({ userName: "several-2" });
  });

  test("a change that would take an entry beyond the kind's filter is refused, with whatever is asked beside it", async () => {
    const settings = openLdap(slapd, ROOT);
    settings.connectors.directory.kinds.user.filter =
      "(&(objectClass=inetOrgPerson)(|(departmentNumber=staff)(departmentNumber=lab*))(!(title=robot)))";
    const narrow = await startGateway({ ...settings, safety: { "/scim/v2": { guard: { deletes: 0, disables: 0 } } } });
    const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    const made = await send(narrow, "POST", "/Users", {
      userName: "within",
      displayName: "W",
      title: "Chief",
      [urn]: { department: "staff" },
    });
    expect(made.status, made.text).toBe(201);
    const change = (...Operations: object[]) => send(narrow, "PATCH", `/Users/${made.json.id}`, { Operations });
    const department = `${urn}:department`;
    const chief = { op: "replace", path: "title", value: "Boss" };
    for (const operations of [
      [{ op: "replace", path: department, value: "guest" }],
      [chief, { op: "remove", path: department }],
      [{ op: "replace", path: "title", value: "ROBOT " }],
      [
        { op: "replace", path: "userName", value: "beyond" },
        { op: "replace", path: department, value: "guest" },
      ],
    ]) {
      const refused = await change(...operations);
      expect(refused.status, refused.text).toBe(400);
      expect(refused.json.detail).toMatch(/no longer match its kind's filter .*: nothing was changed/);
    }
    expect((await send(narrow, "PUT", `/Users/${made.json.id}`, { userName: "within", displayName: "W" })).status).toBe(
      400,
    );
    expect((await change(chief, { op: "replace", path: department, value: "Laboratory 5" })).status).toBe(200);
    expect(slapd.ldapsearch("(uid=within)", "title", "departmentNumber")).toMatch(/title: Boss[\s\S]*: Laboratory 5/);
    await narrow.stop();
  });

  test("a mark among several values is one, whichever comes first, and goes alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-mark-"));
    const mapping = join(folder, "marked.yaml");
    const attributes = {
      id: { attr: "entryUUID", readOnly: true },
      userName: "uid",
      displayName: "cn",
      active: { attr: "employeeType", as: { equals: "Active" } },
    };
    const source = { resource: "User", kind: "user", attributes };
    writeFileSync(
      mapping,
      stringify({ ...source, create: { objectClass: '["top", "inetOrgPerson"]', sn: "userName" } }),
    );
    const { connectors, routes } = openLdap(slapd, ROOT);
    const route = { ...routes["/scim/v2"], User: { connector: "directory", mapping, patchResponse: "resource" } };
    const marked = await startGateway({ connectors, routes: { "/scim/v2": route } });
    const { json } = await send(marked, "POST", "/Users", { userName: "marked", displayName: "M", active: true });
    for (const values of [
      ["Other", "Active"],
      ["Active", "Other"],
    ]) {
      const lines = values.map((value) => `employeeType: ${value}\n`).join("");
      slapd.ldapmodify(`dn: uid=marked,ou=people,${SUFFIX}\nchangetype: modify\nreplace: employeeType\n${lines}`);
      expect((await send(marked, "GET", `/Users/${json.id}`)).json.active, values.join()).toBe(true);
      const Operations = [{ op: "replace", path: "active", value: false }];
      const { status, text } = await send(marked, "PATCH", `/Users/${json.id}`, { Operations });
      expect(status, text).toBe(200);
      expect((await send(marked, "GET", `/Users/${json.id}`)).json.active, values.join()).toBe(false);
      expect(slapd.ldapsearch("(uid=marked)", "employeeType")).toMatch(/employeeType: Other/);
    }
    await marked.stop();
    rmSync(folder, { recursive: true });
  });

  test("an account stays disabled when it gets a password, in whatever order, and what failed logons locked is active", async () => {
    const user = await create("/Users", {
      userName: "leaver",
      displayName: "L",
      password: "the first of its kind",
      active: true,
    });
    const operation = (path: string, value: unknown) => ({ op: "replace", path, value });
    const active = async () => (await send(gateway, "GET", `/Users/${user.id}`)).json.active;
    const lock = () => /pwdAccountLockedTime: (.*)/.exec(slapd.ldapsearch("(uid=leaver)", "pwdAccountLockedTime"))?.[1];
    expect((await patch(`/Users/${user.id}`, operation("active", false))).json.active).toBe(false);
    expect((await patch(`/Users/${user.id}`, operation("password", "a second one of them"))).json.active).toBe(false);
    const whole = { userName: "leaver", displayName: "L", password: "a third one of them" };
    expect((await send(gateway, "PUT", `/Users/${user.id}`, whole)).json.active).toBe(false);
    const both = [operation("password", "a fourth one of them"), operation("active", false)];
    expect((await patch(`/Users/${user.id}`, ...both)).json.active).toBe(false);
    expect((await patch(`/Users/${user.id}`, ...both.toReversed())).json.active).toBe(false);
    expect(lock()).toBe("000001010000Z");
    // Nor is it enabled when the password is taken away.
    for (const emptied of [{ op: "remove", path: "password" }, operation("password", "")])
      expect((await patch(`/Users/${user.id}`, emptied)).json.active).toBe(false);
    expect(lock()).toBe("000001010000Z");
    const twice = [operation("password", "never to be seen"), operation("password", "this one of the two")];
    expect((await patch(`/Users/${user.id}`, ...twice)).status).toBe(200);
    expect((await patch(`/Users/${user.id}`, operation("active", true))).json.active).toBe(true);
    expect((await patch(`/Users/${user.id}`, ...both)).json.active).toBe(false);
    expect(
      (await patch(`/Users/${user.id}`, operation("active", true), operation("password", "a fifth of them"))).json
        .active,
    ).toBe(true);
    // As ppolicy does it after too many failed logons.
    const dn = `dn: uid=leaver,ou=people,${SUFFIX}\nchangetype: modify\n`;
    slapd.ldapmodify(`${dn}replace: pwdAccountLockedTime\npwdAccountLockedTime: 20260101000000Z\n`);
    expect(await active()).toBe(true);
    expect((await patch(`/Users/${user.id}`, operation("active", true))).json.active).toBe(true);
    expect(lock()).toBe("20260101000000Z");
    expect((await patch(`/Users/${user.id}`, operation("active", false))).json.active).toBe(false);
    expect(lock()).toBe("000001010000Z");
    const found = async (filter: string) =>
      (await send(gateway, "GET", `/Users?filter=${encodeURIComponent(`userName eq "leaver" and ${filter}`)}`)).json
        .totalResults;
    expect([await found("active eq false"), await found("active eq true")]).toEqual([1, 0]);
  });

  test.each([
    ["several values", "employeeType", ["contractor", "temp"]],
    ["one value that is another's", "employeeType", ["contractor"]],
    ["room for one value", "displayName", ["Ann"]],
  ])("a mark on an attribute with %s comes and goes by itself", async (_, attr, values) => {
    const folder = mkdtempSync(join(tmpdir(), "postern-mark-"));
    const mapping = join(folder, "user.yaml");
    const active = { attr, as: { equals: "disabled", inverted: true } };
    writeFileSync(
      mapping,
      stringify({
        resource: "User",
        kind: "user",
        attributes: { id: { attr: "entryUUID", readOnly: true }, userName: "uid", active },
      }),
    );
    const { connectors } = openLdap(slapd, ROOT);
    const marking = await startGateway({
      connectors,
      routes: { "/scim/v2": { User: { connector: "directory", mapping } } },
    });
    rmSync(folder, { recursive: true });
    const name = `m${crypto.randomUUID()}`;
    const held = values.map((value) => `${attr}: ${value}\n`).join("");
    slapd.ldapmodify(
      `dn: uid=${name},ou=people,${SUFFIX}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: ${name}\ncn: x\nsn: x\n${held}`,
    );
    const now = () =>
      [...slapd.ldapsearch(`(uid=${name})`, attr).matchAll(new RegExp(`${attr}: (.*)`, "g"))].map(([, value]) => value);
    const { id } = (await send(marking, "GET", `/Users?filter=userName eq "${name}"`)).json.Resources[0];
    const others = attr === "displayName" ? [] : values;
    for (const set of [
      (value: boolean) =>
        send(marking, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value }] }),
      (value: boolean) => send(marking, "PUT", `/Users/${id}`, { userName: name, active: value }),
    ]) {
      expect((await set(false)).json.active).toBe(false);
      expect(now().sort()).toEqual([...others, "disabled"].sort());
      expect((await set(true)).json.active).toBe(true);
      expect(now().sort()).toEqual([...others].sort());
    }
    await marking.stop();
  });

  test("members by another attribute than the DN: memberUid holds names, found, filtered and changed by ids", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-posix-"));
    const mapping = join(folder, "posix.yaml");
    const source = {
      resource: "Group",
      kind: "posix",
      attributes: {
        id: { attr: "entryUUID", readOnly: true },
        displayName: "cn",
        members: { attr: "memberUid", ref: "User", by: "uid", many: true },
      },
      create: { objectClass: '["top", "posixGroup"]', gidNumber: '"5000"' },
    };
    writeFileSync(mapping, stringify(source));
    const { connectors, routes } = openLdap(slapd, ROOT);
    const posix = { base: `ou=groups,${SUFFIX}`, filter: "(objectClass=posixGroup)", rdn: "cn" };
    const directory = { ...connectors.directory, kinds: { ...connectors.directory.kinds, posix } };
    const route = { ...routes["/scim/v2"], Group: { connector: "directory", mapping, patchResponse: "resource" } };
    const config = (protect: object = {}) => ({
      connectors: { directory },
      routes: { "/scim/v2": route },
      safety: { "/scim/v2": { protect } },
    });
    const unix = await startGateway(config({ User: { entries: 'userName sw "svc-"' } }));
    const ask = async (method: string, path: string, body?: object) => {
      const { status, json, text } = await send(unix, method, path, body);
      return { status, json, text };
    };
    const made = async (userName: string) =>
      (await ask("POST", "/Users", { userName, displayName: userName })).json.id as string;
    const [ann, bob, service] = [await made("posix-Ann"), await made("posix-bob"), await made("svc-posix")];
    const group = await ask("POST", "/Groups", { displayName: "unix", members: [{ value: ann }] });
    expect(group.status, group.text).toBe(201);
    const { id } = group.json;
    const uids = () =>
      [...slapd.ldapsearch("(cn=unix)", "memberUid").matchAll(/memberUid: (.*)/g)].map(([, uid]) => uid);
    expect(uids()).toEqual(["posix-Ann"]);
    const change = (...Operations: object[]) => ask("PATCH", `/Groups/${id}`, { Operations });
    const members = async () =>
      ((await ask("GET", `/Groups/${id}`)).json.members ?? []).map(({ value }: { value: string }) => value).sort();
    expect((await change({ op: "add", path: "members", value: [{ value: bob }] })).status).toBe(200);
    expect(await members()).toEqual([ann, bob].sort());
    const found = await ask("GET", `/Groups?filter=${encodeURIComponent(`members eq "${bob}"`)}&attributes=id`);
    expect(found.json.Resources).toMatchObject([{ id }]);
    expect((await change({ op: "remove", path: `members[value eq "${ann}"]` })).status).toBe(200);
    expect(uids()).toEqual(["posix-bob"]);
    // Names of nobody are not shown, and stay where they are; a user of several names is one member.
    slapd.ldapmodify(
      `dn: cn=unix,ou=groups,${SUFFIX}\nchangetype: modify\nadd: memberUid\nmemberUid: nobody-here\nmemberUid: POSIX-ANN\n`,
    );
    expect(await members()).toEqual([ann, bob].sort());
    expect((await ask("PUT", `/Groups/${id}`, { displayName: "unix", members: [{ value: bob }] })).status).toBe(200);
    expect(uids().sort()).toEqual(["nobody-here", "posix-bob"]);
    // Where both names of one user are in it, both go.
    slapd.ldapmodify(
      `dn: uid=posix-bob,ou=people,${SUFFIX}\nchangetype: modify\nadd: uid\nuid: robert\n\ndn: cn=unix,ou=groups,${SUFFIX}\nchangetype: modify\nadd: memberUid\nmemberUid: robert\n`,
    );
    expect((await change({ op: "remove", path: `members[value eq "${bob}"]` })).status).toBe(200);
    expect(uids()).toEqual(["nobody-here"]);
    const absent = "00000000-0000-4000-8000-000000000000";
    expect((await change({ op: "add", path: "members", value: [{ value: absent }] })).status).toBe(400);
    // A protected entry is one by whatever name it is a member.
    expect((await change({ op: "add", path: "members", value: [{ value: service }] })).status).toBe(403);
    slapd.ldapmodify(`dn: cn=unix,ou=groups,${SUFFIX}\nchangetype: modify\nadd: memberUid\nmemberUid: SVC-posix\n`);
    expect((await change({ op: "remove", path: `members[value eq "${service}"]` })).status).toBe(403);
    expect((await ask("DELETE", `/Groups/${id}`)).status).toBe(403);
    // Who is gone leaves no name behind that the next one of it would come into.
    const carl = await made("posix-carl");
    await ask("POST", "/Groups", { displayName: "wheel", members: [{ value: carl }] });
    expect((await ask("DELETE", `/Users/${carl}`)).status).toBe(204);
    expect(slapd.ldapsearch("(cn=wheel)", "memberUid")).not.toContain("memberUid:");
    await unix.stop();
    // By its DN, which memberUid does not hold, it is refused at the start.
    writeFileSync(
      mapping,
      stringify({
        ...source,
        attributes: { ...source.attributes, members: { attr: "memberUid", ref: "User", many: true } },
      }),
    );
    await expect(startGateway(config())).rejects.toThrow(
      /"memberUid" as a reference, but it does not hold DNs: .*by: uid/,
    );
    rmSync(folder, { recursive: true });
  });

  test("a member who was moved out of the base is taken out of the group all the same", async () => {
    const [gone, stays] = [
      await create("/Users", { userName: "moved-away", displayName: "M" }),
      await create("/Users", { userName: "stays-here", displayName: "S" }),
    ];
    const members = [{ value: gone.id }, { value: stays.id }];
    const group = await create("/Groups", { displayName: "left behind", members });
    slapd.ldapmodify(
      `dn: uid=moved-away,ou=people,${SUFFIX}\nchangetype: modrdn\nnewrdn: uid=moved-away\ndeleteoldrdn: 1\nnewsuperior: ou=services,${SUFFIX}\n`,
    );
    const held = () => slapd.ldapsearch("(cn=left behind)", "member");
    expect(held()).toContain("member: uid=moved-away,ou=services");
    expect((await send(gateway, "GET", `/Users/${gone.id}`)).status).toBe(404);
    const removal = { op: "remove", path: `members[value eq "${gone.id}"]` };
    expect((await patch(`/Groups/${group.id}`, removal)).status).toBeLessThan(300);
    expect(held()).not.toContain("moved-away");
    expect(held()).toContain("stays-here");
    // To be added one has to be within reach.
    const addition = { op: "add", path: "members", value: [{ value: gone.id }] };
    expect((await patch(`/Groups/${group.id}`, addition)).status).toBe(400);
    expect((await patch(`/Groups/${group.id}`, removal, addition)).status).toBe(400);
  });

  test("a member that does not exist is refused, a manager that does not is passed over", async () => {
    const absent = "00000000-0000-4000-8000-000000000000";
    const refused = await send(gateway, "POST", "/Groups", { displayName: "ghosts", members: [{ value: absent }] });
    expect(refused.json).toMatchObject({
      status: "400",
      scimType: "invalidValue",
      detail: expect.stringContaining(absent),
    });
    const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    expect(
      (await send(gateway, "POST", "/Users", { userName: "lonely", displayName: "L", [urn]: { manager: absent } }))
        .status,
    ).toBe(201);
  });

  const operations: [string, string, string, object | undefined][] = [
    ["get", "GET", "/Users/{id}", undefined],
    ["list", "GET", "/Users", undefined],
    ["filter", "GET", '/Users?filter=userName eq "x"', undefined],
    ["create", "POST", "/Users", { userName: "never", displayName: "N" }],
    ["replace", "PUT", "/Users/{id}", { userName: "never", displayName: "N" }],
    ["patch", "PATCH", "/Users/{id}", { Operations: [{ op: "replace", path: "title", value: "x" }] }],
    ["delete", "DELETE", "/Users/{id}", undefined],
  ];

  test.each([
    ["hangs", () => slapd.signal("SIGSTOP"), async () => slapd.signal("SIGCONT")],
    ["is gone", () => slapd.kill(), () => slapd.restart()],
  ])(
    "while the directory %s every operation is 503 with Retry-After, and served again after its return",
    async (_, stop, bringBack) => {
      const { id } = await create("/Users", { userName: `there${Math.random()}`, displayName: "T" });
      await stop();
      try {
        const answers = await Promise.all(
          operations.map(async ([name, method, path, body]) => {
            const { status, headers } = await send(gateway, method, encodeURI(path.replace("{id}", id)), body, {
              connection: "close",
            });
            return { name, status, retryAfter: headers.has("retry-after") };
          }),
        );
        expect(answers).toEqual(operations.map(([name]) => ({ name, status: 503, retryAfter: true })));
        expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
        expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
      } finally {
        await bringBack();
      }
      const patience = { timeout: 30_000, interval: 100 };
      await expect.poll(async () => (await send(gateway, "GET", "/Users?count=1")).status, patience).toBe(200);
      await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).status, patience).toBe(200);
    },
  );
});
