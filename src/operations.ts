import type { AddressInfo } from "node:net";
import { bearer } from "./auth/bearer.ts";
import type { Loaded } from "./config/load.ts";
import { loadAssets } from "./console/assets.ts";
import { createConsole } from "./console/console.ts";
import { stubSignIn } from "./console/stub-sign-in.ts";
import { consolePages } from "./console-pages.ts";
import { createAdmin } from "./edge/admin.ts";
import type { Generation, Shared } from "./generation.ts";
import { type Fetch, type Listening, listen } from "./listen.ts";
import type { RunningSyncs } from "./running-syncs.ts";
import type { Store } from "./store.ts";

/** Maximum number of released entries that one record names. */
const RECORDED = 500;

/** The routes with a change guard. */
export const guardedRoutes = ({ loaded: { config } }: Generation): string[] =>
  Object.entries(config.safety).flatMap(([route, { guard }]) => (guard ? [route] : []));

/** Listens at the operators' address. Rejects with a `StartError` if it is not available. */
export async function listenForAdmin(
  { operations, console: wanted }: Pick<Loaded["config"], "operations" | "console">,
  shared: Shared,
  current: () => Generation,
  { store, syncs }: { readonly store: Store; readonly syncs: RunningSyncs },
): Promise<Listening & { readonly url: string }> {
  const { metrics, log, services, readiness } = shared;
  const { host, port, hosts, tokens } = operations!;
  const { ledger } = store;
  const known = tokens && bearer({ type: "bearer", tokens: tokens.map((each) => ({ ...each, may: {} })) });
  const app = createAdmin({
    metrics: async () => ({ text: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    readiness: { ask: () => readiness.current!.ask() },
    guarded: () => guardedRoutes(current()),
    guard: {
      status: (route) => ledger().status(route),
      release: async (release) => {
        const { route, by, reason } = release;
        // Recorded first, so that no release goes unrecorded.
        const intent = await services.audit?.intent({ event: "release", route, by, reason });
        const released = await ledger().release(release);
        for (let at = 0; at === 0 || at < released.length; at += RECORDED) {
          const entries = released.slice(at, at + RECORDED);
          await services.audit?.outcome({ event: "released", intent, route, by, reason, entries });
        }
        log.warn({ route, by, reason, released: released.length }, "change guard released");
        return released;
      },
    },
    syncs: syncs.admin,
    journal: services.journal?.store,
    hosts,
    authenticate: known && (async (authorization) => (await known({ authorization }))?.name),
    refused: () => log.warn({}, "invalid token at the operators' address"),
    console:
      wanted &&
      createConsole({
        assets: await loadAssets(),
        signIn: stubSignIn(),
        pages: consolePages({ shared, current, store, syncs }),
      }),
    isLoopback: /^(127(\.\d+){1,3}$|localhost$|::1$)/.test(host),
  });
  const listening = await listen(app.fetch as Fetch, { host, port }, undefined);
  const { port: actual } = listening.server.address() as AddressInfo;
  return { ...listening, url: `http://${host}:${actual}` };
}
