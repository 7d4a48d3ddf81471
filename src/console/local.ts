import { hashed, isSecret, newSecret } from "./sessions.ts";
import type { ConsoleStore } from "./store.ts";

/** How long a link is valid, in minutes. */
export const LINK_MINUTES = 10;
/** Maximum number of unused links. A new one replaces the oldest. */
const MAX_LINKS = 100;

/**
 * Makes a link that signs somebody in once, as operator. The token is in the fragment, which browsers send to nobody: no log and no Referer
 * has it.
 */
export async function makeLink(store: Pick<ConsoleStore, "addTicket">, url: string, user: string): Promise<string> {
  const token = newSecret();
  const expires = Date.now() + 60_000 * LINK_MINUTES;
  await store.addTicket({ id: hashed(token), kind: "link", data: JSON.stringify({ user }), expires }, MAX_LINKS);
  return `${url}/console/sign-in#token=${token}`;
}

/** The user whose link has a token. Undefined if it isn't valid. */
export const lookAtLink = (store: Pick<ConsoleStore, "ticket">, token: unknown): Promise<string | undefined> =>
  userOf(store.ticket, token);

/** The same, and the link is used up by that. */
export const useLink = (store: Pick<ConsoleStore, "takeTicket">, token: unknown): Promise<string | undefined> =>
  userOf(store.takeTicket, token);

async function userOf(find: ConsoleStore["ticket"], token: unknown): Promise<string | undefined> {
  if (!isSecret(token)) return undefined;
  const data = await find("link", hashed(token));
  return data === undefined ? undefined : (JSON.parse(data) as { readonly user: string }).user;
}
