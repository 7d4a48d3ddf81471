import type { Hono } from "hono";
import { isLoopback, type Networks } from "./addresses.ts";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

/** A connector's name and its probe, which rejects where the connector does not serve. */
export interface Probe {
  readonly name: string;
  readonly probe: (signal: AbortSignal) => Promise<string>;
}

/** Whether each connector serves. */
export interface Ready {
  readonly isReady: boolean;
  /** By the connectors' names: `ok` or `unavailable`. */
  readonly connectors: Readonly<Record<string, string>>;
}

/** What is known of whether the connectors serve. */
export interface Readiness {
  /** Asks each connector, once for all who want to know at the same time and shortly after. */
  readonly ask: () => Promise<Ready>;
  /** Takes note of how a call of a connector ended: what was found before no longer counts where that says otherwise. */
  readonly heard: (connector: string, isWell: boolean) => void;
}

const PROBE_MS = 3000;
/** How long what was found is told again, in milliseconds: health checks must not be a load on a system that is in trouble. */
const KEPT_MS = 3000;

/** Called with how each probe ended: with the error of one that failed. */
type Told = (connector: string, error?: unknown) => void;

/** Asks connectors in turn whether they serve, and remembers the answers for a moment. A process that is about to end is not ready. */
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
      asking ??= asked(probes, told)
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
 * `/healthz`: the process lives. `/readyz`: every connector serves and the process goes on, or 503; which one does not is for operators to see, at
 * their address. From outside of the networks that may call there is no `/readyz`; this machine's own checks always get one.
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
