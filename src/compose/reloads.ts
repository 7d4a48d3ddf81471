import { resolve } from "node:path";
import { ConfigError, type Diagnostic } from "../config/diagnostic.ts";
import type { Loaded } from "../config/load.ts";
import { loosened, type Strictness, strictest } from "../config/loosened.ts";
import { inForce, needsRestart } from "../config/restart.ts";
import type { Shared } from "./generation.ts";
import { StartError } from "./routes.ts";

/** How a reload ended. */
export type Reloaded =
  | { readonly isTaken: true; readonly needRestart: readonly string[] }
  | { readonly isTaken: false; readonly reason: string; readonly problems: readonly Diagnostic[] };

/** What a reload would do: the configuration that it would apply, or the mistakes that would prevent it. */
export interface Preview {
  readonly next: Loaded | undefined;
  readonly problems: readonly Diagnostic[];
  /** The protection that the new configuration would remove or weaken. A reload refuses it. */
  readonly loosened: readonly string[];
  /** The parts that would take effect at the next start only. */
  readonly needRestart: readonly string[];
}

/** The configuration of a running gateway, and how it is replaced. */
export interface Reloads {
  /** Applies the files as they are now. If they are invalid, the previous configuration stays in use. */
  readonly reload: () => Reloaded;
  /** The same, but only if they are what is wanted. Undefined, and nothing is changed, if they are not. */
  readonly reloadIf: (isWanted: (next: Loaded) => boolean) => Reloaded | undefined;
  readonly preview: () => Preview;
  /** The configuration in force: what only a start applies is as the start found it. */
  readonly inForce: () => Loaded;
  /** When the configuration in force was read, and when and why the last reload since then was refused. */
  readonly state: () => {
    readonly at: number;
    readonly refused: { readonly at: number; readonly reason: string } | undefined;
    /** The parts of the files that wait for the next start. */
    readonly needRestart: readonly string[];
  };
}

/** How a configuration is read and applied. */
export interface ReloadOptions {
  readonly started: Loaded;
  readonly load: () => Loaded;
  /** Builds everything from a new configuration, and exchanges the previous one for it. Throws if that fails. */
  readonly take: (next: Loaded) => void;
  /** Whether a reload may remove safety settings. */
  readonly mayLoosen: boolean;
}

/** Replaces a gateway's configuration as a whole, or not at all. */
export function createReloads(
  { started, load, take, mayLoosen }: ReloadOptions,
  { log, metrics }: Pick<Shared, "log" | "metrics">,
): Reloads {
  let current = started;
  let strict: Strictness = started.config;
  let state: ReturnType<Reloads["state"]> = { at: Date.now(), refused: undefined, needRestart: [] };
  const weakened = (next: Loaded) => (mayLoosen ? [] : loosened(strict, next.config));
  const reloadIf: Reloads["reloadIf"] = (isWanted) => {
    try {
      const next = load();
      if (!isWanted(next)) return undefined;
      const gone = weakened(next);
      if (gone.length > 0)
        throw new StartError(
          `the new file removes or weakens ${gone.join(", ")}. Restart the gateway to run without, or start it with --allow safety`,
        );
      take(next);
      strict = strictest(strict, next.config);
      current = next;
      const needRestart = needsRestart(started.config, next.config);
      state = { at: Date.now(), refused: undefined, needRestart };
      log.warn({ ...(needRestart.length > 0 && { needRestart }) }, "configuration reloaded");
      metrics.reloads.inc({ result: "taken" });
      return { isTaken: true, needRestart };
    } catch (error) {
      const { message: reason } = error as Error;
      log.error({ reason }, "configuration not reloaded: still running the previous one");
      metrics.reloads.inc({ result: "refused" });
      state = { ...state, refused: { at: Date.now(), reason } };
      return { isTaken: false, reason, problems: error instanceof ConfigError ? error.diagnostics : [] };
    }
  };
  return {
    reload: () => reloadIf(() => true)!,
    reloadIf,
    preview: () => {
      try {
        const next = load();
        const needRestart = needsRestart(started.config, next.config);
        return { next, problems: next.warnings, loosened: weakened(next), needRestart };
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return { next: undefined, problems: error.diagnostics, loosened: [], needRestart: [] };
      }
    },
    inForce: () => {
      const given = inForce(started.source.given, current.source.given);
      const secrets = [...started.source.secrets, ...current.source.secrets];
      return { ...current, config: inForce(started.config, current.config), source: { given, secrets } };
    },
    state: () => state,
  };
}

/** The files that a configuration was read from: its own, its mappings with their resource types, and those of secrets. */
export const filesOf = (file: string, { routes, typesFiles, secretFiles }: Loaded): string[] => [
  resolve(file),
  ...secretFiles,
  ...typesFiles.keys(),
  ...[...routes.values()].flatMap((types) => [...types.values()].map(({ mappingFile }) => mappingFile)),
];
