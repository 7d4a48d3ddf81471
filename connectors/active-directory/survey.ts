import { AndFilter, EqualityFilter, FilterParser, type Entry as LdapEntry, OrFilter } from "ldapts";
import { ConnectorError, isNotFound } from "../../src/connector/error.ts";
import type { AttributeType } from "../ldap/attributes.ts";
import { type Directory, type DirectorySearch, find } from "../ldap/directory.ts";
import { rdnsOf } from "../ldap/dn.ts";
import { dnOf } from "../ldap/formats.ts";
import { type AttributeFacts, type AttributeUse, countAttributes } from "../ldap/init/fit.ts";
import { given, guessPlace, type Place } from "../ldap/init/places.ts";
import { batches } from "../ldap/resolve.ts";

/** What was found out about one kind of entries. */
export interface KindSurvey extends Place {
  /** The attributes that an entry may have, by name in lower case. */
  readonly attributes: ReadonlyMap<string, AttributeFacts>;
  /** Of entries looked at, how many have which attribute, the most used first. */
  readonly inUse: readonly AttributeUse[];
  /** Attributes of the domain's own, with types that the connector has to be told. */
  readonly types: readonly (readonly [name: string, type: AttributeType])[];
}

/** What a domain says about itself. */
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
    const attributes = await factsOf(
      directory,
      schema!,
      [...new Set([...allowed, ...counts.map(({ name: attr }) => attr)])],
      signal,
    );
    const inUse = counts.filter(({ name: attr }) => !OWN.test(attr));
    const types = inUse.flatMap(({ name: attr }) => {
      const facts = attributes.get(attr.toLowerCase());
      return facts && facts.type !== "text" && directory.typeOf(attr) === "text" ? [[attr, facts.type] as const] : [];
    });
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

/** The organizational unit that the entries are in, as far as that can be guessed. */
async function guessBase(ask: Ask, domain: string, filter: string, words: RegExp, name: string): Promise<Place> {
  const units = (await ask({ base: domain, filter: "(objectClass=organizationalUnit)", attrs: ["1.1"], size: 5000 }))
    .map(({ dn }) => dnOf(dn))
    .filter((dn) => !/^OU=Domain Controllers,/i.test(dn));
  const entries = (await ask({ base: domain, filter, attrs: ["1.1"], size: MAX_COUNTED })).map(({ dn }) => dnOf(dn));
  return guessPlace(units, entries, domain, { name, words, otherwise: `CN=Users,${domain}` });
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
