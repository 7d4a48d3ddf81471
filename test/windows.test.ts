import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { GROUPS, openActiveDirectory, STAFF } from "./servers/samba.ts";
import { type StandInEntry, startWindows, type Windows } from "./servers/windows.ts";

const person = (n: number, attributes: Record<string, string[]> = {}): StandInEntry => ({
  dn: `CN=User ${n},${STAFF}`,
  guid: randomUUID(),
  attributes: {
    objectClass: ["top", "person", "user"],
    objectCategory: ["person"],
    userPrincipalName: [`user${n}@corp.example.test`],
    userAccountControl: ["66048"],
    unicodePwd: ["never shown"],
    distinguishedName: [`CN=User ${n},${STAFF}`],
    ...attributes,
  },
});

describe("what Windows does in another way than Samba", () => {
  let windows: Windows;
  let gateway: TestGateway;
  afterEach(async () => {
    await gateway.stop();
    await windows.stop();
  });
  const start = async (options: Parameters<typeof startWindows>[0]) => {
    windows = await startWindows(options);
    const bind = { dn: "svc@corp.example.test", password: "a-secret-of-the-tests" };
    gateway = await startGateway(openActiveDirectory({ url: windows.url, bind, ca: windows.ca }, ROOT));
  };

  test("a list of 4,000 members comes in ranges, and is read to its end", async () => {
    const people = Array.from({ length: 4000 }, (_, n) => person(n));
    const group: StandInEntry = {
      dn: `CN=All,${GROUPS}`,
      guid: randomUUID(),
      attributes: {
        objectClass: ["top", "group"],
        objectCategory: ["group"],
        cn: ["All"],
        member: people.map(({ dn, guid }) => `<GUID=${guid}>;${dn}`),
      },
    };
    await start({ entries: [...people, group] });
    const { json } = await send(gateway, "GET", `/Groups/${group.guid}`);
    expect(new Set(json.members.map(({ value }: { value: string }) => value))).toEqual(
      new Set(people.map(({ guid }) => guid)),
    );
    expect(windows.asked.filter((each) => each.includes("member;range=")).length).toBe(2);
    windows.asked.length = 0;
    const { json: without } = await send(gateway, "GET", `/Groups/${group.guid}?excludedAttributes=members`);
    expect(without.members).toBeUndefined();
    const matching = encodeURI('/Groups?excludedAttributes=members&filter=displayName eq "All"');
    const { json: match } = await send(gateway, "GET", matching);
    expect(match.Resources).toMatchObject([{ id: group.guid, displayName: "All" }]);
    expect(match.Resources[0].members).toBeUndefined();
    expect(windows.asked.some((each) => each.includes("member"))).toBe(false);
  });

  test("no more than 1,000 results come at a time, and lists are whole all the same", async () => {
    await start({ entries: Array.from({ length: 2500 }, (_, n) => person(n)) });
    const seen = new Set<string>();
    for (let startIndex = 1; startIndex <= 2500; startIndex += 100) {
      const { json } = await send(gateway, "GET", `/Users?startIndex=${startIndex}&count=100&attributes=userName`);
      expect(json.totalResults).toBe(2500);
      for (const { userName } of json.Resources) seen.add(userName);
    }
    expect(seen.size).toBe(2500);
    // A filter that is evaluated behind the directory reads through all of its pages.
    const filter = encodeURIComponent('userName eq "user7@corp.example.test" or not (title pr)');
    const { json } = await send(gateway, "GET", `/Users?filter=${filter}&count=0`);
    expect(json.totalResults).toBe(2500);
  });

  test("letters are compared without their accents, and nobody is taken for another for that", async () => {
    await start({
      entries: [
        person(1, { userPrincipalName: ["josé@corp.example.test"] }),
        person(2, { userPrincipalName: ["Jose@corp.example.test"] }),
      ],
    });
    const filter = encodeURIComponent('userName eq "jose@corp.example.test"');
    const { json } = await send(gateway, "GET", `/Users?filter=${filter}`);
    expect(json.Resources.map(({ userName }: { userName: string }) => userName)).toEqual(["Jose@corp.example.test"]);
  });

  test("flags are swapped only while they are what they were: another's change in between is kept", async () => {
    const user = person(1);
    await start({ entries: [user] });
    const stored = () => windows.entries[0]!.attributes.userAccountControl;
    const off = { Operations: [{ op: "replace", path: "active", value: false }] };
    // Between the look at the entry and the modification an administrator sets another flag.
    const push = windows.asked.push.bind(windows.asked);
    let looks = 0;
    windows.asked.push = (line) => {
      if (line.startsWith("modify") && ++looks === 1) windows.entries[0]!.attributes.userAccountControl = ["512"];
      return push(line);
    };
    expect((await send(gateway, "PATCH", `/Users/${user.guid}`, off)).json).toMatchObject({ active: false });
    expect(stored()).toEqual(["514"]);
    expect(windows.asked.filter((each) => each.startsWith("modify")).length).toBe(2);
  });

  test("an account that never had a password is enabled with one that nobody knows, by default", async () => {
    const user = person(1, { userAccountControl: ["514"] });
    delete user.attributes.unicodePwd;
    await start({ entries: [user] });
    const on = { Operations: [{ op: "replace", path: "active", value: true }] };
    expect((await send(gateway, "PATCH", `/Users/${user.guid}`, on)).json).toMatchObject({ active: true });
    const { userAccountControl, unicodePwd } = windows.entries[0]!.attributes;
    expect(userAccountControl).toEqual(["512"]);
    const password = unicodePwd![0]!.replaceAll("\0", "");
    expect(password).toMatch(/^".{64}"$/);
    for (const each of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9"]/]) expect(password).toMatch(each);
  });

  test.each([
    ["52e", /password is wrong/],
    ["525", /no such account/],
    ["532", /password has expired/],
    ["533", /is disabled/],
    ["701", /has expired/],
    ["773", /must change its password/],
    ["775", /is locked out/],
  ])("a bind that is refused with data %s is 503 with the reason in words", async (data, reason) => {
    const bindRefusal = `80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data ${data}, v4563`;
    await start({ entries: [], bindRefusal });
    const { status, json, headers } = await send(gateway, "GET", "/Users");
    expect({ status, detail: json.detail }).toEqual({ status: 503, detail: expect.stringMatching(reason) });
    expect(headers.has("retry-after")).toBe(true);
    expect(json.detail).not.toContain("a-secret-of-the-tests");
  });

  test("a read-only controller refers to another one, which is told and not followed", async () => {
    const user = person(1);
    await start({ entries: [user], readOnly: true });
    const body = { Operations: [{ op: "replace", path: "title", value: "x" }] };
    const { status, json } = await send(gateway, "PATCH", `/Users/${user.guid}`, body);
    expect({ status, detail: json.detail }).toEqual({
      status: 503,
      detail: expect.stringMatching(/not followed.*read-only.*dc1\.corp\.example\.com/s),
    });
  });
});
