import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { startDnsmasq } from "./servers/dnsmasq.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import {
  ADMIN_PASSWORD,
  DOMAIN,
  loopback,
  openActiveDirectory,
  type Samba,
  STAFF,
  startSamba,
} from "./servers/samba.ts";

describe("connections to domain controllers", () => {
  let samba: Samba;
  let gateway: TestGateway | undefined;
  beforeAll(async () => {
    samba = await startSamba();
  });
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });
  afterAll(() => samba.stop());
  const list = async (settings: Record<string, unknown>) => {
    gateway = await startGateway(openActiveDirectory(samba, ROOT, settings));
    return send(gateway, "GET", "/Users?count=1");
  };
  const refused = { status: "503" };

  test("are found by the domain's name, through its own name server", async () => {
    // The preferred controller is down: the next one is found.
    const hosts = { "dc1.corp.example.test": samba.address, "dc0.corp.example.test": loopback() };
    const name = "_ldap._tcp.dc._msdcs.corp.example.test";
    const dns = await startDnsmasq(hosts, [
      { name, target: "dc1.corp.example.test", port: 389, priority: 10 },
      { name, target: "dc0.corp.example.test", port: 389, priority: 0 },
    ]);
    const nameServers = [dns.address];
    const found = await list({ urls: undefined, domain: "corp.example.test", nameServers });
    expect(found).toMatchObject({ status: 200, json: { totalResults: 0 } });
    await gateway!.stop();
    const tls = { ca: samba.ca, startTls: true };
    expect((await list({ urls: undefined, domain: "corp.example.test", nameServers, tls })).status).toBe(200);
    await gateway!.stop();
    const { json } = await list({ urls: undefined, domain: "nowhere.example.test", nameServers });
    dns.stop();
    expect(json).toMatchObject({ ...refused, detail: expect.stringContaining("_ldap._tcp.dc._msdcs.nowhere") });
  });

  test("are encrypted by StartTLS where that is asked for, and passwords go over them", async () => {
    expect((await list({ urls: [`ldap://${samba.address}`], tls: { ca: samba.ca, startTls: true } })).status).toBe(200);
    const user = { userName: "starttls@corp.example.test", displayName: "S", password: "Correct horse 7 battery" };
    expect((await send(gateway!, "POST", "/Users", user)).status).toBe(201);
    samba.logOn(`CN=S,${STAFF}`, "Correct horse 7 battery");
  });

  test("are refused where the certificate is from another authority, or for another name", async () => {
    expect((await list({ tls: {} })).json).toMatchObject({ ...refused, detail: expect.stringMatching(/certificate/) });
    await gateway!.stop();
    const imposter = await samba.another({ certificateFor: "DNS:elsewhere.example.test" });
    const { json } = await list({ urls: [imposter.url] });
    expect(json).toMatchObject({ ...refused, detail: expect.stringMatching(/altnames/) });
    await imposter.stop();
  });

  test("without encryption take no password, and the client reads why", async () => {
    const url = `ldap://${samba.address}`;
    gateway = await startGateway(openActiveDirectory(samba, ROOT, { urls: [url], tls: {} }));
    const user = { userName: "plain@corp.example.test", displayName: "P", password: "Correct horse 7 battery" };
    const { json } = await send(gateway, "POST", "/Users", user);
    expect(json).toMatchObject({
      status: "400",
      scimType: "invalidValue",
      detail: expect.stringContaining("ldaps://"),
    });
  });

  test.each([
    ["a wrong password", { dn: `CN=Administrator,CN=Users,${DOMAIN}`, password: "wrong" }, /password is wrong/],
    ["no such account", { dn: `CN=Nobody,CN=Users,${DOMAIN}`, password: ADMIN_PASSWORD }, /no such account|password/],
  ])("that the service account cannot make for %s are 503 with the reason", async (_, bind, reason) => {
    const { status, json } = await list({ bind });
    expect({ status, detail: json.detail }).toEqual({ status: 503, detail: expect.stringMatching(reason) });
    expect(json.detail).not.toContain(bind.password === "wrong" ? `"wrong"` : bind.password);
  });

  test("of an account that is disabled, or has no rights, say so", async () => {
    samba.ldapmodify(
      `dn: CN=svc,CN=Users,${DOMAIN}\nchangetype: add\nobjectClass: user\nsAMAccountName: svc\nuserPrincipalName: svc@corp.example.test\nuserAccountControl: 512\nunicodePwd:: ${Buffer.from(`"${ADMIN_PASSWORD}"`, "utf16le").toString("base64")}\n`,
    );
    const bind = { dn: "svc@corp.example.test", password: ADMIN_PASSWORD };
    expect((await list({ bind })).status).toBe(200);
    const { json } = await send(gateway!, "POST", "/Users", { userName: "x@y.test", displayName: "X" });
    expect(json).toMatchObject({
      ...refused,
      detail: expect.stringMatching(/service account lacks permission.*delegate/s),
    });
    await gateway!.stop();
    samba.ldapmodify(
      `dn: CN=svc,CN=Users,${DOMAIN}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n`,
    );
    expect((await list({ bind })).json).toMatchObject({
      ...refused,
      detail: expect.stringMatching(/is disabled|refuses the service account/),
    });
  });
});
