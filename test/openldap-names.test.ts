import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { openLdap, type Slapd, SUFFIX, startSlapd } from "./servers/slapd.ts";

const person = (rdn: string, mail: string) =>
  `dn: uid=${rdn},${SUFFIX}\nobjectClass: inetOrgPerson\nuid: ${rdn.split(",")[0]}\ncn: x\nsn: x\nmail: ${mail}\n\n`;
const UNIQUE = "moduleload unique\noverlay unique\nunique_uri ldap:///?mail?sub\n";

describe("names on OpenLDAP", () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  beforeAll(async () => {
    const ou = `dn: ou=staff,ou=people,${SUFFIX}\nobjectClass: organizationalUnit\nou: staff\n\n`;
    const ldif = ou + person("ann,ou=staff,ou=people", "a@x.test") + person("bo,ou=people", "b@x.test");
    slapd = await startSlapd(ldif, undefined, UNIQUE);
    gateway = await startGateway(openLdap(slapd, ROOT));
  });
  afterAll(async () => {
    await gateway.stop();
    await slapd.stop();
  });
  const bo = async () => (await send(gateway, "GET", '/Users?filter=userName eq "bo"')).json.Resources[0].id;

  test("one that is taken in another branch below the base is taken", async () => {
    const made = await send(gateway, "POST", "/Users", { userName: "ANN", displayName: "x" });
    expect(made.json).toMatchObject({ status: "409", scimType: "uniqueness" });
    const Operations = [{ op: "replace", path: "userName", value: "ann" }];
    expect((await send(gateway, "PATCH", `/Users/${await bo()}`, { Operations })).status).toBe(409);
    expect(slapd.ldapsearch("(uid=ann)", "1.1").match(/^dn:/gm)).toHaveLength(1);
  });

  test("one that is too long for the directory is the client's fault, in a creation and in a renaming", async () => {
    const long = "Équipe ".repeat(40).trim();
    const refused = { status: "400", scimType: "invalidValue", detail: expect.stringContaining("bytes") };
    expect((await send(gateway, "POST", "/Groups", { displayName: long })).json).toMatchObject(refused);
    const { id } = (await send(gateway, "POST", "/Groups", { displayName: "Short" })).json;
    const Operations = [{ op: "replace", path: "displayName", value: long }];
    expect((await send(gateway, "PATCH", `/Groups/${id}`, { Operations })).json).toMatchObject(refused);
    expect((await send(gateway, "GET", `/Groups/${id}`)).json.displayName).toBe("Short");
  });

  test("an overlay that keeps mail unique lets a new address through, and refuses another's", async () => {
    const path = `/Users/${await bo()}`;
    const change = (value: string) =>
      send(gateway, "PATCH", path, { Operations: [{ op: "replace", path: 'emails[type eq "work"].value', value }] });
    expect((await change("new@x.test")).status).toBe(200);
    expect((await change("new@x.test")).status).toBe(200);
    expect((await change("a@x.test")).status).toBeGreaterThanOrEqual(400);
    expect(slapd.ldapsearch("(uid=bo)", "mail")).toContain("mail: new@x.test");
  });
});
