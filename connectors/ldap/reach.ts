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
 * Reports whether an entry certainly matches a filter. If not, the directory must be asked: it knows more, such as superclasses and what
 * overlays add.
 */
export const surelyMeets = (filter: Filter, entry: Entry): boolean => meets(filter, entry, false);

/** Active Directory's bit matching rules: all bits, and any bit. */
const ALL_BITS = "1.2.840.113556.1.4.803";
const ANY_BIT = "1.2.840.113556.1.4.804";

/**
 * Reports whether an entry matches a filter, as far as the gateway can tell. With all values of the filter's attributes known (`isWhole`),
 * it can also tell that they do not match.
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
 * Reports whether `meets` can decide a filter both ways. It can for case-insensitive text; equality of DNs, numbers and so on is for the
 * directory to decide.
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

/** Text as most matching rules compare it, RFC 4518: without case, width and blanks. */
const plain = (text: string): string => text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ");

/** The attributes in a filter, in lower case. */
function attributesIn(filter: Filter): string[] {
  const { filters, filter: inner, attribute, matchType } = filter as unknown as Readonly<Record<string, unknown>>;
  return [
    ...((filters as Filter[] | undefined) ?? []).flatMap(attributesIn),
    ...(inner ? attributesIn(inner as Filter) : []),
    ...[attribute, matchType].filter((each) => typeof each === "string").map((each) => each.toLowerCase()),
  ];
}

/** Alternative names of attributes that filters use (RFC 4519, RFC 4524), in lower case. */
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
/** Attributes that directories derive from others, in lower case: any change may affect them. */
const OF_OTHERS = new Set(["name", "anr", "entrydn", "distinguishedname", "rdn"]);

/** What to find out about an entry that is being changed. */
export interface Changing {
  readonly filter: Filter;
  readonly changes: readonly Change[];
  readonly typeOf: TypeOf;
  /** Reports whether nobody can read an attribute. */
  readonly isSecret: (attr: string) => boolean;
  /** Reads attributes of the current entry. */
  readonly read: (attrs: readonly string[]) => Promise<Entry>;
  /** Reports whether the directory finds the entry with its kind's filter. */
  readonly isReached: () => Promise<boolean>;
  /** Makes changes that undo others. */
  readonly undo: (changes: readonly Change[]) => Promise<unknown>;
}

/**
 * Makes changes, provided that the entry stays within its kind. Otherwise nobody would find it, or it would become another kind that other
 * callers can reach. Rejects with `invalid`, before the changes if that can be decided, else after undoing them.
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
  const why = `The entry would no longer match its kind's filter ${filter}`;
  if (meets(filter, before, true, typeOf)) {
    const after = applyChanges(
      before,
      changes.filter(({ attr }) => !isSecret(attr)),
    );
    if (!meets(filter, after, true, typeOf)) throw new ConnectorError("invalid", `${why}: nothing was changed.`);
  }
  const made = await work();
  if (await afterWrite(isReached)) return made;
  const kept = changed.length > readable.length ? " (passwords cannot be restored)" : "";
  throw await undo(readable.map((attr) => ({ op: "replace", attr, values: valuesOf(before, attr) }))).then(
    () => new ConnectorError("invalid", `${why}: the changes were undone${kept}.`),
    (error: Error) =>
      new ConnectorError("unavailable", `${why}, and the changes could not be undone: ${error.message}`, {
        cause: error,
      }),
  );
}

/**
 * The failure of a creation whose entry is not within its kind: no client would find it. `undo` deletes it; the message says whether that
 * worked.
 */
export async function outOfReach(dn: string, filter: Filter, undo: () => Promise<unknown>): Promise<ConnectorError> {
  const why = `The new entry ${dn} does not match its kind's filter ${filter}`;
  const advice = "Set what the filter requires under the mapping's `create`";
  return undo().then(
    () => new ConnectorError("invalid", `${why}: it was deleted again. ${advice}.`),
    (error: Error) =>
      new ConnectorError("unavailable", `${why}, and it could not be deleted: it still exists. ${error.message}`, {
        cause: error,
      }),
  );
}
