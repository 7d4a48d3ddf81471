import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { connectors as known } from "../connectors/index.ts";
import { bearer } from "./auth/bearer.ts";
import { type Loaded, loadConfig } from "./config/load.ts";
import type { Connector } from "./connector/connector.ts";
import { createApp } from "./edge/app.ts";
import type { Served } from "./edge/served.ts";
import { createGateway } from "./gateway/gateway.ts";
import type { Endpoint } from "./gateway/references.ts";
import { publishedType } from "./mapping/published.ts";
import { createLog, type Log } from "./observe/log.ts";

/** A gateway that listens. */
export interface Running {
  readonly url: string;
  readonly routes: readonly string[];
  /** Lets running requests end, for at most ten seconds, and closes the connectors. */
  readonly stop: () => Promise<void>;
}

/** The gateway cannot start, for a reason that its administrator can do something about. */
export class StartError extends Error {}

const DRAIN_MS = 10_000;

/** Opens the connectors that a configuration names. */
export function openConnectors(loaded: Loaded, log: Pick<Log, "warn">): Map<string, Connector> {
  const services = {
    folder: loaded.folder,
    log: { warn: (fields: object, message: string) => log.warn(fields, message) },
  };
  const types = typesByConnector(loaded);
  return new Map(
    Object.entries(loaded.config.connectors).map(([name, { type, ...settings }]) => {
      const definition = known.find((each) => each.type === type)!;
      return [name, definition.open(settings, { ...services, types: types.get(name) ?? {} })];
    }),
  );
}

/** What the mappings say of the types of attributes, by the connector that they go with. */
function typesByConnector({ routes }: Loaded): Map<string, Record<string, string>> {
  const types = new Map<string, Record<string, string>>();
  for (const { connector, mapping } of [...routes.values()].flatMap((endpoints) => [...endpoints.values()]))
    for (const row of mapping.rows)
      if (row.is === "attr" && row.type !== undefined)
        types.set(connector, { ...types.get(connector), [row.attr]: row.type });
  return types;
}

/** The endpoints of a route, by resource type. */
export function endpointsOf(
  loaded: Loaded,
  route: string,
  connectors: ReadonlyMap<string, Connector>,
): Map<string, Endpoint> {
  const types = loaded.routes.get(route) ?? new Map();
  return new Map(
    [...types].map(([type, { mapping, connector }]) => [
      type,
      { mapping, connector: connectors.get(connector)!, name: connector },
    ]),
  );
}

/** Configuration to connectors to gateways to HTTP, and listens. Throws `ConfigError`. */
export async function start(file: string, env: Readonly<Record<string, string | undefined>>): Promise<Running> {
  const loaded = loadConfig(file, known, env);
  const { config } = loaded;
  const log = createLog(config.log.level);
  const connectors = openConnectors(loaded, log);
  const routes = [...loaded.routes.keys()].map((base): Served => {
    const endpoints = endpointsOf(loaded, base, connectors);
    const answers = new Map([...loaded.routes.get(base)!].map(([type, { patchResponse }]) => [type, patchResponse]));
    const types = [...endpoints.values()].map(({ mapping }) => publishedType(mapping));
    const gateway = createGateway(endpoints, config.limits, answers);
    return { base, gateway, types, limits: config.limits, publicUrl: config.server.publicUrl, log };
  });
  const app = createApp({
    routes,
    authenticate: config.auth.map(bearer),
    probes: [...connectors].map(([name, connector]) => ({ name, probe: connector.probe })),
    log,
  });
  const server = await listen(app.fetch, config.server.host, config.server.port);
  const { port } = server.address() as AddressInfo;
  const host = config.server.host === "0.0.0.0" ? "127.0.0.1" : config.server.host;
  return {
    url: `http://${host}:${port}`,
    routes: [...loaded.routes.keys()],
    stop: async () => {
      await drain(server);
      await Promise.all([...connectors.values()].map((connector) => connector.close()));
      log.flush();
    },
  };
}

function listen(fetch: Parameters<typeof serve>[0]["fetch"], hostname: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, () => resolve(server));
    server.once("error", (error) => reject(listenFailure(error, hostname, port)));
  });
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
  return new Promise((resolve) => {
    const timer = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  });
}
