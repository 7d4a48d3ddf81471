import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
      await bringBack();
      let status = 503;
      for (let attempt = 0; attempt < 50 && status === 503; attempt++) {
        ({ status } = await send(gateway, "GET", "/Users?count=1"));
        if (status === 503) await sleep(100);
      }
      expect(status).toBe(200);
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    },
  );
});
