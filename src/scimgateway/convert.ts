import { Document, isCollection, visit } from "yaml";
import { convertAuth } from "./auth.ts";
import { convertGateway } from "./gateway.ts";
import { convertGraph, isGraph } from "./graph.ts";
import { convertLdap, isLdap } from "./ldap.ts";
import { convertLoki, isLoki, leaveOut } from "./others.ts";
import { type Item, openReport, type Report } from "./report.ts";
import { convertScim } from "./scim.ts";
import { isSet, isTable, type Path, readSource, type Source, slug } from "./source.ts";
import { convertSql, isSql } from "./sql.ts";
import type { Converted } from "./target.ts";
import { tellUnknown } from "./unknown.ts";

/** A configuration of scimgateway's, as it is read. */
export interface ConfigurationFile {
  readonly path: string;
  readonly text: string;
}

/** What becomes of configurations of scimgateway's. */
export interface Conversion {
  /** The texts of files by path; empty if none of the plugins has a counterpart. */
  readonly files: ReadonlyMap<string, string>;
  /** What became of each setting, file by file. */
  readonly items: readonly Item[];
}

interface Part {
  readonly name: string;
  readonly route: string;
  /** The base entity, as scimgateway names it: `undefined` for the one without a name. */
  readonly entity: string;
  readonly converted: Converted;
}

/**
 * Converts configurations of scimgateway's to one of Postern's: a connector and a route for each base entity of each file. `shipped` reads a
 * mapping that comes with Postern. Throws an `Error` for a file that is none of scimgateway's.
 */
export function convertScimgateway(files: readonly ConfigurationFile[], shipped: (path: string) => string): Conversion {
  const names = new Set<string>();
  const connector = freeNames();
  const isOne = files.length === 1;
  const sources = files.map(({ path, text }) => {
    const read = readSource(path, text);
    const source = { ...read, name: connector(read.name) };
    const report = openReport(source, names);
    return { source, report };
  });
  const plugins = sources.map(({ source, report }) => ({
    source,
    report,
    parts: partsOf(source, report, { isOne, shipped, free: connector }),
  }));
  const parts = plugins.flatMap((each) => each.parts);
  if (parts.length === 0) return { files: new Map(), items: plugins.flatMap(({ report }) => report.items) };
  const [gateway, ...others] = plugins
    .filter((each) => each.parts.length > 0)
    .map(({ source, report }) => ({ source, report, ...convertGateway(source, report) }));
  for (const { source, report } of others)
    report.changed(
      ["scimgateway", "port"],
      `One gateway serves all: ${source.name} is a route of its own, not a port.`,
    );
  const auth = plugins.flatMap(({ source, report, parts: own }) => {
    const all = convertAuth({ source, report, routeOf: (entity) => own.find((each) => each.entity === entity)?.route });
    return isOne
      ? all
      : all.map((each) =>
          limited(
            each,
            own.map(({ route }) => route),
          ),
        );
  });
  for (const { source, report, parts: own } of plugins) {
    if (own.length > 0) tellUnknown(source, report);
    for (const { entity, route } of own)
      report.changed(
        ["endpoint"],
        `The base URL ${entity === "undefined" ? "/" : `/${entity}`} is now ${route}: change the Tenant URL in Entra.`,
      );
  }
  const configuration = {
    server: gateway!.server,
    ...gateway!.more,
    auth:
      auth.length > 0 ? merged(auth) : [{ type: "bearer", tokens: [{ name: "entra", token: "${env:SCIM_TOKEN}" }] }],
    connectors: Object.fromEntries(parts.map(({ name, converted }) => [name, converted.connector])),
    routes: Object.fromEntries(parts.map(({ name, route, converted }) => [route, typesOf(name, converted)])),
  };
  return {
    files: new Map([
      ["gateway.config.yaml", configurationText(configuration, files)],
      ...parts.flatMap(({ converted }) => [...converted.files]),
    ]),
    items: plugins.flatMap(({ report }) => report.items),
  };
}

/** Gives names that are not taken: `ldap`, then `ldap-2`. Names that differ may be the same once they are written as names of connectors. */
function freeNames(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`;
    taken.add(name);
    return name;
  };
}

const typesOf = (connector: string, { types }: Converted) =>
  Object.fromEntries(Object.entries(types).map(([type, mapping]) => [type, { connector, mapping }]));

/** The base entities of a file, converted. */
function partsOf(
  source: Source,
  report: Report,
  { isOne, shipped, free }: { isOne: boolean; shipped: (path: string) => string; free: (wanted: string) => string },
): Part[] {
  const path = ["endpoint", "entity"];
  const table = source.at(path);
  const entities = isTable(table) && !isSql(source) ? Object.keys(table) : ["undefined"];
  const within = freeNames();
  return entities.flatMap((entity): Part[] => {
    const place = isTable(table) ? [...path, entity] : undefined;
    const isFirst = entity === "undefined";
    const own = isFirst ? undefined : within(slug(entity) || "entity");
    const name = own === undefined ? source.name : free(`${source.name}-${own}`);
    const converted = convertEntity(source, report, { entity: place, name, shipped });
    if (!converted) return [];
    const prefix = [...(isOne ? [] : [source.name]), ...(own === undefined ? [] : [own])];
    return [{ name, entity, converted, route: `/${[...prefix, "scim", "v2"].join("/")}` }];
  });
}

function convertEntity(
  source: Source,
  report: Report,
  { entity, name, shipped }: { entity: Path | undefined; name: string; shipped: (path: string) => string },
): Converted | undefined {
  if (isSql(source)) return convertSql(source, report, name);
  if (entity === undefined) return leaveOut(source, report, entity) as undefined;
  const given = { entity, name, shipped };
  if (isLdap(source, entity)) return convertLdap(source, report, entity, name);
  if (isGraph(source, entity)) return convertGraph(source, report, given);
  if (isLoki(source, entity)) return convertLoki(source, report, given);
  if (isSet(source.at([...entity, "scimVersion"])) || /scim/.test(source.name))
    return convertScim(source, report, given);
  return leaveOut(source, report, entity) as undefined;
}

/** Callers of one plugin do not get at what another one serves. */
function limited(auth: object, routes: readonly string[]): object {
  const within = (caller: Readonly<Record<string, unknown>>) => ({
    ...caller,
    may: { routes, ...(isTable(caller.may) ? caller.may : {}) },
  });
  const given = auth as Readonly<Record<string, unknown>>;
  for (const list of ["tokens", "users", "clients"])
    if (Array.isArray(given[list])) return { ...given, [list]: given[list].map(within) };
  return within(given);
}

/** Callers of the same type in one list. */
function merged(auth: readonly object[]): object[] {
  const all = new Map<string, Record<string, unknown>>();
  for (const each of auth as readonly Readonly<Record<string, unknown>>[]) {
    const list = ["tokens", "users", "clients"].find((name) => Array.isArray(each[name]));
    const before = list && all.get(String(each.type));
    if (list && before) before[list] = [...(before[list] as unknown[]), ...(each[list] as unknown[])];
    else all.set(list ? String(each.type) : JSON.stringify(each), { ...each });
  }
  return [...all.values()];
}

function configurationText(configuration: object, files: readonly ConfigurationFile[]): string {
  const names = files.map(({ path }) => path.replace(/.*[/\\]/, "")).join(", ");
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Converted from ${names.replace(/[\r\n]/g, " ")} of scimgateway by \`postern init scimgateway\`.
${readable(configuration)}`;
}

/** The longest line that a table or a list is written on. */
const LINE = 110;

/** YAML as people write it: what is small on one line. */
function readable(configuration: object): string {
  const document = new Document(configuration, { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (_, node, path) => {
      const isDeep = path.filter(isCollection).length > 1;
      if (isDeep && JSON.stringify(node.toJSON()).length + 2 * path.length < LINE) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
