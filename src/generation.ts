import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { connectors as known } from "../connectors/index.ts";
import { chainOf } from "./auth/chain.ts";
import type { Loaded } from "./config/load.ts";
import type { Connector, Services } from "./connector/connector.ts";
import { type Observer, type Resilience, resilient } from "./connector/resilience.ts";
import { type Networks, networksOf } from "./edge/addresses.ts";
import { createApp } from "./edge/app.ts";
import { counting } from "./edge/load.ts";
import type { Served } from "./edge/served.ts";
import type { Throttle } from "./edge/throttle.ts";
import { type Append, audited } from "./gateway/audit.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createGuardState, type GuardState, guarded } from "./gateway/guard.ts";
import { withPermissions } from "./gateway/permissions.ts";
import type { Endpoint } from "./gateway/references.ts";
import { dryRun, protectedAttributes, readOnly, withProtection } from "./gateway/safety.ts";
import { type Layer, layered } from "./gateway/writes.ts";
import { publishedType } from "./mapping/published.ts";
import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/metrics.ts";
import { tracedCall } from "./observe/trace.ts";
import { ScimError } from "./scim/error.ts";

/** The gateway cannot start, for a reason that its administrator can do something about. */
export class StartError extends Error {}

/** What outlives a change of the configuration. */
export interface Shared {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly append: Append | undefined;
  readonly guards: Map<string, GuardState>;
  readonly throttle: Throttle;
}

/** An open connector, by what it was opened with: as long as that is the same it stays open. */
interface Opened {
  readonly key: string;
  readonly connector: ReturnType<typeof resilient>;
}

/** All that follows from one configuration. */
export interface Generation {
  readonly loaded: Loaded;
  readonly fetch: ReturnType<typeof createApp>["fetch"];
  readonly connectors: ReadonlyMap<string, Opened>;
  /** How many requests it is answering. */
  readonly inFlight: () => number;
  /** Whether there is no place for one more: here, or in any of the connectors. */
  readonly isFull: () => boolean;
}

/** Opens the connectors that a configuration names, bare. */
export function openConnectors(
  loaded: Loaded,
  log: Pick<Log, "warn">,
  more: Pick<Services, "transport"> = {},
): Map<string, Connector> {
  return new Map(Object.keys(loaded.config.connectors).map((name) => [name, openConnector(loaded, name, log, more)]));
}

function openConnector(
  loaded: Loaded,
  name: string,
  log: Pick<Log, "warn">,
  more: Pick<Services, "transport"> = {},
): Connector {
  const { type, resilience: _, ...settings } = loaded.config.connectors[name]!;
  const services = {
    folder: loaded.folder,
    log: { warn: (fields: object, message: string) => log.warn(fields, message) },
    types: typesOf(loaded, name),
    ...more,
  };
  return known.find((each) => each.type === type)!.open(settings, services);
}

/** What the mappings say of the types of a connector's attributes. */
function typesOf({ routes }: Loaded, name: string): Record<string, string> {
  const types: Record<string, string> = {};
  for (const { connector, mapping } of [...routes.values()].flatMap((endpoints) => [...endpoints.values()]))
    if (connector === name)
      for (const row of mapping.rows) if (row.is === "attr" && row.type !== undefined) types[row.attr] = row.type;
  return types;
}

/** What a PATCH answers on a route, by resource type. */
export const patchAnswersOf = ({ routes }: Loaded, route: string) =>
  new Map([...(routes.get(route) ?? [])].map(([type, { patchResponse }]) => [type, patchResponse]));

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

/**
 * Builds what a configuration describes: connectors to gateways to HTTP. Connectors of the generation before are taken
 * over where their settings are the same. Throws `StartError`; nothing is left open then.
 */
export function buildGeneration(loaded: Loaded, shared: Shared, before?: Generation): Generation {
  const { config } = loaded;
  const { log, metrics } = shared;
  const chain = chainOf(config.auth);
  const trust = { proxies: networks("server.trustProxy", config.server.trustProxy), allowed: allowedNetworks(loaded) };
  const observer = observerFor(metrics, log);
  const opened = new Map<string, Opened>();
  for (const [name, settings] of Object.entries(config.connectors)) {
    const key = JSON.stringify([settings, typesOf(loaded, name), loaded.folder]);
    const present = before?.connectors.get(name);
    const open = () => resilient(openConnector(loaded, name, log), name, settings.resilience as Resilience, observer);
    opened.set(name, present?.key === key ? present : { key, connector: open() });
  }
  try {
    const connectors = new Map([...opened].map(([name, { connector }]) => [name, connector]));
    const routes = [...loaded.routes.keys()].map((base) => servedAt(base, loaded, connectors, shared));
    const { counted, inFlight } = counting();
    const app = createApp({
      counted,
      routes,
      chain,
      trust,
      throttle: shared.throttle,
      failed: (method) => metrics.failures.inc({ method }),
      answered: ({ route, operation, status, seconds }) =>
        metrics.requests.observe({ route, operation, status: String(status) }, seconds),
      probes: [...connectors].map(([name, connector]) => ({ name, probe: connector.probe })),
      log,
    });
    const loads = [...opened.values()].map(({ connector }) => connector.load);
    const isFull = () => inFlight() >= config.limits.inFlight || loads.every((load) => load.isFull());
    return { loaded, fetch: app.fetch, connectors: opened, inFlight, isFull };
  } catch (error) {
    for (const [name, { connector }] of opened)
      if (before?.connectors.get(name)?.connector !== connector) void connector.close();
    throw error;
  }
}

function servedAt(
  base: string,
  loaded: Loaded,
  connectors: ReadonlyMap<string, Connector>,
  { log, metrics, append, guards }: Shared,
): Served {
  const { config } = loaded;
  const endpoints = endpointsOf(loaded, base, connectors);
  const types = [...endpoints.values()].map(({ mapping }) => publishedType(mapping));
  const safety = config.safety[base];
  const layers: Layer[] = [];
  if (append) layers.push(audited(base, append, config.audit?.values ?? false));
  if (safety?.readOnly) layers.push(readOnly);
  if (safety?.protect) layers.push(protectedAttributes(safety.protect));
  if (safety?.guard) {
    const state = guards.get(base) ?? createGuardState();
    guards.set(base, state);
    layers.push(guarded(safety.guard, state, (type, what) => metrics.refused.inc({ route: base, type, what })));
  } else guards.delete(base);
  if (safety?.dryRun) layers.push(dryRun((fields, message) => log.warn({ route: base, ...fields }, message)));
  const plain = createGateway(endpoints, config.limits, patchAnswersOf(loaded, base), layered(layers));
  const gateway = withPermissions(protectedAt(base, plain, safety?.protect ?? {}));
  return { base, gateway, types, limits: config.limits, publicUrl: config.server.publicUrl, log };
}

function protectedAt(
  base: string,
  gateway: Parameters<typeof withProtection>[0],
  protect: Parameters<typeof withProtection>[1],
) {
  try {
    return withProtection(gateway, protect);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw new StartError(`safety of ${base}: protect: ${error.message}`);
  }
}

function observerFor(metrics: Metrics, log: Log): Observer {
  const states = { closed: 0, halfOpen: 0.5, open: 1 } as const;
  return {
    called: ({ connector, operation, ms, result }) =>
      metrics.calls.observe({ connector, operation, result }, ms / 1000),
    breaker: (connector, state) => {
      metrics.breaker.set({ connector }, states[state]);
      if (state === "open") log.warn({ connector }, "failed again and again: it is left alone for a moment");
      if (state === "closed") log.warn({ connector }, "serves again");
    },
    traced: tracedCall,
  };
}

function networks(where: string, prefixes: readonly string[]): Networks {
  try {
    return networksOf(prefixes);
  } catch (error) {
    throw new StartError(`${where}: ${(error as Error).message}`);
  }
}

/** The networks that requests may come from: those that are named, and those of Microsoft's service tags. */
function allowedNetworks({ config, folder }: Loaded): Networks | undefined {
  const { networks: given } = config.server;
  if (!given) return undefined;
  const published = given.serviceTags
    ? serviceTags(resolve(folder, given.serviceTags.file), given.serviceTags.tags)
    : [];
  return networks("server.networks", [...given.allow, ...published]);
}

function serviceTags(file: string, tags: readonly string[]): string[] {
  try {
    const { values } = JSON.parse(readFileSync(file, "utf8")) as {
      values: readonly { name: string; properties: { addressPrefixes: readonly string[] } }[];
    };
    return tags.flatMap((tag) => {
      const found = values.find(({ name }) => name.toLowerCase() === tag.toLowerCase());
      if (!found) throw new Error(`there is no tag ${JSON.stringify(tag)} in it`);
      return found.properties.addressPrefixes;
    });
  } catch (error) {
    throw new StartError(`server.networks.serviceTags: ${file} cannot be used: ${(error as Error).message}`);
  }
}
