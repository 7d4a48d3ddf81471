import { type Control, EqualityFilter, ExtensibleFilter, OrFilter } from "ldapts";
import { type Entry, type Leaf, type Value, valuesOf } from "../../src/connector/connector.ts";
import type { Dialect, VirtualAttribute } from "../ldap/dialect.ts";
import { parentOf } from "../ldap/dn.ts";
import { isUuid, leafFilter, standardSupport } from "../ldap/filter.ts";
import { dnOf, sidOf } from "../ldap/formats.ts";
import { ExtendedDnControl } from "./controls.ts";
import { refusal } from "./errors.ts";

/** MS-ADTS §3.1.1.3.4.4.3: matches through any number of links. */
const IN_CHAIN = "1.2.840.113556.1.4.1941";
/** UF_LOCKOUT in msDS-User-Account-Control-Computed, which considers expired lockouts; userAccountControl does not. */
const LOCKOUT = 0x10;

/** Attributes that Postern adds to those of Active Directory. */
export const CONTAINER = "container";
/** Whether the password must be changed at the next logon: `pwdLastSet` is 0. */
export const MUST_CHANGE_PASSWORD = "mustChangePassword";
/** Whether the account is locked out. */
export const LOCKED = "locked";
/** The groups that directly contain the account, including its primary group. */
export const DIRECT_MEMBER_OF = "directMemberOf";
/** The groups that contain the account through other groups. */
export const INDIRECT_MEMBER_OF = "indirectMemberOf";

/** The domain of a DN: from the first `DC=` on. */
export const domainOf = (dn: string): string => /(?:^|,)\s*(DC=.*)$/is.exec(dn)?.[1] ?? dn;

/** The reference to a user's primary group, which is in neither `member` nor `memberOf`: its SID is the domain's SID plus a number. */
export function primaryGroupOf(entry: Entry): string | undefined {
  const { primaryGroupID, objectSid } = entry;
  if (primaryGroupID === undefined || typeof objectSid !== "string") return undefined;
  return `<SID=${objectSid.slice(0, objectSid.lastIndexOf("-"))}-${primaryGroupID}>`;
}

const groupsOf = (entry: Entry): readonly Value[] => {
  const primary = primaryGroupOf(entry);
  return [...valuesOf(entry, "memberOf"), ...(primary === undefined ? [] : [primary])];
};
const oneOrMany = (values: readonly Value[]) => (values.length > 1 ? values : values[0]);

const virtual: Readonly<Record<string, VirtualAttribute>> = {
  [CONTAINER]: {
    reads: ["distinguishedName"],
    read: ({ distinguishedName }) => parentOf(String(distinguishedName)),
  },
  [MUST_CHANGE_PASSWORD]: {
    reads: ["pwdLastSet"],
    read: ({ pwdLastSet }) => pwdLastSet === undefined,
    filter: (leaf) => {
      if (leaf.op !== "eq" || typeof leaf.value !== "boolean") return undefined;
      const isNever = new EqualityFilter({ attribute: "pwdLastSet", value: "0" });
      if (leaf.value) return { filter: isNever, support: "exact" };
      return { filter: leafFilter({ op: "pr", attr: "pwdLastSet" }, () => "fileTime"), support: "exact" };
    },
  },
  [LOCKED]: {
    reads: ["msDS-User-Account-Control-Computed"],
    read: (entry) => (Number(entry["msDS-User-Account-Control-Computed"] ?? 0) & LOCKOUT) !== 0,
    filter: (leaf) => {
      if (leaf.op !== "eq" || leaf.value !== true) return undefined;
      return { filter: leafFilter({ op: "pr", attr: "lockoutTime" }, () => "fileTime"), support: "superset" };
    },
  },
  [DIRECT_MEMBER_OF]: {
    reads: ["memberOf", "primaryGroupID", "objectSid"],
    read: (entry) => oneOrMany(groupsOf(entry)),
    filter: (leaf) => {
      if (leaf.op !== "eq") return undefined;
      const rid = sidOf(String(leaf.value))?.split("-").at(-1);
      const isMember = leafFilter({ ...leaf, attr: "memberOf" }, () => "reference");
      const isPrimary = rid === undefined ? [] : [new EqualityFilter({ attribute: "primaryGroupID", value: rid })];
      return { filter: new OrFilter({ filters: [isMember, ...isPrimary] }), support: "exact" };
    },
  },
  // Filled in by the connector: it cannot be computed from the entry alone.
  [INDIRECT_MEMBER_OF]: {
    reads: ["memberOf", "primaryGroupID", "objectSid"],
    read: () => undefined,
    filter: (leaf) => {
      if (leaf.op !== "eq") return undefined;
      const value = dnOf(String(leaf.value));
      return { filter: new ExtensibleFilter({ matchType: "memberOf", rule: IN_CHAIN, value }), support: "superset" };
    },
  },
};

/** The behaviour of Windows Server and of Samba as a domain controller (MS-ADTS). */
export const activeDirectory: Dialect = {
  attributes: {
    guid: ["objectGUID", "mS-DS-ConsistencyGuid", "schemaIDGUID", "attributeSecurityGUID"],
    sid: ["objectSid", "sIDHistory", "tokenGroups"],
    time: ["whenCreated", "whenChanged", "msTSExpireDate", "createTimeStamp", "modifyTimeStamp"],
    fileTime: [
      "accountExpires",
      "pwdLastSet",
      "lastLogon",
      "lastLogonTimestamp",
      "lastLogoff",
      "badPasswordTime",
      "lockoutTime",
      "msDS-UserPasswordExpiryTimeComputed",
    ],
    boolean: [
      "isDeleted",
      "isCriticalSystemObject",
      "msNPAllowDialin",
      "showInAdvancedViewOnly",
      "msExchHideFromAddressLists",
    ],
    integer: [
      "userAccountControl",
      "msDS-User-Account-Control-Computed",
      "groupType",
      "sAMAccountType",
      "primaryGroupID",
      "countryCode",
      "codePage",
      "logonCount",
      "badPwdCount",
      "adminCount",
      "uidNumber",
      "gidNumber",
    ],
    exact: ["uSNChanged", "uSNCreated", "uid", "unixHomeDirectory", "loginShell", "gecos"],
    reference: [
      "member",
      "memberOf",
      "manager",
      "directReports",
      "managedBy",
      "managedObjects",
      "secretary",
      "assistant",
      "owner",
      "seeAlso",
      DIRECT_MEMBER_OF,
      INDIRECT_MEMBER_OF,
    ],
    dn: ["distinguishedName", "objectCategory", "lastKnownParent", "homeMDB"],
    password: ["unicodePwd"],
    binary: [
      "thumbnailPhoto",
      "jpegPhoto",
      "photo",
      "thumbnailLogo",
      "userCertificate",
      "userSMIMECertificate",
      "logonHours",
      "nTSecurityDescriptor",
    ],
  },
  key: "objectGUID",
  isKey: isUuid,
  dnAttribute: "distinguishedName",
  // MaxPageSize of the default query policy.
  pageSize: 1000,
  ranges: true,
  searchControls: (): Control[] => [new ExtendedDnControl()],
  supports: (leaf, typeOf) => {
    if (leaf.op === "has") return typeOf(leaf.attr) === "integer" ? "exact" : "none";
    const support = standardSupport(leaf, typeOf);
    return support === "exact" && isFolded(leaf, typeOf(leaf.attr)) ? "superset" : support;
  },
  virtual: new Map(Object.entries(virtual).map(([name, attribute]) => [name.toLowerCase(), attribute])),
  refusal,
};

/**
 * Windows also ignores accents (MS-ADTS §3.1.1.2.2.4): `jose` matches José. Such matches are checked again, so that nobody is taken for
 * another.
 */
const isFolded = (leaf: Leaf, type: string): boolean =>
  "value" in leaf && (type === "text" || type === "exact") && /\p{L}/u.test(String(leaf.value));
