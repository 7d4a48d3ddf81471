import type { RequestListener } from "node:http";
import type { Server as SecureServer } from "node:https";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exposure } from "../config/checks.ts";
import { DEFAULT_SINK } from "../config/format.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import { abortable } from "../connector/kit/deadline.ts";
import { draining, shedding } from "../edge/admission.ts";
import { createBodies } from "../edge/body.ts";
import { createLane } from "../edge/lane.ts";
import { isRefusal, type Limiters, memoryLimiters, probeShared, sharedLimiters } from "../edge/limiters.ts";
import { createOverloadManager } from "../edge/overload.ts";
import { createThrottle } from "../edge/throttle.ts";
import { tlsFiles, watchCertificates } from "../edge/tls.ts";
import { createRepeats } from "../gateway/repeats.ts";
import { createActivity } from "../observe/activity.ts";
import { createLog } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { withoutFloods } from "../sink/floods.ts";
import { type AuditLog, trailTo } from "../sink/trail.ts";
import { withIdentities } from "./console/acts.ts";
import { buildGeneration, type Generation, type Shared } from "./generation.ts";
import { guardedRoutes } from "./guarded-routes.ts";
import { openJournalFor } from "./journals.ts";
import { DRAIN_MS, type Fetch, type Listening, listen, urlOf } from "./listen.ts";
import { listenForAdmin } from "./operations.ts";
import { createReach } from "./reach.ts";
import { createReloads, filesOf } from "./reloads.ts";
import { StartError } from "./routes.ts";
import { sharedLimitsOf } from "./shared-limits.ts";
import { createSlowCalls } from "./slow-calls.ts";
import { lazyStore, type Store } from "./store.ts";
import { type RunningSyncs, runningSyncs } from "./syncs/running.ts";
import { createWatch } from "./watch.ts";

export { openConnectors } from "./generation.ts";
export { endpointsOf, StartError } from "./routes.ts";

/** A running gateway. */
export interface Running {
  readonly url: string;
  readonly routes: readonly string[];
  /** The operators' address, if configured. */
  readonly operations: string | undefined;
  /** Reloads the configuration. If the new one is invalid, the previous one stays in use. Returns whether it was applied. */
  readonly reload: () => boolean;
  /** Resolves once each connector has been asked whether it answers. The gateway serves meanwhile. */
  readonly probed: Promise<unknown>;
  /** Waits for `server.shutdownDelay`, lets running requests finish for at most ten seconds, and closes the connectors. */
  readonly stop: () => Promise<void>;
}

/** How a gateway is started, beside its configuration. */
export interface StartOptions {
  /** Whether a reload may remove safety settings. */
  readonly mayLoosen?: boolean;
  /** Where it listens, in place of what the configuration says. */
  readonly listen?: { readonly host?: string; readonly port?: number };
}

/** Starts a gateway: configuration, connectors, routes, HTTP. Throws `ConfigError` and `StartError`. */
export async function start(
  registry: Registry,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  { mayLoosen = false, listen: given = {} }: StartOptions = {},
): Promise<Running> {
  const load = () => listeningOn(loadConfig(file, registry, env), given);
  const loaded = load();
  const { config, folder } = loaded;
  const log = createLog(config.log);
  const metrics = createMetrics();
  const activity = createActivity();
  let isDraining = false;
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closing.toReversed())
      try {
        await each();
      } catch (error) {
        log.error({ reason: (error as Error).message }, "closing failed");
      }
  };
  try {
    const state = lazyStore(loaded, log);
    closing.push(state.close);
    const audit = await openAuditFor(loaded, log, state.anchor);
    closing.push(() => audit?.close());
    const journal = await openJournalFor(loaded, { metrics, activity, log });
    closing.push(() => journal?.close());
    const limiters = await limitersFor(loaded, log);
    closing.push(limiters.close);
    const overload = createOverloadManager();
    closing.push(overload.stop);
    const shared: Shared = {
      log,
      metrics,
      activity,
      slow: createSlowCalls(),
      services: {
        audit,
        journal,
        ledger: state.ledger,
        log,
        repeats: createRepeats(),
        stopped: (route, type, what) => metrics.refused.inc({ route, type, what }),
      },
      auditBroken: () => audit?.broken(),
      throttle: createThrottle(limiters),
      bodies: createBodies(),
      lane: createLane(),
      isOverloaded: overload.isOverloaded,
      isLate: overload.isLate,
      readiness: { current: undefined },
      reach: createReach(log),
      isDraining: () => isDraining,
    };
    let current = buildGeneration(loaded, shared);
    await state.started();
    closing.push(() => closeAll(current));
    measure(metrics, () => current, state, limiters, overload);

    const tls = config.server.tls && tlsFiles(config.server.tls, folder);
    const fetch: Fetch = (...args) => current.fetch(...args);
    const admit = (listener: RequestListener) =>
      draining(
        shedding(listener, { isFull: () => current.isFull(), shed: () => metrics.shed.inc() }),
        () => isDraining,
      );
    const main = await listen(fetch, config.server, tls, admit);
    const url = urlOf(main, config.server.host, tls !== undefined);
    const listeners: Listening[] = [main];
    // All servers drain at the same time.
    closing.push(() => Promise.all(listeners.map(({ stop }) => stop())));
    if (tls) closing.push(watchCertificates(main.server as SecureServer, tls, log));
    const syncs = runningSyncs(shared, state);
    closing.push(syncs.stop);
    syncs.update(current);
    const take = (next: Loaded): void => {
      const before = current;
      current = buildGeneration(next, shared, before);
      tellWarnings(next, log);
      void shared.readiness.current?.ask();
      syncs.update(current);
      watch.files(filesOf(file, next));
      void retire(before, current, syncs.left);
    };
    const reloads = createReloads({ started: loaded, load, take, mayLoosen }, shared);
    const reload = () => reloads.reload().isTaken;
    const watch = createWatch(reload);
    const admin =
      config.operations &&
      (await listenForAdmin(withTlsFiles(config, folder), shared, () => current, {
        store: state,
        syncs,
        reloads,
        file: resolve(file),
        url,
      }));
    if (admin) listeners.push(admin);
    watch.files(filesOf(file, loaded));
    closing.push(watch.end);

    tellWarnings(loaded, log);
    // Nobody who serves waits for it: a backend may be down when the gateway starts.
    const probed = shared.readiness.current!.ask();
    return {
      url,
      routes: [...loaded.routes.keys()],
      operations: admin?.url,
      reload,
      probed,
      stop: async () => {
        isDraining = true;
        await sleep(1000 * config.server.shutdownDelay);
        await close();
        log.flush();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A configuration that listens where the command line says. Throws a `StartError` where tokens would cross a network in the clear. */
function listeningOn(loaded: Loaded, listen: NonNullable<StartOptions["listen"]>): Loaded {
  const server = { ...loaded.config.server, ...listen };
  const problem = exposure(server);
  if (problem !== undefined) throw new StartError(`--host: ${problem}`);
  return { ...loaded, config: { ...loaded.config, server } };
}

/** Logs what is worth a look in a configuration, but for what its author accepts. */
function tellWarnings({ warnings }: Loaded, log: Pick<Shared["log"], "warn">): void {
  for (const { accepted, file, line, column, code, message } of warnings)
    if (accepted === undefined) log.warn({ file, line, column, code }, message);
}

/** The counters of request rates and failed authentications. Rejects with a `StartError` if the shared server refuses the password. */
async function limitersFor(loaded: Loaded, log: Pick<Shared["log"], "warn">): Promise<Limiters> {
  const shared = sharedLimitsOf(loaded);
  if (!shared) return memoryLimiters();
  await probeShared(shared).catch((error: Error) => {
    if (isRefusal(error)) throw new StartError(`limits.shared: ${shared.url} refuses the gateway: ${error.message}`);
  });
  return sharedLimiters(shared, (fields, message) => log.warn(fields, message));
}

/** The operators' address, with its files as absolute paths. */
function withTlsFiles({ operations, console }: Loaded["config"], folder: string) {
  const { tls } = operations!;
  return { operations: { ...operations!, tls: tls && tlsFiles(tls, folder) }, console };
}

/** Opens the configured audit trail. Rejects with a `StartError`. */
export async function openAuditFor(
  { config, folder, registry }: Pick<Loaded, "config" | "folder" | "registry">,
  log: Pick<Shared["log"], "warn">,
  anchor: Store["anchor"],
): Promise<AuditLog | undefined> {
  if (!config.audit) return undefined;
  const { type = DEFAULT_SINK, values: _, ...settings } = config.audit;
  const warn = (fields: object, message: string) => log.warn(fields, message);
  try {
    const services = { folder, log: { warn }, anchor };
    const sink = await registry.sinks.find((each) => each.type === type)!.open(settings, services);
    return withIdentities(withoutFloods(trailTo(sink, warn)));
  } catch (error) {
    throw error instanceof StartError ? error : new StartError(`audit: ${(error as Error).message}`);
  }
}

/** How long metrics wait for the store, in milliseconds. */
const STORE_MS = 1000;

/** Values that are read when metrics are collected. */
function measure(
  { running, waiting, inFlight, stopped, stores, heap, delay }: Metrics,
  current: () => Generation,
  store: Store,
  limiters: Limiters,
  { pressure }: ReturnType<typeof createOverloadManager>,
): void {
  // Each metric is set when its own collection runs.
  const occupancy = () => {
    for (const [connector, { connector: opened }] of current().connectors) {
      running.set({ connector }, opened.occupancy.running());
      waiting.set({ connector }, opened.occupancy.waiting());
    }
  };
  // Metrics matter most when the store fails, so they do not wait for it.
  const stops = async () => {
    await Promise.all(
      guardedRoutes(current()).map(async (route) => {
        const late = AbortSignal.timeout(STORE_MS);
        const isStopping = await abortable(late, store.ledger().isStopping(route)).catch(() => undefined);
        stopped.set({ route }, isStopping === undefined ? Number.NaN : Number(isStopping));
      }),
    );
  };
  const up = async () => {
    const isUp = await abortable(AbortSignal.timeout(STORE_MS), store.isUp()).catch(() => false);
    if (isUp !== undefined) stores.set({ store: "state" }, Number(isUp));
    const isShared = limiters.isShared();
    if (isShared !== undefined) stores.set({ store: "limits" }, Number(isShared));
  };
  Object.assign(running, { collect: occupancy });
  Object.assign(stores, { collect: up });
  Object.assign(stopped, { collect: stops });
  Object.assign(inFlight, { collect: () => inFlight.set(current().inFlight()) });
  Object.assign(heap, { collect: () => heap.set(pressure().heap) });
  Object.assign(delay, { collect: () => delay.set(pressure().delay / 1000) });
}

/** Closes what the next generation does not take over, once its requests, and each connector's sync runs, have finished. */
async function retire(generation: Generation, next: Generation, left: RunningSyncs["left"]): Promise<void> {
  for (const end = Date.now() + DRAIN_MS; generation.inFlight() > 0 && Date.now() < end; ) await sleep(50);
  const gone = [...generation.connectors].filter(
    ([name, { connector }]) => next.connectors.get(name)?.connector !== connector,
  );
  await Promise.all(
    gone.map(async ([, { connector }]) => {
      await left(connector);
      await connector.close();
    }),
  );
}

const closeAll = ({ connectors }: Generation) =>
  Promise.all([...connectors.values()].map(({ connector }) => connector.close()));
