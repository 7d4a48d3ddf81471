import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { entra, entraConfig, oidc, oidcConfig } from "./jwt.ts";

const TENANT = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";

describe("tokens of an issuer", () => {
  let sign: (claims: object, header?: object) => Promise<string>;
  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "k" };
    vi.stubGlobal("fetch", async () => Response.json({ keys: [jwk] }));
    sign = async (claims, header) => {
      const token = new SignJWT({ aud: "us", ...claims }).setProtectedHeader({ alg: "ES256", kid: "k", ...header });
      return `Bearer ${await token.setExpirationTime("1h").sign(privateKey)}`;
    };
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  test.each([TENANT, TENANT.toUpperCase()])("of Entra are known where the tenant is written %s", async (tenant) => {
    const authenticate = entra(entraConfig.parse({ type: "entra", name: "entra", tenant, audience: "us" }));
    const authorization = await sign({ iss: `https://sts.windows.net/${TENANT}/`, tid: TENANT });
    expect(await authenticate({ authorization })).toMatchObject({ name: "entra" });
  });

  test.each([
    [undefined, true],
    ["JWT", true],
    ["at+jwt", true],
    ["application/at+JWT", true],
    ["application/okta-internal-at+jwt", true],
    ["logout+jwt", false],
    ["secevent+jwt", false],
    ["application/dpop+jwt", false],
  ])("RFC 8725 §3.11: with the typ %s are taken for access: %s", async (typ, isTaken) => {
    const issuer = "https://idp.example";
    const keys = `${issuer}/keys`;
    const authenticate = oidc(oidcConfig.parse({ type: "oidc", name: "idp", issuer, keys, audience: "us" }));
    const caller = await authenticate({ authorization: await sign({ iss: issuer }, typ === undefined ? {} : { typ }) });
    expect(caller !== undefined).toBe(isTaken);
  });
});
