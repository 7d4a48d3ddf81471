import { Hono } from "hono";
import type { ConnectorDetails, ConnectorRow, Found, Probed } from "../api/connectors.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";

/** What the pages on connectors ask. Undefined for a connector that does not exist. */
export interface ConnectorsDeps {
  readonly all: () => readonly ConnectorRow[];
  readonly one: (name: string) => Promise<ConnectorDetails | undefined>;
  /** Asks a backend whether it answers. Recorded as `by` somebody, like a check. */
  readonly probe: (name: string, by: string) => Promise<Probed | undefined>;
  /** Looks at what a backend has, and what the gateway may do there. */
  readonly check: (name: string, by: string) => Promise<Found | undefined>;
}

/** The connectors: health, load, calls, and what their backends say. */
export function connectorsPage({ all, one, probe, check }: ConnectorsDeps): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  const unknown = { error: "There is no connector of this name. A reload may have removed it." };
  app.get("/", (c) => c.json(all()));
  app.get("/:name", async (c) => {
    const found = await one(c.req.param("name"));
    return found ? c.json(found) : c.json(unknown, 404);
  });
  app.post("/:name/:act{probe|check}", async (c) => {
    const { name, act } = c.req.param();
    const found = await (act === "probe" ? probe : check)(name, c.var.operator.name);
    return found ? c.json(found) : c.json(unknown, 404);
  });
  return app;
}
