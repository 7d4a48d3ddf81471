import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { freePort } from "./servers/ports.ts";
import { type Relay, startRelay } from "./servers/relay.ts";
import { openLdap, type Slapd, startSlapd } from "./servers/slapd.ts";

describe("a creation whose answer is lost on the way from OpenLDAP", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-repeats-"));
  let slapd: Slapd;
  let relay: Relay;
  let gateway: TestGateway;
  beforeAll(async () => {
    slapd = await startSlapd();
    const port = await freePort();
    relay = await startRelay({ host: "127.0.0.1", port }, { host: "127.0.0.1", port: slapd.port });
    const settings = openLdap({ url: `ldap://127.0.0.1:${port}`, bind: slapd.bind }, ROOT);
    Object.assign(settings.connectors.directory, { connections: 1 });
    // Logon names are counted on where one is taken: the real name is the mail address.
    const mapping = join(folder, "user.yaml");
    const shipped = readFileSync(join(ROOT, "mappings/openldap/user.yaml"), "utf8");
    const names = "  uid: ['$substringBefore(userName, \"@\")', '$substringBefore(userName, \"@\") & $n']";
    writeFileSync(
      mapping,
      shipped
        .replace("userName: uid", "userName: mail")
        .replace(/^ {2}emails.*\n/m, "")
        .replace(/^create:\n/m, `create:\n${names}\n`),
    );
    settings.routes["/scim/v2"].User.mapping = mapping;
    gateway = await startGateway(settings);
  });
  afterAll(async () => {
    await gateway.stop();
    await relay.stop();
    await slapd.stop();
    rmSync(folder, { recursive: true });
  });

  const uids = () =>
    slapd
      .ldapsearch("(objectClass=inetOrgPerson)", "uid")
      .split("\n")
      .filter((line) => line.startsWith("uid:"))
      .sort();

  test("is 503, and its repeat gets what was made, under the first name and not under a second", async () => {
    const ann = { userName: "ann@example.com", displayName: "Ann", externalId: "1" };
    // The connection is there, and what the server can do is known.
    const before = await send(gateway, "POST", "/Users", { userName: "bob@example.com", displayName: "Bob" });
    expect((await send(gateway, "DELETE", `/Users/${before.json.id}`)).status).toBe(204);
    // An AddRequest, RFC 4511 §4.7, behind its length and its number.
    relay.swallowAnswers((data) =>
      /^0(?:[\0-\x7f]|\x81.|\x82..)\x02[\x01-\x04].{1,4}?h/s.test(data.toString("latin1")),
    );
    const lost = await send(gateway, "POST", "/Users", ann);
    expect([lost.status, lost.headers.has("retry-after")]).toEqual([503, true]);
    relay.resume();
    expect(uids()).toEqual(["uid: ann"]);
    const repeated = await send(gateway, "POST", "/Users", ann);
    expect(repeated.status, repeated.text).toBe(201);
    expect(repeated.json).toMatchObject(ann);
    expect(uids()).toEqual(["uid: ann"]);
    // Once it is known to be there, the same again is a conflict, and another Ann gets another name.
    expect((await send(gateway, "POST", "/Users", ann)).json).toMatchObject({ status: "409", scimType: "uniqueness" });
    const other = { userName: "ann@example.org", displayName: "Ann", externalId: "2" };
    expect((await send(gateway, "POST", "/Users", other)).status).toBe(201);
    expect(uids()).toEqual(["uid: ann", "uid: ann2"]);
  });
});
