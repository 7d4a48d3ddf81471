import { unwatchFile, watchFile } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServerType, serve } from "@hono/node-server";
import { connectors as known } from "../connectors/index.ts";
import { type Loaded, loadConfig } from "./config/load.ts";
import { shedding } from "./edge/load.ts";
import { createOperations } from "./edge/operations.ts";
import { createThrottle } from "./edge/throttle.ts";
import { type TlsFiles, tlsOptions, watchCertificates } from "./edge/tls.ts";
import { buildGeneration, type Generation, type Shared, StartError } from "./generation.ts";
import { type AuditLog, openAudit } from "./observe/audit.ts";
import { createLog } from "./observe/log.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";

export { endpointsOf, openConnectors, StartError } from "./generation.ts";

/** A gateway that listens. */
export interface Running {
  readonly url: string;
  readonly routes: readonly string[];
  /** Where operators look, if there is such an address. */
  readonly operations: string | undefined;
  /** Takes the configuration as it is now, whole, or goes on with the one before; says whether it was taken. */
  readonly reload: () => boolean;
  /** Lets running requests end, for at most ten seconds, and closes the connectors. */
  readonly stop: () => Promise<void>;
}

const DRAIN_MS = 10_000;
/** How often files are looked at whether they changed, in milliseconds. */
const WATCH_MS = 2000;

/** Configuration to connectors to gateways to HTTP, and listens. Throws `ConfigError` and `StartError`. */
export async function start(file: string, env: Readonly<Record<string, string | undefined>>): Promise<Running> {
  const loaded = loadConfig(file, known, env);
  const { config, folder } = loaded;
  const log = createLog(config.log.level);
  const metrics = createMetrics();
  const audit = openAuditFor(loaded);
  const shared: Shared = { log, metrics, append: audit?.append, guards: new Map(), throttle: createThrottle() };
  let current = buildGeneration(loaded, shared);
  measure(metrics, () => current, shared);

  const tls = config.server.tls && tlsFiles(config.server.tls, folder);
  const fetch: Fetch = (...args) => current.fetch(...args);
  const admit = (listener: RequestListener) =>
    shedding(listener, { isFull: () => current.isFull(), shed: () => metrics.shed.inc() });
  const server = await listen(fetch, config.server, tls, admit).catch(async (error) => {
    await closeAll(current);
    audit?.close();
    throw error;
  });
  const endCertificates = tls ? watchCertificates(server as SecureServer, tls, log) : () => {};
  const operations = config.operations && (await listenForOperators(config.operations, shared));

  const reload = (): boolean => {
    const before = current;
    try {
      const next = loadConfig(file, known, env);
      current = buildGeneration(next, shared, before);
      const fixed = ["server", "audit", "operations", "log"] as const;
      const changed = fixed.filter((part) => JSON.stringify(next.config[part]) !== JSON.stringify(config[part]));
      log.warn({ ...(changed.length > 0 && { needRestart: changed }) }, "the configuration was read again");
      metrics.reloads.inc({ result: "taken" });
    } catch (error) {
      log.error({ reason: (error as Error).message }, "the new configuration is wrong: the one before goes on");
      metrics.reloads.inc({ result: "refused" });
      return false;
    }
    files.watch(current.loaded);
    void retire(before, current);
    return true;
  };
  const files = watching(file, reload);
  files.watch(loaded);

  const { port } = server.address() as AddressInfo;
  const host = config.server.host === "0.0.0.0" ? "127.0.0.1" : config.server.host;
  return {
    url: `${tls ? "https" : "http"}://${host}:${port}`,
    routes: [...loaded.routes.keys()],
    operations: operations?.url,
    reload,
    stop: async () => {
      files.end();
      endCertificates();
      await drain(server);
      if (operations) await drain(operations.server);
      await closeAll(current);
      audit?.close();
      log.flush();
    },
  };
}

const tlsFiles = ({ cert, key, clientCa }: TlsFiles, folder: string): TlsFiles => ({
  cert: resolve(folder, cert),
  key: resolve(folder, key),
  ...(clientCa !== undefined && { clientCa: resolve(folder, clientCa) }),
});

function openAuditFor({ config, folder }: Loaded): AuditLog | undefined {
  if (!config.audit) return undefined;
  const { file, ...rest } = config.audit;
  try {
    return openAudit({ ...rest, file: file === undefined ? undefined : resolve(folder, file) });
  } catch (error) {
    throw new StartError(`audit: ${(error as Error).message}`);
  }
}

/** What is looked at when the metrics are asked for. */
function measure({ running, waiting, stopped }: Metrics, current: () => Generation, { guards }: Shared): void {
  const collect = () => {
    for (const [
      connector,
      {
        connector: { load },
      },
    ] of current().connectors) {
      running.set({ connector }, load.running());
      waiting.set({ connector }, load.waiting());
    }
    for (const [route, guard] of guards) stopped.set({ route }, guard.stopped.size > 0 ? 1 : 0);
  };
  Object.assign(running, { collect });
}

/** Closes what a generation has open and the next one does not go on with, once its requests have ended. */
async function retire(generation: Generation, next: Generation): Promise<void> {
  for (const end = Date.now() + DRAIN_MS; generation.inFlight() > 0 && Date.now() < end; ) await sleep(50);
  const left = [...generation.connectors].filter(
    ([name, { connector }]) => next.connectors.get(name)?.connector !== connector,
  );
  await Promise.all(left.map(([, { connector }]) => connector.close()));
}

const closeAll = ({ connectors }: Generation) =>
  Promise.all([...connectors.values()].map(({ connector }) => connector.close()));

/** Watches the configuration and its mappings. */
function watching(file: string, changed: () => void) {
  let watched: string[] = [];
  const end = () => {
    for (const each of watched) unwatchFile(each, changed);
  };
  return {
    end,
    watch: ({ routes }: Loaded) => {
      end();
      const mappings = [...routes.values()].flatMap((types) =>
        [...types.values()].map(({ mappingFile }) => mappingFile),
      );
      watched = [...new Set([resolve(file), ...mappings])];
      for (const each of watched) watchFile(each, { interval: WATCH_MS, persistent: false }, changed);
    },
  };
}

/** Time limits for clients that are slow, in milliseconds, and the most that headers may hold, in bytes. */
const SLOW = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32_768,
  connectionsCheckingInterval: 2000,
};

type Fetch = Parameters<typeof serve>[0]["fetch"];

/** Listens; what `admit` makes of the listener sees requests first. */
function listen(
  fetch: Fetch,
  { host: hostname, port }: { readonly host: string; readonly port: number },
  tls: TlsFiles | undefined,
  admit: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<ServerType> {
  const create = (_: object, listener: RequestListener) =>
    tls ? createSecureServer({ ...SLOW, ...secureOptions(tls) }, admit(listener)) : createServer(SLOW, admit(listener));
  return new Promise((done, reject) => {
    const options = { fetch, hostname, port, createServer: create as typeof createServer };
    const server = serve(options, () => done(server));
    server.once("error", (error) => reject(listenFailure(error, hostname, port)));
  });
}

function secureOptions(tls: TlsFiles) {
  try {
    return tlsOptions(tls);
  } catch (error) {
    throw new StartError(`server.tls: ${(error as Error).message}`);
  }
}

async function listenForOperators({ host, port }: { host: string; port: number }, { metrics, guards, log }: Shared) {
  const app = createOperations({
    metrics: async () => ({ text: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    guards,
    released: (route) => log.warn({ route }, "the change guard was released"),
  });
  const server = await listen(app.fetch as Fetch, { host, port }, undefined);
  return { server, url: `http://${host}:${(server.address() as AddressInfo).port}` };
}

/** An address that cannot be had is the configuration's to change. */
function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: "another process listens there",
    EACCES: "this process may not listen there: ports below 1024 are the administrator's",
    EADDRNOTAVAIL: "this machine has no such address",
  };
  const reason = reasons[error.code ?? ""];
  return reason
    ? new StartError(`cannot listen on ${host}:${port}: ${reason}. Change server.host or server.port.`)
    : error;
}

function drain(server: ServerType): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  });
}
