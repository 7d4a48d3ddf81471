import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { chainOf } from "../auth/chain.ts";
import type { Loaded } from "../config/load.ts";
import { shownName } from "../config/shipped.ts";
import type { Connector, Mapped, References, Services } from "../connector/connector.ts";
import { readFailure, SettingError } from "../connector/error.ts";
import { filesIn } from "../connector/kit/files.ts";
import { withOffsets } from "../connector/paging.ts";
import { type Observer, resilient } from "../connector/resilience.ts";
import { type Networks, networksOf } from "../edge/addresses.ts";
import { countRequests } from "../edge/admission.ts";
import { createApp } from "../edge/app.ts";
import type { Bodies } from "../edge/body.ts";
import { createReadiness, type Readiness } from "../edge/health.ts";
import type { Lane } from "../edge/lane.ts";
import type { Served } from "../edge/served.ts";
import type { Throttle } from "../edge/throttle.ts";
import type { Route } from "../gateway/route.ts";
import { attrsOf, uniqueAttrs } from "../mapping/mapping.ts";
import { publishedType } from "../mapping/published.ts";
import { type Activity, callName } from "../observe/activity.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { tracedCall } from "../observe/trace.ts";
import type { AuditLog } from "../sink/trail.ts";
import { refusedEntry } from "./journals.ts";
import type { Reach } from "./reach.ts";
import { type RouteServices, routeAt, StartError } from "./routes.ts";
import type { SlowCalls } from "./slow-calls.ts";

/** State that survives a reload. */
export interface Shared {
  readonly log: Log;
  readonly metrics: Metrics;
  /** What the console shows of the last hours. */
  readonly activity: Activity;
  readonly slow: SlowCalls;
  readonly services: RouteServices;
  /** Since when the audit log cannot be written, and why. */
  readonly auditBroken: AuditLog["broken"];
  readonly throttle: Throttle;
  readonly bodies: Bodies;
  readonly lane: Lane;
  readonly isOverloaded: () => boolean;
  /** Reports whether the event loop was late just now. */
  readonly isLate: () => boolean;
  /** Readiness of the connectors in use. Connectors outlive a generation and report to the current one. */
  readonly readiness: { current: Readiness | undefined };
  /** Tells of connectors that cannot be reached. */
  readonly reach: Reach;
  /** Reports whether the process is shutting down. */
  readonly isDraining: () => boolean;
}

/** An open connector with its settings. It stays open while they are unchanged. */
interface Opened {
  readonly key: string;
  readonly connector: ReturnType<typeof resilient>;
}

/** Everything built from one configuration. */
export interface Generation {
  readonly loaded: Loaded;
  readonly fetch: ReturnType<typeof createApp>["fetch"];
  readonly connectors: ReadonlyMap<string, Opened>;
  /** The routes by path. */
  readonly routes: ReadonlyMap<string, Route>;
  /** The number of requests in flight. */
  readonly inFlight: () => number;
  /** Reports whether another request must be shed: here, or because a connector is full. */
  readonly isFull: () => boolean;
}

/** Opens the connectors of a configuration, without resilience. */
export function openConnectors(
  loaded: Loaded,
  log: Pick<Log, "warn">,
  more: Pick<Services, "transport"> = {},
): Map<string, Connector> {
  return new Map(Object.keys(loaded.config.connectors).map((name) => [name, openConnector(loaded, name, log, more)]));
}

/** Opens one connector, without resilience. Throws a `StartError` whose cause is the connector's own error. */
export function openConnector(
  loaded: Loaded,
  name: string,
  log: Pick<Log, "warn">,
  more: Pick<Services, "transport"> = {},
): Connector {
  const { type, resilience: _, ...settings } = loaded.config.connectors[name]!;
  const services = {
    files: filesIn(loaded.folder),
    log: { warn: (fields: object, message: string) => log.warn(fields, message) },
    types: typesOf(loaded, name),
    references: referencesOf(loaded, name),
    mapped: mappedOf(loaded, name),
    operationMs: Math.round(loaded.config.limits.seconds * 1000),
    ...more,
  };
  try {
    return withOffsets(loaded.registry.connectors.find((each) => each.type === type)!.open(settings, services));
  } catch (error) {
    throw error instanceof SettingError
      ? new StartError(`connectors.${name}: ${error.message}`, { cause: error })
      : error;
  }
}

/** What a connector is told of the mappings when it is opened. */
export const toldTo = (loaded: Loaded, name: string): readonly unknown[] => [
  typesOf(loaded, name),
  referencesOf(loaded, name),
  [...mappedOf(loaded, name)],
];

/** The attribute types that mappings specify for a connector. */
function typesOf({ routes }: Loaded, name: string): Record<string, string> {
  const types: Record<string, string> = {};
  for (const { connector, mapping } of [...routes.values()].flatMap((endpoints) => [...endpoints.values()]))
    if (connector === name)
      for (const row of mapping.rows) if (row.is === "attr" && row.type !== undefined) types[row.attr] = row.type;
  return types;
}

/** The references that mappings make through attributes of a connector. */
function referencesOf({ routes }: Loaded, name: string): References {
  return [...routes.values()].flatMap((endpoints) =>
    [...endpoints.values()]
      .filter(({ connector }) => connector === name)
      .flatMap(({ mapping }) =>
        mapping.rows.flatMap((row) => {
          if (row.is !== "ref") return [];
          const targets = row.refs.map((type) => endpoints.get(type)).filter((each) => each?.connector === name);
          const to = targets.map((each) => each!.mapping.kind);
          return [{ kind: mapping.kind, attr: row.attr, to, ...(row.by !== undefined && { by: row.by }) }];
        }),
      ),
  );
}

/** How mappings use the entries of a connector's kinds. */
function mappedOf({ routes }: Loaded, name: string): Map<string, Mapped> {
  const all = [...routes.values()].flatMap((endpoints) => [...endpoints.values()]);
  const ours = all.filter(({ connector }) => connector === name);
  return new Map(
    [...Map.groupBy(ours, ({ mapping }) => mapping.kind)].map(([kind, endpoints]) => {
      const of = endpoints.map(({ mapping }) => mapping);
      const mapped = {
        writes: [...new Set(of.flatMap(attrsOf))],
        lists: of.flatMap(({ rows }) => rows.flatMap((row) => ("many" in row && row.many ? [row.attr] : []))),
        unique: of.flatMap(uniqueAttrs),
        creates: endpoints.map(({ mapping, mappingFile }) => ({
          mapping: shownName(mappingFile),
          attrs: [...attrsOf(mapping), ...mapping.create.map(({ attr }) => attr)],
        })),
      };
      return [kind, mapped];
    }),
  );
}

/**
 * Builds connectors, gateways and HTTP from a configuration. Connectors with unchanged settings are taken over from the previous
 * generation. Throws `StartError`, and leaves nothing open then.
 */
export function buildGeneration(loaded: Loaded, shared: Shared, before?: Generation): Generation {
  const { config } = loaded;
  const { log, metrics, activity } = shared;
  const chain = chainOf(config.auth);
  const trust = trustOf(loaded);
  const observer = observerFor(shared, (name, isWell) => {
    shared.readiness.current?.heard(name, isWell);
    if (isWell) shared.reach.answered(name);
  });
  const opened = new Map<string, Opened>();
  for (const [name, settings] of Object.entries(config.connectors)) {
    const key = JSON.stringify([settings, toldTo(loaded, name), loaded.folder, config.limits.seconds]);
    const present = before?.connectors.get(name);
    const open = () => resilient(openConnector(loaded, name, log), name, settings.resilience, observer);
    opened.set(name, present?.key === key ? present : { key, connector: open() });
  }
  try {
    const connectors = new Map([...opened].map(([name, { connector }]) => [name, connector]));
    const routes = [...loaded.routes.keys()].map((base) => servedAt(base, loaded, connectors, shared));
    const probes = [...connectors].map(([name, connector]) => ({ name, probe: connector.probe }));
    const readiness = createReadiness(probes, shared.isDraining, (name, error) => {
      if (error === undefined) shared.reach.answered(name);
      else shared.reach.failed(whereIs(loaded, name), error);
    });
    const { inFlight: most } = config.limits;
    const ofOne = callersIn(config.auth) > 1 ? Math.max(1, Math.floor(most * CALLERS_SHARE)) : most;
    const admission = countRequests(ofOne, shared.isLate);
    const app = createApp({
      admission,
      bodies: shared.bodies,
      lane: shared.lane,
      routes,
      door: {
        chain,
        throttle: shared.throttle,
        failed: (method) => metrics.failures.inc({ method }),
        refused: ({ status, ...refusal }) =>
          void shared.services.audit?.outcome({ event: "refused", ...refusal, result: String(status) }),
      },
      trust,
      answered: ({ route, operation, status, seconds, backendMs }) => {
        metrics.requests.observe({ route, operation, status: String(status) }, seconds);
        if (route !== "")
          activity.requests.add(route, { at: Date.now(), ms: 1000 * seconds, backendMs, isFailed: isFailure(status) });
      },
      refused: (request) => shared.services.journal?.refused(refusedEntry(request)),
      readiness,
      operationMs: Math.round(config.limits.seconds * 1000),
      publicUrl: config.server.publicUrl,
      log,
    });
    const occupancies = [...opened.values()].map(({ connector }) => connector.occupancy);
    const { inFlight } = admission;
    const isFull = () => inFlight() >= most || occupancies.every((each) => each.isFull()) || shared.isOverloaded();
    shared.readiness.current = readiness;
    let open = 0;
    const fetch: Generation["fetch"] = async (...args) => {
      open++;
      try {
        return await app.fetch(...args);
      } finally {
        open--;
      }
    };
    const byBase = new Map(routes.map(({ route }) => [route.base, route]));
    return { loaded, fetch, connectors: opened, routes: byBase, inFlight: () => Math.max(open, inFlight()), isFull };
  } catch (error) {
    for (const [name, { connector }] of opened)
      if (before?.connectors.get(name)?.connector !== connector) void connector.close();
    throw error;
  }
}

/** Whether an answer tells of a failure. That there is no such resource is an answer like others. */
const isFailure = (status: number): boolean => status >= 400 && status !== 404;

/** Maximum share of the slots for one caller when several are active. */
const CALLERS_SHARE = 0.5;

/** The number of callers, if it is known. */
const callersIn = (methods: Loaded["config"]["auth"]): number =>
  methods.reduce((count, method) => {
    if (method.type === "bearer") return count + method.tokens.length;
    if (method.type === "basic") return count + method.users.length;
    return count + ("clients" in method ? method.clients.length : 1);
  }, 0);

function servedAt(
  base: string,
  loaded: Loaded,
  connectors: ReadonlyMap<string, Connector>,
  { log, services }: Shared,
): Served {
  const { limits, server } = loaded.config;
  const route = routeAt(loaded, base, connectors, services);
  const types = [...route.endpoints.values()].map(({ mapping }) => publishedType(mapping));
  return { route, types, limits, publicUrl: server.publicUrl, log };
}

/** A connector, and where its backend is. */
export function whereIs({ config, registry }: Loaded, name: string) {
  const { type, ...settings } = config.connectors[name]!;
  const definition = registry.connectors.find((each) => each.type === type);
  return { connector: name, type, address: definition?.address?.(settings) };
}

/** Failures of a backend, and not what it answers to a request that it cannot carry out. */
const BACKEND_FAILURES = new Set(["unavailable", "timeout", "busy", "throttled", "denied", "unforeseen"]);

function observerFor({ metrics, log, activity, slow }: Shared, heard: Readiness["heard"]): Observer {
  const states = { closed: 0, halfOpen: 0.5, open: 1 } as const;
  return {
    called: (call) => {
      const { connector, operation, ms, result, error } = call;
      metrics.calls.observe({ connector, operation, result }, ms / 1000);
      const isFailed = BACKEND_FAILURES.has(result);
      activity.calls.add(callName(connector, operation), { at: Date.now(), ms, isFailed });
      if (isFailed) activity.callFailed(connector, readFailure(error));
      slow.called(call);
      heard(connector, result !== "unavailable" && result !== "timeout");
    },
    breaker: (connector, state) => {
      metrics.breaker.set({ connector }, states[state]);
      activity.breakerChanged(connector, state);
      if (state === "open") log.warn({ connector }, "circuit breaker open after repeated failures");
      if (state === "closed") log.warn({ connector }, "backend available again");
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

/** Trusted proxies and allowed networks. Throws a `StartError`. */
export const trustOf = (loaded: Loaded) => ({
  proxies: networks("server.trustProxy", loaded.config.server.trustProxy),
  allowed: allowedNetworks(loaded),
});

/** Networks that may connect: those listed, and those of Microsoft's service tags. */
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
      if (!found) throw new Error(`the file has no service tag ${JSON.stringify(tag)}`);
      return found.properties.addressPrefixes;
    });
  } catch (error) {
    throw new StartError(`server.networks.serviceTags: ${file} cannot be used: ${(error as Error).message}`);
  }
}
