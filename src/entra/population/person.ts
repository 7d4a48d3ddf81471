import { withoutAccents } from "../../expression/letters.ts";
import type { SourceValue } from "../directory.ts";
import { COMPANIES, type Culture, DEPARTMENTS, displayNameOf, type Name, TITLES, WEIGHTED } from "./cultures.ts";
import { phoneOf } from "./phones.ts";
import { guidOf, type Random, randomOf } from "./random.ts";

/** Attributes by their names in job schemas. */
export type Attributes = Readonly<Record<string, SourceValue>>;

/** A person's identity, before the directory's attributes. */
export interface Identity {
  readonly culture: Culture;
  readonly given: Name;
  readonly family: Name;
}

/** The role that an application has from the beginning, and two others. */
const ROLES = ["User", "Administrator", "Auditor"] as const;

/** The default domain of a tenant. */
export const DEFAULT_DOMAIN = "contoso.example";

/** The objectId of the person with a number. */
export const personId = (seed: number, index: number): string => guidOf(seed, "User", index);

/** The name of the person with a number. */
export function identityOf(seed: number, index: number): Identity {
  const random = randomOf(seed, "name", index);
  const culture = random.pick(WEIGHTED);
  return { culture, given: random.pick(culture.given), family: random.pick(culture.family) };
}

/** A name in the letters that mailboxes and user names are made of: `a` to `z`, digits, dots and hyphens. */
export const localPart = ({ given, family }: Pick<Identity, "given" | "family">): string =>
  [given.latin, family.latin].map(asciiOf).filter(Boolean).join(".").slice(0, 56) || "user";

const asciiOf = (text: string): string =>
  withoutAccents(text)
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "")
    .replace(/^-+|-+$/g, "");

/** A person's attributes in a directory. User names are unique if `local` is. */
export function attributesOf(seed: number, index: number, who: Identity, address: Address): Attributes {
  const random = randomOf(seed, "person", index);
  const { culture, given, family } = who;
  const place = random.pick(culture.places);
  const { local, domain } = address;
  return {
    userPrincipalName: `${local}@${domain}`,
    mailNickname: local,
    mail: `${local}@${domain}`,
    displayName: displayNameOf(culture, given.text, family.text),
    givenName: given.text,
    surname: family.text,
    jobTitle: random.pick(TITLES),
    department: random.pick(DEPARTMENTS),
    companyName: random.pick(COMPANIES),
    employeeId: String(index + 1).padStart(6, "0"),
    streetAddress: place.street,
    city: place.city,
    ...(place.state === "" ? {} : { state: place.state }),
    postalCode: place.postalCode,
    country: culture.country,
    physicalDeliveryOfficeName: officeOf(random),
    telephoneNumber: phoneOf(random, culture.phone),
    ...(random.percent(60) ? { mobile: phoneOf(random, culture.phone) } : {}),
    ...(random.percent(10) ? { facsimileTelephoneNumber: phoneOf(random, culture.phone) } : {}),
    preferredLanguage: culture.language,
    usageLocation: culture.usageLocation,
    accountEnabled: true,
    IsSoftDeleted: false,
    userType: "Member",
    appRoleAssignments: rolesOf("User"),
    extensionAttribute1: `CC-${1000 + random.below(40)}`,
    ...(random.percent(30) ? { extensionAttribute2: random.pick(["A/1", "B 2", "C;3", "HQ|West"]) } : {}),
    ...(random.percent(10) ? { extensionAttribute10: JSON.stringify({ badge: random.below(10_000) }) } : {}),
    ...(random.percent(5) ? { extensionAttribute15: "CN=Old\\, Name,OU=Staff,DC=contoso,DC=example" } : {}),
  };
}

/** Where somebody's user name lives. */
export interface Address {
  readonly local: string;
  readonly domain: string;
}

/** An office. */
export const officeOf = (random: Random): string =>
  random.pick(["HQ, 1st floor", "HQ / 2.14", "Remote", "Werk 3 – Büro 07", "本社 5F", "Building 40\\Room 12"]);

/** Assignments of roles, as the attribute `appRoleAssignments` holds them. */
export const rolesOf = (...names: readonly (typeof ROLES)[number][]): SourceValue =>
  names.map((name) => ({ id: guidOf("role", name), value: name, displayName: name }));

/**
 * What a soft deletion changes. Entra frees the user name by writing the objectId in front of it, and sends that to the target together with
 * `active` false.
 */
export const softDeletion = (objectId: string, userPrincipalName: string): Attributes => ({
  IsSoftDeleted: true,
  userPrincipalName: objectId.replaceAll("-", "") + userPrincipalName,
});

/** What a restoration changes. */
export const restoration = (objectId: string, userPrincipalName: string): Attributes => {
  const prefix = objectId.replaceAll("-", "");
  return {
    IsSoftDeleted: false,
    userPrincipalName: userPrincipalName.startsWith(prefix)
      ? userPrincipalName.slice(prefix.length)
      : userPrincipalName,
  };
};
