import { randomBytes } from "node:crypto";
import { start } from "../compose.ts";
import type { Registry } from "../config/registry.ts";

/** Starts the gateway and stays until it is told to stop. Of the embedded example a missing token is made up and shown. */
export async function serveCommand(
  registry: Registry,
  file: string,
  isExample: boolean,
  mayLoosen = false,
): Promise<number> {
  const given = process.env.SCIM_TOKEN;
  const made = isExample && !given ? randomBytes(24).toString("base64url") : undefined;
  const running = await start(registry, file, { ...process.env, ...(made && { SCIM_TOKEN: made }) }, { mayLoosen });
  const base = running.url + (running.routes[0] ?? "");
  // A terminal that is gone sends it, too: what has no terminal is told to read its configuration again.
  process.on("SIGHUP", () => running.reload());
  console.log(`Postern serves ${running.routes.map((route) => running.url + route).join(", ")}`);
  if (made) console.log(`Bearer token, made up for this run (set SCIM_TOKEN for your own): ${made}`);
  if (isExample) console.log(`Try: curl -H "Authorization: Bearer ${made ?? "$SCIM_TOKEN"}" "${base}/Users?count=2"`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await running.stop();
  return 0;
}
