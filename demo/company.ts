import { Attribute, Change, Client, DN, ResultCodeError } from "ldapts";
import type { Edit } from "../src/entra/directory.ts";
import { drawPopulation } from "../src/entra/population/index.ts";
import { ADMIN, SUFFIX } from "./slapd.ts";

/** The company, as Entra's tenant has it: edits that make its people and groups. The same numbers give the same company. */
export const drawCompany = (people: number): readonly Edit[] => [
  ...tidied(drawPopulation({ people, groups: Math.max(4, Math.round(people / 20)), seed: SEED, domain: DOMAIN })),
];

/** Seed of everything that is drawn. */
export const SEED = 7;
/** The domain of user names. */
export const DOMAIN = "contoso.example";

const PHONES = ["telephoneNumber", "mobile", "facsimileTelephoneNumber"];

/** Edits with phone numbers that a directory takes. Entra has others, but one refused value at a time is enough to look at. */
export function* tidied(edits: Iterable<Edit>): Generator<Edit> {
  for (const edit of edits) {
    const values = Object.entries(edit.attributes ?? {}).map(([name, value]) =>
      PHONES.includes(name) && typeof value === "string"
        ? [name, value.replaceAll(/[^\w'()+,./:? -]/g, " ")]
        : [name, value],
    );
    yield edit.attributes ? { ...edit, attributes: Object.fromEntries(values) } : edit;
  }
}

/** One of so many has no account in the directory yet: Entra's first cycle creates it. */
const WITHOUT_ACCOUNT = 20;

/** Attributes of the directory, by those of Entra that they are kept from. */
const ATTRIBUTES = {
  userPrincipalName: "uid",
  mailNickname: "businessCategory",
  displayName: "displayName",
  givenName: "givenName",
  surname: "sn",
  jobTitle: "title",
  mail: "mail",
  preferredLanguage: "preferredLanguage",
  streetAddress: "street",
  city: "l",
  state: "st",
  postalCode: "postalCode",
  physicalDeliveryOfficeName: "physicalDeliveryOfficeName",
  telephoneNumber: "telephoneNumber",
  mobile: "mobile",
  facsimileTelephoneNumber: "facsimileTelephoneNumber",
  employeeId: "employeeNumber",
  department: "departmentNumber",
} as const;

/** Puts the company's accounts and groups into its directory, as they were before Postern came. Returns how many. */
export async function fillDirectory(url: string, password: string, company: readonly Edit[]): Promise<number> {
  const client = new Client({ url });
  await client.bind(ADMIN, password);
  const dns = new Map<string, string>();
  const added = async (objectId: string, dn: string, attributes: Record<string, string | string[]>) => {
    try {
      await client.add(dn, attributes);
      dns.set(objectId, dn);
    } catch (error) {
      // The tenant holds odd values. What the directory refuses, it refuses from Entra, too.
      if (!(error instanceof ResultCodeError)) throw error;
    }
  };
  try {
    for (const [index, edit] of company.entries())
      if (edit.type === "User" && isEmployed(edit) && index % WITHOUT_ACCOUNT !== 0)
        await added(edit.objectId, dnOf("uid", text(edit, "userPrincipalName"), "people"), accountOf(edit));
    for (const { objectId, attributes } of company) {
      const [dn, manager] = [dns.get(objectId), dns.get(String(attributes?.manager))];
      const modification = manager && new Attribute({ type: "manager", values: [manager] });
      if (dn && modification) await client.modify(dn, new Change({ operation: "replace", modification }));
    }
    for (const edit of company)
      if (edit.type === "Group" && edit.assigned !== false && !dns.has(edit.objectId)) {
        const members = (edit.members?.add ?? []).flatMap((id) => dns.get(id) ?? []);
        const dn = dnOf("cn", text(edit, "displayName"), "groups");
        await added(edit.objectId, dn, groupOf(edit, members));
      }
  } finally {
    await client.unbind();
  }
  return dns.size;
}

/** An attribute as text; empty where there is none. */
export const text = ({ attributes = {} }: Edit, name: string): string => String(attributes[name] ?? "");

/** Reports whether somebody has an account where Entra provisions: assigned, not blocked, not deleted. */
export const isEmployed = ({ attributes, assigned }: Edit): boolean =>
  assigned !== false && attributes?.accountEnabled === true && attributes.IsSoftDeleted !== true;

const dnOf = (name: string, value: string, branch: string): string =>
  `${new DN({ [name]: value }).toString()},ou=${branch},${SUFFIX}`;

function accountOf(edit: Edit): Record<string, string | string[]> {
  const values = Object.entries(ATTRIBUTES).flatMap(([from, to]) =>
    text(edit, from) === "" ? [] : [[to, text(edit, from)]],
  );
  const name = [text(edit, "givenName"), text(edit, "surname")].filter(Boolean).join(" ");
  return {
    objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
    cn: name || text(edit, "displayName"),
    sn: text(edit, "displayName"),
    ...Object.fromEntries(values),
  };
}

const groupOf = (edit: Edit, members: readonly string[]) => ({
  objectClass: ["top", "groupOfNames"],
  cn: text(edit, "displayName"),
  businessCategory: edit.objectId,
  member: members.length > 0 ? [...members] : ["cn=nobody"],
});
