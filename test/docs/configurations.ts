import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { reportOf } from "../../src/cli/check.ts";
import { ConfigError, type Diagnostic } from "../../src/config/diagnostic.ts";
import { loadConfig, loadMapping } from "../../src/config/load.ts";
import { registry } from "../servers/registry.ts";

type Data = Readonly<Record<string, unknown>>;

/** Whatever a configuration asks of the environment is there, but for what the command line itself takes from it. */
const env = new Proxy(
  {},
  {
    get: (_, name) => {
      if (String(name).startsWith("POSTERN_")) return undefined;
      return name === "SCIM_TOKEN" ? "a-token-that-is-for-tests-only" : "a-secret-of-the-tests-0123456789";
    },
  },
);

const CONFIG_KEYS = [
  "server",
  "auth",
  "connectors",
  "routes",
  "limits",
  "safety",
  "syncs",
  "audit",
  "log",
  "operations",
  "state",
];
const MAPPING_KEYS = ["resource", "kind", "attributes", "read", "write", "create", "types"];
const ATTRIBUTE_TYPES = registry.connectors.flatMap(({ types = [] }) => types);

const isData = (value: unknown): value is Data => typeof value === "object" && value !== null && !Array.isArray(value);
const keysOf = (value: unknown) => (isData(value) ? Object.keys(value) : []);

/** What a YAML text is: a configuration or a mapping as a whole, or a part of one; anything else is YAML alone. */
function formOf(data: unknown): "configuration" | "mapping" | undefined {
  const keys = keysOf(data);
  if (keys.includes("connectors") && keys.includes("routes")) return "configuration";
  return keys.includes("resource") && keys.includes("attributes") ? "mapping" : undefined;
}

/** A path on this page's machine that this one does not have: a certificate, a secret. */
const isElsewhere = ({ code, excerpt = "", message }: Diagnostic) =>
  ["file", "secret", "start"].includes(code) &&
  /(["'\s:]|^)(\/(etc|run|var|opt|srv|data|home)\/|[A-Z]:\\)/.test(`${excerpt} ${message}`);

const errorsOf = (diagnostics: readonly Diagnostic[]) =>
  diagnostics.filter((each) => each.severity === "error" && !isElsewhere(each));

const told = (diagnostics: readonly Diagnostic[], shift: (line: number) => string | number = (line) => line) =>
  diagnostics.map(({ line, message, excerpt = "" }) => `${shift(line)}: ${message}\n    ${excerpt.trim()}`);

/** What is wrong with a whole file that a page wrote, if it is a configuration or a mapping. */
export async function mistakesInFile(file: string): Promise<string[]> {
  let data: unknown;
  try {
    data = parse(readFileSync(file, "utf8"), { merge: true });
  } catch (error) {
    return [(error as Error).message];
  }
  const form = formOf(data);
  try {
    if (form === "mapping") loadMapping(file, { attributeTypes: ATTRIBUTE_TYPES });
    if (form !== "configuration") return [];
    const options = { registry, file, env, connect: false, denyWarnings: false, format: "text" } as const;
    return told(errorsOf((await reportOf(options)).problems));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return told(errorsOf(error.diagnostics));
  }
}

/**
 * What is wrong with a part of a configuration or a mapping. `place` says where it belongs, `connectors.directory`; `pages` are the
 * configurations that the page has written so far.
 */
export function mistakesInFragment(text: string, place: string | undefined, pages: readonly string[]): string[] {
  let data: unknown;
  try {
    data = parse(text, { merge: true });
  } catch (error) {
    return [(error as Error).message];
  }
  const path = place?.split(".") ?? [];
  const isMapping =
    path[0] === "mapping" || (place === undefined && keysOf(data).some((key) => MAPPING_KEYS.includes(key)));
  if (isMapping) return mappingMistakes(within(data, path.slice(1)) as Data);
  if (place === undefined && !keysOf(data).some((key) => CONFIG_KEYS.includes(key)))
    return ["nobody knows where this belongs: write <!-- in: PATH --> above it"];
  const part = within(data, path) as Data;
  const candidates = [...completions(part, pages), part].map((each) => configurationMistakes(whole(each)));
  return candidates.sort((a, b) => a.length - b.length)[0]!;
}

const within = (data: unknown, path: readonly string[]): unknown =>
  path.reduceRight((inner, key) => ({ [key]: inner }), data);

/** A part with what it leaves out, of which each reader knows that it is left out. */
function completions(part: Data, pages: readonly string[]): Data[] {
  const written = pages.flatMap((file) => (existsSync(file) ? [parse(readFileSync(file, "utf8")) as Data] : []));
  const connectors = isData(part.connectors) ? part.connectors : {};
  const examples = Object.entries(connectors).map(([name, given]) => {
    const named = [given, ...written.map(({ connectors = {} }) => (connectors as Data)[name])].map((each) =>
      isData(each) ? each.type : undefined,
    );
    const type = [...named, name].find((each) => registry.connectors.some((known) => known.type === each));
    const definition = registry.connectors.find((known) => known.type === type);
    return definition ? [name, { type, ...(parse(definition.example) as Data) }] : [name, {}];
  });
  const example = { connectors: Object.fromEntries(examples) };
  return [
    merged(example, part),
    ...written.map((each) => merged(each, part)),
    ...written.map((each) => merged(merged(example, each), part)),
  ];
}

/** A configuration that has what every one must have. */
function whole(part: Data): Data {
  const routes: Record<string, unknown> = { ...((part.routes as Data | undefined) ?? {}) };
  const connectors: Record<string, unknown> = { ...((part.connectors as Data | undefined) ?? {}) };
  for (const sync of Object.values((part.syncs ?? {}) as Data))
    for (const end of ["from", "to"])
      if (isData(sync) && isData(sync[end]) && typeof sync[end].route === "string")
        routes[sync[end].route] ??= {
          User: { connector: "any", mapping: "any/user.yaml" },
          Group: { connector: "any", mapping: "any/group.yaml" },
        };
  for (const path of Object.keys((part.safety ?? {}) as Data))
    routes[path] ??= { User: { connector: "any", mapping: "any/user.yaml" } };
  if (Object.keys(routes).length === 0) routes["/scim/v2"] = { User: { connector: "any", mapping: "any/user.yaml" } };
  for (const types of Object.values(routes))
    for (const endpoint of Object.values((types ?? {}) as Data))
      if (isData(endpoint) && typeof endpoint.connector === "string")
        connectors[endpoint.connector] ??= { type: "memory", kinds: { user: {}, group: {} } };
  return {
    auth: [{ type: "bearer", tokens: [{ name: "pages", token: "a-token-that-is-for-tests-only" }] }],
    ...part,
    connectors,
    routes,
  };
}

function merged(base: Data, over: Data): Data {
  const both = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = both[key];
    both[key] = isData(value) && isData(before) ? merged(before, value) : value;
  }
  return both;
}

const USER = `resource: User
kind: user
attributes:
  id: { attr: id, readOnly: true }
  externalId: externalId
  userName: userName
  active: active
  displayName: displayName
  title: title
  name.givenName: givenName
  name.familyName: familyName
  name.formatted: cn
  emails[type eq "work"].value: mail
  phoneNumbers[type eq "work"].value: phone
  password: { writeOnly: true, attr: secret }
  enterprise:employeeNumber: number
  enterprise:department: department
  enterprise:manager.value: { attr: manager, ref: User }
`;
const GROUP = `resource: Group
kind: group
attributes:
  id: { attr: id, readOnly: true }
  displayName: name
  members.value: { attr: members, many: true, ref: User }
`;

function configurationMistakes(config: Data): string[] {
  const folder = mkdtempSync(join(tmpdir(), "postern-fragment-"));
  try {
    const file = join(folder, "fragment.yaml");
    const mapped = mappingsFor(config, folder);
    writeFileSync(file, stringify(mapped));
    try {
      loadConfig(file, registry, env);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const ignored = (each: Diagnostic) => ["file", "secret"].includes(each.code) || each.file.includes("/any/");
      return told(
        errorsOf(error.diagnostics).filter((each) => !ignored(each)),
        () => "in it",
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A configuration whose mapping files are stand-ins: what a part of a page names is not there. */
function mappingsFor(config: Data, folder: string): Data {
  const routes = Object.entries(config.routes as Data).map(([route, types]) => {
    if (!isData(types)) return [route, types];
    const endpoints = Object.entries(types).map(([type, endpoint]) => {
      if (!isData(endpoint) || !["User", "Group"].includes(type)) return [type, endpoint];
      const connector = (config.connectors as Data)[String(endpoint.connector)];
      const kinds = isData(connector) ? keysOf(connector.kinds) : [];
      const kind =
        (type === "User" ? kinds[0] : (kinds.find((each) => /group|team|role/.test(each)) ?? kinds.at(-1))) ??
        type.toLowerCase();
      const file = join(folder, `${kind}-${type}.yaml`);
      writeFileSync(file, (type === "User" ? USER : GROUP).replace(/^kind: .*/m, `kind: ${JSON.stringify(kind)}`));
      return [type, { ...endpoint, mapping: file }];
    });
    return [route, Object.fromEntries(endpoints)];
  });
  return { ...config, routes: Object.fromEntries(routes) };
}

function mappingMistakes(part: Data): string[] {
  const folder = mkdtempSync(join(tmpdir(), "postern-fragment-"));
  const base = { resource: "User", kind: "user" };
  const needed = { id: { attr: "id", readOnly: true }, userName: "login" };
  const attributes = isData(part.attributes) ? part.attributes : {};
  const isGroup = part.resource === "Group";
  const completed = part.resource === undefined || part.resource === "User" ? { ...needed, ...attributes } : attributes;
  try {
    const file = join(folder, "fragment.yaml");
    writeFileSync(
      file,
      stringify({
        ...base,
        ...part,
        attributes: isGroup ? { id: needed.id, displayName: "cn", ...attributes } : completed,
      }),
    );
    loadMapping(file, { attributeTypes: ATTRIBUTE_TYPES });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return told(
      errorsOf(error.diagnostics).filter(({ code }) => code !== "file"),
      () => "in it",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
