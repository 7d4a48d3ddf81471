import type { Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { bearer } from "../auth/bearer.ts";
import type { Loaded } from "../config/load.ts";
import { isOwnFault } from "../connector/error.ts";
import { loadAssets, shell } from "../console/assets.ts";
import { createConsole, FAULT } from "../console/console.ts";
import { sessionsPage } from "../console/pages/sessions.ts";
import type { ProblemPage } from "../console/problem.ts";
import { type ConsoleSettings, consoleUrl, isLoopback } from "../console/settings.ts";
import { createAdmin } from "../edge/admin.ts";
import { watchCertificates } from "../edge/tls.ts";
import { consolePages } from "./console/pages.ts";
import { sessionsDeps } from "./console/sessions.ts";
import { signInFor } from "./console/sign-in.ts";
import type { ConsoleSources } from "./console/sources.ts";
import type { Generation, Shared } from "./generation.ts";
import { guardActs } from "./guard-acts.ts";
import { guardedRoutes } from "./guarded-routes.ts";
import { type Fetch, type Listening, listen } from "./listen.ts";
import type { Reloads } from "./reloads.ts";
import type { Store } from "./store.ts";
import type { RunningSyncs } from "./syncs/running.ts";

/** What the operators' address serves beside requests. */
export interface AdminServices {
  readonly store: Store;
  readonly syncs: RunningSyncs;
  readonly reloads: Reloads;
  /** The configuration's file. */
  readonly file: string;
  /** Where the gateway listens for clients. */
  readonly url: string;
}

/** Listens at the operators' address. Rejects with a `StartError` if it is not available. */
export async function listenForAdmin(
  { operations, console: wanted }: Pick<Loaded["config"], "operations" | "console">,
  shared: Shared,
  current: () => Generation,
  { store, syncs, ...configuration }: AdminServices,
): Promise<Listening & { readonly url: string }> {
  const { metrics, log, services, readiness } = shared;
  const { host, port, tokens, metrics: metricsFor, tls } = operations!;
  let actual = port;
  const ownUrl = () => consoleUrl(wanted ?? {}, { host, port: actual, tls });
  const hosts = wanted?.url === undefined ? operations!.hosts : [...operations!.hosts, new URL(wanted.url).hostname];
  const { ledger } = store;
  const stopping = new AbortController();
  const guard = guardActs({ ledger, audit: services.audit, log });
  const known = tokens && bearer({ type: "bearer", tokens: tokens.map((each) => ({ ...each, may: {} })) });
  const app = createAdmin({
    metrics: async () => ({ text: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    readiness: { ask: () => readiness.current!.ask() },
    guarded: () => guardedRoutes(current()),
    guard: { status: (route) => ledger().status(route), release: guard.release },
    syncs: syncs.admin,
    journal: services.journal?.store,
    hosts,
    authenticate: known && (async (authorization) => (await known({ authorization }))?.name),
    failed: (error) => {
      if (!isOwnFault(error)) return error.message;
      log.error({ error: error.stack }, "a request to the operators' address failed");
      return FAULT;
    },
    refused: () => log.warn({}, "invalid token at the operators' address"),
    console:
      wanted &&
      (await consoleFor(
        wanted,
        { shared, current, store, syncs, guard, stopping: stopping.signal, ...configuration },
        ownUrl,
      )),
    hasOpenMetrics: metricsFor === "open",
    isLoopback: isLoopback(host),
  });
  const listening = await listen(app.fetch as Fetch, { host, port, setting: "operations" }, tls);
  actual = (listening.server.address() as AddressInfo).port;
  const unwatch = tls && watchCertificates(listening.server as SecureServer, tls, log);
  const stop = async () => {
    unwatch?.();
    stopping.abort();
    await listening.stop();
  };
  return { ...listening, stop, url: consoleUrl({}, { host, port: actual, tls }) };
}

/** The console of a running gateway. */
async function consoleFor(settings: ConsoleSettings, sources: ConsoleSources, url: () => string) {
  const assets = await loadAssets();
  const page: ProblemPage = (shown) => shell(assets, shown);
  const signIn = signInFor(settings, sources, { url, page });
  const { log } = sources.shared;
  const failed = (error: Error) => log.error({ error: error.stack }, "a page of the console failed");
  const sessions = sessionsPage(sessionsDeps(signIn.sessions, sources.shared));
  return createConsole({ assets, signIn, pages: { ...consolePages(sources), sessions }, failed });
}
