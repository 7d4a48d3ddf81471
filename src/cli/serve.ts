import { randomBytes } from "node:crypto";
import { type Running, StartError, type StartOptions, start } from "../compose/compose.ts";
import { rehearse } from "../compose/rehearsal.ts";
import { ConfigError, type Diagnostic } from "../config/diagnostic.ts";
import { loadConfig } from "../config/load.ts";
import type { Registry } from "../config/registry.ts";
import type { CommandContext } from "./context.ts";
import { isExample } from "./example.ts";
import { EXIT } from "./exit.ts";
import { counted, problemsText } from "./problems.ts";

/** What is served, and how. */
interface ServeOptions extends StartOptions {
  readonly file: string;
}

/**
 * Starts the gateway and stays until it is told to stop. The embedded example, and nothing else, may do without a token: one is made up and
 * shown. What it says is for people, on standard error: standard output is the log's.
 */
export async function serveCommand(
  registry: Registry,
  env: CommandContext["env"],
  { file, ...options }: ServeOptions,
): Promise<number> {
  const made = isExample(file) && !env.SCIM_TOKEN ? randomBytes(24).toString("base64url") : undefined;
  const served = made === undefined ? env : { ...env, SCIM_TOKEN: made };
  let running: Running;
  try {
    running = await start(registry, file, served, options);
  } catch (error) {
    const problems =
      error instanceof ConfigError ? error.diagnostics : await allMistakes(error, file, registry, served);
    if (problems.length === 0) throw error;
    console.error(refusal(file, problems));
    return EXIT.findings;
  }
  // A terminal that is gone sends it, too: what has no terminal is told to read its configuration again. Windows ends what has no console.
  if (process.platform !== "win32") process.on("SIGHUP", () => running.reload());
  console.error(greeting(running, { example: isExample(file), made }));
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await running.stop();
  return EXIT.fine;
}

function greeting(
  { url, routes }: Running,
  { example, made }: { readonly example: boolean; readonly made: string | undefined },
): string {
  const lines = [`Postern serves ${routes.map((route) => url + route).join(", ")}`];
  if (made !== undefined) lines.push(`Bearer token, made up for this run (set SCIM_TOKEN for your own): ${made}`);
  if (example)
    lines.push(
      `Try: curl -H "Authorization: Bearer ${made ?? "$SCIM_TOKEN"}" "${url}${routes[0]}/Users?count=2"`,
      "This is the embedded example, with made-up people. Postern serves gateway.config.yaml of the current folder, or what -c names.",
    );
  return lines.join("\n");
}

/** All mistakes that `check` would find where a start ended with the first one; empty where it finds none. */
async function allMistakes(
  error: unknown,
  file: string,
  registry: Registry,
  env: CommandContext["env"],
): Promise<readonly Diagnostic[]> {
  if (!(error instanceof StartError)) return [];
  const loaded = loadConfig(file, registry, env);
  const { connectors, mistakes } = await rehearse(loaded);
  await Promise.all([...connectors.values()].map((connector) => connector.close()));
  return mistakes.length === 0 ? [] : [...mistakes, ...loaded.warnings];
}

/** Why the gateway was not started. */
function refusal(file: string, problems: readonly Diagnostic[]): string {
  const errors = problems.filter(({ severity }) => severity === "error");
  const isUnset = errors.some(
    ({ code, message }) => code === "secret" && message.startsWith("the environment variable"),
  );
  return [
    problemsText(
      problems.filter(({ accepted }) => accepted === undefined),
      process.stderr,
    ),
    `${file}: ${counted(errors.length, "error")}: the gateway was not started.${
      isUnset ? " Set the environment variables, and start it again; postern token makes a caller's secret." : ""
    }`,
  ].join("\n\n");
}
