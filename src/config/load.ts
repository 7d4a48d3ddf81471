import { dirname, resolve } from "node:path";
import { nearestOf } from "../connector/kit/text.ts";
import { compileMapping } from "../mapping/compile.ts";
import { mappingFormat } from "../mapping/format.ts";
import { mappingRemarks } from "../mapping/lint.ts";
import type { Mapping } from "../mapping/mapping.ts";
import type { Problem } from "../mapping/problem.ts";
import { defineTypes, typesFormat } from "../mapping/types.ts";
import { builtInTypes, type ResourceType } from "../scim/schema.ts";
import { compileRules, type Rules } from "../sync/rules.ts";
import { unknownName, wholeMistakes } from "./checks.ts";
import { ConfigError, type Diagnostic } from "./diagnostic.ts";
import { type Config, configFormat } from "./format.ts";
import type { Registry } from "./registry.ts";
import { withSecrets } from "./secrets.ts";
import { locate, type ShippedKind, shownName } from "./shipped.ts";
import type { Source } from "./shown.ts";
import { validate } from "./validate.ts";
import { type About, readYaml, type YamlFile } from "./yaml.ts";

/** A resource type of a route, with its compiled mapping. */
export interface RouteEndpoint {
  readonly connector: string;
  readonly mapping: Mapping;
  readonly mappingFile: string;
  /** The file's text, as it was read. */
  readonly mappingText: string;
  readonly patchResponse: "resource" | "none";
  /** Makes a diagnostic for a place in the mapping file. */
  readonly diagnose: YamlFile["diagnose"];
}

/** The resource types of each route, by path. */
type Routes = ReadonlyMap<string, ReadonlyMap<string, RouteEndpoint>>;

/** A validated configuration with its compiled mappings. */
export interface Loaded {
  readonly config: Config;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** The available connector and sink types. */
  readonly registry: Registry;
  readonly routes: Routes;
  /** The compiled rules of the syncs. */
  readonly syncs: ReadonlyMap<string, Rules>;
  /** The texts of files with resource types, by file. */
  readonly typesFiles: ReadonlyMap<string, string>;
  /** Files that secrets were read from. */
  readonly secretFiles: readonly string[];
  /** What the configuration was made of. */
  readonly source: Source;
  /** Warnings. They do not prevent a start. */
  readonly warnings: readonly Diagnostic[];
  /** Makes a diagnostic for a place in the configuration file. */
  readonly diagnose: YamlFile["diagnose"];
}

/** Loads a configuration with its mappings. Throws `ConfigError` with every mistake, each with file, line and column. */
export function loadConfig(
  file: string,
  registry: Registry,
  env: Readonly<Record<string, string | undefined>>,
): Loaded {
  const folder = dirname(resolve(file));
  const yaml = readYaml(file);
  const { data: given, missing, files: secretFiles, values: secrets } = withSecrets(yaml.data, env);
  // Not of an environment that has a value for every name, as where secrets do not matter.
  const data = listeningOn(given, Object.hasOwn(env, "POSTERN_HOST") ? env.POSTERN_HOST : undefined);
  const diagnostics: Diagnostic[] = missing.map(({ path, message }) =>
    yaml.diagnose(path, message, { code: "secret" }),
  );
  // A text whose secret is missing often fails a second check too. That would only hide the cause.
  const isHidden = (each: Diagnostic) =>
    diagnostics.some((other) => other.line === each.line && other.column === each.column);
  const { value: config, diagnostics: wrong } = validate(yaml, configFormat(registry), data);
  diagnostics.push(...wrong.filter((each) => !isHidden(each)));
  if (!config) throw new ConfigError(diagnostics);

  diagnostics.push(...wholeMistakes(yaml, config));
  const warnings: Diagnostic[] = [];
  const routes = new Map<string, Map<string, RouteEndpoint>>();
  const typesFiles = new Map<string, string>();
  for (const [route, types] of Object.entries(config.routes)) {
    const endpoints = new Map<string, RouteEndpoint>();
    routes.set(route, endpoints);
    const { strict: _strict, profile: _profile, ...served } = types;
    for (const [type, endpoint] of Object.entries(served)) {
      const at = ["routes", route, type];
      const connector = config.connectors[endpoint.connector];
      if (!connector) {
        const names = Object.keys(config.connectors);
        const { message, about } = unknownName("there is no connector", endpoint.connector, names);
        diagnostics.push(yaml.diagnose([...at, "connector"], message, about));
      }
      const named: Naming = (message, about) => yaml.diagnose([...at, "mapping"], message, about);
      try {
        const mappingFile = fileOf(endpoint.mapping, folder, "mapping", named);
        const definition = registry.connectors.find(({ type }) => type === connector?.type);
        const { mapping, ...loaded } = loadMapping(mappingFile, {
          kinds: connector && Object.keys(connector.kinds),
          attributeTypes: definition?.types ?? [],
          named,
        });
        warnings.push(...loaded.warnings);
        if (loaded.typesFile) typesFiles.set(loaded.typesFile.file, loaded.typesFile.text);
        if (mapping.type.name === type) {
          const patchResponse = endpoint.patchResponse ?? (type === "Group" ? "none" : "resource");
          const { diagnose, text: mappingText } = loaded;
          const { connector: name } = endpoint;
          endpoints.set(type, { connector: name, mapping, mappingFile, mappingText, patchResponse, diagnose });
        } else {
          diagnostics.push(otherType(yaml, at, { type, mapped: mapping.type.name }));
        }
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        diagnostics.push(...error.diagnostics);
      }
    }
  }
  const syncs =
    diagnostics.length > 0
      ? new Map<string, Rules>()
      : syncsIn(yaml, { config, folder, routes, typesFiles }, diagnostics);
  if (diagnostics.length > 0) throw new ConfigError(once([...diagnostics, ...warnings]));
  const { diagnose } = yaml;
  const source = { given: yaml.data, secrets };
  return {
    ...{ config, folder, registry, routes, syncs, typesFiles, secretFiles, source, diagnose },
    warnings: once(warnings),
  };
}

/** A configuration that does not say where to listen does so where its environment says: in a container others must reach it. */
function listeningOn(data: unknown, host: string | undefined): unknown {
  if (!host || !isTable(data) || !isTable(data.server ?? {})) return data;
  return { ...data, server: { host, ...(data.server as object | undefined) } };
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A mapping for another type than the one it is used for. If the type is misspelt, the name is wrong; otherwise the mapping is. */
function otherType(
  yaml: YamlFile,
  at: readonly string[],
  { type, mapped }: { type: string; mapped: string },
): Diagnostic {
  const suggestion = nearestOf(type, [mapped]);
  if (suggestion === undefined)
    return yaml.diagnose([...at, "mapping"], `this mapping is for ${mapped}, not for ${type}`, { code: "other-type" });
  const message = `the mapping is for ${mapped}, not for "${type}", did you mean "${suggestion}"?`;
  return yaml.diagnose(at, message, { code: "other-type", onKey: true, suggestion });
}

/** Removes duplicates: several routes may use the same mapping. */
const once = (diagnostics: readonly Diagnostic[]): Diagnostic[] => [
  ...new Map(diagnostics.map((each) => [JSON.stringify(each), each])).values(),
];

/** Users as Entra's provisioning jobs know them: SCIM's attributes and those of added schemas. */
const entraUser = ({ types }: { types?: string | undefined }, folder: string, named: Naming) => {
  const loaded = types === undefined ? undefined : loadTypes(types, { folder, known: builtInTypes }, named);
  const known = loaded?.types ?? builtInTypes;
  return { user: { type: known.find(({ name }) => name === "User")!, rows: undefined }, typesFile: loaded?.source };
};

/** Compiles the rules of the syncs and adds their mistakes to the diagnostics. */
function syncsIn(
  yaml: YamlFile,
  {
    config: { syncs },
    folder,
    routes,
    typesFiles,
  }: { config: Config; folder: string; routes: Routes; typesFiles: Map<string, string> },
  diagnostics: Diagnostic[],
): Map<string, Rules> {
  const compiled = new Map<string, Rules>();
  for (const [name, settings] of Object.entries(syncs)) {
    const endpointOf = (end: "from" | "to", { route, type }: { route: string; type: string }) => {
      const found = routes.get(route)?.get(type);
      const known = routes.get(route);
      const { message, about } = known
        ? unknownName(`the route ${route} does not serve`, type, [...known.keys()])
        : unknownName("there is no route", route, [...routes.keys()]);
      if (!found) diagnostics.push(yaml.diagnose(["syncs", name, end, known ? "type" : "route"], message, about));
      return found?.mapping;
    };
    const entraUserOf = (sync: string, to: { types?: string | undefined }) => {
      try {
        const named: Naming = (message, about) => yaml.diagnose(["syncs", sync, "to", "types"], message, about);
        const { user, typesFile } = entraUser(to, folder, named);
        if (typesFile) typesFiles.set(typesFile.file, typesFile.text);
        return user;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        diagnostics.push(...error.diagnostics);
        return undefined;
      }
    };
    const source = endpointOf("from", settings.from);
    const target = "route" in settings.to ? endpointOf("to", settings.to) : entraUserOf(name, settings.to);
    if (!source || !target) continue;
    const { rules, problems } = compileRules(settings, { source, target });
    for (const { path, message, ...about } of problems)
      diagnostics.push(yaml.diagnose(["syncs", name, ...path], message, about));
    for (const [index, { type }] of settings.groups.entries())
      if ("route" in settings.to && !routes.get(settings.to.route)?.has(type))
        diagnostics.push(
          yaml.diagnose(["syncs", name, "groups", index], `the route ${settings.to.route} does not serve ${type}`),
        );
    compiled.set(name, rules);
  }
  return compiled;
}

/** What a mapping may refer to in its connector: the kinds, if the connector is known, and the types of attributes. */
export interface ConnectorNames {
  readonly kinds?: readonly string[] | undefined;
  readonly attributeTypes: readonly string[];
  /** Reports an unreadable file at the place that names it. */
  readonly named?: Naming;
  /** Drafts to read in place of files: their texts. */
  readonly textOf?: ((file: string) => string | undefined) | undefined;
}

/** A loaded mapping, with its warnings. */
export interface LoadedMapping {
  readonly mapping: Mapping;
  readonly warnings: readonly Diagnostic[];
  readonly diagnose: YamlFile["diagnose"];
  /** The file's text. */
  readonly text: string;
  /** The file of resource types that it names. */
  readonly typesFile: SourceText | undefined;
}

/** A file that a configuration was read from, with its text. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** Loads and compiles a mapping file. Throws `ConfigError`. */
export function loadMapping(
  file: string,
  { kinds, attributeTypes, named, textOf }: ConnectorNames,
  types = builtInTypes,
): LoadedMapping {
  const shown = shownName(file);
  const yaml = readYaml(file, shown, named && ((message) => named(message, { code: "file" })), textOf?.(file));
  const { value: source, diagnostics } = validate(yaml, mappingFormat);
  if (!source) throw new ConfigError(diagnostics);
  const loaded =
    source.types === undefined
      ? undefined
      : loadTypes(source.types, { folder: dirname(file), known: types, textOf }, (message, about) =>
          yaml.diagnose(["types"], message, about),
        );
  const { mapping, problems } = compileMapping(source, loaded?.types ?? types, {
    attributeTypes,
    file: shown,
    isDraft: textOf !== undefined,
  });
  const located = ({ path, message, ...about }: Problem) => yaml.diagnose(path, message, about);
  const found = problems.map(located);
  if (kinds && !kinds.includes(source.kind)) {
    const { message, about } = unknownName("the connector has no kind", source.kind, kinds);
    found.push(yaml.diagnose(["kind"], message, about));
  }
  if (found.length > 0 || !mapping) throw new ConfigError(found);
  const remarks = mappingRemarks(source, mapping).map(located);
  if (remarks.some(({ severity }) => severity === "error")) throw new ConfigError(remarks);
  return { mapping, warnings: remarks, diagnose: yaml.diagnose, text: yaml.text, typesFile: loaded?.source };
}

/** Says something of a file where another one names it. */
type Naming = (message: string, about: About) => Diagnostic;

/** Where a file is that another one names. Throws `ConfigError` where no file is shipped under that name. */
function fileOf(name: string, folder: string, kind: ShippedKind, named: Naming): string {
  const located = locate(name, folder, kind);
  if (located.file !== undefined) return located.file;
  throw new ConfigError([named(located.problem.message, located.problem.about)]);
}

/** Where a file of types is looked for, and which types it adds to. */
interface TypesAround extends Pick<ConnectorNames, "textOf"> {
  readonly folder: string;
  readonly known: readonly ResourceType[];
}

interface LoadedTypes {
  readonly types: readonly ResourceType[];
  readonly source: SourceText;
}

/** Loads a file of resource types in addition to known ones. Throws `ConfigError`; an unreadable file is reported where it is named. */
function loadTypes(name: string, { folder, known, textOf }: TypesAround, named: Naming): LoadedTypes {
  const file = fileOf(name, folder, "types", named);
  const yaml = readYaml(file, shownName(file), (message) => named(message, { code: "file" }), textOf?.(file));
  const { value: source, diagnostics } = validate(yaml, typesFormat);
  if (!source) throw new ConfigError(diagnostics);
  const { types, problems } = defineTypes(source, known);
  if (problems.length > 0)
    throw new ConfigError(problems.map(({ path, message, ...about }) => yaml.diagnose(path, message, about)));
  return { types, source: { file, text: yaml.text } };
}
