import { nearest } from "../../connector/kit/text.ts";

/** What a column of a file, or a property of an object, becomes. */
export type Column =
  | { readonly as: "id" | "assigned" | "purged" | "deleted" | "removed" | "delta" | "ignored" }
  | { readonly as: "members"; readonly change: "add" | "remove" }
  | { readonly as: "attribute"; readonly name: string; readonly kind: Kind };

/** The kind of an attribute's value; `first` is the first of several. */
type Kind = "text" | "boolean" | "person" | "list" | "first";

/** Attributes of job schemas that files often contain, in their spelling. */
const ATTRIBUTES = [
  ...["userPrincipalName", "displayName", "givenName", "surname", "mail", "mailNickname", "jobTitle", "department"],
  ...["employeeId", "companyName", "streetAddress", "city", "state", "postalCode", "country", "userType"],
  ...["physicalDeliveryOfficeName", "telephoneNumber", "mobile", "facsimileTelephoneNumber", "preferredLanguage"],
  ...["usageLocation", "description", "ageGroup", "employeeType"],
  ...Array.from({ length: 15 }, (_, index) => `extensionAttribute${index + 1}`),
] as const;

const LISTS = ["appRoleAssignments", "proxyAddresses", "otherMails"] as const;
const BOOLEANS = ["accountEnabled", "IsSoftDeleted", "mailEnabled", "securityEnabled"] as const;

/** Names in Graph and PowerShell of attributes that job schemas name differently. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  mobilePhone: "mobile",
  faxNumber: "facsimileTelephoneNumber",
  officeLocation: "physicalDeliveryOfficeName",
};

const attribute = (name: string, kind: Kind = "text") => ({ as: "attribute", name, kind }) as const;

/** Columns by name in lower case. */
const COLUMNS: ReadonlyMap<string, Column> = new Map<string, Column>([
  ...ATTRIBUTES.map((name) => [name.toLowerCase(), attribute(name)] as const),
  ...BOOLEANS.map((name) => [name.toLowerCase(), attribute(name, "boolean")] as const),
  ...Object.entries(OTHER_NAMES).map(([name, own]) => [name.toLowerCase(), attribute(own)] as const),
  ...["id", "objectid"].map((name) => [name, { as: "id" }] as const),
  ...LISTS.map((name) => [name.toLowerCase(), attribute(name, "list")] as const),
  ["businessphones", attribute("telephoneNumber", "first")],
  ["manager", attribute("manager", "person")],
  ["members", { as: "members", change: "add" }],
  ["removedmembers", { as: "members", change: "remove" }],
  ["members@delta", { as: "delta" }],
  ["@removed", { as: "removed" }],
  ...(["assigned", "purged", "deleted"] as const).map((name) => [name, { as: name }] as const),
]);

/** What a name becomes. Case does not matter; an unknown name is an attribute of that name. */
export function columnOf(name: string): Column {
  const own = name.replace(/^onPremisesExtensionAttributes?[._]/i, "").toLowerCase();
  const known = COLUMNS.get(own);
  return known ?? (name === "" || name.includes("@odata") ? { as: "ignored" } : attribute(name));
}

/** `, did you mean "x"?` for an unknown name that is close to a known one; empty otherwise. */
export function suggestionFor(name: string): string {
  if (COLUMNS.has(name.toLowerCase())) return "";
  const hint = nearest(name, [...ATTRIBUTES, ...BOOLEANS, "objectId", "manager", "members", "assigned", "purged"]);
  return hint.includes("did you mean") ? hint : "";
}
