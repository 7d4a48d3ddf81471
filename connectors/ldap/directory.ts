import {
  AndFilter,
  type Client,
  EqualityFilter,
  type Filter,
  FilterParser,
  type Entry as LdapEntry,
  NotFilter,
  PresenceFilter,
} from "ldapts";
import { type Condition, type Entry, type Expected, fromValues, type Value } from "../../src/connector/connector.ts";
import { type AttributeType, attributeTypes, fromLdap, type TypeOf, toLdap } from "./attributes.ts";
import { OID } from "./controls.ts";
import { dnKey } from "./dn.ts";
import { ldapFailure } from "./errors.ts";
import { toFilter } from "./filter.ts";
import { createPool, type Pool } from "./pool.ts";

/** Where entries of a kind live, and what is particular about them. */
export interface Kind {
  readonly base: string;
  /** The kind's own condition, joined to every search and asserted by every write. */
  readonly filter: Filter;
  readonly rdn: string;
  readonly key: string;
  /** A value that stands for "none" where the schema wants at least one: hidden when read. */
  readonly placeholder: { readonly attr: string; readonly value: string } | undefined;
}

export interface Settings {
  readonly url: string;
  readonly bind: { readonly dn: string; readonly password: string } | undefined;
  readonly tls: { readonly ca: string | undefined; readonly startTls: boolean };
  readonly connections: number;
  readonly attributes: Readonly<Record<string, AttributeType>>;
  readonly kinds: Readonly<
    Record<
      string,
      {
        base: string;
        filter: string;
        rdn: string;
        key: string;
        placeholder?: { attr: string; value: string } | undefined;
      }
    >
  >;
}

/** What the server says that it can do; read once a connection pool. */
export interface Features {
  readonly assertion: boolean;
  readonly postRead: boolean;
  readonly permissiveModify: boolean;
  readonly vendor: string;
}

/** A directory that is open: its connections, and what is known about it. */
export interface Directory {
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly typeOf: TypeOf;
  readonly pool: Pool;
  /** For searches with very many results, so that they hold up no others. */
  readonly bulk: Pool;
  readonly features: (signal: AbortSignal) => Promise<Features>;
}

export function openDirectory(settings: Settings): Directory {
  const pool = createPool(settings);
  let features: Features | undefined;
  const kinds = Object.entries(settings.kinds).map(([name, kind]) => {
    return [name, { ...kind, filter: FilterParser.parseString(kind.filter), placeholder: kind.placeholder }] as const;
  });
  return {
    kinds: new Map(kinds),
    typeOf: attributeTypes(settings.attributes),
    pool,
    bulk: createPool({ ...settings, connections: 1 }),
    features: async (signal) => {
      features ??= await readFeatures(pool, signal);
      return features;
    },
  };
}

async function readFeatures(pool: Pool, signal: AbortSignal): Promise<Features> {
  const attributes = ["supportedControl", "vendorName", "vendorVersion", "structuralObjectClass"];
  const [root] = (await read(pool, signal, (client) => client.search("", { scope: "base", attributes }))).searchEntries;
  const controls = [root?.supportedControl ?? []].flat().map(String);
  const isOpenLdap = root?.structuralObjectClass === "OpenLDAProotDSE";
  return {
    assertion: controls.includes(OID.assertion),
    postRead: controls.includes(OID.postRead),
    // OpenLDAP has this control and does not list it.
    permissiveModify: isOpenLdap || controls.includes(OID.permissiveModify),
    vendor:
      [root?.vendorName, root?.vendorVersion].flat().filter(Boolean).join(" ") ||
      (isOpenLdap ? "OpenLDAP" : "an LDAP directory"),
  };
}

/** Runs a search, on a new connection once more where the first was lost: to read twice does no harm. */
export async function read<T>(pool: Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await pool.run(signal, work).catch((error) => {
      const failure = ldapFailure(error) as { kind?: string };
      if (failure.kind !== "unavailable" || signal.aborted) throw error;
      return pool.run(signal, work);
    });
  } catch (error) {
    throw ldapFailure(error);
  }
}

/** Runs a write: once, whatever becomes of the connection. Refusals keep their result code for the caller to act on. */
export const write = <T>(pool: Pool, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> =>
  pool.run(signal, work);

/** The filter of a search: the kind's own, and what is asked. */
export function filterOf(kind: Kind, where: Condition | undefined, typeOf: TypeOf): Filter {
  const own = hidePlaceholder(kind, where);
  return own ? new AndFilter({ filters: [kind.filter, toFilter(own, typeOf)] }) : kind.filter;
}

/** A list that only the placeholder fills counts as empty. */
function hidePlaceholder(kind: Kind, where: Condition | undefined): Condition | undefined {
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

export const keyFilter = (kind: Kind, key: string): Filter =>
  new AndFilter({ filters: [new EqualityFilter({ attribute: kind.key, value: key }), kind.filter] });

/** What a write asserts of the entry: that it is the one with the key, of the kind, and still as expected. */
export function assertionOf(
  kind: Kind,
  key: string,
  expected: Expected | undefined,
  swaps: readonly { attr: string; from: Value | null }[],
  typeOf: TypeOf,
): Filter {
  const held = Object.entries(expected ?? {}).map(
    ([attribute, value]) => new EqualityFilter({ attribute, value: toLdap(value, typeOf(attribute)) as string }),
  );
  const unchanged = swaps.map(({ attr: attribute, from }) =>
    from === null
      ? new NotFilter({ filter: new PresenceFilter({ attribute }) })
      : new EqualityFilter({ attribute, value: toLdap(from, typeOf(attribute)) as string }),
  );
  return new AndFilter({
    filters: [new EqualityFilter({ attribute: kind.key, value: key }), kind.filter, ...held, ...unchanged],
  });
}

/** An entry of the wire with the attributes that were asked for, under the names by which they were. */
export function toEntry(kind: Kind, found: LdapEntry, attrs: readonly string[], typeOf: TypeOf): Entry {
  let byName: Map<string, LdapEntry[string]> | undefined;
  const { placeholder } = kind;
  const entry: Record<string, Entry[string]> = {};
  for (const attr of attrs) {
    // Servers answer in the schema's spelling, which is nearly always the mapping's too.
    byName ??= found[attr] === undefined ? inLowerCase(found) : undefined;
    const raw = found[attr] ?? byName?.get(attr.toLowerCase());
    if (raw === undefined) continue;
    const type = typeOf(attr);
    if (typeof raw === "string" && !placeholder) {
      if (raw !== "") entry[attr] = fromLdap(raw, type);
      continue;
    }
    let values = [raw]
      .flat()
      .filter((value) => value.length > 0)
      .map((value) => fromLdap(value as string | Buffer, type));
    if (placeholder && attr.toLowerCase() === placeholder.attr.toLowerCase()) {
      values = values.filter((value) => dnKey(String(value)) !== dnKey(placeholder.value));
    }
    const value = fromValues(values);
    if (value !== undefined) entry[attr] = value;
  }
  return entry;
}

const inLowerCase = (found: LdapEntry) =>
  new Map(Object.entries(found).map(([name, values]) => [name.toLowerCase(), values]));
