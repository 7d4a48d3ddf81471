import { join } from "node:path";
import { openStateOf } from "../../src/compose/store.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { LinkUse } from "../../src/console/api/sign-in.ts";
import { cookieName } from "../../src/console/cookies.ts";
import { makeLink } from "../../src/console/local.ts";
import { createSessions, type Person } from "../../src/console/sessions.ts";
import type { TestGateway } from "./gateway.ts";
import { registry } from "./registry.ts";
import { newVisitor, type Visitor } from "./visitor.ts";

type OfConsole = Pick<TestGateway, "operations" | "folder">;

/** A link that signs somebody in to a gateway's console, as `postern console` makes it. The gateway's state must be in a file or server. */
export async function linkTo({ operations, folder }: OfConsole, user = "tests"): Promise<string> {
  const state = openStateOf(loadConfig(join(folder, "gateway.config.yaml"), registry, {}));
  try {
    return await makeLink(state.console, operations!, user);
  } finally {
    await state.close();
  }
}

/** Sends the token of a link, as the console's page does. */
export const useLinkAs = (
  visitor: Visitor,
  link: string,
  more: Partial<LinkUse> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => {
  const { origin, hash } = new URL(link);
  return visitor.send(`${origin}/console/sign-in/local`, {
    method: "POST",
    headers: { ...headers, origin, "content-type": "application/json" },
    body: JSON.stringify({ token: new URLSearchParams(hash.slice(1)).get("token"), ...more }),
  });
};

/** Somebody who is signed in to a gateway's console as operator. */
export interface SignedIn extends Visitor {
  /** The headers that a change must have. */
  readonly headers: Readonly<Record<string, string>>;
  /** The session's cookie, for a browser. */
  readonly cookie: { readonly name: string; readonly value: string; readonly url: string };
}

/** Signs somebody in to a gateway's console by a link. */
export async function signedInTo(gateway: OfConsole): Promise<SignedIn> {
  const visitor = newVisitor();
  const url = gateway.operations!;
  await useLinkAs(visitor, await linkTo(gateway));
  const [[name, value] = ["", ""]] = visitor.cookies(url);
  const { csrf } = (await (await visitor.get(`${url}/console/api/me`)).json()) as { csrf: string };
  const headers = { origin: url, "x-postern-csrf": csrf, "content-type": "application/json" };
  return { ...visitor, headers, cookie: { name, value, url } };
}

/** A session of somebody with a role, as one begins by a link. Returns its cookie. */
export async function sessionOf(
  { operations, folder }: OfConsole,
  person: Pick<Person, "name" | "role">,
): Promise<SignedIn["cookie"]> {
  const state = openStateOf(loadConfig(join(folder, "gateway.config.yaml"), registry, {}));
  try {
    const sessions = createSessions(state.console, { hours: 1, idleMinutes: 60 }, () => true);
    return {
      name: cookieName(operations!, "session"),
      value: await sessions.begin({ ...person, way: "link" }),
      url: operations!,
    };
  } finally {
    await state.close();
  }
}
