import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { DOMAIN, GROUPS, openActiveDirectory, type Samba, STAFF, startSamba } from "./servers/samba.ts";

const AD = "urn:postern:params:scim:schemas:extension:ad:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** A shipped mapping, changed; gives the path of the copy. */
function changedMapping(folder: string, name: string, change: (mapping: Record<string, object>) => void): string {
  const file = join(folder, `${name}-${Math.random().toString(36).slice(2)}.yaml`);
  const mapping = parse(readFileSync(join(ROOT, `mappings/ad/${name}.yaml`), "utf8"));
  mapping.types = join(ROOT, "mappings/ad/ad.types.yaml");
  change(mapping);
  writeFileSync(file, stringify(mapping));
  return file;
}

describe("the gateway on Active Directory", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-ad-"));
  let samba: Samba;
  let gateway: TestGateway;
  const others: TestGateway[] = [];
  beforeAll(async () => {
    samba = await startSamba();
    gateway = await startGateway(openActiveDirectory(samba, ROOT));
  });
  afterAll(async () => {
    for (const each of [gateway, ...others]) await each?.stop();
    await samba?.stop();
    rmSync(folder, { recursive: true });
  });
  /** A gateway in front of the same domain that is set up in another way. */
  const another = async (options: Parameters<typeof openActiveDirectory>[2]) => {
    const started = await startGateway(openActiveDirectory(samba, ROOT, options));
    others.push(started);
    return started;
  };
  let count = 0;
  const login = () => `user${++count}`;
  const user = (userName: string, more: object = {}) => ({
    userName: `${userName}@corp.example.test`,
    displayName: userName,
    active: true,
    ...more,
  });
  const created = async (path: string, body: object, at: TestGateway = gateway) => {
    const { status, json } = await send(at, "POST", path, body);
    expect(status, JSON.stringify(json)).toBe(201);
    return json;
  };
  const get = async (path: string, at: TestGateway = gateway) => (await send(at, "GET", encodeURI(path))).json;
  const patch = (path: string, ...Operations: object[]) => send(gateway, "PATCH", path, { Operations });
  const patchAt = (at: TestGateway, path: string, ...Operations: object[]) => send(at, "PATCH", path, { Operations });
  const attribute = (base: string, filter: string, attr: string) =>
    [...samba.ldapsearch(base, filter, attr).matchAll(new RegExp(`^${attr}: (.*)$`, "gm"))].map(([, value]) => value);
  const dnOf = (id: string) => {
    const found = samba.ldapsearch(`<GUID=${id}>`, "-s", "base", "(objectClass=*)", "distinguishedName");
    return /^distinguishedName: (.*)$/m.exec(found)![1]!;
  };
  const canLogOn = (dn: string, password: string) => {
    try {
      samba.logOn(dn, password);
      return true;
    } catch {
      return false;
    }
  };

  describe("accounts", () => {
    test("come out enabled with their password, and can log on with it", async () => {
      const name = login();
      const { id, active, password } = await created("/Users", user(name, { password: "Correct horse 7 battery" }));
      expect(active).toBe(true);
      expect(password).toBeUndefined();
      expect(canLogOn(dnOf(id), "Correct horse 7 battery")).toBe(true);
      expect(canLogOn(dnOf(id), "another")).toBe(false);
      expect((await patch(`/Users/${id}`, { op: "replace", path: "password", value: "Påssord №2 æøå" })).status).toBe(
        200,
      );
      expect(canLogOn(dnOf(id), "Påssord №2 æøå")).toBe(true);
    });

    test("whose password the policy refuses are not made, and the client reads why", async () => {
      const name = login();
      const refused = await send(gateway, "POST", "/Users", user(name, { password: "weak" }));
      expect(refused.json).toMatchObject({
        status: "400",
        scimType: "invalidValue",
        detail: expect.stringMatching(/password policy refuses.*0000052D.*too short/s),
      });
      expect(samba.ldapsearch(STAFF, `(cn=${name})`, "dn")).toBe("");
      const { id } = await created("/Users", user(name, { password: "Correct horse 7 battery" }));
      const weaker = await patch(`/Users/${id}`, { op: "replace", path: "password", value: "weak" });
      expect(weaker.json).toMatchObject({ status: "400", scimType: "invalidValue" });
      expect(canLogOn(dnOf(id), "Correct horse 7 battery")).toBe(true);
    });

    test("without a password get one that nobody knows, or are made disabled where that is configured", async () => {
      const { id } = await created("/Users", user(login()));
      expect(attribute(STAFF, `(distinguishedName=${dnOf(id)})`, "userAccountControl")).toEqual(["512"]);
      const careful = await another({ user: { withoutPassword: "disable" } });
      const made = await created("/Users", user(login()), careful);
      expect(made.active).toBe(false);
      expect(attribute(STAFF, `(distinguishedName=${dnOf(made.id)})`, "userAccountControl")).toEqual(["514"]);
      const inactive = await created("/Users", user(login(), { active: false }));
      expect(inactive.active).toBe(false);
    });

    test("keep their other flags when they are disabled and enabled, and are found by the one", async () => {
      const name = login();
      const { id } = await created("/Users", user(name));
      samba.ldapmodify(`dn: ${dnOf(id)}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n`);
      const flags = () => attribute(STAFF, `(cn=${name})`, "userAccountControl");
      const off = { op: "Replace", path: "active", value: "False" };
      expect((await patch(`/Users/${id}`, off)).json.active).toBe(false);
      expect(flags()).toEqual(["66050"]);
      expect((await patch(`/Users/${id}`, off)).json.active).toBe(false);
      const found = await get(`/Users?filter=active eq false and userName eq "${name}@corp.example.test"`);
      expect(found.Resources.map((each: { id: string }) => each.id)).toEqual([id]);
      await patch(`/Users/${id}`, { op: "replace", path: "active", value: true });
      expect(flags()).toEqual(["66048"]);
    });

    test("tell in dates when they expire, and never where they do not", async () => {
      const name = login();
      const { id } = await created("/Users", user(name));
      expect((await get(`/Users/${id}`))[AD].accountExpires).toBeUndefined();
      const until = { op: "add", path: `${AD}:accountExpires`, value: "2027-01-31T00:00:00Z" };
      expect((await patch(`/Users/${id}`, until)).json[AD].accountExpires).toBe("2027-01-31T00:00:00.000Z");
      expect(attribute(STAFF, `(cn=${name})`, "accountExpires")).toEqual(["134458272000000000"]);
      const before = `${AD}:accountExpires lt "2027-02-01T00:00:00Z" and userName sw "${name}"`;
      expect((await get(`/Users?filter=${before}`)).totalResults).toBe(1);
      expect((await get(`/Users?filter=${AD}:accountExpires gt "2027-02-01T00:00:00Z"`)).totalResults).toBe(0);
      await patch(`/Users/${id}`, { op: "remove", path: `${AD}:accountExpires` });
      expect(attribute(STAFF, `(cn=${name})`, "accountExpires")).toEqual(["0"]);
      expect((await get(`/Users/${id}`))[AD].accountExpires).toBeUndefined();
    });

    test("must change their password where they are told to, and no more when they have", async () => {
      const name = login();
      const { id } = await created(
        "/Users",
        user(name, { password: "Correct horse 7 battery", [AD]: { mustChangePassword: true } }),
      );
      expect((await get(`/Users/${id}`))[AD].mustChangePassword).toBe(true);
      expect(attribute(STAFF, `(cn=${name})`, "pwdLastSet")).toEqual(["0"]);
      await patch(`/Users/${id}`, { op: "replace", path: `${AD}:mustChangePassword`, value: false });
      expect((await get(`/Users/${id}`))[AD].mustChangePassword).toBe(false);
      expect((await get(`/Users?filter=${AD}:mustChangePassword eq true and userName sw "${name}"`)).totalResults).toBe(
        0,
      );
    });

    test("are enabled and get a password in one PATCH", async () => {
      const { id } = await created("/Users", user(login(), { active: false }));
      const value = { active: true, password: "Correct horse 7 battery" };
      expect((await patch(`/Users/${id}`, { op: "replace", value })).json).toMatchObject({ active: true });
      expect(canLogOn(dnOf(id), "Correct horse 7 battery")).toBe(true);
    });

    test("that failed logons have locked say so, and are unlocked by a PATCH", async () => {
      samba.sambaTool("domain", "passwordsettings", "set", "--account-lockout-threshold=2");
      const name = login();
      const { id } = await created("/Users", user(name, { password: "Correct horse 7 battery" }));
      for (let attempt = 0; attempt < 3; attempt++) canLogOn(dnOf(id), "wrong");
      expect((await get(`/Users/${id}`))[AD].locked).toBe(true);
      expect(
        (await get(`/Users?filter=${AD}:locked eq true`)).Resources.map((each: { id: string }) => each.id),
      ).toEqual([id]);
      expect(canLogOn(dnOf(id), "Correct horse 7 battery")).toBe(false);
      await patch(`/Users/${id}`, { op: "replace", path: `${AD}:locked`, value: false });
      expect((await get(`/Users/${id}`))[AD].locked).toBe(false);
      expect(canLogOn(dnOf(id), "Correct horse 7 battery")).toBe(true);
      const locked = await patch(`/Users/${id}`, { op: "replace", path: `${AD}:locked`, value: true });
      expect(locked.json).toMatchObject({ status: "400", scimType: "invalidValue" });
      samba.sambaTool("domain", "passwordsettings", "set", "--account-lockout-threshold=0");
    });
  });

  describe("names", () => {
    test("of namesakes are counted on in their container, and their logon names take the declared fallbacks", async () => {
      const namesake = (upn: string) => ({
        userName: `${upn}.example.test`,
        displayName: "Kari Nordmann",
        name: { givenName: "Kari", familyName: "Nordmann" },
      });
      const dns: string[] = [];
      const logons: string[] = [];
      for (const upn of ["kari.nordmann@a", "kari.nordmann@b", "kari.nordmann@c", "kari.nordmann@d"]) {
        const { id, [AD]: ad } = await created("/Users", namesake(upn));
        dns.push(dnOf(id));
        logons.push(ad.sAMAccountName);
      }
      expect(dns).toEqual([
        `CN=Kari Nordmann,${STAFF}`,
        `CN=Kari Nordmann (2),${STAFF}`,
        `CN=Kari Nordmann (3),${STAFF}`,
        `CN=Kari Nordmann (4),${STAFF}`,
      ]);
      expect(logons).toEqual(["kari.nordmann", "KNordmann", "kari.nordmann2", "kari.nordmann3"]);
      const taken = await send(gateway, "POST", "/Users", namesake("kari.nordmann@a"));
      expect(taken.json).toMatchObject({
        status: "409",
        scimType: "uniqueness",
        detail: expect.stringContaining("userPrincipalName"),
      });
    });

    test("with every awkward character are stored and found, and leave 20 legal ones for the logon name", async () => {
      const displayName = ' #Nordmann, Ola "Ole" <x> + y; z = \\w/ ';
      const userName = "bjørn-åge.müller-ß[admin]@corp.example.test";
      const { id, [AD]: ad } = await created("/Users", { userName, displayName });
      expect(ad.sAMAccountName).toBe("bjorn-age.muller-ssa");
      expect((await get(`/Users/${id}`)).displayName).toBe(displayName);
      expect(dnOf(id)).toContain(STAFF);
      const found = await get(`/Users?filter=userName eq "${userName}"`);
      expect(found.Resources[0].id).toBe(id);
      expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
    });

    test("changed to one that another has are refused, with the attribute", async () => {
      const [one, two] = [login(), login()];
      await created("/Users", user(one));
      const { id } = await created("/Users", user(two));
      const taken = await patch(`/Users/${id}`, { op: "replace", path: "userName", value: `${one}@corp.example.test` });
      expect(taken.json).toMatchObject({ status: "409", scimType: "uniqueness" });
      // Whoever is disabled in the same request is so, and the answer says it.
      const disabled = { op: "replace", path: "active", value: false };
      const name = { op: "replace", path: `${AD}:sAMAccountName`, value: one };
      const both = await patch(`/Users/${id}`, name, disabled);
      expect(both.json, both.text).toMatchObject({
        status: "409",
        detail: expect.stringContaining("The account is disabled"),
      });
      expect((await get(`/Users/${id}`)).active).toBe(false);
    });
  });

  describe("lists and references", () => {
    test("aliases in proxyAddresses come and go, what is no alias stays", async () => {
      const name = login();
      const { id } = await created("/Users", user(name));
      const kept = `SMTP:${name}@example.com`;
      samba.ldapmodify(
        `dn: ${dnOf(id)}\nchangetype: modify\nadd: proxyAddresses\nproxyAddresses: ${kept}\nproxyAddresses: X500:/o=Old\nproxyAddresses: smtp:old@example.com\n`,
      );
      const addresses = () => attribute(STAFF, `(cn=${name})`, "proxyAddresses").sort();
      expect((await get(`/Users/${id}`)).emails).toEqual([{ type: "other", value: "old@example.com" }]);
      const alias = (op: string, value: string) =>
        patch(`/Users/${id}`, { op, path: "emails", value: [{ type: "other", value }] });
      await alias("add", "new@example.com");
      expect(addresses()).toEqual([kept, "X500:/o=Old", "smtp:new@example.com", "smtp:old@example.com"]);
      expect((await get(`/Users?filter=emails.value eq "new@example.com"`)).totalResults).toBe(1);
      expect((await get(`/Users?filter=emails.value eq "${name}@example.com"`)).totalResults).toBe(0);
      await alias("replace", "only@example.com");
      expect(addresses()).toEqual([kept, "X500:/o=Old", "smtp:only@example.com"]);
      await patch(`/Users/${id}`, { op: "remove", path: "emails" });
      expect(addresses()).toEqual([kept, "X500:/o=Old"]);
    });

    test("a manager is an id, and has direct reports", async () => {
      const boss = await created("/Users", user(login()));
      const report = await created("/Users", user(login(), { [ENTERPRISE]: { manager: boss.id } }));
      expect(report[ENTERPRISE].manager.value).toBe(boss.id);
      const reports = (await get(`/Users/${boss.id}`))[AD].directReports;
      expect(reports.map((each: { value: string }) => each.value)).toEqual([report.id]);
      samba.ldapmodify(
        `dn: ${dnOf(boss.id)}\nchangetype: modrdn\nnewrdn: CN=Renamed boss\ndeleteoldrdn: 1\nnewsuperior: OU=Sales,${STAFF}\n`,
      );
      expect((await get(`/Users/${report.id}`))[ENTERPRISE].manager.value).toBe(boss.id);
      const reporting = `/Users?filter=id eq "${report.id}" and manager eq "${boss.id}"`;
      expect((await get(reporting)).totalResults).toBe(1);
      await patch(`/Users/${report.id}`, { op: "Add", path: `${ENTERPRISE}:manager`, value: "" });
      expect((await get(reporting)).totalResults).toBe(0);
    });
  });

  describe("places", () => {
    const rule = `active = false ? "OU=Leavers" : $lookup({"Sales": "OU=Sales", "Research": "OU=Research"}, $enterprise.department)`;
    let placing: TestGateway;
    beforeAll(async () => {
      const User = changedMapping(folder, "user", (mapping) => {
        mapping.write = { container: rule };
      });
      placing = await another({ mappings: { User } });
    });
    const department = (value: string) => ({ op: "replace", path: `${ENTERPRISE}:department`, value });

    test("follow from the resource, when it is created and whenever the result changes", async () => {
      const { id } = await created("/Users", user(login(), { [ENTERPRISE]: { department: "Sales" } }), placing);
      const parent = () => dnOf(id).replace(/^[^,]*,/, "");
      expect(parent()).toBe(`OU=Sales,${STAFF}`);
      expect((await patchAt(placing, `/Users/${id}`, department("Research"))).json).toMatchObject({
        id,
        [ENTERPRISE]: { department: "Research" },
        [AD]: { container: `OU=Research,${STAFF}` },
      });
      expect(parent()).toBe(`OU=Research,${STAFF}`);
      await patchAt(placing, `/Users/${id}`, { op: "replace", path: "active", value: false });
      expect(parent()).toBe(`OU=Leavers,${STAFF}`);
      await patchAt(placing, `/Users/${id}`, { op: "replace", path: "active", value: true }, department("Elsewhere"));
      expect(parent()).toBe(STAFF);
    });

    test("are for those who leave in any case: disabled first, with a number behind a name that is taken, whatever else is refused", async () => {
      const named = (more: object = {}) =>
        user(login(), { name: { givenName: "Kim", familyName: "Same" }, displayName: "Kim Same", ...more });
      const flags = (id: string) =>
        Number(/userAccountControl: (\d+)/.exec(samba.ldapsearch(dnOf(id), "-s", "base", "userAccountControl"))?.[1]);
      const leave = (id: string, ...more: object[]) =>
        patchAt(placing, `/Users/${id}`, ...more, { op: "replace", path: "active", value: false });
      const ids: string[] = [];
      for (const part of ["Sales", "Research", "Elsewhere"])
        ids.push((await created("/Users", named({ [ENTERPRISE]: { department: part } }), placing)).id);
      const [first, second, third] = ids as [string, string, string];
      for (const id of [first, second]) expect((await leave(id)).status).toBe(200);
      expect([dnOf(first), dnOf(second)].map((dn) => dn.replace(/,.*/, ""))).toEqual([
        expect.stringMatching(/^CN=Kim Same( \d)?$/),
        expect.stringMatching(/^CN=Kim Same.*\(2\)$/),
      ]);
      expect(dnOf(second)).toContain("OU=Leavers");
      const refused = await leave(third, { op: "replace", path: "displayName", value: "x".repeat(300) });
      expect(refused.json).toMatchObject({ status: "400", detail: expect.stringContaining("The account is disabled") });
      for (const id of ids) expect(flags(id) & 2, id).toBe(2);
    });

    test("are taken back with the rest where an account would leave its kind, but who was disabled stays so", async () => {
      const narrow = await another({
        user: { filter: "(&(objectCategory=person)(objectClass=user)(!(title=bad))(!(anr=zzbad)))" },
        mappings: {
          User: changedMapping(folder, "user", (mapping) => {
            mapping.write = { container: rule };
          }),
        },
      });
      const leaving = { op: "replace", path: "active", value: false };
      // Only the directory can tell what `anr` matches: the changes are made, and taken back.
      for (const [path, value] of [
        ["title", "bad"],
        ["name.familyName", "zzbad"],
      ] as const) {
        const { id } = await created("/Users", user(login(), { name: { givenName: "A", familyName: "B" } }), narrow);
        const before = dnOf(id);
        const refused = await patchAt(narrow, `/Users/${id}`, { op: "replace", path, value }, leaving);
        expect(refused.status, refused.text).toBe(400);
        expect(dnOf(id)).toBe(before);
        const held = samba.ldapsearch(before, "-s", "base", "userAccountControl", "sn", "title");
        expect(Number(/userAccountControl: (\d+)/.exec(held)?.[1]) & 2).toBe(2);
        expect(held).not.toMatch(/bad/);
      }
    });

    test("chosen by an administrator stay while the result does not change", async () => {
      const { id } = await created("/Users", user(login(), { [ENTERPRISE]: { department: "Sales" } }), placing);
      samba.ldapmodify(
        `dn: ${dnOf(id)}\nchangetype: modrdn\nnewrdn: ${dnOf(id).split(",")[0]}\ndeleteoldrdn: 1\nnewsuperior: ${STAFF}\n`,
      );
      await patchAt(placing, `/Users/${id}`, { op: "replace", path: "title", value: "Boss" });
      expect(dnOf(id).endsWith(`,${STAFF}`) && !dnOf(id).includes("Sales")).toBe(true);
    });

    test("that are not there, or not below the base, are refused with their name, and nothing is changed", async () => {
      const User = changedMapping(folder, "user", (mapping) => {
        mapping.create = { ...mapping.create, container: "title" } as object;
        mapping.write = { container: "title" };
      });
      const free = await another({ mappings: { User } });
      const absent = await send(free, "POST", "/Users", user(login(), { title: "OU=None" }));
      expect(absent.json).toMatchObject({ status: "400", detail: expect.stringContaining(`OU=None,${STAFF}`) });
      const outside = await send(free, "POST", "/Users", user(login(), { title: GROUPS }));
      expect(outside.json).toMatchObject({ status: "400", detail: expect.stringContaining("out of reach") });
      const { id } = await created("/Users", user(login(), { title: "OU=Sales" }), free);
      const moved = await patchAt(free, `/Users/${id}`, {
        op: "replace",
        value: { title: "OU=None", displayName: "x" },
      });
      expect(moved.json).toMatchObject({ status: "400", detail: expect.stringContaining("OU=None") });
      expect(dnOf(id)).toContain("OU=Sales");
      const refused = await patchAt(free, `/Users/${id}`, {
        op: "replace",
        value: { title: "OU=Research", displayName: "x".repeat(300) },
      });
      expect(refused.status).toBe(400);
      expect(dnOf(id)).toContain("OU=Sales");
    });

    test("of the deleted are where the configuration says, disabled, under a name that is free there", async () => {
      const retiring = await another({ user: { onDelete: { moveTo: `OU=Gone,${DOMAIN}` } } });
      for (const expected of ["CN=Same name,OU=Gone", "CN=Same name \\(2\\),OU=Gone"]) {
        const { id } = await created("/Users", user(login(), { displayName: "Same name" }), retiring);
        expect((await send(retiring, "DELETE", `/Users/${id}`)).status).toBe(204);
        expect(dnOf(id)).toMatch(new RegExp(`^${expected},`));
        expect(attribute(dnOf(id), "(objectClass=*)", "userAccountControl")).toEqual(["514"]);
        expect((await send(retiring, "GET", `/Users/${id}`)).status).toBe(404);
        expect((await send(retiring, "DELETE", `/Users/${id}`)).status).toBe(404);
      }
    });
  });

  test("an id finds its entry after a rename and a move by another tool, for reads and for writes", async () => {
    const { id } = await created("/Users", user(login()));
    samba.ldapmodify(
      `dn: ${dnOf(id)}\nchangetype: modrdn\nnewrdn: CN=Somebody else\ndeleteoldrdn: 1\nnewsuperior: OU=Research,${STAFF}\n`,
    );
    expect((await get(`/Users/${id}`)).id).toBe(id);
    expect((await patch(`/Users/${id}`, { op: "replace", path: "title", value: "Moved" })).json).toMatchObject({
      title: "Moved",
    });
    samba.ldapmodify(`dn: ${dnOf(id)}\nchangetype: modrdn\nnewrdn: CN=And again\ndeleteoldrdn: 1\n`);
    expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(204);
    expect((await send(gateway, "GET", `/Users/${id}`)).status).toBe(404);
    expect((await send(gateway, "DELETE", `/Users/${id}`)).status).toBe(404);
  });

  test("what is outside a kind's base, or of another kind, is nothing, for reads, writes and deletes", async () => {
    const outside = [`CN=Administrator,CN=Users,${DOMAIN}`, `CN=Domain Admins,CN=Users,${DOMAIN}`];
    const group = await created("/Groups", { displayName: "scope" });
    const guids = outside.map((dn) => {
      const bytes = /objectGUID:: (.*)/.exec(samba.ldapsearch(dn, "-s", "base", "(objectClass=*)", "objectGUID"))![1]!;
      const hex = Buffer.from(bytes, "base64").toString("hex");
      const at = (...places: number[]) => places.map((place) => hex.slice(2 * place, 2 * place + 2)).join("");
      return [at(3, 2, 1, 0), at(5, 4), at(7, 6), at(8, 9), at(10, 11, 12, 13, 14, 15)].join("-");
    });
    for (const path of [...guids.map((id) => `/Users/${id}`), `/Groups/${guids[1]}`, `/Users/${group.id}`]) {
      expect((await send(gateway, "GET", path)).status).toBe(404);
      expect((await patch(path, { op: "replace", path: "displayName", value: "x" })).status).toBe(404);
      expect((await send(gateway, "DELETE", path)).status).toBe(404);
    }
    expect(await get('/Users?filter=userName eq "Administrator"')).toMatchObject({ totalResults: 0 });
  });

  test("of two that change an account at once both changes are in it at the end", async () => {
    const { id } = await created("/Users", user(login()));
    const changes = [
      { op: "replace", path: "active", value: false },
      { op: "replace", path: "title", value: "Two" },
      { op: "replace", path: `${ENTERPRISE}:department`, value: "Three" },
      { op: "replace", path: "name.givenName", value: "Four" },
    ];
    const answers = await Promise.all(changes.map((change) => patch(`/Users/${id}`, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await get(`/Users/${id}`)).toMatchObject({
      active: false,
      title: "Two",
      name: { givenName: "Four" },
      [ENTERPRISE]: { department: "Three" },
    });
  });

  test("an old version is refused, the one at hand is taken", async () => {
    const { id, meta } = await created("/Users", user(login()));
    const body = { Operations: [{ op: "replace", path: "title", value: "x" }] };
    const first = await send(gateway, "PATCH", `/Users/${id}`, body, { "If-Match": meta.version });
    expect(first.status).toBe(200);
    expect((await send(gateway, "PATCH", `/Users/${id}`, body, { "If-Match": meta.version })).status).toBe(412);
    expect((await send(gateway, "DELETE", `/Users/${id}`, undefined, { "If-Match": meta.version })).status).toBe(412);
  });

  test("pages, order and cursors list every account once", async () => {
    const all: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await get(`/Users?count=7&sortBy=userName&cursor=${cursor}&attributes=userName`);
      all.push(...page.Resources.map((each: { userName: string }) => each.userName));
      if (!page.nextCursor) break;
      cursor = page.nextCursor;
    }
    const { totalResults } = await get("/Users?count=0");
    expect(all.length).toBe(totalResults);
    expect(new Set(all).size).toBe(totalResults);
  });

  describe("groups", () => {
    const members = async (id: string, at = gateway) =>
      ((await get(`/Groups/${id}`, at)).members ?? []).map(({ value, type }: { value: string; type?: string }) => ({
        value,
        type,
      }));

    test("have a type and a scope, and hold users and groups", async () => {
      const GROUP = "urn:postern:params:scim:schemas:extension:ad:2.0:Group";
      const ann = await created("/Users", user(login()));
      const inner = await created("/Groups", { displayName: "inner", members: [{ value: ann.id }] });
      const outer = await created("/Groups", {
        displayName: "outer",
        members: [{ value: inner.id }, { value: ann.id }],
        [GROUP]: { type: "universalSecurity" },
      });
      expect(inner[GROUP]).toEqual({ type: "globalSecurity", sAMAccountName: "inner" });
      expect(attribute(GROUPS, "(cn=outer)", "groupType")).toEqual(["-2147483640"]);
      expect(await members(outer.id)).toEqual(
        expect.arrayContaining([
          { value: inner.id, type: "Group" },
          { value: ann.id, type: "User" },
        ]),
      );
      const isMember = (gid: string, uid: string) =>
        get(`/Groups?filter=id eq "${gid}" and members eq "${uid}"&attributes=id`);
      expect((await isMember(outer.id, inner.id)).totalResults).toBe(1);
      expect((await isMember(inner.id, outer.id)).totalResults).toBe(0);
      expect((await send(gateway, "POST", "/Groups", { displayName: "outer" })).json).toMatchObject({
        scimType: "uniqueness",
      });
    });

    test("take a member twice, and let one go twice", async () => {
      const ann = await created("/Users", user(login()));
      const bob = await created("/Users", user(login()));
      const { id } = await created("/Groups", { displayName: "repeats" });
      const add = { op: "Add", path: "members", value: [{ value: ann.id }] };
      const both = { op: "add", path: "members", value: [{ value: ann.id }, { value: bob.id }] };
      const remove = { op: "Remove", path: "members", value: [{ $ref: null, value: ann.id }] };
      for (const operation of [add, add, both]) expect((await patch(`/Groups/${id}`, operation)).status).toBe(204);
      expect((await members(id)).length).toBe(2);
      for (const operation of [remove, remove, { op: "remove", path: `members[value eq "${ann.id}"]` }])
        expect((await patch(`/Groups/${id}`, operation)).status).toBe(204);
      expect(await members(id)).toEqual([{ value: bob.id, type: "User" }]);
    });

    test("come and go in the order that they were asked for, few or many", async () => {
      const ids: string[] = [];
      for (let n = 0; n < 10; n++) ids.push((await created("/Users", user(login()))).id);
      const { id } = await created("/Groups", {
        displayName: "in order",
        members: ids.slice(0, 3).map((value) => ({ value })),
      });
      const of = (...which: number[]) => which.map((at) => ({ value: ids[at] }));
      const add = (...which: number[]) => ({ op: "add", path: "members", value: of(...which) });
      const remove = (...which: number[]) => ({ op: "remove", path: "members", value: of(...which) });
      const present = async () =>
        ((await members(id)) as { value: string }[]).map(({ value }) => ids.indexOf(value)).sort();
      await patch(`/Groups/${id}`, remove(9, 2), add(9, 2));
      expect(await present()).toEqual([0, 1, 2, 9]);
      await patch(`/Groups/${id}`, add(0, 8), remove(8, 9));
      expect(await present()).toEqual([0, 1, 2]);
    });

    test("whose new name is beyond their kind's filter are not renamed", async () => {
      for (const filter of ["(cn=app*)", "(!(name=svc*))"]) {
        const narrow = await another({ group: { filter: `(&(objectCategory=group)${filter})` } });
        const { id } = await created("/Groups", { displayName: `app ${filter.length}` }, narrow);
        const refused = await patchAt(narrow, `/Groups/${id}`, { op: "replace", path: "displayName", value: "svc-1" });
        expect(refused.status, filter).toBe(400);
        expect((await get(`/Groups/${id}`, narrow)).displayName).toBe(`app ${filter.length}`);
        // With another change beside the name that leaves it, all is taken back.
        const beside = await patchAt(
          narrow,
          `/Groups/${id}`,
          { op: "replace", path: "displayName", value: "svc-2" },
          {
            op: "replace",
            path: "externalId",
            value: "x",
          },
        );
        expect(beside.status).toBe(400);
        expect(await get(`/Groups/${id}`, narrow)).not.toHaveProperty("externalId");
      }
    });

    test("hide members that are out of reach, or show them by their ids where that is configured", async () => {
      const computer = `CN=PC1,OU=Machines,${DOMAIN}`;
      samba.ldapmodify(`dn: ${computer}\nchangetype: add\nobjectClass: computer\nsAMAccountName: PC1$\n`);
      const { id } = await created("/Groups", { displayName: "machines" });
      samba.ldapmodify(`dn: ${dnOf(id)}\nchangetype: modify\nadd: member\nmember: ${computer}\n`);
      expect(await members(id)).toEqual([]);
      const Group = changedMapping(folder, "group", ({ attributes }) => {
        Object.assign(attributes!, {
          members: { attr: "member", ref: ["User", "Group"], many: true, outside: "show" },
        });
      });
      const open = await another({ mappings: { Group } });
      const [shown] = await members(id, open);
      expect(dnOf(shown.value)).toBe(computer);
      const other = await created("/Groups", { displayName: "machines too", members: [shown] }, open);
      expect(attribute(GROUPS, "(cn=machines too)", "member")).toEqual([computer]);
      await patchAt(open, `/Groups/${other.id}`, { op: "remove", path: `members[value eq "${shown.value}"]` });
      expect(await members(other.id, open)).toEqual([]);
    });

    test("lose a member who was moved out of reach, and say so of one whose primary group they are", async () => {
      const [away, first] = [await created("/Users", user(login())), await created("/Users", user(login()))];
      const members = [{ value: away.id }, { value: first.id }];
      const { id } = await created("/Groups", { displayName: `leaving ${away.userName}`, members });
      const rdn = dnOf(away.id).split(",")[0]!;
      samba.ldapmodify(
        `dn: ${dnOf(away.id)}\nchangetype: modrdn\nnewrdn: ${rdn}\ndeleteoldrdn: 1\nnewsuperior: CN=Users,${DOMAIN}\n`,
      );
      const held = () => attribute(GROUPS, `(cn=leaving ${away.userName})`, "member");
      expect(held()).toHaveLength(2);
      const removal = (of: { id: string }) => ({ op: "remove", path: `members[value eq "${of.id}"]` });
      expect((await patch(`/Groups/${id}`, removal(away))).status).toBeLessThan(300);
      expect(held()).toEqual([dnOf(first.id)]);
      const [number] = attribute(GROUPS, `(cn=leaving ${away.userName})`, "primaryGroupToken");
      samba.ldapmodify(
        `dn: ${dnOf(first.id)}\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: ${number}\n`,
      );
      const refused = await patch(`/Groups/${id}`, removal(first));
      expect([refused.status, refused.json.detail]).toEqual([
        400,
        expect.stringContaining(`the primary group of ${dnOf(first.id)}`),
      ]);
    });

    test("tell of a user those it is in, the primary one with them, and those behind where asked for", async () => {
      const User = changedMapping(folder, "user", ({ attributes }) => {
        const { groups: _, ...rest } = attributes as Record<string, unknown>;
        const groups = (attr: string) => ({ attr, ref: "Group", many: true, readOnly: true });
        Object.assign(rest, {
          'groups[type eq "direct"].value': groups("directMemberOf"),
          'groups[type eq "indirect"].value': groups("indirectMemberOf"),
        });
        for (const name of Object.keys(attributes!)) delete (attributes as Record<string, unknown>)[name];
        Object.assign(attributes!, rest);
      });
      const nested = await another({ mappings: { User }, group: { base: DOMAIN } });
      const ann = await created("/Users", user(login()));
      const names = ["team", "department", "company"];
      const ids: string[] = [];
      for (const [index, displayName] of names.entries()) {
        const member = index === 0 ? ann.id : ids[index - 1];
        ids.push((await created("/Groups", { displayName, members: [{ value: member }] })).id);
      }
      // A circle, as administrators make them.
      await patch(`/Groups/${ids[0]}`, { op: "add", path: "members", value: [{ value: ids[2] }] });
      const { groups } = await get(`/Users/${ann.id}`, nested);
      const found = groups.map(
        ({ type, value }: { type: string; value: string }) => `${type} ${dnOf(value).split(",")[0]}`,
      );
      expect(found.sort()).toEqual([
        "direct CN=Domain Users",
        "direct CN=team",
        "indirect CN=Users",
        "indirect CN=company",
        "indirect CN=department",
      ]);
      const listed = await get(`/Users?filter=id eq "${ann.id}"`, nested);
      expect(listed.Resources[0].groups.length).toBe(5);
      const through = (type: string, id: string) =>
        get(`/Users?filter=groups[type eq "${type}" and value eq "${id}"]&attributes=id`, nested);
      expect((await through("indirect", ids[2]!)).Resources).toMatchObject([{ id: ann.id }]);
      expect((await through("indirect", ids[0]!)).totalResults).toBe(0);
      expect((await through("direct", ids[0]!)).Resources).toMatchObject([{ id: ann.id }]);
    });
  });
});
