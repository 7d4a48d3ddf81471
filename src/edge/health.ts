import type { Hono } from "hono";
import { isLoopback, type Networks } from "./addresses.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

/** A connector's name and its probe, which rejects if the connector is unavailable. */
export interface Probe {
  readonly name: string;
  readonly probe: (signal: AbortSignal) => Promise<string>;
}

/** The readiness of all connectors. */
export interface Ready {
  readonly isReady: boolean;
  /** By connector name: `ok` or `unavailable`. */
  readonly connectors: Readonly<Record<string, string>>;
}

/** Cached readiness of the connectors. */
export interface Readiness {
  /** Probes each connector, once for all concurrent and recent requests. */
  readonly ask: () => Promise<Ready>;
  /** Records the result of a connector call. If it contradicts the cached result, the cache is discarded. */
  readonly heard: (connector: string, isWell: boolean) => void;
}

const PROBE_MS = 3000;
/** How long results are cached, in milliseconds: health checks must not burden a backend in trouble. */
const KEPT_MS = 3000;

/** Called with how each probe ended: with the error of one that failed. */
type Told = (connector: string, error?: unknown) => unknown;

/** Probes connectors and caches the results briefly. A process that is shutting down is not ready. */
export function createReadiness(
  probes: readonly Probe[],
  isDraining: () => boolean = () => false,
  told: Told = () => {},
): Readiness {
  let asking: Promise<Ready> | undefined;
  let found: { readonly at: number; readonly ready: Ready } | undefined;
  return {
    ask: async () => {
      if (isDraining()) return { isReady: false, connectors: {} };
      if (found && Date.now() - found.at < KEPT_MS) return found.ready;
      // A probe that the shutdown itself ends says nothing of its system.
      asking ??= asked(probes, (...outcome) => isDraining() || told(...outcome))
        .then((ready) => {
          found = { at: Date.now(), ready };
          return ready;
        })
        .finally(() => {
          asking = undefined;
        });
      return asking;
    },
    heard: (connector, isWell) => {
      const state = found?.ready.connectors[connector];
      if (state !== undefined && (state === "ok") !== isWell) found = undefined;
    },
  };
}

async function asked(probes: readonly Probe[], told: Told): Promise<Ready> {
  const states = await Promise.all(
    probes.map(async ({ name, probe }) => {
      const signal = AbortSignal.timeout(PROBE_MS);
      const state = await probe(signal).then(
        () => {
          told(name);
          return "ok";
        },
        (error) => {
          told(name, error);
          return "unavailable";
        },
      );
      return [name, state] as const;
    }),
  );
  return { isReady: states.every(([, state]) => state === "ok"), connectors: Object.fromEntries(states) };
}

/**
 * `/healthz`: the process is alive. `/readyz`: all connectors are available and the process is not shutting down, else 503. Details by
 * connector are at the operators' address. `/readyz` is served only to allowed networks and this machine.
 */
export function health(app: Hono<Env>, { ask }: Pick<Readiness, "ask">, allowed: Networks | undefined): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }, 200, commonHeaders(c)));
  app.get("/readyz", async (c) => {
    const source = c.get("source");
    if (allowed && !allowed.has(source) && !isLoopback(source))
      return c.json({ status: "forbidden" }, 403, commonHeaders(c));
    const { isReady } = await ask();
    return c.json({ status: isReady ? "ok" : "unavailable" }, isReady ? 200 : 503, commonHeaders(c));
  });
}
