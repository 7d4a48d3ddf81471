import type { ComparisonLeaf, Condition, Value } from "../connector/connector.ts";
import { nearest, nearestOf } from "../connector/kit/text.ts";
import { hasBits, integerOf, valueOfInteger } from "../connector/kit/values.ts";
import { instantOf } from "../json/date.ts";
import type { CodecSource } from "./format.ts";
import { ProblemError } from "./problem.ts";

/** A comparison as a codec sees it: on the SCIM value. */
export interface Asked {
  readonly op: ComparisonLeaf["op"] | "pr";
  readonly value?: string | number | boolean;
  readonly caseExact: boolean;
}

/** A reversible conversion between an entry's value and SCIM's. Pure. */
export interface Codec {
  /** The SCIM value; undefined where there is none. */
  readonly decode: (value: Value | undefined) => unknown;
  /** The entry's value for a SCIM value; undefined where the attribute is to be absent. Throws a `TypeError` that says why. */
  readonly encode: (value: unknown, present?: Value | undefined) => Value | undefined;
  /** Whether `encode` of a value needs the one that is present, so that a write reads first and swaps; left out where none does. */
  readonly keepsRest?: (value: unknown) => boolean;
  /** Of several values that which it speaks of; the first one where nothing is said. */
  readonly ofSeveral?: (values: readonly Value[]) => Value | undefined;
  /** The value that alone says what it says, beside others that the attribute may hold, and what of SCIM's puts it there. */
  readonly mark?: { readonly value: string; readonly isSetBy: (value: unknown) => boolean };
  /** The bits of an integer that it is: rows of other bits may write the same attribute. */
  readonly bits?: number;
  /** True where the entry's values come in the order of SCIM's. */
  readonly keepsOrder?: boolean;
  /** True where some values of the attribute are hidden, so that the others are added and taken away, never replaced. */
  readonly isPartial?: boolean;
  /** What to ask of the attribute for a comparison of the SCIM value; undefined where that cannot be asked. */
  readonly condition: (attr: string, asked: Asked) => Condition | undefined;
}

const never: Condition = { op: "or", conditions: [] };

/** The value as it is. */
export const identity: Codec = {
  keepsOrder: true,
  decode: (value) => value,
  encode: (value) => value as Value | undefined,
  condition: (attr, asked) =>
    asked.op === "pr"
      ? { op: "pr", attr }
      : { op: asked.op, attr, value: asked.value!, ...(asked.caseExact && { caseExact: true }) },
};

/** The value as it is, for an attribute that SCIM calls a string: a number is shown as its digits, which find it. */
export const text: Codec = {
  ...identity,
  decode: (value) => (typeof value === "number" ? String(value) : value),
};

/** A codec that converts value by value and keeps the given operators. */
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

/** A codec of texts, whose comparisons regard case where the attribute's do. */
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

/** Digits as a number where JavaScript holds it exactly, else as they are: nothing is rounded. */
const wholeNumber = (digits: string): number | string => {
  const number = Number(digits);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? digits : number;
};

/** Any usual writing of an instant as ISO 8601 in UTC; what has no zone is taken for UTC, as databases keep it. */
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
      // Nobody is disabled, or enabled, by an omission.
      if (value === undefined) return present;
      const held = integerOf(present ?? 0);
      if (held === undefined)
        throw new TypeError(`is kept as a bit of ${JSON.stringify(present)}, which is no integer`);
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
      // Nobody is disabled, or enabled, by an omission; and what others wrote there stays.
      if (value === undefined) return present;
      if ((value === true) !== inverted) return written;
      return isMark(present) ? undefined : present;
    },
    ofSeveral: (values) => values.find(isMark) ?? values[0],
    mark: { value: written, isSetBy: (value) => (value === true) !== inverted },
    // Over a single value the mark is put, whatever that is; it alone is taken away.
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
/** The keys of a dictionary are text in YAML: `true` and `false` are the boolean ones. */
const scimLiteral = (text: string) => (text === "true" ? true : text === "false" ? false : text);

/** The codec that a row's `as` names. Throws a `ProblemError` that lists the names there are, `others` among them. */
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
