import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** An issuer of tokens: its keys at the addresses where Entra, and OpenID Connect, have them. */
export interface Issuer {
  readonly url: string;
  /** Makes a key that signs from now on; the published keys are the last one or two. */
  readonly rotate: (keepOld: boolean) => Promise<void>;
  readonly sign: (claims: Record<string, unknown>, lifetime?: string | number) => Promise<string>;
  /** How often the keys were asked for. */
  readonly asked: () => number;
  /** Whether it answers; else it hangs. */
  readonly answers: (on: boolean) => void;
  readonly stop: () => Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  let keys: { kid: string; privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"]; jwk: object }[] = [];
  let asked = 0;
  let isThere = true;
  const make = async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const kid = `key ${Math.random()}`;
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
  };
  keys = [await make()];
  const server = createServer((request, response) => {
    if (!isThere) return;
    response.setHeader("Content-Type", "application/json");
    if (request.url?.endsWith("/.well-known/openid-configuration"))
      return response.end(JSON.stringify({ issuer: url(), jwks_uri: `${url()}/keys` }));
    asked++;
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url(),
    rotate: async (keepOld) => {
      keys = [await make(), ...(keepOld ? keys.slice(0, 1) : [])];
    },
    sign: (claims, lifetime = "5m") =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid: keys[0]!.kid })
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(keys[0]!.privateKey),
    asked: () => asked,
    answers: (on) => {
      isThere = on;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
