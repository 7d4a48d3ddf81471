import { execFile, spawn } from "node:child_process";
import { closeSync, cpSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { stopped, waitFor } from "./process.ts";
import type { Places, Secrets } from "./world.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

/** How many lines of the gateway's log say why it ended. */
const LAST_LINES = 20;

/** The gateway, in a process of its own. */
export interface Gateway {
  /** Resolves when it has ended, whatever the reason. */
  readonly ended: Promise<void>;
  /** The end of its log. */
  readonly log: () => string;
  /** Makes a link to the console, which signs in once. */
  readonly link: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Minutes between two cycles of the demo's Entra, about, as demo/gateway.config.yaml says it. */
const CYCLE_MINUTES = 0.5;

/** Starts the gateway with a copy of demo/gateway.config.yaml in a folder, at the addresses given. */
export async function startGateway(folder: string, places: Places, secrets: Secrets, pace: number): Promise<Gateway> {
  const config = join(folder, "gateway.config.yaml");
  const [port, operations] = [portOf(places.gateway), portOf(places.operations)];
  for (const name of ["gateway.config.yaml", "expenses.sql", "mappings"])
    cpSync(join(import.meta.dirname, name), join(folder, name), { recursive: true });
  const text = readFileSync(config, "utf8")
    .replace("port: 9464", `port: ${operations}`)
    .replace(`cycleMinutes: ${CYCLE_MINUTES}`, `cycleMinutes: ${CYCLE_MINUTES / pace}`);
  writeFileSync(config, text);
  const env = environment(folder, places, secrets);
  writeFileSync(join(folder, "demo.env"), envFile(env), { mode: 0o600 });
  const file = join(folder, "gateway.log");
  const output = openSync(file, "a");
  const args = [MAIN, "serve", "--config", config, "--port", String(port)];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", output, output], detached: true });
  closeSync(output);
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const log = () => readFileSync(file, "utf8").trim().split("\n").slice(-LAST_LINES).join("\n");
  try {
    for (const each of [port, operations]) await waitFor("Postern", child, { port: each, reason: log });
  } catch (error) {
    await stopped(child);
    throw error;
  }
  return {
    ended,
    log,
    link: async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "console", "--config", config], { env });
      return stdout.trim();
    },
    stop: () => stopped(child),
  };
}

/** The environment as `node --env-file` reads it. */
const envFile = (env: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(env)
    .filter(([name]) => name !== "PATH")
    .map(([name, value]) => `${name}="${value}"\n`)
    .join("");

const portOf = (url: string): number => Number(new URL(url).port);

/** What demo/gateway.config.yaml takes from the environment. */
const environment = (folder: string, { relay, badges, operations }: Places, secrets: Secrets) => ({
  PATH: process.env.PATH,
  DEMO_FOLDER: folder,
  DIRECTORY_URL: `ldap://${relay.host}:${relay.port}`,
  BADGES_URL: `http://${badges.host}:${badges.port}`,
  OPERATIONS_HOST: new URL(operations).hostname,
  CONSOLE_URL: operations,
  LDAP_PASSWORD: secrets.directory,
  SCIM_TOKEN: secrets.entra,
  RECEPTION_TOKEN: secrets.reception,
  POSTERN_ADMIN_TOKEN: secrets.operator,
});
