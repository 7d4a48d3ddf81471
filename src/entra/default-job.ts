import { ENTERPRISE_USER } from "../scim/schema.ts";

const SOURCE = "Azure Active Directory";
const TARGET = "customappsso";

type Mapping = readonly [target: string, source: string, more?: object];

const direct = ([target, source, more]: Mapping) => ({
  targetAttributeName: target,
  source: source.includes("(")
    ? { type: "Function", expression: source }
    : { type: "Attribute", name: source, expression: `[${source}]` },
  flowType: "Always",
  flowBehavior: "FlowWhenChanged",
  matchingPriority: 0,
  ...more,
});

/** Entra's default mapping for users of a non-gallery application. */
const USER: readonly Mapping[] = [
  ["userName", "userPrincipalName", { matchingPriority: 1 }],
  ["active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'],
  ["displayName", "displayName"],
  ["title", "jobTitle"],
  ['emails[type eq "work"].value', "mail"],
  ["preferredLanguage", "preferredLanguage"],
  ["name.givenName", "givenName"],
  ["name.familyName", "surname"],
  ["name.formatted", 'Join(" ", [givenName], [surname])'],
  ['addresses[type eq "work"].formatted', "physicalDeliveryOfficeName"],
  ['addresses[type eq "work"].streetAddress', "streetAddress"],
  ['addresses[type eq "work"].locality', "city"],
  ['addresses[type eq "work"].region', "state"],
  ['addresses[type eq "work"].postalCode', "postalCode"],
  ['addresses[type eq "work"].country', "country"],
  ['phoneNumbers[type eq "work"].value', "telephoneNumber"],
  ['phoneNumbers[type eq "mobile"].value', "mobile"],
  ['phoneNumbers[type eq "fax"].value', "facsimileTelephoneNumber"],
  ["externalId", "mailNickname"],
  [`${ENTERPRISE_USER}:employeeNumber`, "employeeId"],
  [`${ENTERPRISE_USER}:department`, "department"],
  [`${ENTERPRISE_USER}:manager`, "manager"],
];

const GROUP: readonly Mapping[] = [
  ["displayName", "displayName", { matchingPriority: 1 }],
  ["externalId", "objectId"],
  ["members", "members"],
];

/** Attributes that RFC 7643 defines as case-sensitive. */
const CASE_EXACT = new Set(["externalId"]);

const declared = (mappings: readonly Mapping[]) =>
  mappings.map(([name]) => ({
    name,
    type: /manager$|^members$/.test(name) ? "Reference" : name === "active" ? "Boolean" : "String",
    multivalued: name === "members",
    caseExact: CASE_EXACT.has(name),
  }));

const objectMapping = (source: string, target: string, mappings: readonly Mapping[]) => ({
  enabled: true,
  sourceObjectName: source,
  targetObjectName: target,
  flowTypes: "Add, Update, Delete",
  attributeMappings: mappings.map(direct),
});

const GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group";

/** The default schema of a job for a new non-gallery application: users with the enterprise extension, and groups. */
export const DEFAULT_JOB_SCHEMA = {
  directories: [
    {
      name: TARGET,
      objects: [
        { name: ENTERPRISE_USER, attributes: declared(USER) },
        { name: GROUP_URN, attributes: declared(GROUP) },
      ],
    },
  ],
  synchronizationRules: [
    {
      name: "USER_OUTBOUND_USER",
      sourceDirectoryName: SOURCE,
      targetDirectoryName: TARGET,
      objectMappings: [objectMapping("User", ENTERPRISE_USER, USER)],
    },
    {
      name: "GROUP_OUTBOUND_GROUP",
      sourceDirectoryName: SOURCE,
      targetDirectoryName: TARGET,
      objectMappings: [objectMapping("Group", GROUP_URN, GROUP)],
    },
  ],
} as const;
