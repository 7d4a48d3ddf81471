import { AndFilter, EqualityFilter, FilterParser, type Entry as LdapEntry, OrFilter } from "ldapts";
import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import type { AttributeType } from "../ldap/attributes.ts";
import { type Directory, type DirectorySearch, find } from "../ldap/directory.ts";
import { parentOf, rdnsOf } from "../ldap/dn.ts";
import { dnOf } from "../ldap/formats.ts";
import { batches } from "../ldap/search.ts";

/** What the schema says of an attribute. */
export interface AttributeFacts {
  readonly type: AttributeType;
  readonly isSingle: boolean;
  readonly isIndexed: boolean;
}

/** What was found out about one kind of entries. */
export interface KindSurvey {
  readonly base: string;
  /** Why this base, in a sentence. */
  readonly reason: string;
  /** The attributes that an entry may have, by name in lower case. */
  readonly attributes: ReadonlyMap<string, AttributeFacts>;
  /** Of entries looked at, how many have which attribute, the most used first. */
  readonly inUse: readonly {
    readonly name: string;
    readonly entries: number;
    readonly facts: AttributeFacts | undefined;
  }[];
  /** Attributes of the domain's own, with types that the connector has to be told. */
  readonly types: readonly (readonly [name: string, type: AttributeType])[];
}

export interface Survey {
  readonly domain: string;
  readonly controller: string;
  readonly controllers: readonly string[];
  readonly suffixes: readonly string[];
  readonly policy: string;
  readonly user: KindSurvey;
  readonly group: KindSurvey;
}

const USERS = "(&(objectCategory=person)(objectClass=user))";
const GROUPS = "(objectCategory=group)";
const CONTROLLERS = "(&(objectCategory=computer)(userAccountControl:1.2.840.113556.1.4.803:=8192))";
/** The most entries whose places are counted, and the most whose attributes are. */
const MAX_COUNTED = 20_000;
const MAX_SAMPLED = 200;
/** What every entry has of itself, and nobody maps. */
const OWN =
  /^(objectclass|objectguid|objectsid|objectcategory|distinguishedname|cn|name|instancetype|usn.*|when.*|dscore.*|samaccounttype|primarygroupid|badp.*|lastlogo.*|logon(count|hours)|codepage|countrycode|pwdlastset|iscritical.*|admincount|memberof|msds-supported.*|systemflags|showinadvanced.*)$/i;

/** Asks a domain about itself. Rejects with a `ConnectorError`. */
export async function survey(
  directory: Directory,
  bases: { readonly users: string | undefined; readonly groups: string | undefined },
  signal: AbortSignal,
): Promise<Survey> {
  const ask = (search: Omit<DirectorySearch, "filter"> & { filter?: string }) => {
    const { filter, ...rest } = search;
    return find(directory, { ...rest, ...(filter && { filter: FilterParser.parseString(filter) }) }, signal);
  };
  const attrs = ["defaultNamingContext", "schemaNamingContext", "configurationNamingContext", "dnsHostName"];
  const [root] = await ask({ base: "", scope: "base", attrs });
  const [domain, schema, configuration, controller] = attrs.map((attr) => dnOf(text(root, attr)));
  const controllers = await ask({ base: domain!, filter: CONTROLLERS, attrs: ["dNSHostName"], size: 100 });
  const partitions = await ask({ base: `CN=Partitions,${configuration}`, scope: "base", attrs: ["uPNSuffixes"] });
  const policy = await ask({
    base: domain!,
    scope: "base",
    attrs: ["minPwdLength", "lockoutThreshold", "pwdProperties"],
  });
  const kind = async (filter: string, base: string | undefined, words: RegExp, name: string): Promise<KindSurvey> => {
    const place = base === undefined ? await guessBase(ask, domain!, filter, words, name) : given(base);
    const [sample] = await ask({ base: domain!, filter, attrs: ["allowedAttributes"], size: 1 });
    const entries = await ask({ base: place.base, filter, attrs: ["*"], size: MAX_SAMPLED }).catch((error) => {
      if (!isNotFound(error)) throw error;
      throw new ConnectorError("notFound", `${place.base} is not there.`, { cause: error });
    });
    const counts = countAttributes(entries);
    const allowed = values(sample, "allowedAttributes");
    const attributes = await factsOf(directory, schema!, [...new Set([...allowed, ...counts.keys()])], signal);
    const inUse = [...counts]
      .filter(([attr]) => !OWN.test(attr))
      .sort((a, b) => b[1] - a[1])
      .map(([attr, count]) => ({ name: attr, entries: count, facts: attributes.get(attr.toLowerCase()) }));
    const types = inUse.flatMap(({ name: attr, facts }) =>
      facts && facts.type !== "text" && directory.typeOf(attr) === "text" ? [[attr, facts.type] as const] : [],
    );
    return { ...place, attributes, inUse, types };
  };
  return {
    domain: domain!,
    controller: controller!,
    controllers: controllers.map((entry) => text(entry, "dNSHostName")).filter(Boolean),
    suffixes: [dnsNameOf(domain!), ...values(partitions[0], "uPNSuffixes")],
    policy: policyText(policy[0]),
    user: await kind(USERS, bases.users, /staff|people|user|employee|account/i, "users"),
    group: await kind(GROUPS, bases.groups, /group/i, "groups"),
  };
}

type Ask = (search: Omit<DirectorySearch, "filter"> & { filter?: string }) => Promise<LdapEntry[]>;

const given = (base: string) => ({ base, reason: "As it was asked for." });

/** The lowest organizational unit that holds nine of ten of the entries that are in one; else one that is named so. */
async function guessBase(
  ask: Ask,
  domain: string,
  filter: string,
  words: RegExp,
  name: string,
): Promise<{ base: string; reason: string }> {
  const units = (await ask({ base: domain, filter: "(objectClass=organizationalUnit)", attrs: ["1.1"], size: 5000 }))
    .map(({ dn }) => dnOf(dn))
    .filter((dn) => !/^OU=Domain Controllers,/i.test(dn));
  const entries = (await ask({ base: domain, filter, attrs: ["1.1"], size: MAX_COUNTED })).map(({ dn }) => dnOf(dn));
  const counts = new Map(units.map((unit) => [unit.toLowerCase(), 0]));
  let inUnits = 0;
  for (const dn of entries) {
    const above: string[] = [];
    for (let parent = parentOf(dn); parent.length > domain.length; parent = parentOf(parent))
      above.push(parent.toLowerCase());
    const units = above.filter((parent) => counts.has(parent));
    if (units.length > 0) inUnits++;
    for (const unit of units) counts.set(unit, counts.get(unit)! + 1);
  }
  const depth = (dn: string) => rdnsOf(dn).length;
  const [best] = units
    .filter((unit) => inUnits > 0 && counts.get(unit.toLowerCase())! >= 0.9 * inUnits)
    .sort((a, b) => depth(b) - depth(a));
  if (best !== undefined)
    return {
      base: best,
      reason: `A guess: ${counts.get(best.toLowerCase())} of the ${entries.length} ${name} are there.`,
    };
  const named = units.filter((unit) => words.test(rdnsOf(unit)[0]!)).sort((a, b) => depth(a) - depth(b))[0];
  if (named !== undefined) return { base: named, reason: `A guess, by its name: ${name} are in no one place.` };
  return { base: units[0] ?? `CN=Users,${domain}`, reason: `A guess: say where ${name} are to be.` };
}

function countAttributes(entries: readonly LdapEntry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const entry of entries)
    for (const name of Object.keys(entry))
      if (name !== "dn" && name !== "*") counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

async function factsOf(
  directory: Directory,
  schema: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, AttributeFacts>> {
  const attrs = ["lDAPDisplayName", "attributeSyntax", "isSingleValued", "searchFlags"];
  const isAttribute = new EqualityFilter({ attribute: "objectClass", value: "attributeSchema" });
  const pages = await Promise.all(
    batches(names).map((batch) => {
      const any = batch.map((value) => new EqualityFilter({ attribute: "lDAPDisplayName", value }));
      const filter = new AndFilter({ filters: [isAttribute, new OrFilter({ filters: any })] });
      return find(directory, { base: schema, filter, attrs, size: batch.length }, signal);
    }),
  );
  return new Map(
    pages.flat().map((entry) => [
      text(entry, "lDAPDisplayName").toLowerCase(),
      {
        type: typeOf(text(entry, "lDAPDisplayName"), text(entry, "attributeSyntax"), directory),
        isSingle: text(entry, "isSingleValued") === "TRUE",
        isIndexed: (Number(text(entry, "searchFlags")) & 1) !== 0,
      },
    ]),
  );
}

/** The types of MS-ADTS §3.1.1.2.2.2 that are not text. */
const types: Readonly<Record<string, AttributeType>> = {
  "2.5.5.1": "reference",
  "2.5.5.8": "boolean",
  "2.5.5.9": "integer",
  "2.5.5.10": "binary",
  "2.5.5.11": "time",
  "2.5.5.15": "binary",
  "2.5.5.17": "sid",
  "2.5.5.3": "exact",
};

function typeOf(name: string, syntax: string, { typeOf: known }: Directory): AttributeType {
  const told = known(name);
  return told === "text" ? (types[syntax] ?? "text") : told;
}

function policyText(entry: LdapEntry | undefined): string {
  const isComplex = (Number(text(entry, "pwdProperties")) & 1) !== 0;
  const lockout = Number(text(entry, "lockoutThreshold"));
  const complex = isComplex ? ", of three of the classes of characters" : "";
  const locked = lockout > 0 ? `; ${lockout} failed logons lock an account` : "";
  return `Passwords have at least ${text(entry, "minPwdLength") || 0} characters${complex}${locked}. Other policies may apply to some.`;
}

const dnsNameOf = (domain: string): string =>
  rdnsOf(domain)
    .map((rdn) => rdn.replace(/^DC=/i, ""))
    .join(".");

const values = (entry: LdapEntry | undefined, attr: string): string[] => {
  const found = Object.entries(entry ?? {}).find(([name]) => name.toLowerCase() === attr.toLowerCase())?.[1];
  return found === undefined ? [] : [found].flat().map(String);
};
const text = (entry: LdapEntry | undefined, attr: string): string => values(entry, attr)[0] ?? "";
