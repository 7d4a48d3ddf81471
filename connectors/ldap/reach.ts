import {
  AndFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from "ldapts";
import { type Change, type Entry, valuesOf } from "../../src/connector/connector.ts";
import { afterWrite, ConnectorError } from "../../src/connector/error.ts";
import { applyChanges } from "../../src/connector/reference.ts";
import type { TypeOf } from "./attributes.ts";

/**
 * Whether an entry as it was written surely meets a filter. Where this says no, the directory has to be asked: it knows more, such
 * as the classes above a class, and what its overlays add.
 */
export const surelyMeets = (filter: Filter, entry: Entry): boolean => meets(filter, entry, false);

/** Active Directory's rules that match bits of an integer: all of them, and any. */
const ALL_BITS = "1.2.840.113556.1.4.803";
const ANY_BIT = "1.2.840.113556.1.4.804";

/**
 * Whether an entry meets a filter, as far as that can be told here. Where all values of the filter's attributes are known, `isWhole`,
 * what an entry does not have can be told, too.
 */
function meets(filter: Filter, entry: Entry, isWhole: boolean, typeOf: TypeOf = () => "text"): boolean {
  const values = (attribute: string) => {
    const name = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase());
    return name === undefined ? [] : valuesOf(entry, name).map((value) => plain(String(value)));
  };
  if (filter instanceof AndFilter) return filter.filters.every((each) => meets(each, entry, isWhole, typeOf));
  if (filter instanceof OrFilter) return filter.filters.some((each) => meets(each, entry, isWhole, typeOf));
  if (filter instanceof NotFilter)
    return isWhole && isTold(filter.filter, typeOf) && !meets(filter.filter, entry, isWhole, typeOf);
  if (filter instanceof PresenceFilter)
    return filter.attribute.toLowerCase() === "objectclass" || values(filter.attribute).length > 0;
  if (filter instanceof EqualityFilter) return values(filter.attribute).includes(plain(String(filter.value)));
  if (filter instanceof SubstringFilter && isWhole) {
    const { initial, any, final } = filter;
    const parts = [initial, ...any, final].map(plain);
    return values(filter.attribute).some(
      (value) => value.startsWith(parts[0]!) && value.endsWith(parts.at(-1)!) && holdsInTurn(value, parts),
    );
  }
  if (filter instanceof ExtensibleFilter && isBits(filter) && isWhole) {
    const wanted = BigInt(String(filter.value));
    return values(filter.matchType).some((value) => {
      const has = /^-?\d+$/.test(value) ? BigInt.asUintN(64, BigInt(value)) & wanted : 0n;
      return filter.rule === ALL_BITS ? has === wanted : has !== 0n;
    });
  }
  return false;
}

/**
 * Whether `meets` can tell both that an entry meets a filter and that it does not: of text that is compared without regard to case it
 * can, of DNs, numbers and the like only the directory knows what is equal.
 */
function isTold(filter: Filter, typeOf: TypeOf): boolean {
  if (filter instanceof AndFilter || filter instanceof OrFilter)
    return filter.filters.every((each) => isTold(each, typeOf));
  if (filter instanceof NotFilter) return isTold(filter.filter, typeOf);
  if (filter instanceof ExtensibleFilter) return isBits(filter);
  if (filter instanceof PresenceFilter) return true;
  if (!(filter instanceof EqualityFilter || filter instanceof SubstringFilter)) return false;
  const attr = filter.attribute.toLowerCase();
  return typeOf(attr) === "text" && !OF_OTHERS.has(attr) && !(attr in ALIASES);
}

const isBits = ({ rule, value }: ExtensibleFilter): boolean =>
  (rule === ALL_BITS || rule === ANY_BIT) && /^\d+$/.test(String(value));

function holdsInTurn(value: string, parts: readonly string[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

/** Text as most matching rules compare it, RFC 4518: without regard to case, width and blanks. */
const plain = (text: string): string => text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ");

/** The attributes that a filter names, in lower case. */
function attributesIn(filter: Filter): string[] {
  const { filters, filter: inner, attribute, matchType } = filter as unknown as Readonly<Record<string, unknown>>;
  return [
    ...((filters as Filter[] | undefined) ?? []).flatMap(attributesIn),
    ...(inner ? attributesIn(inner as Filter) : []),
    ...[attribute, matchType].filter((each) => typeof each === "string").map((each) => each.toLowerCase()),
  ];
}

/** Other names of attributes, by which filters name them too (RFC 4519, RFC 4524), in lower case. */
const ALIASES: Readonly<Record<string, string>> = {
  commonname: "cn",
  countryname: "c",
  domaincomponent: "dc",
  fax: "facsimiletelephonenumber",
  gn: "givenname",
  hometelephonenumber: "homephone",
  localityname: "l",
  mobiletelephonenumber: "mobile",
  organizationname: "o",
  organizationalunitname: "ou",
  pagertelephonenumber: "pager",
  rfc822mailbox: "mail",
  stateorprovincename: "st",
  streetaddress: "street",
  surname: "sn",
  userid: "uid",
};
const canonical = (attr: string): string => ALIASES[attr] ?? attr;
/** Attributes that directories make of others, in lower case: any change may be one of them. */
const OF_OTHERS = new Set(["name", "anr", "entrydn", "distinguishedname", "rdn"]);

/** What is asked of a directory about an entry that changes. */
export interface Changing {
  readonly filter: Filter;
  readonly changes: readonly Change[];
  readonly typeOf: TypeOf;
  /** The attributes that nobody can read. */
  readonly isSecret: (attr: string) => boolean;
  /** The entry as it is, with some attributes. */
  readonly read: (attrs: readonly string[]) => Promise<Entry>;
  /** Whether the directory finds the entry by its kind's filter. */
  readonly isReached: () => Promise<boolean>;
  /** Makes changes that take others back. */
  readonly undo: (changes: readonly Change[]) => Promise<unknown>;
}

/**
 * Makes changes that keep an entry within its kind: one that leaves it would be out of everybody's sight, and perhaps in another
 * kind, where other callers reach it. Rejects with `invalid` before the changes are made where that can be told, else when they are
 * taken back.
 */
export async function withinReach<T>(
  { filter, changes, typeOf, isSecret, read, isReached, undo }: Changing,
  work: () => Promise<T>,
): Promise<T> {
  const named = attributesIn(filter);
  const changed = [...new Set(changes.map(({ attr }) => attr))];
  const isConcerned = (attr: string) =>
    named.some((name) => OF_OTHERS.has(name) || canonical(name) === canonical(attr.toLowerCase()));
  if (!changed.some(isConcerned)) return work();
  const others = named.filter((name) => !changed.some((attr) => attr.toLowerCase() === name));
  const readable = changed.filter((attr) => !isSecret(attr));
  const before = await read([...new Set([...readable, ...others])]);
  const why = `The entry would no longer meet its kind's filter ${filter}`;
  if (meets(filter, before, true, typeOf)) {
    const after = applyChanges(
      before,
      changes.filter(({ attr }) => !isSecret(attr)),
    );
    if (!meets(filter, after, true, typeOf)) throw new ConnectorError("invalid", `${why}: nothing was changed.`);
  }
  const made = await work();
  if (await afterWrite(isReached)) return made;
  const kept = changed.length > readable.length ? " (passwords cannot be taken back)" : "";
  throw await undo(readable.map((attr) => ({ op: "replace", attr, values: valuesOf(before, attr) }))).then(
    () => new ConnectorError("invalid", `${why}: the changes were taken back${kept}.`),
    (error: Error) =>
      new ConnectorError("unavailable", `${why}, and the changes could not be taken back: ${error.message}`, {
        cause: error,
      }),
  );
}

/**
 * A creation whose entry its own kind does not reach: no client would ever find it. `undo` takes it back; the failure says whether
 * that was done.
 */
export async function outOfReach(dn: string, filter: Filter, undo: () => Promise<unknown>): Promise<ConnectorError> {
  const why = `The entry that was made, ${dn}, does not meet its kind's filter ${filter}`;
  const advice = "Give what the filter asks for by the mapping's `create`";
  return undo().then(
    () => new ConnectorError("invalid", `${why}: it was deleted again. ${advice}.`),
    (error: Error) =>
      new ConnectorError("unavailable", `${why}, and could not be deleted again: it is there. ${error.message}`, {
        cause: error,
      }),
  );
}
