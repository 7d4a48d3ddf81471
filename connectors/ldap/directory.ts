import {
  AndFilter,
  type Client,
  type Control,
  EqualityFilter,
  type Filter,
  FilterParser,
  type Entry as LdapEntry,
  PresenceFilter,
  type SearchResult,
} from "ldapts";
import { type Condition, type Entry, fromValues, type Value } from "../../src/connector/connector.ts";
import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import { createAccount } from "../../src/connector/kit/account.ts";
import { createObserver, type Observer } from "../../src/connector/kit/observe.ts";
import { readTwice } from "../../src/connector/kit/retry.ts";
import { type AttributeType, attributeTypes, fromLdap, isBinary, type TypeOf, toLdap } from "./attributes.ts";
import { type ConnectOptions, connect } from "./connect.ts";
import type { Dialect } from "./dialect.ts";
import { dnKey, firstRdn } from "./dn.ts";
import { ldapFailure, result, resultCode } from "./errors.ts";
import { type Features, featuresOf, ROOT_ATTRIBUTES } from "./features.ts";
import { type Schema, toFilter } from "./filter.ts";
import { createPool, type Pool } from "./pool.ts";
import { withAllValues } from "./ranges.ts";
import { createServers, type Servers, type ServersOptions } from "./servers.ts";

/** A kind of entries: where they are, and what is special about them. */
export interface LdapKind {
  readonly base: string;
  /** The kind's own condition, part of every search and asserted by every write. */
  readonly filter: Filter;
  readonly rdn: string;
  readonly key: string;
  /** A value that means "none" where the schema requires at least one. Hidden when read. */
  readonly placeholder: { readonly attr: string; readonly value: string } | undefined;
}

/** A kind as configured. */
export interface KindSettings {
  readonly base: string;
  readonly filter: string;
  readonly rdn: string;
  /** The attribute that never changes, if not the dialect's. */
  readonly key?: string | undefined;
  readonly placeholder?: { readonly attr: string; readonly value: string } | undefined;
}

/** What is needed to open a directory. */
export interface Settings extends ConnectOptions, Pick<ServersOptions, "find" | "returnAfter" | "note"> {
  readonly connections: number;
  readonly attributes: Readonly<Record<string, AttributeType>>;
  readonly kinds: Readonly<Record<string, KindSettings>>;
}

/** Maximum number of large listings at a time. */
export const READINGS = 2;
/** How many referrals are remembered, so that each is logged once. */
const MAX_REFERRALS = 100;

/** An open directory: its connections, and what is known about it. */
export interface Directory extends Schema {
  readonly kinds: ReadonlyMap<string, LdapKind>;
  readonly servers: Servers;
  readonly pool: Pool;
  /** For large listings, so that they do not delay other work: one at a time per connection. */
  readonly bulk: Pool;
  readonly observe: Observer["observe"];
  readonly features: (signal: AbortSignal) => Promise<Features>;
  /** Logs, once, that a search was referred to other servers. */
  readonly referred: (base: string, urls: readonly string[]) => void;
  /** Interprets a failure of the directory or its connection. */
  readonly failure: (error: unknown) => unknown;
  readonly close: () => Promise<void>;
}

/** Opens a directory, without connecting yet. */
export function openDirectory(settings: Settings, dialect: Dialect): Directory {
  const account = createAccount({
    isRefusal: (error) => resultCode(error) === result.invalidCredentials,
    reasonOf: (error) => (ldapFailure(error, dialect.refusal) as Error).message,
  });
  const observer = createObserver();
  const servers = createServers({
    ...settings,
    connect: (url, milliseconds) =>
      account.prove(() => connect(url, { ...settings, secured: observer.connected }, milliseconds)),
  });
  const pool = createPool(servers, settings.connections);
  // Servers keep the state of one paged search per connection.
  const bulk = createPool(servers, READINGS, 1);
  observer.pools(() => [
    { name: "look-ups and writes", ...pool.counts() },
    { name: "long lists", ...bulk.counts() },
  ]);
  let features: Features | undefined;
  const known = new Set<string>();
  const kinds = Object.entries(settings.kinds).map(([name, { base, filter, rdn, key = dialect.key, placeholder }]) => {
    return [name, { base, rdn, key, filter: FilterParser.parseString(filter), placeholder }] as const;
  });
  const directory: Directory = {
    kinds: new Map(kinds),
    typeOf: attributeTypes(dialect.attributes, settings.attributes),
    dialect,
    servers,
    pool,
    bulk,
    observe: observer.observe,
    features: async (signal) => {
      features ??= await readFeatures(directory, signal);
      return features;
    },
    referred: (base, urls) => {
      const unknown = urls.filter((url) => !known.has(url));
      if (unknown.length === 0 || known.size >= MAX_REFERRALS) return;
      for (const url of unknown) known.add(url);
      settings.note(
        { base, refersTo: unknown },
        "the directory returned a referral for part of this base; referrals are not followed",
      );
    },
    failure: (error) => ldapFailure(error, dialect.refusal),
    close: async () => {
      servers.close();
      await Promise.all([pool.close(), bulk.close()]);
    },
  };
  return directory;
}

async function readFeatures(directory: Directory, signal: AbortSignal): Promise<Features> {
  const attributes = [...ROOT_ATTRIBUTES];
  const { searchEntries } = await read(directory, signal, (client) => client.search("", { scope: "base", attributes }));
  return featuresOf(searchEntries[0]);
}

/** Runs reads. If the connection was lost, they run once more on a new one. */
export async function read<T>(
  directory: Pick<Directory, "failure" | "pool">,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
  pool = directory.pool,
): Promise<T> {
  const once = () =>
    pool.run(signal, work).catch((error) => {
      throw directory.failure(error);
    });
  return readTwice(once, signal);
}

/** Runs a write exactly once, whatever happens to the connection. Refusals keep their result code for the caller. */
export const write = <T>(pool: Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> =>
  pool.run(signal, work);

/** A search in the directory. */
export interface DirectorySearch {
  readonly base: string;
  readonly scope?: "base" | "one" | "sub";
  readonly filter?: Filter;
  readonly attrs: readonly string[];
  /** Maximum entries to return; if absent, few are expected, in one response. */
  readonly size?: number;
  readonly controls?: readonly Control[];
}

/** Finds entries, over as many pages as the server needs, and completes lists that it returns in parts. */
export function find(
  directory: Directory,
  { size, ...search }: DirectorySearch,
  signal: AbortSignal,
  pool = directory.pool,
): Promise<LdapEntry[]> {
  const collected = async (pages: AsyncIterable<LdapEntry[]>) => {
    const found: LdapEntry[] = [];
    for await (const page of pages) {
      for (const entry of page) found.push(entry);
      if (size !== undefined && found.length >= size) break;
    }
    return found;
  };
  return readPages(directory, { ...search, ...(size !== undefined && { pageSize: size }) }, collected, signal, pool);
}

/**
 * Passes entries to `collect` page by page, RFC 2696, or all at once without a page size. If the connection is lost, it starts over with a
 * new call of `collect`.
 */
export async function readPages<T>(
  directory: Directory,
  search: Omit<DirectorySearch, "size"> & { readonly pageSize?: number },
  collect: (pages: AsyncIterable<LdapEntry[]>) => Promise<T>,
  signal: AbortSignal,
  pool: Pool,
): Promise<T> {
  try {
    return await read(directory, signal, (client) => collect(pagesOf(directory, client, search)), pool);
  } catch (error) {
    throw isNotFound(error) ? baseIsThere(directory, search.base, error) : error;
  }
}

async function* pagesOf(
  directory: Directory,
  client: Client,
  { base, scope = "sub", filter = anything(), attrs, pageSize, controls = [] }: Parameters<typeof readPages>[1],
): AsyncGenerator<LdapEntry[]> {
  const { dialect, typeOf } = directory;
  const attributes = realAttributes(dialect, attrs);
  const explicitBufferAttributes = attributes.filter((attr) => isBinary(typeOf(attr)));
  const options = { scope, filter, attributes, explicitBufferAttributes };
  const standing = [...dialect.searchControls(), ...controls];
  const whole = async ({ searchEntries, searchReferences }: SearchResult) => {
    if (searchReferences.length > 0) directory.referred(base, searchReferences);
    if (!dialect.ranges) return searchEntries;
    return Promise.all(searchEntries.map((entry) => withAllValues(client, entry, explicitBufferAttributes, standing)));
  };
  if (pageSize === undefined) {
    yield await whole(await client.search(base, options, standing));
    return;
  }
  // A size limit would do for a single page, but ldapts takes a truncated result for a complete one.
  const paged = { pageSize: Math.min(pageSize, dialect.pageSize ?? pageSize) };
  for await (const page of client.searchPaginated(base, { ...options, paged }, standing)) yield await whole(page);
}

/**
 * A missing base of a kind must not look like a missing entry, which clients would forget for good. For other places the failure stands.
 */
export function baseIsThere({ kinds }: Pick<Directory, "kinds">, base: string, error: ConnectorError): ConnectorError {
  const named = [...kinds].filter(([, kind]) => dnKey(kind.base) === dnKey(base)).map(([name]) => name);
  if (named.length === 0) return error;
  return new ConnectorError(
    "unavailable",
    `The base ${base} of ${named.join(", ")} does not exist, or the bind DN may not see it: check \`kinds.${named[0]}.base\`.`,
    { cause: error, mayHaveHappened: false },
  );
}

/** Every entry has an object class. */
const anything = () => new PresenceFilter({ attribute: "objectClass" });

/** The attributes to request, with computed ones replaced by their sources. */
function realAttributes({ virtual }: Dialect, attrs: readonly string[]): string[] {
  if (virtual.size === 0) return [...attrs];
  return [...new Set(attrs.flatMap((attr) => virtual.get(attr.toLowerCase())?.reads ?? [attr]))];
}

/** The filter of a search: the kind's own and the condition. */
export function filterOf(kind: LdapKind, where: Condition | undefined, schema: Schema): Filter {
  const own = hidePlaceholder(kind, where);
  return own ? new AndFilter({ filters: [kind.filter, toFilter(own, schema)] }) : kind.filter;
}

/** A list with only the placeholder counts as empty. */
function hidePlaceholder(kind: LdapKind, where: Condition | undefined): Condition | undefined {
  const { placeholder } = kind;
  if (!placeholder || !where) return where;
  const hide = (condition: Condition): Condition => {
    switch (condition.op) {
      case "and":
      case "or":
        return { ...condition, conditions: condition.conditions.map(hide) };
      case "not":
        return { op: "not", condition: hide(condition.condition) };
      case "pr":
        if (condition.attr.toLowerCase() !== placeholder.attr.toLowerCase()) return condition;
        return {
          op: "and",
          conditions: [
            condition,
            { op: "not", condition: { op: "eq", attr: placeholder.attr, value: placeholder.value } },
          ],
        };
      default:
        return condition;
    }
  };
  return hide(where);
}

/** The filter for the entry of a kind with a key. */
export const keyFilter = (kind: LdapKind, key: string, typeOf: TypeOf): Filter =>
  new AndFilter({
    filters: [new EqualityFilter({ attribute: kind.key, value: toLdap(key, typeOf(kind.key)) }), kind.filter],
  });

/** Converts an entry from LDAP, with attributes named as requested. */
export function toEntry(kind: LdapKind, found: LdapEntry, attrs: readonly string[], schema: Schema): Entry {
  const { virtual } = schema.dialect;
  let byName: Map<string, LdapEntry[string]> | undefined;
  const { placeholder } = kind;
  const entry: Record<string, Entry[string]> = {};
  for (const attr of attrs) {
    const made = virtual.size > 0 ? virtual.get(attr.toLowerCase()) : undefined;
    if (made) {
      const value = made.read(toEntry(kind, found, made.reads, schema));
      if (value !== undefined) entry[attr] = value;
      continue;
    }
    // Servers return the schema's spelling, which is usually the mapping's.
    byName ??= found[attr] === undefined ? inLowerCase(found) : undefined;
    const raw = found[attr] ?? byName?.get(attr.toLowerCase());
    if (raw === undefined || raw.length === 0) {
      if (attr === kind.key) throw noKey(kind, found.dn);
      continue;
    }
    const type = schema.typeOf(attr);
    if (typeof raw === "string" && !placeholder) {
      const value = raw === "" ? undefined : fromLdap(raw, type);
      if (value !== undefined) entry[attr] = value;
      continue;
    }
    let values = [raw]
      .flat()
      .filter((value) => value.length > 0)
      .map((value) => fromLdap(value as string | Buffer, type))
      .filter((value) => value !== undefined);
    if (placeholder && attr.toLowerCase() === placeholder.attr.toLowerCase()) {
      values = values.filter((value) => dnKey(String(value)) !== dnKey(placeholder.value));
    }
    if (values.length > 1 && attr.toLowerCase() === kind.rdn.toLowerCase()) values = nameFirst(values, found.dn);
    const value = fromValues(values);
    if (value !== undefined) entry[attr] = value;
  }
  return entry;
}

/** An entry without its key could not be addressed. */
const noKey = ({ key }: LdapKind, dn: string) =>
  new ConnectorError(
    "unavailable",
    `The directory returned no ${key} for ${dn}: it has none, or the account may not read it. Set \`key\` to another attribute that never changes.`,
  );

/** The values of a naming attribute, with the one in the RDN first. */
function nameFirst<V extends Value>(values: readonly V[], dn: string): V[] {
  const name = firstRdn(dn)?.value.toLowerCase();
  const isName = (value: V) => String(value).toLowerCase() === name;
  return [...values.filter(isName), ...values.filter((value) => !isName(value))];
}

const inLowerCase = (found: LdapEntry) =>
  new Map(Object.entries(found).map(([name, values]) => [name.toLowerCase(), values]));
