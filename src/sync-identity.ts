import type { Loaded } from "./config/load.ts";
import { fingerprint } from "./sync/values.ts";

/** The settings of connectors, and of their kinds, that tell an operator which system and which part of it are meant. */
const ADDRESS = ["dialect", "url", "urls", "domain", "host", "port", "database", "file"];
const PLACE = ["base", "schema", "table", "endpoint"];
/** Ports that say nothing: LDAP without TLS and with it is the same directory. */
const USUAL_PORTS = ["389", "636"];

/**
 * Settings of connectors that do not say which system it is: credentials, how it is reached, and how it is asked. Every other setting does, also one
 * that is added later: a target that is taken for another one is held, and one that is taken for the same loses accounts.
 */
const NOT_OF_SYSTEM: ReadonlySet<string> = new Set([
  ...["type", "kinds", "auth", "bind", "user", "password", "tls", "proxy", "nameServers", "replicas", "script"],
  ...["resilience", "timeout", "wait", "connections", "returnAfter", "maxBytes", "pageSize"],
  ...["attributes", "version", "patch", "filter", "projection", "failures", "probe"],
]);

/** Settings of kinds that do not say which entries they are, nor what their keys mean: how entries are read, written and listed. */
const NOT_OF_KIND: ReadonlySet<string> = new Set([
  ...["text", "type", "lists", "lookups", "joined", "json", "statements", "deletedBy", "updatedBy", "generate"],
  ...["rdn", "placeholder", "withoutPassword", "onDelete", "unique", "caseExact", "attributes", "secrets", "version"],
  ...["entry", "item", "items", "body", "method", "page", "total", "count", "countTo", "atLeast", "snapshot", "gives"],
  ...["quote", "and", "or", "not", "order", "maximum", "create", "created", "update", "delete"],
]);

/** Parameters of the query, and headers, that are credentials or say how a connection is made. */
const CREDENTIAL =
  /pass|pwd|secret|token|auth|api[-_]?key|cookie|session|signature|credential|^user$|^ssl|timeout|application_name/i;

/**
 * What a sync writes, in words: the route, and what stands behind it. The same as long as an id means the same account, and without secrets: what
 * settings say beside the address and the place is there as a hash.
 */
export function targetOf({ config, routes }: Pick<Loaded, "config" | "routes">, sync: string): string {
  const { to } = config.syncs[sync]!;
  if ("entra" in to)
    return `the job ${to.entra.job} of ${to.entra.servicePrincipal} in Entra's tenant ${to.entra.tenant}`;
  const { connector, mapping } = routes.get(to.route)!.get(to.type)!;
  const { type, ...settings } = config.connectors[connector]! as Settings;
  const kind = ((settings.kinds as Settings | undefined)?.[mapping.kind] ?? {}) as Settings;
  const values = [...partsOf(settings, ADDRESS), ...partsOf(kind, PLACE)];
  const all = [telling(settings, NOT_OF_SYSTEM), mapping.kind, telling(kind, NOT_OF_KIND), mapping.id.attr];
  const hash = fingerprint(JSON.stringify(all)).slice(0, 8);
  return `${to.route} ${to.type} (${[type, ...values].join(" ")}; settings ${hash})`;
}

type Settings = Readonly<Record<string, unknown>>;

/** What settings say but for some of them, always in the same order. What is empty says nothing: a setting that is new changes no target. */
function telling(value: unknown, left: ReadonlySet<string>): unknown {
  if (typeof value === "string") return plainAddress(value, true);
  if (Array.isArray(value)) return value.map((each) => telling(each, left));
  if (typeof value !== "object" || value === null) return value;
  const told = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    if (left.has(name) || isEmpty(each)) return [];
    // Names that are the site's own, such as columns.
    const isOwn = name === "where" || name === "query" || name === "headers";
    const kept = name === "query" || name === "headers" ? withoutCredentials(each as Settings) : each;
    const inner = telling(kept, isOwn ? new Set() : left);
    return isEmpty(inner) ? [] : [[name, inner]];
  });
  return told.toSorted(([one], [other]) => (one < other ? -1 : 1));
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

const withoutCredentials = (given: Settings): Settings =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !CREDENTIAL.test(name)));

const partsOf = (settings: Settings, names: readonly string[]): string[] =>
  names.flatMap((name) => [settings[name] ?? []].flat().map((value) => plainAddress(String(value), false)));

/** An address without what does not say which system it is, and without credentials. The query may hold some that nobody knows: it is not for the eye. */
function plainAddress(text: string, hasQuery: boolean): string {
  const url = /^\w+:\/\//.test(text) ? URL.parse(text) : null;
  if (!url) return text;
  const port = url.port === "" || USUAL_PORTS.includes(url.port) ? "" : `:${url.port}`;
  const path = url.pathname.replace(/\/$/, "");
  const query = [...url.searchParams].filter(([name]) => !CREDENTIAL.test(name)).toSorted();
  const asked = hasQuery && query.length > 0 ? `?${new URLSearchParams(query)}` : "";
  return `${url.hostname.toLowerCase()}${port}${path}${asked}`;
}
