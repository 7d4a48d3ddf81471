import type { Entry as LdapEntry } from "ldapts";
import type { AttributeInfo } from "../../src/connector/attribute-info.ts";
import type { AttributeType } from "./attributes.ts";
import { type Directory, find } from "./directory.ts";

/** An attribute type in the directory's schema (RFC 4512 §4.1.2), including inherited properties. */
export interface AttributeDefinition {
  readonly name: string;
  readonly syntax: string;
  readonly equality: string | undefined;
  readonly isSingle: boolean;
  /** Whether the directory maintains it itself. */
  readonly isReadOnly: boolean;
  /** Whether entries have it regardless of their classes. */
  readonly isOperational: boolean;
  readonly description: string | undefined;
}

/** An object class in the directory's schema (RFC 4512 §4.1.1), including inherited attributes. */
export interface ClassDefinition {
  readonly name: string;
  readonly isStructural: boolean;
  readonly isAuxiliary: boolean;
  readonly must: readonly string[];
  readonly may: readonly string[];
  /** Superclasses by their first names. */
  readonly above: readonly string[];
}

/** The published schema. Names are found by any of their spellings, in any case. */
export interface Subschema {
  readonly attributes: () => readonly AttributeDefinition[];
  readonly attribute: (name: string) => AttributeDefinition | undefined;
  readonly class: (name: string) => ClassDefinition | undefined;
  /** Auxiliary classes that allow an attribute. */
  readonly allowing: (attr: string) => readonly string[];
}

/** Reads the schema, RFC 4512 §4.4. Rejects with a `ConnectorError`; undefined if the directory publishes none. */
export async function readSubschema(directory: Directory, signal: AbortSignal): Promise<Subschema | undefined> {
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["subschemaSubentry"] }, signal);
  const [base] = texts(root?.subschemaSubentry);
  if (base === undefined) return undefined;
  const attrs = ["attributeTypes", "objectClasses"];
  const [found] = await find(directory, { base, scope: "base", attrs }, signal);
  if (!found) return undefined;
  const under = (name: string) =>
    texts(Object.entries(found).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]);
  return subschemaOf(under("attributeTypes"), under("objectClasses"));
}

/** Parses descriptions in the format of RFC 4512 §4.1. Unparsable ones are skipped. */
export function subschemaOf(attributeTypes: readonly string[], objectClasses: readonly string[]): Subschema {
  const attributes = byName(attributeTypes.map(parseDescription));
  const classes = byName(objectClasses.map(parseDescription));
  const attribute = (name: string): AttributeDefinition | undefined => {
    const chain = chainOf(attributes, name.replace(/;.*/, ""));
    const [first] = chain;
    if (!first) return undefined;
    const inherited = (key: string) => chain.find((each) => each.has(key))?.get(key)?.[0];
    return {
      name: first.get("NAME")?.[0] ?? name,
      syntax: inherited("SYNTAX")?.replace(/\{\d+\}$/, "") ?? "",
      equality: inherited("EQUALITY"),
      isSingle: first.has("SINGLE-VALUE"),
      isReadOnly: first.has("NO-USER-MODIFICATION"),
      isOperational: (first.get("USAGE")?.[0] ?? "userApplications") !== "userApplications",
      description: first.get("DESC")?.join("'"),
    };
  };
  const classNamed = (name: string): ClassDefinition | undefined => {
    const chain = chainOf(classes, name);
    const [first] = chain;
    if (!first) return undefined;
    const all = (key: string) => [
      ...new Set(chain.flatMap((each) => (each.get(key) ?? []).map((named) => attribute(named)?.name ?? named))),
    ];
    return {
      name: first.get("NAME")?.[0] ?? name,
      isStructural: !first.has("AUXILIARY") && !first.has("ABSTRACT"),
      isAuxiliary: first.has("AUXILIARY"),
      must: all("MUST"),
      may: all("MAY"),
      above: chain.slice(1).map((each) => each.get("NAME")?.[0] ?? ""),
    };
  };
  return {
    attributes: () => [...new Set(attributes.values())].flatMap((each) => attribute(each.get("NAME")?.[0] ?? "") ?? []),
    attribute,
    class: classNamed,
    allowing: (attr) => {
      const auxiliary = new Set([...classes.values()].filter((each) => each.has("AUXILIARY")));
      const named = [...auxiliary].flatMap((each) => classNamed(each.get("NAME")?.[0] ?? "") ?? []);
      return named.filter(({ must, may }) => has([...must, ...may], attr)).map(({ name }) => name);
    },
  };
}

/** What the directory's schema says of its attributes, for editors of mappings; nothing if it publishes none. */
export async function publishedAttributes(directory: Directory, signal: AbortSignal): Promise<AttributeInfo[]> {
  const schema = await readSubschema(directory, signal);
  return (schema?.attributes() ?? []).map((each) => {
    const { name, isReadOnly, description } = each;
    return { name, isReadOnly, description, type: attributeTypeOf(each) };
  });
}

/** Attributes that a server gives to every entry or to none. */
export const EVERYWHERE: readonly string[] = [
  "entryUUID",
  "nsUniqueId",
  "ibm-entryUUID",
  "GUID",
  "createTimestamp",
  "modifyTimestamp",
  "entryCSN",
  "entryusn",
];

/** The attributes of an entry; ldapts also lists requested ones that are absent. */
export const attributesOf = (entry: LdapEntry): string[] =>
  Object.keys(entry).filter((name) => name !== "dn" && name !== "*" && entry[name]?.length !== 0);

/** Reports whether an attribute is in a list; case does not matter. */
export const has = (attrs: readonly string[], attr: string): boolean =>
  attrs.some((each) => each.toLowerCase() === attr.toLowerCase());

/** The type of an attribute's values, by syntax and equality rule (RFC 4517). */
export function attributeTypeOf({ syntax, equality = "" }: AttributeDefinition): AttributeType {
  const type = bySyntax[syntax.replace("1.3.6.1.4.1.1466.115.121.1.", "")];
  if (type) return type;
  return /exact|octet/i.test(equality) ? "exact" : "text";
}

const bySyntax: Readonly<Record<string, AttributeType>> = {
  "5": "binary",
  "7": "boolean",
  "8": "binary",
  "9": "binary",
  "12": "reference",
  "24": "time",
  "27": "integer",
  "28": "binary",
  "34": "reference",
  "50": "telephone",
  "1.3.6.1.1.16.1": "uuid",
};

/** A description: keywords with their values. */
type Description = ReadonlyMap<string, readonly string[]>;

/** The tokens of a description: keywords, values and list items, without quotes and dollar signs. */
function parseDescription(text: string): Description {
  const tokens = text.match(/'[^']*'|[()$]|[^\s()$']+/g) ?? [];
  const found = new Map<string, string[]>();
  let keyword = "OID";
  let depth = 0;
  for (const token of tokens) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (token === "$") continue;
    else if (depth === 1 && isKeyword(token)) {
      keyword = token;
      found.set(keyword, []);
    } else found.set(keyword, [...(found.get(keyword) ?? []), token.replace(/^'|'$/g, "")]);
  }
  return found;
}

const isKeyword = (token: string): boolean => KEYWORDS.has(token) || token.startsWith("X-");
const KEYWORDS = new Set(
  "NAME DESC OBSOLETE SUP EQUALITY ORDERING SUBSTR SYNTAX SINGLE-VALUE COLLECTIVE NO-USER-MODIFICATION USAGE ABSTRACT STRUCTURAL AUXILIARY MUST MAY".split(
    " ",
  ),
);

const byName = (all: readonly Description[]): ReadonlyMap<string, Description> =>
  new Map(
    all.flatMap((each) =>
      [...(each.get("NAME") ?? []), ...(each.get("OID") ?? [])].map((name) => [name.toLowerCase(), each] as const),
    ),
  );

/** A description and its superiors. */
function chainOf(all: ReadonlyMap<string, Description>, name: string): Description[] {
  const found: Description[] = [];
  const wanted = [name];
  while (wanted.length > 0) {
    const next = all.get(wanted.shift()!.toLowerCase());
    if (!next || found.includes(next)) continue;
    found.push(next);
    wanted.push(...(next.get("SUP") ?? []));
  }
  return found;
}

const texts = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));
