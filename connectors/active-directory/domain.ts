import type { Filter, Entry as LdapEntry } from "ldapts";
import { type Entry, type Expected, type Value, valuesOf } from "../../src/connector/connector.ts";
import { ConnectorError, entryNotFound, isNotFound } from "../../src/connector/error.ts";
import { checkExpected } from "../../src/connector/reference.ts";
import { type Directory, find, type LdapKind, toEntry } from "../ldap/directory.ts";
import { isUnder } from "../ldap/dn.ts";
import { addressOf, dnOf, guidOf } from "../ldap/formats.ts";

/** What is done with an account that comes without a password and is to be enabled. */
export type WithoutPassword = "generate" | "disable";

/** What `DELETE` does. */
export type OnDelete = "delete" | { readonly moveTo: string; readonly disable: boolean };

/** A kind of entries of a domain. */
export interface DomainKind extends LdapKind {
  readonly withoutPassword: WithoutPassword;
  readonly onDelete: OnDelete;
}

/** A domain that is open. */
export interface Domain extends Directory {
  readonly kinds: ReadonlyMap<string, DomainKind>;
  /** The service account, as commands name it. */
  readonly accountName: string;
  /** Whether passwords can be sent. */
  readonly isEncrypted: boolean;
  readonly written: Written;
}

/** Which keys were written of late, and on which server. */
export interface Written {
  readonly note: (key: string, isNew: boolean) => void;
  /** Whether an entry was written on another server than the one in use, which may not have heard of it yet. */
  readonly isElsewhere: (key: string) => boolean;
  readonly forget: (key: string) => void;
  /** The key of what was made last on another server than the one in use, of late; undefined where there is none. */
  readonly lastElsewhere: () => string | undefined;
  /** Takes note that the server in use has heard of all that was written elsewhere. */
  readonly caughtUp: () => void;
}

/** Replication within a site takes seconds, between sites 15 minutes at the least (by default 180). */
const REPLICATION_MS = 15 * 60_000;
const MAX_WRITTEN = 10_000;
/** For this long after a write on one server nothing is made on another that has not heard of it. */
const CATCH_UP_MS = 60_000;

/** Remembers what was written on which server; `inUse` is the one that is asked now. */
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

/** Reads the entry at a DN, or at an address; undefined where there is none, or none that meets the filter. */
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
 * Reads an entry by its key; undefined where it is not there or not of the kind. Rejects with `unavailable` where it was
 * written on another server, from which it may not have come here yet: an id that answers 404 is lost to Entra for good.
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
      `The ${name} ${key} was written on another domain controller, and ${domain.servers.inUse()} does not have it yet.`,
    );
  await requireBase(domain, kind, signal);
  return undefined;
}

/** How long a base that was seen is taken to be there, in milliseconds. */
const BASE_MS = 60_000;
const basesSeen = new WeakMap<DomainKind, number>();

/** Rejects with `unavailable` where a kind's base is not there: an entry is found by its GUID, and so would not be missed below it. */
async function requireBase(domain: Domain, kind: DomainKind, signal: AbortSignal): Promise<void> {
  if ((basesSeen.get(kind) ?? 0) > Date.now()) return;
  await find(domain, { base: kind.base, scope: "base", attrs: ["1.1"] }, signal);
  basesSeen.set(kind, Date.now() + BASE_MS);
}

/**
 * Waits for nobody: rejects with `unavailable` where the server in use has not heard yet of what was made last on the one
 * before. A client's look-up there may have missed a user that was made just now, and it would make a second one.
 */
export async function requireCaughtUp(domain: Domain, signal: AbortSignal): Promise<void> {
  const key = domain.written.lastElsewhere();
  if (key === undefined) return;
  if (!(await entryAt(domain, { base: addressOf(key), attrs: ["1.1"] }, signal)))
    throw new ConnectorError(
      "unavailable",
      `${domain.servers.inUse()} does not have yet what was written on another domain controller: nothing is made there before it has.`,
    );
  domain.written.caughtUp();
}

/** What a write finds at its key. */
export interface Present {
  readonly dn: string;
  readonly entry: Entry;
}

/** The entry that a write is about, as it is. Rejects with `notFound`, or `versionMismatch` where it is not as expected. */
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

/** Whether an attribute holds this one value, or nothing for null; references are the same when their GUIDs are. */
export function holds(entry: Entry, attr: string, value: Value | null): boolean {
  const actual = valuesOf(entry, attr);
  if (value === null) return actual.length === 0;
  const form = (each: Value) => guidOf(String(each)) ?? String(each);
  return actual.length === 1 && form(actual[0]!) === form(value);
}
