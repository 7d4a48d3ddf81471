import { X509Certificate } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { chainOf } from "../auth/chain.ts";
import type { Diagnostic } from "../config/diagnostic.ts";
import type { Loaded } from "../config/load.ts";
import type { Connector } from "../connector/connector.ts";
import { SettingError } from "../connector/error.ts";
import { filesIn } from "../connector/kit/files.ts";
import { tlsFiles, tlsOptions } from "../edge/tls.ts";
import { limitsOf, memoryBudget } from "../graph/budget.ts";
import { openEntra } from "../graph/client.ts";
import { isSharedState } from "../state/state.ts";
import { openConnector, trustOf } from "./generation.ts";
import { routeAt, StartError } from "./routes.ts";
import { sharedLimitsOf } from "./shared-limits.ts";
import { openStateOf } from "./store.ts";

/** What a gateway would be built from, and what would prevent its start. */
export interface Rehearsal {
  /** The connectors that can be opened, without resilience. The caller closes them. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly mistakes: readonly Diagnostic[];
}

type Path = readonly (string | number)[];

/**
 * Builds everything that a start would, without listening, writing or connecting. Unlike a start it continues after a failure and reports
 * each one at its place.
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
  throw new Error("a rehearsal does not count changes");
};
const services = {
  audit: undefined,
  // A route gets its ledger when it is built, but uses it only for writes.
  ledger: () => ({ reserve: nothing, settle: nothing }),
  log: quiet,
  stopped: () => {},
};

/** Reports whether an administrator can act on a failure. */
const isTold = (error: unknown): error is Error => error instanceof StartError || error instanceof SettingError;

/** The place of a failure: the setting that it names, as precisely as known. */
function placed(path: Path, error: Error): { at: Path; message: string } {
  const cause = error instanceof SettingError ? error : error.cause;
  const { message } = error;
  if (cause instanceof SettingError && cause.setting !== undefined) {
    const steps = cause.setting.split(".");
    const reason = cause.message.startsWith(`${cause.setting}: `)
      ? cause.message.slice(cause.setting.length + 2)
      : cause.message;
    // Outside connectors, the setting is the whole path.
    return { at: steps[0] === path[0] ? steps : [...path, ...steps], message: reason };
  }
  const [whole, safety, server] =
    /^(?:safety of (\S+): protect|server\.(networks\.serviceTags|networks|trustProxy)): /.exec(message) ?? [];
  if (whole === undefined) return { at: path, message };
  const at = safety === undefined ? ["server", ...server!.split(".")] : ["safety", safety, "protect"];
  return { at, message: message.slice(whole.length) };
}

/** Throws a `SettingError` if a file cannot be written, because its folder is missing or read-only. */
function folderOf(setting: string, file: unknown, folder: string): void {
  const above = dirname(resolve(folder, String(file)));
  try {
    accessSync(above, constants.W_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such folder" : "it is not writable";
    throw new SettingError(`${setting}: ${above}: ${reason}`, setting);
  }
}

/** Reads a file of `server.tls`. Throws a `SettingError` if it is unreadable, or contains no PEM of the expected kind. */
function readTls(file: string | undefined, name: "cert" | "key" | "clientCa", folder: string): void {
  if (file === undefined) return;
  const setting = `server.tls.${name}`;
  const text = filesIn(folder).text(setting, file);
  const what = name === "key" ? "PRIVATE KEY" : "CERTIFICATE";
  if (!text.includes(`${what}-----`))
    throw new SettingError(`${setting}: ${file} contains no ${what.toLowerCase()} in PEM`, setting);
  if (name !== "key") inSettings(setting, () => new X509Certificate(text));
}

/** Reports failures of files under the setting that names them. */
function inSettings<T>(setting: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new SettingError(`${setting}: the files are not usable: ${(error as Error).message}`, setting);
  }
}
