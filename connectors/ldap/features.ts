import type { Entry as LdapEntry } from "ldapts";
import { OID } from "./controls.ts";

/** What a server says that it can do. */
export interface Features {
  /** Whether a write can be bound to what the entry holds (RFC 4528). */
  readonly assertion: boolean;
  readonly postRead: boolean;
  readonly permissiveModify: boolean;
  /** Whether it can be asked for an account's rights. */
  readonly effectiveRights: boolean;
  readonly isOpenLdap: boolean;
  readonly vendor: string;
}

/** The attributes of the root DSE that tell. */
export const ROOT_ATTRIBUTES = ["supportedControl", "vendorName", "vendorVersion", "structuralObjectClass"] as const;

/** What the root DSE (RFC 4512 §5.1) tells of the server. */
export function featuresOf(root: LdapEntry | undefined): Features {
  const controls = [root?.supportedControl ?? []].flat().map(String);
  const isOpenLdap = root?.structuralObjectClass === "OpenLDAProotDSE";
  return {
    // OpenLDAP's overlays carry the control into work of their own, which then fails: memberof leaves memberOf as it was, and unique
    // and constraint refuse what is right.
    assertion: controls.includes(OID.assertion) && !isOpenLdap,
    postRead: controls.includes(OID.postRead),
    // OpenLDAP has this control and does not list it.
    permissiveModify: isOpenLdap || controls.includes(OID.permissiveModify),
    effectiveRights: controls.includes(OID.effectiveRights),
    isOpenLdap,
    vendor:
      [root?.vendorName, root?.vendorVersion].flat().filter(Boolean).join(" ") ||
      (isOpenLdap ? "OpenLDAP" : "an LDAP directory"),
  };
}
