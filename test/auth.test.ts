import { spawnSync } from "node:child_process";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { type Issuer, startIssuer } from "./servers/issuer.ts";

const TENANT = "11111111-2222-4333-8444-555555555555";
const AUDIENCE = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";
const SECRET = "a-secret-of-the-tests-alone";

describe("who may call", () => {
  let issuer: Issuer;
  let gateway: TestGateway;
  let hashed: { secret: string; hash: string };
  beforeAll(async () => {
    issuer = await startIssuer();
    const { stdout } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), "token"], { encoding: "utf8" });
    const [, secret = "", hash = ""] = /secret: (\S+)\nhash: {3}(\S+)/.exec(stdout) ?? [];
    hashed = { secret, hash };
    gateway = await startGateway({
      ...legacyHr(),
      auth: [
        {
          type: "bearer",
          tokens: [
            { name: "old", token: "the-old-token-of-two" },
            { name: "new", token: hash },
            { name: "tests", token: TOKEN },
            { name: "reader", token: "the-token-of-a-reader", may: { actions: ["read"] } },
            { name: "no groups", token: "the-token-for-users-alone", may: { types: ["User"] } },
            { name: "no delete", token: "the-token-that-keeps-all", may: { actions: ["read", "create", "update"] } },
            { name: "elsewhere", token: "the-token-for-another-route", may: { routes: ["/other"] } },
            { name: "slow", token: "the-token-of-a-slow-one", rate: 2 },
          ],
        },
        { type: "entra", name: "entra", tenant: TENANT, authority: issuer.url },
        { type: "oidc", name: "okta", issuer: issuer.url, audience: "postern", claims: { azp: "provisioning" } },
        { type: "basic", users: [{ name: "legacy", password: SECRET }] },
        {
          type: "clientCredentials",
          key: "a-key-of-the-tests-that-signs-the-tokens",
          clients: [
            { name: "entra app", id: "app", secrets: [SECRET, hash], may: { actions: ["read"] } },
            {
              name: "federated",
              id: "federated",
              assertion: {
                issuer: `${issuer.url}/v2.0`,
                subject: "sp",
                audience: "api://postern",
                keys: `${issuer.url}/keys`,
              },
            },
          ],
        },
      ],
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await issuer.stop();
  });
  const get = (authorization: string, path = "/Users?count=1") =>
    send({ ...gateway, token: "" }, "GET", path, undefined, { Authorization: authorization });
  const status = async (token: string) => (await get(`Bearer ${token}`)).status;
  const entraToken = (more: object = {}, lifetime?: string | number) =>
    issuer.sign({ iss: `https://sts.windows.net/${TENANT}/`, aud: AUDIENCE, tid: TENANT, ...more }, lifetime);

  test("several secrets are valid at once, one of them known by its hash alone", async () => {
    expect(await status("the-old-token-of-two")).toBe(200);
    expect(await status(hashed.secret)).toBe(200);
    expect(await status(hashed.hash)).toBe(401);
    expect(await status("another")).toBe(401);
    const nothing = await fetch(`${gateway.base}/Users`);
    expect(nothing.headers.get("www-authenticate")).toBe('Bearer realm="scim"');
    expect(await nothing.json()).toMatchObject({
      status: "401",
      detail: expect.stringContaining("Send Authorization: Bearer TOKEN"),
    });
  });

  test("tokens that Entra issued are known by tenant, audience, signature and time, whichever version issued them", async () => {
    expect(await status(await entraToken())).toBe(200);
    expect(await status(await entraToken({ iss: `${issuer.url}/${TENANT}/v2.0` }))).toBe(200);
    // A minute is allowed for clocks that differ.
    expect(await status(await entraToken({}, Math.floor(Date.now() / 1000) - 30))).toBe(200);
    for (const wrong of [
      { iss: "https://sts.windows.net/99999999-2222-4333-8444-555555555555/" },
      { aud: "00000002-0000-0000-c000-000000000000" },
      { tid: "99999999-2222-4333-8444-555555555555" },
      { nbf: Math.floor(Date.now() / 1000) + 600 },
    ])
      expect(await status(await entraToken(wrong)), JSON.stringify(wrong)).toBe(401);
    expect(await status(await entraToken({}, Math.floor(Date.now() / 1000) - 120))).toBe(401);
    const forged = (await entraToken()).replace(/[^.]+$/, (signature) => signature.split("").reverse().join(""));
    expect(await status(forged)).toBe(401);
    const claims = { iss: `https://sts.windows.net/${TENANT}/`, aud: AUDIENCE, tid: TENANT };
    const symmetric = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("5m");
    expect(await status(await symmetric.sign(new TextEncoder().encode(SECRET)))).toBe(401);
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ ...claims, exp: 9e9 })).toString("base64url")}.`;
    expect(await status(none)).toBe(401);
  });

  test("tokens of another issuer are known by what they must say besides", async () => {
    const claims = { iss: issuer.url, aud: "postern", azp: "provisioning" };
    expect(await status(await issuer.sign(claims))).toBe(200);
    expect(await status(await issuer.sign({ ...claims, azp: "somebody" }))).toBe(401);
    expect(await status(await issuer.sign({ ...claims, aud: "somebody" }))).toBe(401);
  });

  test("HTTP Basic is a name with its password", async () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    expect((await get(basic(`legacy:${SECRET}`))).status).toBe(200);
    for (const wrong of [`other:${SECRET}`, "legacy:wrong", "legacy", ""])
      expect((await get(basic(wrong))).status).toBe(401);
  });

  const tokenFor = async (form: Record<string, string>, authorization?: string) => {
    const response = await fetch(`${gateway.url}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams(form),
      ...(authorization !== undefined && { headers: { Authorization: authorization } }),
    });
    return {
      status: response.status,
      headers: response.headers,
      json: (await response.json()) as Record<string, unknown>,
    };
  };
  const grant = { grant_type: "client_credentials" };

  test("OAuth client credentials: the secret in the form or in the header, any of several, makes a token for an hour", async () => {
    const answer = await tokenFor({ ...grant, client_id: "app", client_secret: SECRET });
    expect(answer).toMatchObject({ status: 200, json: { token_type: "Bearer", expires_in: 3600 } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const token = String(answer.json.access_token);
    expect(await status(token)).toBe(200);
    const encoded = Buffer.from(`app:${encodeURIComponent(hashed.secret)}`).toString("base64");
    const second = await tokenFor(grant, `Basic ${encoded}`);
    expect(await status(String(second.json.access_token))).toBe(200);
    const write = await send({ ...gateway, token }, "POST", "/Users", { userName: "x" });
    expect(write.json).toMatchObject({
      status: "403",
      detail: "The caller entra app is not permitted to create User.",
    });
    const [header, payload, signature = ""] = token.split(".");
    expect(await status(`${header}.${payload}.${signature.split("").reverse().join("")}`)).toBe(401);
  });

  test.each([
    [{ ...grant, client_id: "app", client_secret: "wrong" }, 401, "invalid_client"],
    [{ ...grant, client_id: "nobody", client_secret: SECRET }, 401, "invalid_client"],
    [{ grant_type: "password", client_id: "app", client_secret: SECRET }, 400, "unsupported_grant_type"],
    [{ client_id: "app", client_secret: SECRET }, 400, "invalid_request"],
    [{ ...grant, client_id: "federated", client_secret: SECRET }, 401, "invalid_client"],
  ])("OAuth client credentials: %j is %i %s", async (form, code, error) => {
    expect(await tokenFor(form)).toMatchObject({ status: code, json: { error } });
  });

  test("workload identity federation: a signed assertion in place of the secret", async () => {
    const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    const claims = { iss: `${issuer.url}/v2.0`, sub: "sp", aud: "api://postern" };
    const form = { ...grant, client_id: "federated", client_assertion_type };
    const answer = await tokenFor({ ...form, client_assertion: await issuer.sign(claims) });
    expect(answer.status).toBe(200);
    expect(await status(String(answer.json.access_token))).toBe(200);
    for (const wrong of [{ sub: "another" }, { aud: "another" }, { iss: "https://another.example" }])
      expect((await tokenFor({ ...form, client_assertion: await issuer.sign({ ...claims, ...wrong }) })).status).toBe(
        401,
      );
    expect((await tokenFor({ ...form, client_assertion: "x.y.z" })).status).toBe(401);
  });

  test("a caller does what it may, by itself, in bulk and in searches over all; else 403", async () => {
    const as = (token: string) => ({ ...gateway, token });
    const reader = as("the-token-of-a-reader");
    expect((await send(reader, "GET", "/Groups")).status).toBe(200);
    for (const [method, path, body] of [
      ["POST", "/Users", { userName: "r" }],
      ["PUT", "/Users/1", { userName: "r" }],
      ["PATCH", "/Users/1", { Operations: [{ op: "remove", path: "title" }] }],
      ["DELETE", "/Users/1", undefined],
    ] as const)
      expect((await send(reader, method, path, body)).status, method).toBe(403);
    const Operations = [{ method: "POST", path: "/Users", bulkId: "a", data: { userName: "bulk" } }];
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    const bulk = await send(reader, "POST", "/Bulk", { schemas, Operations });
    expect(bulk.json.Operations).toMatchObject([{ status: "403" }]);
    const users = as("the-token-for-users-alone");
    expect((await send(users, "GET", "/Groups?count=1")).status).toBe(403);
    const all = await send(users, "GET", "?count=100");
    expect(
      new Set(all.json.Resources.map(({ meta }: { meta: { resourceType: string } }) => meta.resourceType)),
    ).toEqual(new Set(["User"]));
    const keeper = as("the-token-that-keeps-all");
    const made = await send(keeper, "POST", "/Users", { userName: "kept" });
    expect(made.status).toBe(201);
    expect((await send(keeper, "DELETE", `/Users/${made.json.id}`)).json.detail).toBe(
      "The caller no delete is not permitted to delete User.",
    );
    expect((await send(as("the-token-for-another-route"), "GET", "/Users")).status).toBe(403);
  });

  test("a caller that asks more often than it may is 429 with Retry-After, and others are not", async () => {
    const slow = { ...gateway, token: "the-token-of-a-slow-one" };
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(slow, "GET", "/Users?count=1")));
    const refused = answers.filter(({ status: code }) => code === 429);
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(refused[0]!.headers.get("retry-after")).toBe("1");
    expect(await status(TOKEN)).toBe(200);
  });

  test("1,000 guesses from one address get few answers, a right one among them too; who has proven itself on its connection does not wait", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const proven = () =>
      new Promise<number>((resolve, reject) => {
        const headers = { Authorization: `Bearer ${TOKEN}` };
        request(`${gateway.base}/Users?count=1`, { agent, headers }, (answer) => {
          answer.resume().on("end", () => resolve(answer.statusCode!));
        })
          .on("error", reject)
          .end();
      });
    expect(await proven()).toBe(200);
    let open = 1000;
    const guesses = [...Array.from({ length: 999 }, (_, n) => `wrong-${n}`), TOKEN];
    const codes = guesses.map((each) => status(each).finally(() => open--));
    expect(await proven()).toBe(200);
    expect(open).toBeGreaterThan(0);
    const answers = await Promise.all(codes);
    // The others waited before anybody looked at what they sent, or were turned away unseen.
    expect(answers.filter((code) => code === 401).length).toBeLessThan(100);
    expect(answers.filter((code) => code === 429).length).toBeGreaterThan(850);
    agent.destroy();
  });
});

describe("an issuer's keys", () => {
  test("are asked for once, again when a token names one that is not known, and are not needed by other methods", async () => {
    const issuer = await startIssuer();
    const gateway = await startGateway({
      ...legacyHr(),
      auth: [
        { type: "entra", name: "entra", tenant: TENANT, authority: issuer.url },
        { type: "bearer", tokens: [{ name: "tests", token: TOKEN }] },
      ],
    });
    const claims = { iss: `https://sts.windows.net/${TENANT}/`, aud: AUDIENCE, tid: TENANT };
    const status = async (token: string) => (await send({ ...gateway, token }, "GET", "/Users?count=1")).status;
    issuer.answers(false);
    const unknown = await send({ ...gateway, token: await issuer.sign(claims) }, "GET", "/Users?count=1");
    // Not 401: that would be the caller's fault, and a provisioning client stops at it.
    expect(unknown).toMatchObject({ status: 503, json: { detail: expect.stringContaining("keys") } });
    expect(await status(TOKEN)).toBe(200);
    issuer.answers(true);
    const old = await issuer.sign(claims);
    for (let n = 0; n < 5; n++) expect(await status(old)).toBe(200);
    expect(issuer.asked()).toBe(1);
    await issuer.rotate(true);
    // Within the cooldown an unknown key is not asked for: somebody's nonsense would make us ask for each.
    await expect.poll(async () => status(await issuer.sign(claims)), { timeout: 15_000, interval: 500 }).toBe(200);
    expect(issuer.asked()).toBe(2);
    expect(await status(old)).toBe(200);
    await gateway.stop();
    await issuer.stop();
  });
});
