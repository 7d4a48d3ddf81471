import { resolve } from "node:path";
import { configFormat } from "../../config/format.ts";
import type { Loaded, RouteEndpoint } from "../../config/load.ts";
import type { Registry } from "../../config/registry.ts";
import { locate } from "../../config/shipped.ts";
import { readYaml } from "../../config/yaml.ts";
import type { Connector } from "../../connector/connector.ts";
import { filesIn } from "../../connector/kit/files.ts";
import { draftOf, type Ground, type Place } from "./playground.ts";

/** Mapping files to try, and what may be done with them. */
export interface FilesOptions {
  readonly registry: Registry;
  /** The names of mapping files. */
  readonly mappings: readonly string[];
  readonly maySave: boolean;
}

const ROUTE = "/scim/v2";
const CONNECTOR = "an assumed backend";

/**
 * Mapping files without a gateway: a backend is assumed that has the kinds which they name, and answers every filter exactly. Nobody is
 * asked. The files are read whenever something is tried, so that one's own editor works beside the page.
 */
export function groundOfFiles({ registry, mappings, maySave }: FilesOptions): Ground {
  const files = mappings.map((name) => locate(name, process.cwd(), "mapping").file ?? resolve(name));
  const places = (): Place[] =>
    files.map((mappingFile) => ({ route: ROUTE, type: typeIn(mappingFile), connector: CONNECTOR, mappingFile }));
  const loaded = (): Loaded => {
    const bare = withoutRoutes(registry, places());
    const compiled = places().flatMap((place): [string, RouteEndpoint][] => {
      const { endpoint } = draftOf(bare, place, {});
      return endpoint ? [[place.type, endpoint]] : [];
    });
    return { ...bare, routes: new Map([[ROUTE, new Map(compiled)]]) };
  };
  const lend: Ground["lend"] = (draft) => {
    const connector = assumedFor(draft);
    return { connectors: new Map([[CONNECTOR, connector]]), giveBack: connector.close };
  };
  return { loaded, places, lend, mayAsk: false, maySave: () => maySave };
}

/** The resource type of a mapping file, however wrong the rest of it is. */
function typeIn(file: string): string {
  try {
    const { resource } = readYaml(file).data as { readonly resource?: unknown };
    return typeof resource === "string" ? resource : "User";
  } catch {
    return "User";
  }
}

/** A configuration with defaults, and nothing that is served. */
function withoutRoutes(registry: Registry, places: readonly Place[]): Loaded {
  const types = Object.fromEntries(
    places.map(({ type, connector, mappingFile: mapping }) => [type, { connector, mapping }]),
  );
  const tokens = [{ name: "nobody", token: "of-nobody-because-nothing-is-served" }];
  const config = configFormat(registry).parse({
    auth: [{ type: "bearer", tokens }],
    connectors: {},
    routes: { [ROUTE]: types },
  });
  const diagnose: Loaded["diagnose"] = (_, message) => {
    throw new Error(message);
  };
  const empty = {
    routes: new Map(),
    syncs: new Map(),
    typesFiles: new Map(),
    secretFiles: [],
    warnings: [],
    source: { given: {}, secrets: [] },
  };
  return { config, folder: process.cwd(), registry, diagnose, ...empty };
}

/** A backend that answers every filter exactly. */
function assumedFor({ registry, routes }: Loaded): Connector {
  const endpoints = [...routes.values()].flatMap((types) => [...types.values()]);
  const kinds = Object.fromEntries(endpoints.map(({ mapping: { kind, id } }) => [kind, { key: id.attr }]));
  const memory = registry.connectors.find(({ type }) => type === "memory")!;
  const services = { files: filesIn(process.cwd()), log: { warn: () => {} } };
  // It has no words of its own.
  return { ...memory.open(memory.config.parse({ kinds }), services), explain: () => "" };
}
