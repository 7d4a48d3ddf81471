import type { Loaded } from "../../config/load.ts";
import type { Connector } from "../../connector/connector.ts";
import { openConnector, openConnectors, toldTo } from "../generation.ts";
import type { Ground, Lent, Place } from "./playground.ts";

/** Which mappings of a configuration are tried, and what may be done with them. */
export interface ConfigOptions {
  readonly files: readonly string[];
  /** Whether the backends are asked. */
  readonly connect: boolean;
  readonly maySave: boolean;
}

const quiet = { warn: () => {} };

/** The mappings of a configuration, with connectors that are opened for it. */
export function groundOfConfig(
  loaded: Loaded,
  { files, connect, maySave }: ConfigOptions,
): { readonly ground: Ground; readonly close: () => Promise<unknown> } {
  const opened = openConnectors(loaded, quiet);
  const ground: Ground = {
    loaded: () => loaded,
    places: () => placesIn(loaded).filter(({ mappingFile }) => files.includes(mappingFile)),
    lend: (draft, place) => lendFrom(loaded, opened, draft, place),
    mayAsk: connect,
    maySave: () => maySave,
  };
  return { ground, close: () => Promise.all([...opened.values()].map((connector) => connector.close())) };
}

/** The resource types of all routes of a configuration. */
export const placesIn = ({ routes }: Loaded): Place[] =>
  [...routes].flatMap(([route, types]) =>
    [...types].map(([type, { connector, mappingFile }]) => ({ route, type, connector, mappingFile })),
  );

/** Connectors that are open; another one, which is closed again, where a draft tells it something else. */
export function lendFrom(
  loaded: Loaded,
  open: ReadonlyMap<string, Connector>,
  draft: Loaded,
  { connector: name }: Place,
): Lent {
  if (JSON.stringify(toldTo(loaded, name)) === JSON.stringify(toldTo(draft, name)))
    return { connectors: open, giveBack: async () => {} };
  const opened = openConnector(draft, name, quiet);
  return { connectors: new Map([...open, [name, opened]]), giveBack: opened.close };
}
