import type { Hono } from "hono";
import type { Env } from "./env.ts";
import { commonHeaders } from "./headers.ts";

/** A connector's name and its probe, which rejects where the connector does not serve. */
export interface Probe {
  readonly name: string;
  readonly probe: (signal: AbortSignal) => Promise<string>;
}

const PROBE_MS = 3000;

/** `/healthz`: the process lives. `/readyz`: every connector serves, 503 and which one does not otherwise. */
export function health(app: Hono<Env>, probes: readonly Probe[]): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }, 200, commonHeaders(c)));
  app.get("/readyz", async (c) => {
    const states = await Promise.all(
      probes.map(
        async ({ name, probe }) =>
          [
            name,
            await probe(AbortSignal.timeout(PROBE_MS)).then(
              () => "ok",
              () => "unavailable",
            ),
          ] as const,
      ),
    );
    const ready = states.every(([, state]) => state === "ok");
    return c.json(
      { status: ready ? "ok" : "unavailable", connectors: Object.fromEntries(states) },
      ready ? 200 : 503,
      commonHeaders(c),
    );
  });
}
