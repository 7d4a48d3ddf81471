import { FilterParser, type Entry as LdapEntry } from "ldapts";
import { ConnectorError, isNotFound } from "../../../src/connector/error.ts";
import type { AttributeType } from "../attributes.ts";
import { type Directory, type DirectorySearch, find } from "../directory.ts";
import { firstRdn, parentOf, rdnsOf } from "../dn.ts";
import { attributeTypeOf, EVERYWHERE, has, readSubschema, type Subschema } from "../subschema.ts";
import { type AttributeUse, countAttributes } from "./fit.ts";
import { given, guessPlace, type Place } from "./places.ts";

/** What was found out about one kind of entries. */
export interface KindSurvey extends Place {
  /** The class that the entries have in common, and the attribute by which they are named. */
  readonly objectClass: string;
  readonly rdn: string;
  /** The attribute that each has and that never changes. */
  readonly key: string;
  /** The classes that all of those looked at have. */
  readonly everywhere: readonly string[];
  /** All that the entries looked at have, and of these what a mapping could be interested in. */
  readonly present: readonly string[];
  readonly inUse: readonly AttributeUse[];
  /** Attributes with types that the connector has to be told. */
  readonly types: readonly (readonly [name: string, type: AttributeType])[];
}

/** What a directory says about itself. */
export interface Survey {
  readonly vendor: string;
  readonly isOpenLdap: boolean;
  readonly suffix: string;
  readonly suffixes: readonly string[];
  readonly schema: Subschema;
  readonly user: KindSurvey;
  readonly group: KindSurvey;
}

/** The classes by which users and groups are known, the most telling first. */
const USER_CLASSES = ["inetOrgPerson", "organizationalPerson", "person", "account", "posixAccount"];
const GROUP_CLASSES = ["groupOfNames", "groupOfUniqueNames", "posixGroup", "groupOfMembers"];
/** 389 Directory Server gives nsUniqueId to every entry, and entryUUID only to those that were made with a plug-in. */
const KEYS = ["nsUniqueId", "entryUUID", "ibm-entryUUID", "GUID"];
const MAX_COUNTED = 20_000;
const MAX_SAMPLED = 200;
/** What every entry has of itself, and nobody maps. */
const OWN =
  /^(objectclass|cn|entry.*|structuralobjectclass|creatorsname|modifiersname|.*timestamp|hassubordinates|numsub.*|subschemasubentry|nsuniqueid|parentid|dsentrydn|userpassword)$/i;

/** Asks a directory about itself. Rejects with a `ConnectorError`. */
export async function survey(
  directory: Directory,
  asked: { readonly base: string | undefined; readonly users: string | undefined; readonly groups: string | undefined },
  signal: AbortSignal,
): Promise<Survey> {
  const [root] = await find(directory, { base: "", scope: "base", attrs: ["namingContexts"] }, signal);
  const contexts = [root?.namingContexts ?? []].flat().map(String);
  const suffixes = contexts.filter((dn) => !/^(cn=config|cn=changelog|cn=accesslog|o=netscaperoot)$/i.test(dn));
  const suffix = asked.base ?? suffixes[0];
  if (suffix === undefined) throw new ConnectorError("notFound", "The directory names no suffix: say one by --base.");
  const schema = await readSubschema(directory, signal);
  if (!schema) throw new ConnectorError("denied", "The directory publishes no schema, or the account may not read it.");
  const { vendor, isOpenLdap } = await directory.features(signal);
  const kind = (classes: readonly string[], base: string | undefined, words: RegExp, name: string) =>
    surveyKind(directory, { suffix, schema, classes, base, words, name }, signal);
  return {
    vendor,
    isOpenLdap,
    suffix,
    suffixes,
    schema,
    user: await kind(USER_CLASSES, asked.users, /people|user|staff|employee|account/i, "users"),
    group: await kind(GROUP_CLASSES, asked.groups, /group|role/i, "groups"),
  };
}

interface KindAsked {
  readonly suffix: string;
  readonly schema: Subschema;
  readonly classes: readonly string[];
  readonly base: string | undefined;
  readonly words: RegExp;
  readonly name: string;
}

async function surveyKind(
  directory: Directory,
  { suffix, schema, classes, base, words, name }: KindAsked,
  signal: AbortSignal,
): Promise<KindSurvey> {
  const ask = ({ filter, ...search }: Omit<DirectorySearch, "filter"> & { filter: string }) =>
    find(directory, { ...search, filter: FilterParser.parseString(filter) }, signal);
  const anyClass = `(|${classes.map((each) => `(objectClass=${each})`).join("")})`;
  const containersFilter = "(|(objectClass=organizationalUnit)(objectClass=organization)(objectClass=nsContainer))";
  const counted = (of: string, filter: string) =>
    ask({ base: of, filter, attrs: ["1.1"], size: MAX_COUNTED }).catch((error) => {
      if (isNotFound(error)) throw new ConnectorError("notFound", `${of} is not there, or the account may not see it.`);
      if (error instanceof ConnectorError && error.kind === "tooMany") return [] as LdapEntry[];
      throw error;
    });
  const entries = (await counted(base ?? suffix, anyClass)).map(({ dn }) => dn);
  const containers = (await counted(suffix, containersFilter)).map(({ dn }) => dn).filter((dn) => dn !== suffix);
  // Some keep people below what is no container of itself, such as a country.
  const parents = [...new Set(entries.map(parentOf))].filter((dn) => dn !== suffix && dn.endsWith(suffix));
  const places = containers.length > 0 ? containers : parents;
  const place =
    base === undefined ? guessPlace(places, entries, suffix, { name, words, otherwise: suffix }) : given(base);
  const sample = await ask({
    base: place.base,
    filter: anyClass,
    attrs: ["*", "memberOf", ...EVERYWHERE],
    size: MAX_SAMPLED,
  });
  const counts = countAttributes(sample);
  const present = counts.map(({ name: attr }) => attr);
  const ofSample = mostFrequent(sample.flatMap((entry) => [entry.objectClass ?? []].flat().map(String)));
  const objectClass = classes.find((each) => has(ofSample, each)) ?? classes.find((each) => schema.class(each))!;
  const rdns = mostFrequent(sample.map(({ dn }) => firstRdn(dn)?.type ?? "cn"));
  const inUse = counts.filter(({ name: attr }) => !OWN.test(attr));
  return {
    ...place,
    objectClass,
    rdn: rdns[0] ?? (classes === USER_CLASSES ? "uid" : "cn"),
    key: KEYS.find((key) => has(present, key)) ?? keyOf(schema),
    everywhere: ofSample.filter((each) =>
      sample.every((entry) => has([entry.objectClass ?? []].flat().map(String), each)),
    ),
    present,
    inUse,
    types: inUse.flatMap(({ name: attr }) => {
      const definition = schema.attribute(attr);
      const type = definition && attributeTypeOf(definition);
      return type && type !== "text" && directory.typeOf(attr) === "text" ? [[attr, type] as const] : [];
    }),
  };
}

/** The key of a directory that has no entries yet. */
const keyOf = (schema: Subschema): string => KEYS.find((key) => schema.attribute(key)) ?? KEYS[0]!;

function mostFrequent(names: readonly string[]): string[] {
  const counts = new Map<string, { name: string; count: number }>();
  for (const name of names) {
    const found = counts.get(name.toLowerCase()) ?? { name, count: 0 };
    found.count++;
    counts.set(name.toLowerCase(), found);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).map(({ name }) => name);
}

/** The suffix as people call it: dc=example,dc=com is example.com. */
export const nameOf = (suffix: string): string => {
  const rdns = rdnsOf(suffix);
  const isDomain = rdns.every((rdn) => /^dc=/i.test(rdn));
  return isDomain ? rdns.map((rdn) => rdn.replace(/^dc=/i, "")).join(".") : suffix;
};
