import { X509Certificate } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { chainOf } from "./auth/chain.ts";
import { sharedLimitsOf, tlsFiles } from "./compose.ts";
import type { Diagnostic } from "./config/diagnostic.ts";
import type { Loaded } from "./config/load.ts";
import type { Connector } from "./connector/connector.ts";
import { SettingError } from "./connector/error.ts";
import { filesIn } from "./connector/kit/files.ts";
import { tlsOptions } from "./edge/tls.ts";
import { openConnector, trustOf } from "./generation.ts";
import { limitsOf, memoryBudget } from "./graph/budget.ts";
import { openEntra } from "./graph/client.ts";
import { routeAt, StartError } from "./routes.ts";
import { isSharedState } from "./state/state.ts";
import { openStateOf } from "./store.ts";

/** What a gateway of a configuration would be made with, and what keeps it from starting. */
export interface Rehearsal {
  /** The connectors that can be opened, bare. Close them. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly mistakes: readonly Diagnostic[];
}

type Path = readonly (string | number)[];

/**
 * Makes all that a start makes of a configuration, but listens nowhere, writes nothing and asks nobody. Where a start ends with the first
 * failure, this one goes on: each is a mistake at its place.
 */
export async function rehearse(loaded: Loaded): Promise<Rehearsal> {
  const { config, folder, diagnose } = loaded;
  const mistakes: Diagnostic[] = [];
  const attempt = <T>(path: Path, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!isTold(error)) throw error;
      const { at, message } = placed(path, error);
      mistakes.push(diagnose(at, message, { code: "start" }));
      return undefined;
    }
  };
  const connectors = new Map<string, Connector>();
  for (const name of Object.keys(config.connectors)) {
    const opened = attempt(["connectors", name], () => openConnector(loaded, name, quiet));
    if (opened) connectors.set(name, opened);
  }
  attempt(["auth"], () => chainOf(config.auth));
  attempt(["server"], () => trustOf(loaded));
  const { tls } = config.server;
  const before = mistakes.length;
  if (tls)
    for (const name of ["cert", "key", "clientCa"] as const)
      attempt(["server", "tls", name], () => readTls(tls[name], name, folder));
  if (tls && mistakes.length === before)
    attempt(["server", "tls"], () => inSettings("server.tls", () => tlsOptions(tlsFiles(tls, folder))));
  attempt(["limits", "shared"], () => sharedLimitsOf(loaded));
  if (typeof config.audit?.file === "string")
    attempt(["audit", "file"], () => folderOf("audit.file", config.audit!.file, folder));
  const isKept = Object.values(config.safety).some(({ guard }) => guard) || Object.keys(config.syncs).length > 0;
  const { url } = config.state;
  if (isSharedState(url)) await attempt(["state"], () => openStateOf(loaded))?.close();
  else if (isKept && url !== "sqlite::memory:")
    attempt(["state", "url"], () => folderOf("state.url", url.slice("sqlite:".length), folder));
  for (const [base, types] of loaded.routes) {
    const isWhole = [...types.values()].every(({ connector }) => connectors.has(connector));
    if (isWhole) attempt(["routes", base], () => routeAt(loaded, base, connectors, services));
  }
  for (const [name, { to }] of Object.entries(config.syncs)) {
    if (!("entra" in to)) continue;
    const budget = memoryBudget(limitsOf(to.entra));
    const client = attempt(["syncs", name, "to", "entra"], () =>
      openEntra(to.entra, { files: filesIn(folder), budget }),
    );
    await client?.close();
  }
  return { connectors, mistakes };
}

const quiet = { warn: () => {} };
const nothing = () => {
  throw new Error("a rehearsal counts nothing");
};
const services = {
  audit: undefined,
  // A route takes the ledger when it is made, and asks it when something is written.
  ledger: () => ({ reserve: nothing, settle: nothing }),
  log: quiet,
  stopped: () => {},
};

/** Whether a failure is one that an administrator can do something about. */
const isTold = (error: unknown): error is Error => error instanceof StartError || error instanceof SettingError;

/** The place that a failure is told at: the setting that it names, as far as it is known. */
function placed(path: Path, error: Error): { at: Path; message: string } {
  const cause = error instanceof SettingError ? error : error.cause;
  const { message } = error;
  if (cause instanceof SettingError && cause.setting !== undefined) {
    const steps = cause.setting.split(".");
    const reason = cause.message.startsWith(`${cause.setting}: `)
      ? cause.message.slice(cause.setting.length + 2)
      : cause.message;
    // Of what is not a connector's the setting is the whole path.
    return { at: steps[0] === path[0] ? steps : [...path, ...steps], message: reason };
  }
  const [whole, safety, server] =
    /^(?:safety of (\S+): protect|server\.(networks\.serviceTags|networks|trustProxy)): /.exec(message) ?? [];
  if (whole === undefined) return { at: path, message };
  const at = safety === undefined ? ["server", ...server!.split(".")] : ["safety", safety, "protect"];
  return { at, message: message.slice(whole.length) };
}

/** Throws a `SettingError` where a file could not be written, because its folder is not there or may not be written. */
function folderOf(setting: string, file: unknown, folder: string): void {
  const above = dirname(resolve(folder, String(file)));
  try {
    accessSync(above, constants.W_OK);
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such folder" : "it cannot be written";
    throw new SettingError(`${setting}: ${above}: ${reason}`, setting);
  }
}

/** Reads a file of `server.tls`. Throws a `SettingError` where it cannot be read, or holds no PEM of that kind. */
function readTls(file: string | undefined, name: "cert" | "key" | "clientCa", folder: string): void {
  if (file === undefined) return;
  const setting = `server.tls.${name}`;
  const text = filesIn(folder).text(setting, file);
  const what = name === "key" ? "PRIVATE KEY" : "CERTIFICATE";
  if (!text.includes(`${what}-----`))
    throw new SettingError(`${setting}: ${file} holds no ${what.toLowerCase()} in PEM`, setting);
  if (name !== "key") inSettings(setting, () => new X509Certificate(text));
}

/** What fails for the files that a setting names is told as the setting's. */
function inSettings<T>(setting: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new SettingError(`${setting}: what the files hold cannot be used: ${(error as Error).message}`, setting);
  }
}
