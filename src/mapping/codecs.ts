import type { ComparisonLeaf, Condition, Value } from "../connector/connector.ts";
import { nearest, nearestOf } from "../connector/kit/text.ts";
import { hasBits, integerOf, valueOfInteger } from "../connector/kit/values.ts";
import { instantOf } from "../json/date.ts";
import type { CodecSource } from "./format.ts";
import { ProblemError } from "./problem.ts";

/** A comparison from the codec's point of view: on the SCIM value. */
export interface Asked {
  readonly op: ComparisonLeaf["op"] | "pr";
  readonly value?: string | number | boolean;
  readonly caseExact: boolean;
}

/** A reversible conversion between backend values and SCIM values. Pure. */
export interface Codec {
  /** The SCIM value; undefined if there is none. */
  readonly decode: (value: Value | undefined) => unknown;
  /** The backend value for a SCIM value; undefined if the attribute should be absent. Throws a `TypeError` with the reason. */
  readonly encode: (value: unknown, present?: Value | undefined) => Value | undefined;
  /** Reports whether `encode` needs the present value, so that a write reads first and swaps. Omitted if never. */
  readonly keepsRest?: (value: unknown) => boolean;
  /** Selects the relevant one of several values. Default: the first. */
  readonly ofSeveral?: (values: readonly Value[]) => Value | undefined;
  /** A single value among others that carries the meaning, and the SCIM value for which it is present. */
  readonly mark?: { readonly value: string; readonly isSetBy: (value: unknown) => boolean };
  /** The bits of an integer that it uses. Other rows may use other bits of the same attribute. */
  readonly bits?: number;
  /** Whether backend values sort like SCIM values. */
  readonly keepsOrder?: boolean;
  /** Whether some values of the attribute are hidden. The others are then added and removed, never replaced. */
  readonly isPartial?: boolean;
  /** The backend condition for a comparison of the SCIM value; undefined if there is none. */
  readonly condition: (attr: string, asked: Asked) => Condition | undefined;
}

const never: Condition = { op: "or", conditions: [] };

/** Leaves the value unchanged. */
export const identity: Codec = {
  keepsOrder: true,
  decode: (value) => value,
  encode: (value) => value as Value | undefined,
  condition: (attr, asked) =>
    asked.op === "pr"
      ? { op: "pr", attr }
      : { op: asked.op, attr, value: asked.value!, ...(asked.caseExact && { caseExact: true }) },
};

/** Leaves the value unchanged, for an attribute that SCIM defines as a string: a number becomes its digits, which can be searched for. */
export const text: Codec = {
  ...identity,
  decode: (value) => (typeof value === "number" ? String(value) : value),
};

/** A codec that converts value by value and supports the given operators. */
function scalar(
  decode: (value: Value) => unknown,
  encode: (value: unknown) => Value,
  operators: readonly string[],
): Codec {
  return {
    keepsOrder: operators === ordered,
    decode: (value) => (value === undefined ? undefined : decode(value)),
    encode: (value) => (value === undefined ? undefined : encode(value)),
    condition: (attr, asked) => {
      if (asked.op === "pr") return { op: "pr", attr };
      if (!operators.includes(asked.op)) return undefined;
      const value = encode(asked.value);
      return { op: asked.op, attr, value: value as string | number | boolean };
    },
  };
}

/** A codec of texts, whose comparisons are as case-sensitive as the attribute's. */
const withCase = (codec: Codec): Codec => ({
  ...codec,
  condition: (attr, asked) => {
    const condition = codec.condition(attr, asked);
    const isText = condition !== undefined && "value" in condition && typeof condition.value === "string";
    return isText && asked.caseExact ? { ...condition, caseExact: true } : condition;
  },
});

const ordered = ["eq", "gt", "ge", "lt", "le"];

const named: Record<string, Codec> = {
  string: withCase(
    scalar(String, (value) => (/^-?\d+$/.test(String(value)) ? wholeNumber(String(value)) : String(value)), ["eq"]),
  ),
  integer: scalar(
    (value) => wholeNumber(String(value)),
    (value) => String(value),
    ["eq"],
  ),
  boolean: scalar(
    (value) => value === true || value === 1 || String(value).toLowerCase() === "true" || value === "1",
    (value) => (value ? 1 : 0),
    ["eq"],
  ),
  time: scalar(
    (value) => toIso(value),
    (value) => new Date(String(value)).toISOString(),
    ordered,
  ),
};

/** Digits as a number if JavaScript represents it exactly, else as text: nothing is rounded. */
const wholeNumber = (digits: string): number | string => {
  const number = Number(digits);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? digits : number;
};

/** Converts common notations of an instant to ISO 8601 in UTC. Without a zone, UTC is assumed, as in databases. */
function toIso(value: Value): string | undefined {
  const text = String(value);
  if (/^\d{4}-\d\d-\d\d/.test(text)) return instantOf(text)?.toISOString();
  const hasZone = /([zZ]|[+-]\d\d:?\d\d)$/.test(text);
  const instant = Date.parse(hasZone ? text : `${text.replace(" ", "T")}Z`);
  return Number.isNaN(instant) ? undefined : new Date(instant).toISOString();
}

function flag(bits: number, inverted: boolean): Codec {
  return {
    decode: (value) => (value === undefined ? undefined : hasBits(value, bits) !== inverted),
    encode: (value, present) => {
      // An omission never disables or enables anybody.
      if (value === undefined) return present;
      const held = integerOf(present ?? 0);
      if (held === undefined)
        throw new TypeError(`is stored as a bit of ${JSON.stringify(present)}, which is not an integer`);
      const mask = BigInt(bits);
      const next = (value === true) !== inverted ? held | mask : held & ~mask;
      // Directories write 32 bits as a signed number.
      return valueOfInteger(held < 0n && held >= -(2n ** 31n) ? BigInt.asIntN(32, next) : next);
    },
    bits,
    keepsRest: () => true,
    condition: (attr, { op, value }) => {
      if (op === "pr") return { op: "pr", attr };
      if (op !== "eq") return undefined;
      const isSet: Condition = { op: "has", attr, bits };
      if ((value === true) !== inverted) return isSet;
      return {
        op: "and",
        conditions: [
          { op: "pr", attr },
          { op: "not", condition: isSet },
        ],
      };
    },
  };
}

function presence(written: string, inverted: boolean): Codec {
  return {
    decode: (value) => (value !== undefined) !== inverted,
    encode: (value) => ((value ?? inverted) !== inverted ? written : undefined),
    condition: (attr, { op, value }) => {
      if (op === "pr") return { op: "and", conditions: [] };
      if (op !== "eq") return undefined;
      const isPresent: Condition = { op: "pr", attr };
      return (value === true) !== inverted ? isPresent : { op: "not", condition: isPresent };
    },
  };
}

function equalTo(written: string, inverted: boolean): Codec {
  const isMark = (value: Value | undefined) => value !== undefined && String(value) === written;
  return {
    decode: (value) => isMark(value) !== inverted,
    encode: (value, present) => {
      // An omission never disables or enables anybody, and other values are kept.
      if (value === undefined) return present;
      if ((value === true) !== inverted) return written;
      return isMark(present) ? undefined : present;
    },
    ofSeveral: (values) => values.find(isMark) ?? values[0],
    mark: { value: written, isSetBy: (value) => (value === true) !== inverted },
    // A mark replaces any single value, but only the mark itself is removed.
    keepsRest: (value) => value === undefined || (value === true) === inverted,
    condition: (attr, { op, value }) => {
      if (op === "pr") return { op: "and", conditions: [] };
      if (op !== "eq") return undefined;
      const isMarked = equals(attr, written);
      return (value === true) !== inverted ? isMarked : { op: "not", condition: isMarked };
    },
  };
}

function dictionary(values: Readonly<Record<string, string | number | boolean>>): Codec {
  const fromBackend = new Map(Object.entries(values).map(([scim, backend]) => [backend, scimLiteral(scim)]));
  const toBackend = new Map(Object.entries(values).map(([scim, backend]) => [scim.toLowerCase(), backend]));
  const known = Object.keys(values).join(", ");
  // Empty text is read as no value.
  const ofNothing = fromBackend.get("");
  const isBackend = (attr: string, backend: string | number | boolean): Condition =>
    backend === "" ? { op: "not", condition: { op: "pr", attr } } : equals(attr, backend);
  return {
    decode: (value) => (value === undefined ? ofNothing : fromBackend.get(value as string)),
    encode: (value) => {
      if (value === undefined) return undefined;
      const backend = toBackend.get(String(value).toLowerCase());
      if (backend === undefined) throw new TypeError(`must be one of ${known}`);
      return backend;
    },
    condition: (attr, { op, value }) => {
      if (op === "pr") return anyOf([...fromBackend.keys()].map((backend) => isBackend(attr, backend)));
      if (op !== "eq") return undefined;
      const backend = toBackend.get(String(value).toLowerCase());
      return backend === undefined ? never : isBackend(attr, backend);
    },
  };
}

function prefixed(prefix: string): Codec {
  return {
    isPartial: true,
    decode: (value) => (String(value ?? "").startsWith(prefix) ? String(value).slice(prefix.length) : undefined),
    encode: (value) => (value === undefined ? undefined : `${prefix}${value}`),
    condition: (attr, { op, value }) => {
      if (op === "pr") return { op: "sw", attr, value: prefix, caseExact: true };
      if (op !== "eq" && op !== "sw") return undefined;
      return { op, attr, value: `${prefix}${value}` };
    },
  };
}

const equals = (attr: string, value: string | number | boolean): Condition => ({
  op: "eq",
  attr,
  value,
  ...(typeof value === "string" && { caseExact: true }),
});
const anyOf = (conditions: Condition[]): Condition => ({ op: "or", conditions });
/** Keys of a YAML dictionary are text: `true` and `false` mean the booleans. */
const scimLiteral = (text: string) => (text === "true" ? true : text === "false" ? false : text);

/** The names of conversions. */
export const conversions: readonly string[] = Object.keys(named);

/** The codec for a row's `as`. Throws a `ProblemError` that lists the known names, including `others`. */
export function codecFor(source: CodecSource | undefined, others: readonly string[] = []): Codec {
  if (source === undefined) return identity;
  if (typeof source === "string") {
    const codec = named[source];
    if (codec) return codec;
    const names = [...Object.keys(named), ...others];
    throw new ProblemError(`there is no conversion "${source}"${nearest(source, names)}`, {
      code: "unknown-name",
      suggestion: nearestOf(source, names),
    });
  }
  if ("flag" in source) return flag(source.flag, source.inverted ?? false);
  if ("presence" in source) return presence(source.presence, source.inverted ?? false);
  if ("equals" in source) return equalTo(source.equals, source.inverted ?? false);
  if ("prefix" in source) return prefixed(source.prefix);
  return dictionary(source.values);
}
