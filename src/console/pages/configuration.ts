import { Hono } from "hono";
import { z } from "zod";
import type { Changes, ConfigurationInForce, ReloadAnswer } from "../api/configuration.ts";
import { operatorOnly } from "../console.ts";
import type { ConsoleEnv, ConsolePage } from "../env.ts";

/** What the configuration's page asks and does. */
export interface ConfigurationSources {
  readonly inForce: () => ConfigurationInForce;
  readonly changes: () => Promise<Changes>;
  /** Applies the files that a seal names, and records who did it. `stale` if they changed since. */
  readonly reload: (seal: string, by: string) => Promise<ReloadAnswer | "stale">;
}

const asked = z.strictObject({ seal: z.string().max(200) });

/** The configuration in force, what a reload would change, and the reload. */
export function configurationPage({ inForce, changes, reload }: ConfigurationSources): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get("/", (c) => c.json(inForce()));
  app.get("/changes", async (c) => c.json(await changes()));
  app.post("/reload", operatorOnly, async (c) => {
    const { data } = asked.safeParse(await c.req.json().catch(() => undefined));
    if (!data) return c.json({ error: "Send JSON with the seal of the changes that you looked at." }, 400);
    const answer = await reload(data.seal, c.var.operator.name);
    return answer === "stale"
      ? c.json({ error: "The files changed since you looked at them. Look at the changes again." }, 409)
      : c.json(answer);
  });
  return app;
}
