import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthUnavailable } from "./caller.ts";
import { verified } from "./jwt.ts";
import { issuerKeys, remoteKeys } from "./keys.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const makeKey = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" };
  const sign = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid })
      .setIssuer("issuer")
      .setAudience("us")
      .setExpirationTime(Math.floor(Date.now() / 1000) + 3600)
      .sign(privateKey);
  return { jwk, sign };
};
type Key = Awaited<ReturnType<typeof makeKey>>;

describe("an issuer's keys, from a server", () => {
  let url: string;
  let asked: string[];
  let published: Key[];
  /** What is answered in place of the keys; undefined passes on to them. */
  let answer: ((path: string) => Promise<{ status: number; body?: unknown } | undefined>) | undefined;
  let stop: () => Promise<unknown>;

  beforeEach(async () => {
    asked = [];
    published = [await makeKey("first")];
    answer = undefined;
    const listener: RequestListener = async (request, response) => {
      asked.push(request.url!);
      const { status, body } = (await answer?.(request.url!)) ?? { status: 200, body: undefined };
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body ?? { keys: published.map(({ jwk }) => jwk) }));
    };
    const server = createServer(listener);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stop = () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    };
    vi.useFakeTimers({ toFake: ["Date"] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await stop();
  });

  const later = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
  const isKnown = async (token: string, keys = remoteKeys(`${url}/keys`)) =>
    (await verified(token, async () => keys, { issuer: ["issuer"], audience: "us" })) !== undefined;
  const metadata = (more: object) => ({ status: 200, body: { issuer: url, jwks_uri: `${url}/found`, ...more } });
  const away = async () => ({ status: 503 });

  test("are fetched once for many tokens at a time, and by all that name the same address", async () => {
    const token = await published[0]!.sign();
    const known = await Promise.all(Array.from({ length: 50 }, () => isKnown(token)));
    expect(known.every(Boolean)).toBe(true);
    expect(asked).toEqual(["/keys"]);
  });

  test("are renewed in the background: nobody waits for a server that does not answer", async () => {
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    later(11 * MINUTE);
    answer = () => new Promise(() => {});
    const waiting = await Promise.all(Array.from({ length: 20 }, async () => isKnown(await published[0]!.sign())));
    expect(waiting.every(Boolean)).toBe(true);
    await expect.poll(() => asked.length).toBe(2);
  });

  test("that were renewed in the background are known at once, and withdrawn ones no longer", async () => {
    const [first] = published;
    expect(await isKnown(await first!.sign())).toBe(true);
    published = [await makeKey("second")];
    later(11 * MINUTE);
    expect(await isKnown(await first!.sign())).toBe(true);
    await expect.poll(() => asked.length).toBe(2);
    await expect.poll(async () => isKnown(await first!.sign())).toBe(false);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    expect(asked).toHaveLength(2);
  });

  test("that nobody has needed for hours are renewed before they are used", async () => {
    const [withdrawn] = published;
    expect(await isKnown(await withdrawn!.sign())).toBe(true);
    published = [await makeKey("second")];
    later(5 * HOUR);
    expect(await isKnown(await withdrawn!.sign())).toBe(false);
  });

  test("serve for 48 hours while the issuer is away, and no longer", async () => {
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    answer = away;
    later(47 * HOUR);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    await expect.poll(() => asked.length).toBe(4);
    later(2 * HOUR);
    await expect(isKnown(await published[0]!.sign())).rejects.toThrow(AuthUnavailable);
    answer = undefined;
    later(MINUTE);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
  });

  test("that nobody knows are asked for once in a while, whether the issuer answers or not", async () => {
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    const nonsense = await Promise.all(Array.from({ length: 20 }, (_, n) => makeKey(`unknown ${n}`)));
    later(MINUTE);
    for (const each of nonsense) expect(await isKnown(await each.sign())).toBe(false);
    expect(asked).toHaveLength(2);
    answer = away;
    later(MINUTE);
    for (const each of nonsense) await expect(isKnown(await each.sign())).rejects.toThrow(AuthUnavailable);
    // One fetch, with its three attempts.
    expect(asked).toHaveLength(5);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
  });

  test("a new key is known as soon as a token names it", async () => {
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    published = [await makeKey("second"), ...published];
    later(MINUTE);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    expect(asked).toHaveLength(2);
  });

  test("a fetch that fails in passing is tried again, and its caller does not notice", async () => {
    answer = async () => (asked.length < 3 ? { status: 502 } : undefined);
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    expect(asked).toHaveLength(3);
  });

  test("what is no key set is not tried again, and is not the caller's fault", async () => {
    answer = async () => ({ status: 404 });
    await expect(isKnown(await published[0]!.sign())).rejects.toThrow(AuthUnavailable);
    expect(asked).toHaveLength(1);
  });

  test("all attempts together have one deadline", async () => {
    answer = async () => {
      await sleep(2000);
      return { status: 503 };
    };
    await expect(isKnown(await published[0]!.sign())).rejects.toThrow(AuthUnavailable);
    // Three attempts of two seconds each would be too long.
    expect(asked.length).toBeLessThan(3);
  });

  test.each([
    ["OpenID Connect", "/tenant/.well-known/openid-configuration"],
    ["RFC 8414, with the issuer's path behind the well-known one", "/.well-known/oauth-authorization-server/tenant"],
  ])("are found by the metadata of %s", async (_, metadata) => {
    answer = async (path) => {
      if (path === "/found") return undefined;
      const body = { issuer: `${url}/tenant`, jwks_uri: `${url}/found` };
      return path === metadata ? { status: 200, body } : { status: 404, body: {} };
    };
    const keys = issuerKeys(`${url}/tenant`);
    for (let n = 0; n < 3; n += 1) expect(await isKnown(await published[0]!.sign(), await keys())).toBe(true);
    expect(asked.filter((path) => path === "/found")).toHaveLength(1);
    expect(asked.filter((path) => path === metadata)).toHaveLength(1);
  });

  test("are not had where there is no metadata, and are once there is", async () => {
    answer = async () => ({ status: 404 });
    const keys = issuerKeys(url);
    await expect(keys()).rejects.toThrow("has no metadata");
    answer = async (path) => (path === "/found" ? undefined : metadata({}));
    expect(await isKnown(await published[0]!.sign(), await keys())).toBe(true);
  });

  test.each([
    ["leads elsewhere", { status: 302 }],
    ["is a page", { status: 200, body: "<html>" }],
    ["names no keys", { status: 200, body: {} }],
    [
      "is another issuer's",
      { status: 200, body: { issuer: "https://other.example", jwks_uri: "https://other.example" } },
    ],
  ])("are found by RFC 8414 where the answer for OpenID Connect %s", async (_, openid) => {
    answer = async (path) => {
      if (path === "/found") return undefined;
      return path.includes("openid") ? openid : metadata({});
    };
    expect(await isKnown(await published[0]!.sign(), await issuerKeys(url)())).toBe(true);
  });

  test.each([
    ["another issuer's", { issuer: "https://other.example" }],
    ["nobody's", { issuer: undefined }],
    ["those of the issuer with another spelling", { issuer: "http://localhost" }],
    ["without TLS", { jwks_uri: "http://idp.example/keys" }],
    ["without TLS, with this machine's name as a user", { jwks_uri: "http://localhost:x@idp.example/keys" }],
  ])("are not taken by metadata that is %s", async (_, more) => {
    answer = async () => metadata(more);
    await expect(issuerKeys(url)()).rejects.toThrow("has no metadata that locates its keys");
  });

  test("of an issuer elsewhere are not fetched from this machine", async () => {
    const elsewhere = "https://idp.example";
    vi.stubGlobal("fetch", async () => Response.json({ issuer: elsewhere, jwks_uri: `${url}/keys` }));
    await expect(issuerKeys(elsewhere)()).rejects.toThrow("a URL of this machine");
    vi.unstubAllGlobals();
    expect(asked).toEqual([]);
  });

  test("that have moved are found again, and asked for once in the cooldown where they have not", async () => {
    let where = "/gone";
    answer = async (path) => {
      if (path === "/gone") return { status: 404 };
      return path === "/found" ? undefined : metadata({ jwks_uri: url + where });
    };
    const keys = issuerKeys(url);
    const token = await published[0]!.sign();
    const known = async () => isKnown(token, await keys());
    for (let n = 0; n < 10; n += 1) await expect(known()).rejects.toThrow(AuthUnavailable);
    expect(asked.filter((path) => path.includes("openid"))).toHaveLength(1);
    where = "/found";
    later(MINUTE);
    expect(await known()).toBe(true);
    expect(await known()).toBe(true);
    expect(asked.filter((path) => path.includes("openid"))).toHaveLength(2);
  });

  test("that have moved while the old ones still answer are found by the hour", async () => {
    let where = "/old";
    answer = async (path) => (path.includes("well-known") ? metadata({ jwks_uri: url + where }) : undefined);
    const keys = issuerKeys(url);
    const known = async () => isKnown(await published[0]!.sign(), await keys());
    expect(await known()).toBe(true);
    where = "/new";
    later(2 * HOUR);
    expect(await known()).toBe(true);
    await expect.poll(async () => (await known()) && asked.includes("/new")).toBe(true);
  });

  test("are asked for once in the cooldown by a page that is answered in their place with 200", async () => {
    expect(await isKnown(await published[0]!.sign())).toBe(true);
    answer = async () => ({ status: 200, body: {} });
    later(11 * MINUTE);
    for (let n = 0; n < 20; n += 1) {
      expect(await isKnown(await published[0]!.sign())).toBe(true);
      await sleep(10);
    }
    expect(asked).toHaveLength(2);
  });

  test("a token that names a broken key is refused: the other keys serve", async () => {
    const [good] = published;
    const broken = await makeKey("broken");
    published = [good!, { ...broken, jwk: { ...broken.jwk, x: "AA", y: "AA" } }];
    expect(await isKnown(await broken.sign())).toBe(false);
    expect(await isKnown(await good!.sign())).toBe(true);
  });
});
