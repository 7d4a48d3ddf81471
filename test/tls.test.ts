import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";

describe("TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-tls-"));
  let gateway: TestGateway;
  const file = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(file(name));
  beforeAll(async () => {
    makeAuthority(folder);
    for (const name of ["first", "second"]) makeCertificate(folder, name, "IP:127.0.0.1,DNS:localhost");
    for (const name of ["entra", "somebody"]) makeCertificate(folder, name, `DNS:${name}`);
    copyFileSync(file("first.pem"), file("tls.pem"));
    copyFileSync(file("first.key"), file("tls.key"));
    gateway = await startGateway({
      ...legacyHr(),
      server: { port: 0, tls: { cert: file("tls.pem"), key: file("tls.key"), clientCa: file("ca.pem") } },
      auth: [
        { type: "bearer", tokens: [{ name: "tests", token: TOKEN }] },
        {
          type: "certificate",
          clients: [{ name: "entra", fingerprint: fingerprintOf("entra"), may: { actions: ["read"] } }],
        },
      ],
    });
  });
  afterAll(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
  const fingerprintOf = (name: string) =>
    execFileSync("openssl", ["x509", "-in", file(`${name}.pem`), "-noout", "-fingerprint", "-sha256"], {
      encoding: "utf8",
    })
      .split("=")[1]!
      .trim();

  /** One request; gives its status, its headers, and the serial number of the certificate that it met. */
  const ask = (options: object = {}, path = "/Users?count=1", method = "GET", body?: string) =>
    new Promise<{ status: number; headers: Record<string, unknown>; serial: string; text: string }>(
      (resolve, reject) => {
        const url = new URL(gateway.base + path);
        const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/scim+json" };
        const call = request(url, { ca: read("ca.pem"), agent: false, method, headers, ...options }, (response) => {
          const { serialNumber = "" } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () =>
            resolve({ status: response.statusCode!, headers: response.headers, serial: serialNumber, text }),
          );
        });
        call.on("error", reject);
        call.end(body);
      },
    );
  const serialOf = (name: string) =>
    execFileSync("openssl", ["x509", "-in", file(`${name}.pem`), "-noout", "-serial"], { encoding: "utf8" })
      .trim()
      .split("=")[1];

  test("is spoken in versions 1.2 and 1.3, and in no older one, with ECDHE and AES-GCM", async () => {
    expect((await ask({ minVersion: "TLSv1.3" })).status).toBe(200);
    expect((await ask({ maxVersion: "TLSv1.2" })).status).toBe(200);
    await expect(ask({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })).rejects.toThrow();
    await expect(ask({ maxVersion: "TLSv1.2", ciphers: "AES128-SHA" })).rejects.toThrow(/handshake|cipher/i);
    const { port } = new URL(gateway.url);
    const cipher = await new Promise<string>((resolve) => {
      const socket = connectTls(
        { port: Number(port), ca: read("ca.pem"), maxVersion: "TLSv1.2", servername: "localhost" },
        () => {
          resolve(socket.getCipher().name);
          socket.end();
        },
      );
    });
    expect(cipher).toBe("ECDHE-RSA-AES128-GCM-SHA256");
  });

  test("answers say where they are by https, and that the client is to go on so", async () => {
    const { headers, text } = await ask({}, "/Users", "POST", JSON.stringify({ userName: "tls" }));
    expect(headers.location).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/scim\/v2\/Users\/\d+$/);
    expect(JSON.parse(text).meta.location).toBe(headers.location);
    expect(headers).toMatchObject({
      "strict-transport-security": expect.stringContaining("max-age"),
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(headers.server).toBeUndefined();
  });

  test("a client's certificate says who it is, where it is one that is named", async () => {
    const shown = (name: string) => ({
      cert: read(`${name}.pem`),
      key: read(`${name}.key`),
      headers: { "Content-Type": "application/json" },
    });
    expect((await ask(shown("entra"))).status).toBe(200);
    const refused = await ask(shown("entra"), "/Users", "POST", "{}");
    expect(refused).toMatchObject({
      status: 403,
      text: expect.stringContaining("The caller entra is not permitted to create User."),
    });
    expect((await ask(shown("somebody"))).status).toBe(401);
    expect((await ask({ headers: {} })).status).toBe(401);
    const other = mkdtempSync(join(tmpdir(), "postern-tls-"));
    makeAuthority(other);
    makeCertificate(other, "entra", "DNS:entra");
    const forged = {
      cert: readFileSync(join(other, "entra.pem")),
      key: readFileSync(join(other, "entra.key")),
      headers: {},
    };
    expect((await ask(forged)).status).toBe(401);
    rmSync(other, { recursive: true });
  });

  test("a new certificate is taken while requests go on, and none of them fails", async () => {
    const agent = new Agent({ keepAlive: true, ca: read("ca.pem") });
    let isOver = false;
    const statuses: number[] = [];
    const load = Array.from({ length: 8 }, async (_, worker) => {
      while (!isOver) statuses.push((await ask(worker % 2 === 0 ? { agent } : {})).status);
    });
    expect((await ask()).serial).toBe(serialOf("first"));
    // Half of a pair: it does not go with the key, and the old one stays until it does.
    copyFileSync(file("second.pem"), file("tls.pem"));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await ask()).serial).toBe(serialOf("first"));
    copyFileSync(file("second.key"), file("tls.key"));
    await expect.poll(async () => (await ask()).serial, { timeout: 10_000 }).toBe(serialOf("second"));
    writeFileSync(file("tls.pem"), "no certificate");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await ask()).serial).toBe(serialOf("second"));
    isOver = true;
    await Promise.all(load);
    agent.destroy();
    expect(statuses.length).toBeGreaterThan(50);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe("who listens to whom", () => {
  test("without TLS and without a proxy that is trusted no other machine is listened to, unless that is told", async () => {
    const start = (server: object) => startGateway({ ...legacyHr(), server: { port: 0, host: "0.0.0.0", ...server } });
    await expect(start({})).rejects.toThrow(
      /set server.tls, name the proxy that terminates TLS in server.trustProxy, or set server.plainHttp: true/,
    );
    for (const server of [{ trustProxy: ["10.0.0.0/8"] }, { plainHttp: true }]) await (await start(server)).stop();
    await expect(start({ trustProxy: ["10.0.0.0/80"] })).rejects.toThrow(
      /server.trustProxy: "10.0.0.0\/80" is not a network/,
    );
    const missing = { tls: { cert: "/nowhere.pem", key: "/nowhere.key" } };
    await expect(start(missing)).rejects.toThrow(/server.tls: .*nowhere.pem/);
  });

  test("what a proxy says of its client is believed of those that are trusted alone", async () => {
    const headers = {
      "X-Forwarded-For": "192.0.2.7",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "scim.example.com",
    };
    const locationAt = async (server: object) => {
      const gateway = await startGateway({ ...legacyHr(), server: { port: 0, ...server } });
      const { json } = await send(gateway, "POST", "/Users", { userName: "proxied" }, headers);
      await gateway.stop();
      return json.meta.location;
    };
    expect(await locationAt({ trustProxy: ["127.0.0.0/8"] })).toMatch(
      /^https:\/\/scim\.example\.com\/scim\/v2\/Users\//,
    );
    expect(await locationAt({ trustProxy: ["10.0.0.0/8"] })).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await locationAt({ publicUrl: "https://public.example.com/" })).toMatch(
      /^https:\/\/public\.example\.com\/scim/,
    );
  });

  test("requests come from networks that are allowed, Microsoft's published ones among them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-networks-"));
    const published = join(folder, "ServiceTags_Public.json");
    // The form in which Microsoft publishes them.
    const tag = {
      name: "AzureActiveDirectory",
      id: "AzureActiveDirectory",
      properties: { changeNumber: 21, region: "", addressPrefixes: ["198.51.100.0/24", "2001:db8:1::/48"] },
    };
    writeFileSync(
      published,
      JSON.stringify({ changeNumber: 300, cloud: "Public", values: [{ ...tag, name: "Storage" }, tag] }),
    );
    const networks = { allow: ["203.0.113.9"], serviceTags: { file: published } };
    const gateway = await startGateway({ ...legacyHr(), server: { port: 0, trustProxy: ["127.0.0.1"], networks } });
    const from = async (address: string, token = TOKEN) =>
      (await send({ ...gateway, token }, "GET", "/Users?count=1", undefined, { "X-Forwarded-For": address })).status;
    expect(await from("203.0.113.9")).toBe(200);
    expect(await from("198.51.100.77")).toBe(200);
    expect(await from("2001:db8:1::5")).toBe(200);
    expect(await from("192.0.2.1")).toBe(403);
    // Who may not come at all learns nothing of tokens.
    expect(await from("192.0.2.1", "wrong")).toBe(403);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    await gateway.stop();
    const wrong = { port: 0, networks: { serviceTags: { file: published, tags: ["Nothing"] } } };
    await expect(startGateway({ ...legacyHr(), server: wrong })).rejects.toThrow(
      /the file has no service tag "Nothing"/,
    );
    rmSync(folder, { recursive: true });
  });

  test("a client that sends its request slowly, or too long an address, is not waited for", async () => {
    const gateway = await startGateway(legacyHr());
    const { port } = new URL(gateway.url);
    expect((await send(gateway, "GET", `/Users?x=${"x".repeat(20_000)}`)).status).toBe(414);
    expect((await send(gateway, "GET", "/Users", undefined, { "X-Large": "x".repeat(40_000) })).status).toBe(431);
    const closed = new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\n"),
      );
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
    });
    expect(await closed).toMatch(/^HTTP\/1\.1 408/);
    await gateway.stop();
  }, 60_000);
});
