import type { Loaded } from "../../config/load.ts";
import { fingerprint } from "../../sync/values.ts";

/** Settings of connectors and kinds that tell an operator which system and which part of it is meant. */
const ADDRESS = ["dialect", "url", "urls", "domain", "host", "port", "database", "file"];
const PLACE = ["base", "schema", "table", "endpoint"];
/** Ports that do not distinguish systems: LDAP with and without TLS is the same directory. */
const USUAL_PORTS = ["389", "636"];

/**
 * Connector settings that do not identify the system: credentials, transport and query options. All others do, including future ones.
 * Taking one system for another only holds a run; taking two systems for one would lose accounts.
 */
const NOT_OF_SYSTEM: ReadonlySet<string> = new Set([
  ...["type", "kinds", "auth", "bind", "user", "password", "tls", "proxy", "nameServers", "replicas", "script"],
  ...["resilience", "timeout", "wait", "connections", "returnAfter", "maxBytes", "pageSize"],
  ...["attributes", "version", "patch", "filter", "projection", "failures", "probe"],
]);

/** Kind settings that do not define which entries are meant or what their keys are: how to read, write and list them. */
const NOT_OF_KIND: ReadonlySet<string> = new Set([
  ...["text", "type", "lists", "lookups", "joined", "json", "statements", "deletedBy", "updatedBy", "generate"],
  ...["rdn", "placeholder", "withoutPassword", "onDelete", "unique", "caseExact", "attributes", "secrets", "version"],
  ...["entry", "item", "items", "body", "method", "page", "total", "count", "countTo", "atLeast", "snapshot", "gives"],
  ...["quote", "and", "or", "not", "order", "maximum", "create", "created", "update", "delete"],
]);

/** Query parameters and headers that are credentials or connection options. */
const CREDENTIAL =
  /pass|pwd|secret|token|auth|api[-_]?key|cookie|session|signature|credential|^user$|^ssl|timeout|application_name/i;

/**
 * Describes a sync's target: the route and the system behind it. It stays the same as long as an ID means the same account. It contains no
 * secrets: settings other than the address are hashed.
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

/** Settings without the excluded ones, in a fixed order. Empty values are skipped, so that a new setting does not change the target. */
function telling(value: unknown, left: ReadonlySet<string>): unknown {
  if (typeof value === "string") return plainAddress(value, true);
  if (Array.isArray(value)) return value.map((each) => telling(each, left));
  if (typeof value !== "object" || value === null) return value;
  const told = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    if (left.has(name) || isEmpty(each)) return [];
    // Names that the site chooses, such as columns.
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

/**
 * An address without credentials or anything that does not identify the system. The query may hold unknown credentials, and is never shown.
 */
function plainAddress(text: string, hasQuery: boolean): string {
  const url = /^\w+:\/\//.test(text) ? URL.parse(text) : null;
  if (!url) return text;
  const port = url.port === "" || USUAL_PORTS.includes(url.port) ? "" : `:${url.port}`;
  const path = url.pathname.replace(/\/$/, "");
  const query = [...url.searchParams].filter(([name]) => !CREDENTIAL.test(name)).toSorted();
  const asked = hasQuery && query.length > 0 ? `?${new URLSearchParams(query)}` : "";
  return `${url.hostname.toLowerCase()}${port}${path}${asked}`;
}
