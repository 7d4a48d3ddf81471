import type { Filter, Entry as LdapEntry } from "ldapts";
import { type Entry, type Expected, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound, isNotFound } from "../../src/connector/error.ts";
import { checkExpected } from "../../src/connector/reference.ts";
import { type Directory, find, type LdapKind, toEntry } from "../ldap/directory.ts";
import { isUnder } from "../ldap/dn.ts";
import { addressOf, dnOf, guidOf } from "../ldap/formats.ts";

/** What to do with a new or enabled account without a password. */
export type WithoutPassword = "generate" | "disable";

/** What `DELETE` does. */
export type OnDelete = "delete" | { readonly moveTo: string; readonly disable: boolean };

/** A kind of entries in a domain. */
export interface DomainKind extends LdapKind {
  readonly withoutPassword: WithoutPassword;
  readonly onDelete: OnDelete;
}

/** An open domain. */
export interface Domain extends Directory {
  readonly kinds: ReadonlyMap<string, DomainKind>;
  /** The service account, as command lines name it. */
  readonly accountName: string;
  /** Whether passwords can be sent. */
  readonly isEncrypted: boolean;
  readonly written: Written;
}

/** Recent writes, by key and server. */
export interface Written {
  readonly note: (key: string, isNew: boolean) => void;
  /** Reports whether an entry was written on another server, from which the one in use may not have it yet. */
  readonly isElsewhere: (key: string) => boolean;
  readonly forget: (key: string) => void;
  /** The key of the last entry recently created on another server; undefined if there is none. */
  readonly lastElsewhere: () => string | undefined;
  /** Records that the server in use has received everything written elsewhere. */
  readonly caughtUp: () => void;
}

/** Replication takes seconds within a site, and at least 15 minutes between sites (180 by default). */
const REPLICATION_MS = 15 * 60_000;
const MAX_WRITTEN = 10_000;
/** For this long after a write on one server, nothing is created on another that has not received it. */
const CATCH_UP_MS = 60_000;

/** Remembers which server each entry was written on. `inUse` is the server in use now. */
export function createWritten(inUse: () => string | undefined): Written {
  const written = new Map<string, { server: string | undefined; at: number }>();
  let last: { key: string; server: string | undefined; at: number } | undefined;
  return {
    forget: (key) => {
      written.delete(key);
      if (last?.key === key) last = undefined;
    },
    lastElsewhere: () =>
      last !== undefined && last.server !== inUse() && Date.now() - last.at < CATCH_UP_MS ? last.key : undefined,
    caughtUp: () => {
      last = undefined;
    },
    note: (key, isNew) => {
      const write = { key, server: inUse(), at: Date.now() };
      if (isNew) last = write;
      written.delete(key);
      written.set(key, write);
      if (written.size > MAX_WRITTEN) written.delete(written.keys().next().value!);
    },
    isElsewhere: (key) => {
      const write = written.get(key);
      return write !== undefined && write.server !== inUse() && Date.now() - write.at < REPLICATION_MS;
    },
  };
}

/** Reads the entry at a DN or GUID; undefined if there is none that matches the filter. */
export async function entryAt(
  domain: Domain,
  search: { readonly base: string; readonly filter?: Filter; readonly attrs: readonly string[] },
  signal: AbortSignal,
): Promise<LdapEntry | undefined> {
  try {
    return (await find(domain, { ...search, scope: "base" }, signal))[0];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Reads an entry by key; undefined if it does not exist or is of another kind. Rejects with `unavailable` if it was written on another
 * server and may not have been replicated yet: after a 404, Entra would forget the ID for good.
 */
export async function locate(
  domain: Domain,
  name: string,
  key: string,
  attrs: readonly string[],
  signal: AbortSignal,
): Promise<LdapEntry | undefined> {
  const kind = domain.kinds.get(name)!;
  if (!domain.dialect.isKey(key, kind.key)) return undefined;
  const wanted = attrs.length === 0 ? [kind.key] : attrs;
  const found = await entryAt(domain, { base: addressOf(key), filter: kind.filter, attrs: wanted }, signal);
  if (found && isUnder(dnOf(found.dn), kind.base)) return found;
  if (!found && domain.written.isElsewhere(key))
    throw new ConnectorError(
      "unavailable",
      `The ${name} ${key} was written on another domain controller and is not yet replicated to ${domain.servers.inUse()}. Try again later.`,
    );
  await requireBase(domain, kind, signal);
  return undefined;
}

/** How long a base is assumed to exist, in milliseconds. */
const BASE_MS = 60_000;
const basesSeen = new WeakMap<DomainKind, number>();

/** Rejects with `unavailable` if a kind's base is missing: entries are read by GUID, which would not notice. */
async function requireBase(domain: Domain, kind: DomainKind, signal: AbortSignal): Promise<void> {
  if ((basesSeen.get(kind) ?? 0) > Date.now()) return;
  await find(domain, { base: kind.base, scope: "base", attrs: ["1.1"] }, signal);
  basesSeen.set(kind, Date.now() + BASE_MS);
}

/**
 * Rejects with `unavailable`, without waiting, if the server in use has not received the last creation on the previous one. A client's
 * look-up may have missed that user, and it would create a second one.
 */
export async function requireCaughtUp(domain: Domain, signal: AbortSignal): Promise<void> {
  const key = domain.written.lastElsewhere();
  if (key === undefined) return;
  if (!(await entryAt(domain, { base: addressOf(key), attrs: ["1.1"] }, signal)))
    throw new ConnectorError(
      "unavailable",
      `${domain.servers.inUse()} has not received recent changes from another domain controller: nothing is created until it has. Try again later.`,
    );
  domain.written.caughtUp();
}

/** The current state of an entry to write. */
export interface Present {
  readonly dn: string;
  readonly entry: Entry;
}

/** The current entry for a write. Rejects with `notFound`, or `versionMismatch` if it is not as expected. */
export async function locateToWrite(
  domain: Domain,
  name: string,
  key: string,
  attrs: readonly string[],
  expected: Expected | undefined,
  signal: AbortSignal,
): Promise<Present> {
  const wanted = [...new Set([...attrs, ...Object.keys(expected ?? {})])];
  const found = await locate(domain, name, key, wanted, signal);
  if (!found) throw entryNotFound(name, key);
  const entry = toEntry(domain.kinds.get(name)!, found, wanted, domain);
  checkExpected(entry, expected);
  return { dn: dnOf(found.dn), entry };
}

/** Reports whether an attribute has exactly this value, or none for null. References are equal if their GUIDs are. */
export function holds(entry: Entry, attr: string, value: Value | null): boolean {
  const actual = valuesOf(entry, attr);
  if (value === null) return actual.length === 0;
  const form = (each: Value) => guidOf(String(each)) ?? String(each);
  return actual.length === 1 && form(actual[0]!) === form(value);
}
