import { createServer, type Server } from "node:http";
import Provider, { type Configuration } from "oidc-provider";
import { freePort, stopServer } from "./ports.ts";
import type { Visitor } from "./visitor.ts";

/** A real OpenID Connect provider, whose people are known by their roles. */
export interface OidcServer {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly stop: () => Promise<void>;
}

/** The provider's people, with what it says of them. Everybody's password is right. */
export const PEOPLE = {
  ann: { preferred_username: "ann@example.com", roles: ["Operator", "Viewer"] },
  bob: { preferred_username: "bob@example.com", roles: ["Viewer"] },
  eve: { preferred_username: "eve@example.com", roles: ["Intern", "<b>Guest</b>"] },
  kim: { preferred_username: "kim@example.com" },
  sam: { preferred_username: "sam@example.com", roles: ["Operator"] },
  other: { preferred_username: "sam@example.com", roles: ["Operator"] },
  max: { preferred_username: "local:root", roles: ["Operator"] },
} as const;

/** Starts a provider that sends people back to some addresses. `claimsIn` says where it tells their claims. */
export async function startOidc(
  redirectUris: readonly string[],
  claimsIn: "token" | "userinfo" = "token",
): Promise<OidcServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const client = { client_id: "postern-console", client_secret: "the-secret-of-the-console-0123" };
  const configuration: Configuration = {
    clients: [{ ...client, redirect_uris: [...redirectUris], grant_types: ["authorization_code"] }],
    claims: { openid: ["sub"], profile: ["preferred_username", "roles"] },
    conformIdTokenClaims: claimsIn === "userinfo",
    cookies: { keys: ["of-the-tests-only"] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...PEOPLE[sub as keyof typeof PEOPLE] }),
    }),
    ttl: { AuthorizationCode: 60, AccessToken: 60, IdToken: 60, Interaction: 60, Session: 60, Grant: 60 },
  };
  const provider = quietly(() => new Provider(issuer, configuration));
  const server: Server = createServer(provider.callback());
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    stop: () => stopServer(server),
  };
}

/** Signs somebody in at the provider, from its first page on. Returns the address that it sends the browser back to. */
export async function signInAt(visitor: Visitor, address: string, login: keyof typeof PEOPLE): Promise<string> {
  let url = address;
  for (let step = 0; step < 10; step++) {
    const answer = await visitor.get(url);
    const to = answer.headers.get("location");
    if (to === null) {
      const prompt = /name="prompt" value="(\w+)"/.exec(await answer.text())?.[1] ?? "";
      const form = new URLSearchParams({ prompt, ...(prompt === "login" && { login, password: "any" }) });
      const sent = await visitor.send(url, { method: "POST", body: form });
      url = new URL(sent.headers.get("location")!, url).href;
    } else url = new URL(to, url).href;
    if (new URL(url).origin !== new URL(address).origin) return url;
  }
  throw new Error(`the provider does not send the browser back: ${url}`);
}

/** Without the provider's warnings that it is set up for tests. */
function quietly<T>(make: () => T): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}
