import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import type { Initial, InitRequest } from "../../../src/connector/connector.ts";
import { draftKind, type KindDraft } from "./draft.ts";
import { findCollection, type OpenApi, readOpenApi } from "./openapi.ts";
import { skeleton } from "./skeleton.ts";

/** What `postern init rest` is given. */
export const argument = {
  name: "openapi",
  description: "the API's OpenAPI document, JSON or YAML: a file or a URL; a skeleton is written without it",
  optional: true,
} as const;

/** The options of `postern init rest`. */
export const options = [
  { flags: "--url <url>", description: "the API's base address; the document's first server without it" },
  { flags: "--users <path>", description: "the path of the list of users, such as /users; a guess without it" },
  { flags: "--groups <path>", description: "the path of the list of groups; a guess without it" },
] as const;

interface Options {
  readonly openapi?: string;
  readonly url?: string;
  readonly users?: string;
  readonly groups?: string;
}

const USERS = /^(users?|people|persons?|accounts?|members?|employees?)$/i;
const GROUPS = /^(groups?|teams?|roles?)$/i;
/** The largest document that is fetched, in characters. */
const MAX_DOCUMENT = 20_000_000;

/**
 * Drafts the calls of an API from its OpenAPI document, or writes a skeleton to fill in. Rejects with an `Error` that says what is missing
 * of the document.
 */
export async function init({ options: given, files, signal }: InitRequest): Promise<Initial> {
  const asked = given as unknown as Options;
  if (asked.url !== undefined && !/^https?:$/.test(URL.parse(asked.url)?.protocol ?? ""))
    throw new Error(`--url is an address such as https://people.example.com/api/v2, not "${asked.url}".`);
  const { username, password } = (asked.url === undefined ? undefined : URL.parse(asked.url)) ?? {};
  if (username || password)
    throw new Error(
      "--url must not contain a user or a password: they would be written into the file. Set `auth` there instead.",
    );
  if (asked.openapi === undefined) return skeleton(asked.url);
  const text = await textOf(asked.openapi, files, signal);
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 1000 });
  } catch (error) {
    throw new Error(`${asked.openapi} is neither JSON nor YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  return drafted(readOpenApi(document, asked.openapi), asked);
}

async function textOf(from: string, files: InitRequest["files"], signal: AbortSignal): Promise<string> {
  if (!/^https?:\/\//.test(from)) {
    try {
      return readFileSync(files.path(from), "utf8");
    } catch (error) {
      const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw new Error(isAbsent ? `There is no file ${from}.` : `${from} cannot be read: ${(error as Error).message}`);
    }
  }
  const answer = await fetch(from, { signal }).catch((error: Error) => {
    throw new Error(`${from} cannot be read: ${error.cause instanceof Error ? error.cause.message : error.message}`);
  });
  if (!answer.ok) throw new Error(`${from} answered ${answer.status}.`);
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_DOCUMENT) throw new Error(`${from} is too large for an OpenAPI document.`);
  }
  return text + decoder.decode();
}

function drafted(api: OpenApi, asked: Options): Initial {
  const url = asked.url ?? api.url;
  if (url === undefined) throw new Error("The document does not say where the API is: give its base address by --url.");
  const users = findCollection(api, USERS, asked.users);
  const lists = Object.keys(api.paths).filter(
    (path) => !path.includes("{") && api.resolved(api.resolved(api.paths[path])?.get),
  );
  if (!users)
    throw new Error(
      `${asked.users === undefined ? "No list looks like one of users" : `There is no list ${asked.users}`}: name it by --users. There are ${lists.join(", ") || "no lists"}.`,
    );
  const groups = findCollection(api, GROUPS, asked.groups);
  if (!groups && asked.groups !== undefined)
    throw new Error(`There is no list ${asked.groups}. There are ${lists.join(", ")}.`);
  const user = draftKind(api, users, "user");
  const group = groups && draftKind(api, groups, "group");
  return {
    files: new Map([
      ["gateway.config.yaml", configuration(api, url, user, group)],
      ["mappings/rest/user.yaml", mapping("User", user, api)],
      ...(group ? [["mappings/rest/group.yaml", mapping("Group", group, api)] as const] : []),
    ]),
    notes: [
      `${api.title}: users at ${users.path}${groups ? `, groups at ${groups.path}` : "; no list looks like one of groups"}.`,
      ...user.notes,
      ...(group?.notes ?? []),
      ...(group
        ? ["group: memberships are not drafted: say how members are added and removed. See docs/guides/rest.md."]
        : []),
      ...(api.auth.type === "none" ? ["The document does not say how to sign in: set auth."] : []),
      "Nothing was asked of the API. Try a read with postern explain, and then with postern record.",
    ],
  };
}

const indented = (value: unknown, blanks: number) =>
  stringify(value, { lineWidth: 0 }).trimEnd().replace(/^/gm, " ".repeat(blanks));

function configuration({ title, auth }: OpenApi, url: string, user: KindDraft, group: KindDraft | undefined): string {
  const kinds = { user: user.settings, ...(group && { group: group.settings }) };
  return `# yaml-language-server: $schema=./schemas/gateway.schema.json
# Drafted from the OpenAPI document of ${title} by \`postern init rest\`. Look at each call: docs/guides/rest.md.
server: { port: 8880 }                # reached from this machine only, until TLS is set: docs/guides/tls.md
auth:
  - type: bearer
    tokens: [{ name: entra, token: "\${env:SCIM_TOKEN}" }]
connectors:
  api:
    type: rest
${indented({ url, ...(auth.type !== "none" && { auth }) }, 4)}
    kinds:
${indented(kinds, 6)}
routes:
  /scim/v2:
    User: { connector: api, mapping: mappings/rest/user.yaml }
${group ? "    Group: { connector: api, mapping: mappings/rest/group.yaml }\n" : ""}`;
}

function mapping(resource: "User" | "Group", { rows }: KindDraft, { title }: OpenApi): string {
  const flow = (value: unknown) =>
    stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trimEnd();
  const remark = "# postern-accept dropped-values: the document names one mail address.\n  ";
  return `# yaml-language-server: $schema=../../schemas/mapping.schema.json
# Drafted from the OpenAPI document of ${title} by \`postern init rest\`: say what else you want mapped.
resource: ${resource}
kind: ${resource.toLowerCase()}
attributes:
${[...rows].map(([path, row]) => `  ${path.startsWith("emails") ? remark : ""}${flow(path)}: ${flow(row)}\n`).join("")}`;
}
