import { loadAssets, shell } from "./assets.ts";
import { createConsole } from "./console.ts";
import type { ConsolePage } from "./env.ts";
import { makeLink } from "./local.ts";
import { memoryConsoleStore } from "./memory-store.ts";
import { createSignIn } from "./sign-in.ts";

/** A page of the console without a gateway, for whoever runs the process. */
export interface Alone {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Makes a link that opens the page. */
  readonly link: () => Promise<string>;
}

/** A session on a laptop ends with the process. */
const SESSIONS = { hours: 24 * 30, idleMinutes: 60 * 24 };

/** Serves pages of the console alone, to browsers of this machine that come by the link. `home` is where they begin. */
export async function aloneConsole(
  pages: Readonly<Record<string, ConsolePage>>,
  { url, home, user }: { readonly url: () => string; readonly home: string; readonly user: string },
): Promise<Alone> {
  const assets = await loadAssets();
  const store = memoryConsoleStore();
  const signIn = createSignIn({
    settings: { signIn: {}, sessions: SESSIONS },
    url,
    store,
    sourceOf: (peer) => peer,
    record: async () => {},
    attempt: (_, look) => look(),
    warn: () => {},
    page: (shown) => shell(assets, shown),
  });
  const app = createConsole({ assets, signIn, pages, home, failed: (error) => console.error(error) });
  return { fetch: app.fetch, link: () => makeLink(store, url(), user) };
}
