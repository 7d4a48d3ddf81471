import {
  AndFilter,
  EqualityFilter,
  type Filter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from "ldapts";
import type { ComparisonLeaf, Condition, Support } from "../../src/connector/connector.ts";
import { type TypeOf, toLdap } from "./attributes.ts";

/** RFC 4526: an empty `and` is true, an empty `or` is false. */
const nothing = () => new OrFilter({ filters: [] });
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** PrintableString, RFC 4517 §3.3.29: all that a telephone number may be made of. */
const isPrintable = (text: string): boolean => /^[A-Za-z0-9'()+,\-./:?= ]+$/.test(text);

/** True when a key has the form that entryUUID has. */
export const isUuid = (key: string): boolean => UUID.test(key);

/** A condition as a filter object; no value ever becomes filter text. */
export function toFilter(condition: Condition, typeOf: TypeOf): Filter {
  switch (condition.op) {
    case "and":
      return new AndFilter({ filters: condition.conditions.map((each) => toFilter(each, typeOf)) });
    case "or":
      return new OrFilter({ filters: condition.conditions.map((each) => toFilter(each, typeOf)) });
    case "not":
      return new NotFilter({ filter: toFilter(condition.condition, typeOf) });
    case "pr":
      return new PresenceFilter({ attribute: condition.attr });
    case "has":
      return nothing();
    default:
      return comparison(condition, typeOf);
  }
}

function comparison({ op, attr: attribute, value: given }: ComparisonLeaf, typeOf: TypeOf): Filter {
  const type = typeOf(attribute);
  if (type === "uuid" && !isUuid(String(given))) return nothing();
  // A server answers "undefined" to what an attribute cannot hold, and to its negation, too.
  if (type === "telephone" && !isPrintable(String(given))) return nothing();
  const value = toLdap(given, type) as string;
  const equal = () => new EqualityFilter({ attribute, value });
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
      return new GreaterThanEqualsFilter({ attribute, value });
    case "le":
      return new LessThanEqualsFilter({ attribute, value });
    case "gt":
      return new AndFilter({
        filters: [new GreaterThanEqualsFilter({ attribute, value }), new NotFilter({ filter: equal() })],
      });
    case "lt":
      return new AndFilter({
        filters: [new LessThanEqualsFilter({ attribute, value }), new NotFilter({ filter: equal() })],
      });
  }
}

/**
 * How well LDAP's matching rules answer a condition. They squeeze blanks and fold more letters than we do (RFC 4518),
 * so that a value with blanks or beyond ASCII may find more than asked; they never order text by code points.
 */
export function supports(condition: Condition, typeOf: TypeOf): Support {
  switch (condition.op) {
    case "and":
    case "or":
    case "not":
    case "pr":
      return "exact";
    case "has":
      return "none";
    default:
      return leafSupport(condition, typeOf);
  }
}

function leafSupport({ op, attr, value, caseExact }: ComparisonLeaf, typeOf: TypeOf): Support {
  const type = typeOf(attr);
  const isPart = op === "co" || op === "sw" || op === "ew";
  switch (type) {
    case "time":
      return isPart ? "none" : "exact";
    case "integer":
      return isPart || !Number.isSafeInteger(value) ? "none" : "exact";
    case "boolean":
      return op === "eq" && typeof value === "boolean" ? "exact" : "none";
    case "uuid":
    case "dn":
      return op === "eq" ? "exact" : "none";
    case "binary":
      return "none";
    case "telephone": {
      // Blanks and hyphens do not count (RFC 4517 §4.2.29), so that nothing may be left to compare.
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
