import { dirname, relative, resolve } from "node:path";
import { nearest } from "../connector/kit/text.ts";
import { compileMapping } from "../mapping/compile.ts";
import { mappingFormat } from "../mapping/format.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { defineTypes, typesFormat } from "../mapping/types.ts";
import { builtInTypes, type ResourceType } from "../scim/schema.ts";
import { compileRules, type Rules } from "../sync/rules.ts";
import { type Config, configFormat } from "./format.ts";
import type { Registry } from "./registry.ts";
import { withSecrets } from "./secrets.ts";
import { ConfigError, type Diagnostic, readYaml, validate, type YamlFile } from "./yaml.ts";

/** A resource type that a route serves, with the compiled mapping. */
export interface RouteEndpoint {
  readonly connector: string;
  readonly mapping: Mapping;
  readonly mappingFile: string;
  readonly patchResponse: "resource" | "none";
}

/** The resource types of each route, by its path. */
type Routes = ReadonlyMap<string, ReadonlyMap<string, RouteEndpoint>>;

/** A configuration that is whole: everything in it was checked, and its mappings are compiled. */
export interface Loaded {
  readonly config: Config;
  /** The folder that relative paths of the configuration start from. */
  readonly folder: string;
  /** The types of connectors and sinks that it may name. */
  readonly registry: Registry;
  readonly routes: Routes;
  /** The rules of the syncs, compiled. */
  readonly syncs: ReadonlyMap<string, Rules>;
  /** The files that secrets were read from. */
  readonly secretFiles: readonly string[];
}

/**
 * Loads a configuration with its mappings. Throws `ConfigError` with every mistake, each with file, line and column:
 * nothing starts half-configured.
 */
export function loadConfig(
  file: string,
  registry: Registry,
  env: Readonly<Record<string, string | undefined>>,
): Loaded {
  const folder = dirname(resolve(file));
  const yaml = readYaml(file);
  const { data, missing, files: secretFiles } = withSecrets(yaml.data, env);
  const diagnostics: Diagnostic[] = missing.map(({ path, message }) => yaml.diagnose(path, message));
  // A text without its secret is wrong in a second way that would only hide the first.
  const isHidden = (each: Diagnostic) =>
    diagnostics.some((other) => other.line === each.line && other.column === each.column);
  const { value: config, diagnostics: wrong } = validate(yaml, configFormat(registry), data);
  diagnostics.push(...wrong.filter((each) => !isHidden(each)));
  if (!config) throw new ConfigError(diagnostics);

  diagnostics.push(...exposed(yaml, config), ...elsewhere(yaml, config), ...smallPages(yaml, config));
  const routes = new Map<string, Map<string, RouteEndpoint>>();
  for (const [route, types] of Object.entries(config.routes)) {
    const endpoints = new Map<string, RouteEndpoint>();
    routes.set(route, endpoints);
    const { strict: _strict, profile: _profile, ...served } = types;
    for (const [type, endpoint] of Object.entries(served)) {
      const at = ["routes", route, type];
      const connector = config.connectors[endpoint.connector];
      if (!connector) {
        const message = `there is no connector "${endpoint.connector}"${nearest(endpoint.connector, Object.keys(config.connectors))}`;
        diagnostics.push(yaml.diagnose([...at, "connector"], message));
      }
      const mappingFile = resolve(folder, endpoint.mapping);
      try {
        const definition = registry.connectors.find(({ type }) => type === connector?.type);
        const mapping = loadMapping(mappingFile, {
          kinds: connector && Object.keys(connector.kinds),
          attributeTypes: definition?.types ?? [],
        });
        if (mapping.type.name === type) {
          const patchResponse = endpoint.patchResponse ?? (type === "Group" ? "none" : "resource");
          endpoints.set(type, { connector: endpoint.connector, mapping, mappingFile, patchResponse });
        } else
          diagnostics.push(
            yaml.diagnose([...at, "mapping"], `this mapping is for ${mapping.type.name}, not for ${type}`),
          );
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        diagnostics.push(...error.diagnostics);
      }
    }
  }
  const syncs =
    diagnostics.length > 0 ? new Map<string, Rules>() : syncsIn(yaml, { config, folder, routes }, diagnostics);
  if (diagnostics.length > 0) throw new ConfigError(diagnostics);
  return { config, folder, registry, routes, syncs, secretFiles };
}

/** Users as a job of Entra's takes them: SCIM's attributes, and those of schemas that were added to it. */
const entraUser = ({ types }: { types?: string | undefined }, folder: string) => {
  const known = types === undefined ? builtInTypes : loadTypes(resolve(folder, types), builtInTypes);
  return { type: known.find(({ name }) => name === "User")!, rows: undefined };
};

/** Compiles the rules of the syncs; what is wrong with them is added to the diagnostics. */
function syncsIn(
  yaml: YamlFile,
  { config: { syncs }, folder, routes }: { config: Config; folder: string; routes: Routes },
  diagnostics: Diagnostic[],
): Map<string, Rules> {
  const compiled = new Map<string, Rules>();
  for (const [name, settings] of Object.entries(syncs)) {
    const endpointOf = (end: "from" | "to", { route, type }: { route: string; type: string }) => {
      const found = routes.get(route)?.get(type);
      const message = routes.has(route)
        ? `the route ${route} serves no ${type}${nearest(type, [...routes.get(route)!.keys()])}`
        : `there is no route "${route}"${nearest(route, [...routes.keys()])}`;
      if (!found) diagnostics.push(yaml.diagnose(["syncs", name, end, routes.has(route) ? "type" : "route"], message));
      return found?.mapping;
    };
    const source = endpointOf("from", settings.from);
    const target = "route" in settings.to ? endpointOf("to", settings.to) : entraUser(settings.to, folder);
    if (!source || !target) continue;
    const { rules, problems } = compileRules(settings, { source, target });
    for (const { path, message } of problems) diagnostics.push(yaml.diagnose(["syncs", name, ...path], message));
    for (const [index, { type }] of settings.groups.entries())
      if ("route" in settings.to && !routes.get(settings.to.route)?.has(type))
        diagnostics.push(
          yaml.diagnose(["syncs", name, "groups", index], `the route ${settings.to.route} serves no ${type}`),
        );
    compiled.set(name, rules);
  }
  return compiled;
}

/** Tokens must not go over a network in the clear without anybody having said so. */
function exposed(yaml: YamlFile, { server }: Config): Diagnostic[] {
  const { host, tls, trustProxy, plainHttp } = server;
  const isLoopback = /^(127\.|localhost$|::1$|\[::1\]$)/.test(host);
  if (isLoopback || tls || trustProxy.length > 0 || plainHttp) return [];
  const message = `others than this machine are listened to on ${host}, without TLS: give server.tls, or name the proxy that speaks TLS by trustProxy, or say plainHttp: true`;
  return [yaml.diagnose(["server", "host"], message)];
}

/** Pages smaller than the interoperability profile has them, §6.4, where a route has that profile. */
function smallPages(yaml: YamlFile, { routes, limits }: Config): Diagnostic[] {
  const route = Object.keys(routes).find((each) => routes[each]!.profile === "interop");
  if (route === undefined || limits.pageSize >= INTEROP_PAGE) return [];
  const message = `the profile interop of ${route} asks for pages of at least ${INTEROP_PAGE} resources`;
  return [yaml.diagnose(["limits", "pageSize"], message)];
}

const INTEROP_PAGE = 100;

/** What is set for a route, or a type, that is not there. */
function elsewhere(yaml: YamlFile, { safety, routes }: Config): Diagnostic[] {
  return Object.entries(safety).flatMap(([route, { protect }]) => {
    const types = routes[route];
    if (!types)
      return [yaml.diagnose(["safety", route], `there is no route "${route}"${nearest(route, Object.keys(routes))}`)];
    return Object.keys(protect)
      .filter((type) => !types[type])
      .map((type) =>
        yaml.diagnose(
          ["safety", route, "protect", type],
          `the route serves no ${type}${nearest(type, Object.keys(types))}`,
        ),
      );
  });
}

/** What a mapping may name of its connector: the kinds, where the connector is known, and types of attributes. */
export interface ConnectorNames {
  readonly kinds?: readonly string[] | undefined;
  readonly attributeTypes: readonly string[];
}

/** Loads and compiles a mapping file. Throws `ConfigError`. */
export function loadMapping(file: string, { kinds, attributeTypes }: ConnectorNames, types = builtInTypes): Mapping {
  const yaml = readYaml(file, relative(process.cwd(), file));
  const { value: source, diagnostics } = validate(yaml, mappingFormat);
  if (!source) throw new ConfigError(diagnostics);
  const known = source.types === undefined ? types : loadTypes(resolve(dirname(file), source.types), types);
  const { mapping, problems } = compileMapping(source, known, attributeTypes);
  const found = problems.map(({ path, message }) => yaml.diagnose(path, message));
  if (kinds && !kinds.includes(source.kind))
    found.push(yaml.diagnose(["kind"], `the connector has no kind "${source.kind}"${nearest(source.kind, kinds)}`));
  if (found.length > 0 || !mapping) throw new ConfigError(found);
  return mapping;
}

/** Loads a file of resource types, to be there beside others. Throws `ConfigError`. */
function loadTypes(file: string, known: readonly ResourceType[]): readonly ResourceType[] {
  const yaml = readYaml(file, relative(process.cwd(), file));
  const { value: source, diagnostics } = validate(yaml, typesFormat);
  if (!source) throw new ConfigError(diagnostics);
  const { types, problems } = defineTypes(source, known);
  if (problems.length > 0) throw new ConfigError(problems.map(({ path, message }) => yaml.diagnose(path, message)));
  return types;
}
