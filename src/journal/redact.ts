import { LRUCache } from "lru-cache";
import type { BackendOperation, Change, Condition, Entry, Value } from "../connector/connector.ts";
import { parseFilter, parsePath } from "../scim/filter.ts";
import { type Attribute, findAttribute, isObject, type ResourceType } from "../scim/schema.ts";

/** Which values the journal may show. */
export interface Shows {
  /** Whether values are kept at all; secrets never are. */
  readonly values: boolean;
  readonly type: ResourceType;
  /** Attributes of the entry that hold secrets. */
  readonly secretAttrs: ReadonlySet<string>;
}

/** What stands for a text, a number, or a secret that is not kept. */
export const HIDDEN = { text: "[text]", number: "[number]", secret: "[secret]" } as const;

/** How many values of a list are shown, and how long a text may be, in characters. */
const MAX_VALUES = 20;
const MAX_TEXT = 1000;
/** How many paths are remembered, and how long they are at most. */
const MAX_PATHS = 500;
const MAX_PATH = 200;

const SECRET = /pass(word|phrase|wd)|secret|token|credential|private_?key|unicodepwd/i;

/** Reports whether an attribute's name tells that it holds a secret. */
export const isSecretName = (name: string): boolean => SECRET.test(name);

/** A resource as it was sent: its structure, its truth values and the ids that it refers to, and its other values if they are kept. */
export function redactResource(resource: unknown, shows: Shows): unknown {
  if (!isObject(resource)) return hide(resource, shows);
  return mapped(resource, (value, name) => {
    if (name === "schemas") return strings(value);
    if (name.includes(":")) return isObject(value) ? redactResource(value, shows) : hide(value, shows);
    return redactAttribute(value, name, shows);
  });
}

/** The operations of a PATCH, likewise: what is done to which path, without the values that the path selects by. */
export function redactPatch(body: unknown, shows: Shows): unknown {
  if (!isObject(body)) return hide(body, shows);
  return mapped(body, (value, name) => {
    if (name.toLowerCase() !== "operations" || !Array.isArray(value))
      return name === "schemas" ? strings(value) : hide(value, shows);
    return cut(value, (each) => (isObject(each) ? redactOperation(each, shows) : hide(each, shows)));
  });
}

function redactOperation(operation: Readonly<Record<string, unknown>>, shows: Shows): unknown {
  const path = Object.entries(operation).find(([name]) => name.toLowerCase() === "path")?.[1];
  return mapped(operation, (value, key) => {
    const name = key.toLowerCase();
    if (name === "op") return typeof value === "string" ? value.slice(0, 20) : HIDDEN.text;
    if (name === "path") return typeof value === "string" ? redactPath(value, shows) : HIDDEN.text;
    if (name !== "value") return hide(value, shows);
    if (typeof path !== "string" || path === "") return redactResource(value, shows);
    return redactAttribute(value, path, shows);
  });
}

/** A path without the values that it compares with, unless they are kept; those of `type` stay. What is no path could be anything. */
export const redactPath = (path: string, { values }: Pick<Shows, "values">): string =>
  values ? path.slice(0, MAX_TEXT) : hiddenIn(path);

const hiddenIn = remembered((path: string) => (isValid(path, parsePath) ? withoutLiterals(path) : HIDDEN.text));

/** A filter, likewise. */
export const redactFilter = (filter: string, { values }: Pick<Shows, "values">): string =>
  values ? filter.slice(0, MAX_TEXT) : isValid(filter, parseFilter) ? withoutLiterals(filter) : HIDDEN.text;

function isValid(text: string, parse: (text: string) => unknown): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutLiterals(path: string): string {
  const text = path.slice(0, MAX_TEXT);
  if (!text.includes(" ")) return text;
  return text.replace(
    /(\S+)(\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)("(?:[^"\\]|\\.)*"?|[^\s\])]+)/gi,
    (_, name: string, operator: string, literal: string) =>
      `${name}${operator}${/(^|[.[(])type$/i.test(name) || /^(true|false|null)$/i.test(literal) ? literal : `"${HIDDEN.text}"`}`,
  );
}

/** The value of an attribute, by a path to it. Of what refers to other resources, the ids are shown. */
function redactAttribute(value: unknown, path: string, shows: Shows): unknown {
  const attribute = attributeAt(path, shows.type);
  const name = path.replace(/\[.*$/s, "");
  if (SECRET.test(name) || attribute?.returned === "never" || attribute?.mutability === "writeOnly")
    return HIDDEN.secret;
  const isReference = attribute?.subAttributes?.some((sub) => sub.name === "$ref") ?? false;
  return isReference ? redactReferences(value, shows) : hide(value, shows);
}

function redactReferences(value: unknown, shows: Shows): unknown {
  if (typeof value === "string") return value.slice(0, MAX_TEXT);
  if (Array.isArray(value)) return cut(value, (each) => redactReferences(each, shows));
  if (!isObject(value)) return hide(value, shows);
  return mapped(value, (each, name) =>
    name === "value" && typeof each === "string" ? each.slice(0, MAX_TEXT) : hide(each, shows),
  );
}

/** The attribute that a path leads to, as the type or one of its extensions defines it; the first part of it, where nothing else is found. */
function attributeAt(path: string, type: ResourceType): Attribute | undefined {
  const find = found.get(type) ?? remembered((each: string) => ({ attribute: attributeOf(each, type) }));
  found.set(type, find);
  return find(path).attribute;
}

const found = new WeakMap<ResourceType, (path: string) => { readonly attribute: Attribute | undefined }>();

/** Remembers what a function makes of short texts: clients send the same few paths again and again. */
function remembered<Made extends object | string>(make: (text: string) => Made): (text: string) => Made {
  const known = new LRUCache<string, Made>({ max: MAX_PATHS });
  return (text) => {
    if (text.length > MAX_PATH) return make(text);
    const made = known.get(text) ?? make(text);
    known.set(text, made);
    return made;
  };
}

function attributeOf(path: string, type: ResourceType): Attribute | undefined {
  const [, urn, rest = ""] = /^(urn:.+:)?([^:]*)$/i.exec(path.replace(/\[.*$/s, "")) ?? [];
  const schemas = [type.schema, ...type.extensions];
  const schema = urn === undefined ? undefined : schemas.find(({ id }) => `${id}:`.toLowerCase() === urn.toLowerCase());
  const [name = "", sub] = rest.split(".");
  const attribute = (schema ? [schema] : schemas)
    .map(({ attributes }) => findAttribute(attributes, name))
    .find(Boolean);
  if (sub === undefined || attribute?.subAttributes?.some((each) => each.name === "$ref")) return attribute;
  return findAttribute(attribute?.subAttributes, sub) ?? attribute;
}

/** Values hidden, with their structure and truth values as they are; all as they are where values are kept, but for secrets. */
function hide(value: unknown, shows: Pick<Shows, "values">): unknown {
  if (Array.isArray(value)) return cut(value, (each) => hide(each, shows));
  if (isObject(value)) return mapped(value, (each, name) => (SECRET.test(name) ? HIDDEN.secret : hide(each, shows)));
  if (typeof value === "string") return shows.values ? value.slice(0, MAX_TEXT) : HIDDEN.text;
  if (typeof value === "number" || typeof value === "bigint") return shows.values ? Number(value) : HIDDEN.number;
  return value;
}

type Shown = Omit<Shows, "type">;

/** What a backend is asked for, with the values hidden that are not kept: an operation that `explain` takes. */
export function redactOperationOf(operation: BackendOperation, shows: Shown): BackendOperation {
  switch (operation.type) {
    case "search":
      return operation.where ? { ...operation, where: redactCondition(operation.where, shows) } : operation;
    case "create":
      return { ...operation, entry: redactEntry(operation.entry, shows) };
    case "update":
      return { ...operation, changes: operation.changes.map((change) => redactChange(change, shows)) };
    default:
      return operation;
  }
}

function redactCondition(condition: Condition, shows: Shown): Condition {
  if (condition.op === "and" || condition.op === "or")
    return {
      ...condition,
      conditions: condition.conditions.slice(0, MAX_VALUES).map((each) => redactCondition(each, shows)),
    };
  if (condition.op === "not") return { ...condition, condition: redactCondition(condition.condition, shows) };
  if (!("value" in condition) || typeof condition.value === "boolean") return condition;
  if (shows.values && !isSecret(condition.attr, shows)) return condition;
  return { ...condition, value: HIDDEN.text };
}

const isSecret = (attr: string, { secretAttrs }: Shown): boolean => secretAttrs.has(attr) || SECRET.test(attr);

const redactEntry = (entry: Entry, shows: Shown): Entry =>
  mapped(entry, (value, attr) => redactValues(value as Value | readonly Value[] | undefined, attr, shows)) as Entry;

const redactValues = (value: unknown, attr: string, shows: Shown): Value | readonly Value[] =>
  (isSecret(attr, shows) ? HIDDEN.secret : hide(value, shows)) as Value;

function redactChange(change: Change, shows: Shown): Change {
  const { attr } = change;
  if (change.op === "swap") {
    const one = (value: Value | null) => (value === null ? null : (redactValues(value, attr, shows) as Value));
    return { ...change, from: one(change.from), to: one(change.to) };
  }
  return {
    ...change,
    values: change.values.slice(0, MAX_VALUES).map((value) => redactValues(value, attr, shows) as Value),
  };
}

const mapped = (object: object, map: (value: unknown, name: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name.slice(0, MAX_TEXT), map(value, name)]));

/** The first values of a list, and how many more there are. */
function cut(list: readonly unknown[], map: (value: unknown) => unknown): unknown[] {
  const shown = list.slice(0, MAX_VALUES).map(map);
  return list.length > MAX_VALUES ? [...shown, `… ${list.length - MAX_VALUES} more`] : shown;
}

const strings = (value: unknown): unknown =>
  Array.isArray(value) ? value.slice(0, MAX_VALUES).map((each) => String(each).slice(0, MAX_TEXT)) : HIDDEN.text;

/** How the message begins for a filter or path that cannot be parsed. What follows repeats parts of it. */
const UNPARSED = /^The (?:filter|path) is invalid at position \d+/;

/** A message without the values that were sent with a request: those of three characters and more. */
export function redactMessage(message: string, sent: unknown): string {
  const [unparsed] = UNPARSED.exec(message) ?? [];
  if (unparsed !== undefined) return `${unparsed}.`;
  const texts = [...textsIn(sent, new Set())].sort((one, other) => other.length - one.length);
  return texts.reduce((text, each) => text.replaceAll(each, HIDDEN.text), message).slice(0, MAX_TEXT);
}

/** How many texts of a request are looked for in a message. */
const MAX_TEXTS = 500;
const LITERAL = /"((?:[^"\\]|\\.)*)"/g;

function textsIn(value: unknown, found: Set<string>): Set<string> {
  if (found.size >= MAX_TEXTS) return found;
  if (typeof value === "string" && value.length >= 3) found.add(value);
  else if (typeof value === "number" && Math.abs(value) >= 100) found.add(String(value));
  else if (Array.isArray(value)) for (const each of value) textsIn(each, found);
  else if (isObject(value))
    for (const [name, each] of Object.entries(value)) {
      if (["path", "filter"].includes(name) && typeof each === "string") {
        for (const [, literal] of each.matchAll(LITERAL)) textsIn(literal, found);
        if (!isValid(each, name === "path" ? parsePath : parseFilter)) textsIn(each.split(/[\s"()[\]]+/), found);
      } else if (!["op", "schemas", "path", "filter"].includes(name)) textsIn(each, found);
    }
  return found;
}
