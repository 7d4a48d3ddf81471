import {
  AndFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from "ldapts";
import type { ComparisonLeaf, Condition, Leaf, Support } from "../../src/connector/connector.ts";
import { booleanOf, bytesOf } from "../../src/connector/kit/values.ts";
import { type TypeOf, toLdap } from "./attributes.ts";
import type { Dialect } from "./dialect.ts";
import { dnOf, NEVER } from "./formats.ts";

/** MS-ADTS §3.1.1.3.4.4.1: all of the given bits of an integer. */
const BIT_AND = "1.2.840.113556.1.4.803";
/** The constants false and true. `simplified` removes both from filters, because few servers support them (RFC 4526). */
const nothing = () => new OrFilter({ filters: [] });
const everything = () => new AndFilter({ filters: [] });
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** PrintableString, RFC 4517 §3.3.29: the characters of telephone numbers. */
const isPrintable = (text: string): boolean => /^[A-Za-z0-9'()+,\-./:?= ]+$/.test(text);

/** Reports whether a key has the form of entryUUID and objectGUID. */
export const isUuid = (key: string): boolean => UUID.test(key);

/** The attributes that conditions use. */
export interface Schema {
  readonly typeOf: TypeOf;
  readonly dialect: Dialect;
}

/** Converts a condition to a filter object that every server supports. Values never become filter text. */
export function toFilter(condition: Condition, schema: Schema): Filter {
  const filter = simplified(filterFor(condition, schema));
  const isConstant = (filter instanceof OrFilter || filter instanceof AndFilter) && filter.filters.length === 0;
  if (!isConstant) return filter;
  const each = new PresenceFilter({ attribute: "objectClass" });
  return filter instanceof AndFilter ? each : new NotFilter({ filter: each });
}

function filterFor(condition: Condition, schema: Schema): Filter {
  switch (condition.op) {
    case "and":
      return new AndFilter({ filters: condition.conditions.map((each) => filterFor(each, schema)) });
    case "or":
      return new OrFilter({ filters: condition.conditions.map((each) => filterFor(each, schema)) });
    case "not":
      return new NotFilter({ filter: filterFor(condition.condition, schema) });
    default:
      return virtualOf(condition, schema)?.filter?.(condition)?.filter ?? leafFilter(condition, schema.typeOf);
  }
}

/**
 * Removes constant parts from a filter. Negations are pushed down to single comparisons: 389 Directory Server misreads
 * `(|(!(|(a=*)(b=*)))(c=1))`.
 */
function simplified(filter: Filter, isNegated = false): Filter {
  if (filter instanceof NotFilter) return simplified(filter.filter, !isNegated);
  if (!(filter instanceof AndFilter || filter instanceof OrFilter))
    return isNegated ? new NotFilter({ filter }) : filter;
  const parts = filter.filters.map((each) => simplified(each, isNegated));
  const isAnd = filter instanceof AndFilter !== isNegated;
  const [isDecisive, isIdle] = isAnd ? [isNothing, isEverything] : [isEverything, isNothing];
  if (parts.some(isDecisive)) return isAnd ? nothing() : everything();
  const filters = parts.filter((each) => !isIdle(each));
  if (filters.length === 1) return filters[0]!;
  return isAnd ? new AndFilter({ filters }) : new OrFilter({ filters });
}

const isNothing = (filter: Filter): boolean => filter instanceof OrFilter && filter.filters.length === 0;
const isEverything = (filter: Filter): boolean => filter instanceof AndFilter && filter.filters.length === 0;

const virtualOf = ({ attr }: Leaf, { dialect: { virtual } }: Schema) =>
  virtual.size > 0 ? virtual.get(attr.toLowerCase()) : undefined;

/** The filter for a leaf on one of the server's attributes. */
export function leafFilter(leaf: Leaf, typeOf: TypeOf): Filter {
  switch (leaf.op) {
    case "pr":
      return typeOf(leaf.attr) === "fileTime" ? someTime(leaf.attr) : new PresenceFilter({ attribute: leaf.attr });
    case "has":
      return new ExtensibleFilter({ matchType: leaf.attr, rule: BIT_AND, value: String(leaf.bits) });
    default:
      return comparison(leaf, typeOf);
  }
}

/** A FILETIME that is present and not "never". */
const someTime = (attribute: string): Filter =>
  new AndFilter({
    filters: [
      new PresenceFilter({ attribute }),
      ...NEVER.map((value) => new NotFilter({ filter: new EqualityFilter({ attribute, value }) })),
    ],
  });

function comparison({ op, attr: attribute, value: given }: ComparisonLeaf, typeOf: TypeOf): Filter {
  const type = typeOf(attribute);
  if ((type === "uuid" || type === "guid") && !isUuid(String(given))) return nothing();
  // For a value that an attribute cannot hold, servers answer "undefined", and also for its negation.
  if (type === "telephone" && !isPrintable(String(given))) return nothing();
  if (type === "binary" && !bytesOf(given)) return nothing();
  if (type === "boolean" && booleanOf(given) === undefined) return nothing();
  const value = (type === "reference" ? dnOf(String(given)) || given : toLdap(given, type)) as string;
  if (type === "sid" && !Buffer.isBuffer(value)) return nothing();
  const equal = () => new EqualityFilter({ attribute, value });
  const both = (one: Filter, other: Filter) => new AndFilter({ filters: [one, other] });
  const atLeast = () => new GreaterThanEqualsFilter({ attribute, value });
  const atMost = () => new LessThanEqualsFilter({ attribute, value });
  const isTime = (filter: Filter) => (type === "fileTime" ? both(filter, someTime(attribute)) : filter);
  switch (op) {
    case "eq":
      return equal();
    case "co":
      return new SubstringFilter({ attribute, any: [value] });
    case "sw":
      return new SubstringFilter({ attribute, initial: value });
    case "ew":
      return new SubstringFilter({ attribute, final: value });
    case "ge":
      return isTime(atLeast());
    case "le":
      return isTime(atMost());
    case "gt":
      return isTime(both(atLeast(), new NotFilter({ filter: equal() })));
    case "lt":
      return isTime(both(atMost(), new NotFilter({ filter: equal() })));
  }
}

/** How well a condition itself is supported, apart from its parts. */
export function supports(condition: Condition, schema: Schema): Support {
  switch (condition.op) {
    case "and":
    case "or":
    case "not":
      return "exact";
    default: {
      const virtual = virtualOf(condition, schema);
      if (virtual) return virtual.filter?.(condition)?.support ?? "none";
      return schema.dialect.supports(condition, schema.typeOf);
    }
  }
}

/** Reports whether a text is an integer in LDAP's notation, short enough for every directory. */
const isWholeText = (text: string): boolean => /^(0|-?[1-9]\d{0,17})$/.test(text);

/**
 * How well LDAP's matching rules answer a leaf. They ignore more differences in blanks and letters than we do (RFC 4518), so values with
 * blanks or beyond ASCII may match too much. They never order text by code points.
 */
export function standardSupport(leaf: Leaf, typeOf: TypeOf): Support {
  if (leaf.op === "pr") return typeOf(leaf.attr) === "password" ? "none" : "exact";
  if (leaf.op === "has") return "none";
  const { op, attr, value, caseExact } = leaf;
  const type = typeOf(attr);
  const isPart = op === "co" || op === "sw" || op === "ew";
  switch (type) {
    case "time":
    case "fileTime":
      return isPart ? "none" : "exact";
    case "integer":
      if (typeof value === "string") return op === "eq" && isWholeText(value) ? "exact" : "none";
      return isPart || !Number.isSafeInteger(value) ? "none" : "exact";
    case "boolean":
      return op === "eq" && booleanOf(value) !== undefined ? "exact" : "none";
    case "uuid":
    case "guid":
    case "sid":
    case "dn":
    case "reference":
      return op === "eq" ? "exact" : "none";
    case "binary":
    case "password":
      return "none";
    case "telephone": {
      // Blanks and hyphens are ignored (RFC 4517 §4.2.29), so that nothing may be left to compare.
      if ((op !== "eq" && !isPart) || !/[^\s-]/.test(String(value))) return "none";
      return isPrintable(String(value)) ? "superset" : "exact";
    }
    default: {
      if (typeof value !== "string" || value.trim() === "" || (op !== "eq" && !isPart)) return "none";
      if (type === "exact" && !caseExact) return "none";
      if (isPart && (type === "exact" || value !== value.trim())) return "none";
      return /^[\x21-\x7e]+$/.test(value) && (type === "exact") === (caseExact === true) ? "exact" : "superset";
    }
  }
}
