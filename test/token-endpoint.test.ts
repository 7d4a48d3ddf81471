import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { type Issuer, startIssuer } from "./servers/issuer.ts";

const SECRET = "a-secret-of-the-tests-alone";
const KEY = "a-key-of-the-tests-that-signs-the-tokens";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const APP = "api://0f9d2c4e-0000-4444-8888-1f6e0ad5c7b3";
const WELL_KNOWN = "/.well-known/oauth-authorization-server";
const grant = { grant_type: "client_credentials" };

const tokenOf = async (url: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form), headers });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const metadataAt = async (gateway: TestGateway, path: string, init?: RequestInit) => {
  const response = await fetch(gateway.url + path, init);
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
};

describe("a token endpoint", () => {
  let issuer: Issuer;
  let gateway: TestGateway;
  beforeAll(async () => {
    issuer = await startIssuer();
    gateway = await startGateway({
      ...legacyHr(),
      auth: [
        { type: "bearer", tokens: [{ name: "tests", token: TOKEN }] },
        { type: "oidc", name: "scoped", issuer: issuer.url, audience: "postern", scope: "scim" },
        {
          type: "clientCredentials",
          key: KEY,
          clients: [
            { name: "by secret", id: "app", secrets: [SECRET] },
            {
              name: "federated",
              id: "federated",
              assertion: {
                issuer: `${issuer.url}/v2.0`,
                subject: "sp",
                audience: [APP, `${APP}/gateway.example`],
                keys: `${issuer.url}/keys`,
              },
            },
            {
              name: "signs itself",
              id: "signer",
              assertion: {
                issuer: "signer",
                subject: "signer",
                audience: "https://gateway.example/oauth2/token",
                keys: `${issuer.url}/keys`,
              },
            },
            {
              name: "signs itself for another",
              id: "other",
              may: { actions: ["read"] },
              assertion: { issuer: "signer", subject: "signer", audience: "other", keys: `${issuer.url}/keys` },
            },
            {
              name: "found by metadata",
              id: "discovered",
              assertion: { issuer: issuer.url, subject: "discovered", audience: "us" },
            },
          ],
        },
        {
          type: "clientCredentials",
          path: "/second",
          key: KEY,
          clients: [{ name: "reads", id: "app", secrets: [`${SECRET}2`], may: { actions: ["read"] } }],
        },
      ],
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await issuer.stop();
  });
  const token = (form: Record<string, string>, headers?: Record<string, string>) =>
    tokenOf(`${gateway.url}/oauth2/token`, form, headers);
  const bySecret = (more: Record<string, string> = {}) =>
    token({ ...grant, client_id: "app", client_secret: SECRET, ...more });
  const byAssertion = async (claims: Record<string, unknown>, more: Record<string, string> = {}) =>
    token({ ...grant, client_assertion_type: ASSERTION, client_assertion: await issuer.sign(claims), ...more });
  const status = async (bearer: unknown) =>
    (await send({ ...gateway, token: String(bearer) }, "GET", "/Users?count=1")).status;

  test("RFC 8414: its metadata says what it supports, to anybody", async () => {
    const { status, headers, json } = await metadataAt(gateway, WELL_KNOWN);
    expect(status).toBe(200);
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    expect(json).toEqual({
      issuer: gateway.url,
      token_endpoint: `${gateway.url}/oauth2/token`,
      response_types_supported: [],
      grant_types_supported: ["client_credentials"],
      scopes_supported: ["scim"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(["RS256", "ES256"]),
    });
    expect((await metadataAt(gateway, WELL_KNOWN, { method: "POST" })).status).toBe(405);
    expect((await metadataAt(gateway, `${WELL_KNOWN}/another`)).status).toBe(404);
  });

  test("RFC 8414 §3.3: whoever starts at the metadata gets a token that the gateway takes", async () => {
    const { json } = await metadataAt(gateway, WELL_KNOWN);
    const answer = await tokenOf(String(json.token_endpoint), { ...grant, client_id: "app", client_secret: SECRET });
    expect(await status(answer.json.access_token)).toBe(200);
  });

  test.each([undefined, "", "scim", "scim users", "https://another.example/.default"])(
    "RFC 6749 §3.3: of the scope %j what is given is scim, and the answer and the token say so",
    async (scope) => {
      const { status: code, json } = await bySecret(scope === undefined ? {} : { scope });
      expect(code).toBe(200);
      expect(json.scope).toBe("scim");
      expect(decodeJwt(String(json.access_token)).scope).toBe("scim");
    },
  );

  test.each([" ", "scim  users", " scim", 'a"b', "a\\b", "ü"])(
    "RFC 6749 §3.3: the scope %j is malformed, and refused",
    async (scope) => {
      expect(await bySecret({ scope })).toMatchObject({ status: 400, json: { error: "invalid_scope" } });
    },
  );

  test("an assertion is for one of several audiences, to the letter", async () => {
    const claims = { iss: `${issuer.url}/v2.0`, sub: "sp" };
    for (const aud of [APP, `${APP}/gateway.example`, ["https://another.example", APP]])
      expect((await byAssertion({ ...claims, aud })).status, String(aud)).toBe(200);
    for (const aud of [`${APP}/`, APP.toUpperCase(), `${APP}/another.example`, "api://", [], undefined])
      expect((await byAssertion({ ...claims, ...(aud !== undefined && { aud }) })).status, String(aud)).toBe(401);
  });

  test("RFC 7523 §2.2, private_key_jwt: a client signs for itself, with or without its id, each assertion once", async () => {
    const claims = () => ({
      iss: "signer",
      sub: "signer",
      aud: "https://gateway.example/oauth2/token",
      jti: randomUUID(),
    });
    const answer = await byAssertion(claims());
    expect(answer.status).toBe(200);
    expect(await status(answer.json.access_token)).toBe(200);
    expect((await byAssertion(claims(), { client_id: "signer" })).status).toBe(200);
    expect((await byAssertion(claims(), { client_id: "app" })).status).toBe(401);
    const again = claims();
    expect((await byAssertion(again)).status).toBe(200);
    expect(await byAssertion(again)).toMatchObject({ status: 401, json: { error: "invalid_client" } });
    const client_assertion = await issuer.sign(claims());
    expect((await token({ ...grant, client_assertion })).status).toBe(401);
  });

  test("a token has the rights of the endpoint that gave it, where another has the key and the id, too", async () => {
    const form = { ...grant, client_id: "app", client_secret: `${SECRET}2` };
    const { json } = await tokenOf(`${gateway.url}/second`, form);
    const reader = { ...gateway, token: String(json.access_token) };
    expect((await send(reader, "GET", "/Users?count=1")).status).toBe(200);
    expect((await send(reader, "DELETE", "/Users/1")).status).toBe(403);
  });

  test("one who signs for itself is the client whose audience the assertion has", async () => {
    const answer = await byAssertion({ iss: "signer", sub: "signer", aud: "other", jti: randomUUID() });
    expect(answer.status).toBe(200);
    expect(decodeJwt(String(answer.json.access_token)).sub).toBe("other");
  });

  test("an assertion that expires in years is refused, one of a day is taken", async () => {
    const claims = { iss: `${issuer.url}/v2.0`, sub: "sp", aud: APP };
    const lasting = async (lifetime: string) =>
      (
        await token({
          ...grant,
          client_assertion_type: ASSERTION,
          client_assertion: await issuer.sign(claims, lifetime),
        })
      ).status;
    expect(await lasting("1d")).toBe(200);
    expect(await lasting("3650d")).toBe(401);
  });

  test("RFC 6749 §2.3, §3.2: an assertion beside a secret, and a parameter sent twice, are refused", async () => {
    const claims = { iss: `${issuer.url}/v2.0`, sub: "sp", aud: APP };
    const form = { ...grant, client_assertion_type: ASSERTION, client_assertion: await issuer.sign(claims) };
    const authorization = `Basic ${Buffer.from("app:wrong").toString("base64")}`;
    const invalid = { status: 400, json: { error: "invalid_request" } };
    expect(await token(form, { authorization })).toMatchObject(invalid);
    expect(await token({ ...form, client_secret: "wrong" })).toMatchObject(invalid);
    const twice = await fetch(`${gateway.url}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams([...Object.entries(form), ["client_id", "federated"], ["client_id", "app"]]),
    });
    expect(twice.status).toBe(400);
    const resources = new URLSearchParams([...Object.entries(form), ["resource", "a:"], ["resource", "b:"]]);
    const ok = await fetch(`${gateway.url}/oauth2/token`, { method: "POST", body: resources });
    expect(ok.status).toBe(200);
  });

  test("a platform's assertion may be used again until it expires", async () => {
    const claims = { iss: `${issuer.url}/v2.0`, sub: "sp", aud: APP, jti: "one" };
    for (let n = 0; n < 2; n += 1) expect((await byAssertion(claims)).status).toBe(200);
  });

  test("without an address of keys the issuer's metadata names it", async () => {
    expect((await byAssertion({ iss: issuer.url, sub: "discovered", aud: "us" })).status).toBe(200);
  });

  test("tokens of another issuer must carry the scope where the setting says so, in either claim", async () => {
    const claims = { iss: issuer.url, aud: "postern" };
    for (const more of [{ scope: "scim" }, { scope: "openid scim" }, { scp: "a scim" }, { scp: ["scim", "a"] }])
      expect(await status(await issuer.sign({ ...claims, ...more })), JSON.stringify(more)).toBe(200);
    for (const more of [{}, { scope: "scim2" }, { scope: "" }, { scp: ["a"] }, { scope: { scim: true } }])
      expect(await status(await issuer.sign({ ...claims, ...more })), JSON.stringify(more)).toBe(401);
  });
});

describe("the metadata of token endpoints", () => {
  const endpoint = (path: string, client: object = { secrets: [SECRET] }) => ({
    type: "clientCredentials",
    path,
    key: KEY,
    clients: [{ name: path, id: "app", ...client }],
  });

  test("the issuer is publicUrl, and its path stands behind the well-known one, or is taken away by a proxy", async () => {
    const gateway = await startGateway({
      ...legacyHr(),
      server: { port: 0, publicUrl: "https://gateway.example/postern/" },
      auth: [endpoint("/token"), endpoint("/second")],
    });
    for (const path of [`${WELL_KNOWN}/postern`, WELL_KNOWN])
      expect((await metadataAt(gateway, path)).json).toMatchObject({
        issuer: "https://gateway.example/postern",
        token_endpoint: "https://gateway.example/postern/token",
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      });
    for (const path of [`${WELL_KNOWN}/postern/second`, `${WELL_KNOWN}/second`])
      expect((await metadataAt(gateway, path)).json).toMatchObject({
        issuer: "https://gateway.example/postern/second",
        token_endpoint: "https://gateway.example/postern/second",
      });
    await gateway.stop();
  });

  test("there is none without a token endpoint", async () => {
    const gateway = await startGateway(legacyHr());
    expect((await metadataAt(gateway, WELL_KNOWN)).status).toBe(404);
    await gateway.stop();
  });

  test("one id twice is a mistake: a token would have the rights of the first", async () => {
    const clients = [1, 2].map((n) => ({ name: `client ${n}`, id: "app", secrets: [SECRET + n] }));
    await expect(startGateway({ ...legacyHr(), auth: [{ ...endpoint("/token"), clients }] })).rejects.toThrow(
      /two clients have the same ID/,
    );
  });

  test("an assertion of an issuer without an address must name where the keys are", async () => {
    const assertion = { issuer: "signer", subject: "signer", audience: "us" };
    await expect(startGateway({ ...legacyHr(), auth: [endpoint("/token", { assertion })] })).rejects.toThrow(
      /set the URL of the keys/,
    );
  });
});
