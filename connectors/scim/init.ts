import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, isMap, isScalar, parseDocument, stringify } from "yaml";
import type { Initial, InitRequest } from "../../src/connector/connector.ts";
import type { Answer } from "../../src/connector/http.ts";
import { openClient } from "../../src/http/client.ts";
import { isObject } from "../../src/scim/schema.ts";
import { config, type Settings, URNS, type Version } from "./settings.ts";

/** The options of `postern init scim`. */
export const options = [
  {
    flags: "--url <url>",
    description: "the server's base address, such as https://app.example.com/scim/v2",
    required: true,
  },
  { flags: "--token-env <name>", description: "the environment variable with a bearer token" },
  { flags: "--user <name>", description: "the account, for HTTP Basic" },
  {
    flags: "--password-env <name>",
    description: "the environment variable with its password; SCIM_PASSWORD by default",
  },
  { flags: "--ca <file>", description: "the certificates, PEM, that the server's is checked against" },
] as const;

interface Options {
  readonly url: string;
  readonly tokenEnv?: string;
  readonly user?: string;
  readonly passwordEnv?: string;
  readonly ca?: string;
}

type Types = Readonly<Record<"User" | "Group", { readonly endpoint: string; readonly schema: string } | undefined>>;
/** The names of sub-attributes by attribute, by schema. */
type Schemas = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

interface Found {
  readonly version: Version;
  readonly provider: Readonly<Record<string, unknown>>;
  readonly types: Types;
  /** Undefined if the server does not tell. */
  readonly schemas: Schemas | undefined;
}

/**
 * Asks another SCIM server what it supports and which attributes it has, and writes a configuration and mappings that pass them through.
 * Rejects with an `Error` that says what the server answered instead.
 */
export async function init({ options: given, env, mappings, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  if (!/^https?:$/.test(URL.parse(asked.url)?.protocol ?? ""))
    throw new Error(`--url is an address such as https://app.example.com/scim/v2, not "${asked.url}".`);
  const ca = asked.ca === undefined ? undefined : files.path(asked.ca);
  const settings = config.parse({ url: asked.url, auth: authOf(asked, env), tls: { ca }, kinds: {} });
  const client = openClient(settings, { files });
  try {
    const found = await ask((path) => client.call({ method: "GET", path }, signal), asked.url);
    const read = (file: string) => readFileSync(join(mappings, "scim", file), "utf8");
    const drafts = (["User", "Group"] as const).flatMap((type) => {
      const served = found.types[type];
      if (!served) return [];
      return [{ type, served, ...fitted(read(`${type.toLowerCase()}.yaml`), served.schema, found) }];
    });
    if (drafts.length === 0) throw new Error(`${asked.url} serves neither users nor groups.`);
    return {
      files: new Map([
        ["gateway.config.yaml", configuration(asked, ca, found)],
        ...drafts.map(({ type, text }) => [`mappings/scim/${type.toLowerCase()}.yaml`, text] as const),
      ]),
      notes: notesOn(found, drafts),
    };
  } finally {
    await client.close();
  }
}

function authOf({ tokenEnv, user, passwordEnv = "SCIM_PASSWORD" }: Options, env: InitRequest["env"]): object {
  const secret = (name: string, of: string) => {
    const value = env[name];
    if (!value) throw new Error(`Put the ${of} into the environment variable ${name}.`);
    return value;
  };
  if (tokenEnv !== undefined) return { type: "bearer", token: secret(tokenEnv, "server's token") };
  if (user !== undefined)
    return { type: "basic", username: user, password: secret(passwordEnv, `password of ${user}`) };
  return { type: "none" };
}

async function ask(get: (path: string) => Promise<Answer>, url: string): Promise<Found> {
  const first = await get("/ServiceProviderConfig");
  const isOld = first.status === 404;
  const answer = isOld ? await get("/ServiceProviderConfigs") : first;
  if (answer.status >= 300 || !isObject(answer.body))
    throw new Error(
      `${url}/ServiceProviderConfig answered ${answer.status}: is this the base address of a SCIM server${answer.status === 401 ? ", and the credential right" : ""}?`,
    );
  const list = async (path: string) => {
    const { status, body } = await get(path);
    const resources = isObject(body) ? body.Resources : body;
    return status < 300 && Array.isArray(resources) ? resources.filter(isObject) : undefined;
  };
  const version = isOld ? "1.1" : "2.0";
  const types = isOld ? undefined : await list("/ResourceTypes");
  const served = (name: "User" | "Group") => {
    const usual = {
      endpoint: `/${name}s`,
      schema: version === "1.1" ? URNS["1.1"].core : `${URNS["2.0"].core}${name}`,
    };
    if (!types) return usual;
    const type = types.find((each) => each.schema === usual.schema || each.name === name);
    const endpoint = type && /^(?:https?:\/\/[^/]+.*)?(\/[\w./-]+)$/.exec(String(type.endpoint ?? `/${name}s`))?.[1];
    return endpoint === undefined ? undefined : { endpoint, schema: String(type?.schema ?? usual.schema) };
  };
  const schemas = await list("/Schemas");
  return {
    version,
    provider: answer.body,
    types: { User: served("User"), Group: served("Group") },
    schemas: schemas && schemas.length > 0 ? schemasOf(schemas) : undefined,
  };
}

function schemasOf(schemas: readonly Readonly<Record<string, unknown>>[]): Schemas {
  const named = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);
  const nameOf = ({ name }: Readonly<Record<string, unknown>>) => String(name).toLowerCase();
  return new Map(
    schemas.map((schema) => [
      String(schema.id).toLowerCase(),
      new Map(named(schema.attributes).map((each) => [nameOf(each), named(each.subAttributes).map(nameOf)])),
    ]),
  );
}

/** Attributes that every resource has, and no schema tells. */
const COMMON = ["id", "externalid", "meta"];

/** The shipped mapping without the rows of attributes that the server does not have. */
function fitted(text: string, schema: string, { schemas, version }: Found) {
  const document: Document = parseDocument(text);
  const rows = document.get("attributes");
  const dropped: string[] = [];
  const core = schemas?.get(schema.toLowerCase());
  const enterprise = schemas?.get(URNS[version].enterprise.toLowerCase());
  if (core && isMap(rows))
    for (const { key, value } of [...rows.items]) {
      const attr = isMap(value) ? String(value.get("attr")) : isScalar(value) ? String(value.value) : "";
      const isExtension = attr.startsWith("enterprise:");
      const [name = "", sub] = attr
        .replace("enterprise:", "")
        .replace(/\[.*\]/, "")
        .toLowerCase()
        .split(".");
      const parts = (isExtension ? enterprise : core)?.get(name);
      const isThere =
        COMMON.includes(name) || (parts && (sub === undefined || parts.length === 0 || parts.includes(sub)));
      if (isThere) continue;
      rows.delete(key);
      dropped.push(attr);
    }
  return { text: document.toString({ lineWidth: 0 }), dropped };
}

const isSupported = (value: unknown): boolean | undefined => (isObject(value) ? value.supported === true : undefined);

function configuration(asked: Options, ca: string | undefined, { version, provider, types }: Found): string {
  const { url, tokenEnv, user, passwordEnv = "SCIM_PASSWORD" } = asked;
  const auth =
    tokenEnv !== undefined
      ? { type: "bearer", token: `\${env:${tokenEnv}}` }
      : user !== undefined
        ? { type: "basic", username: user, password: `\${env:${passwordEnv}}` }
        : undefined;
  const filters = isSupported(provider.filter);
  const maximum = isObject(provider.filter) ? Number(provider.filter.maxResults) : Number.NaN;
  const settings: Partial<Record<keyof Settings, unknown>> & { type: string } = {
    type: "scim",
    url,
    auth,
    tls: ca && { ca },
    version: version === "1.1" ? version : undefined,
    patch: version === "2.0" && isSupported(provider.patch) === false ? false : undefined,
    filter: filters === false ? { operators: [], logic: [] } : undefined,
    pageSize: Number.isInteger(maximum) && maximum > 0 && maximum < 100 ? maximum : undefined,
    kinds: {
      ...(types.User && { user: { endpoint: types.User.endpoint } }),
      ...(types.Group && { group: { endpoint: types.Group.endpoint } }),
    },
  };
  const lines = stringify(settings, { lineWidth: 0 }).trimEnd().split("\n");
  const route = (type: "User" | "Group") =>
    types[type] ? `    ${type}: { connector: app, mapping: mappings/scim/${type.toLowerCase()}.yaml }\n` : "";
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Written by \`postern init scim\`, as the server described itself.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  app:
${lines.map((line) => `    ${line}`).join("\n")}
routes:
  /scim/v2:
${route("User")}${route("Group")}`;
}

function notesOn(
  { version, provider, schemas, types }: Found,
  drafts: readonly { readonly type: string; readonly dropped: readonly string[] }[],
): string[] {
  const known = [types.User?.schema, types.Group?.schema, URNS[version].enterprise].map((each) => each?.toLowerCase());
  const others = [...(schemas ?? [])].filter(
    ([id]) => !known.includes(id) && !id.includes(":core:") && !id.startsWith("urn:ietf:params:scim:api:"),
  );
  const does = (name: string) => `${name}: ${isSupported(provider[name]) === true ? "yes" : "no"}`;
  return [
    `SCIM ${version}. ${["patch", "filter", "bulk", "sort", "etag"].map(does).join(", ")}.`,
    ...(schemas ? [] : ["The server does not tell its schemas: remove the rows that it does not know."]),
    ...drafts.flatMap(({ type, dropped }) =>
      dropped.length > 0 ? [`${type}: the server does not have ${dropped.join(", ")}: not mapped.`] : [],
    ),
    ...others.map(
      ([id, attributes]) =>
        `The server also has ${id}: ${[...attributes.keys()].join(", ")}. Declare what you need in a file of types: docs/reference/types.md.`,
    ),
  ];
}
