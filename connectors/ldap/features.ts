import type { Entry as LdapEntry } from "ldapts";
import { OID } from "./controls.ts";

/** What a server supports. */
export interface Features {
  /** Whether writes can assert the entry's content (RFC 4528). */
  readonly assertion: boolean;
  readonly postRead: boolean;
  readonly permissiveModify: boolean;
  /** Whether the server can report an account's rights. */
  readonly effectiveRights: boolean;
  readonly isOpenLdap: boolean;
  readonly vendor: string;
}

/** The root DSE attributes that reveal features. */
export const ROOT_ATTRIBUTES = ["supportedControl", "vendorName", "vendorVersion", "structuralObjectClass"] as const;

/** Reads features from the root DSE (RFC 4512 §5.1). */
export function featuresOf(root: LdapEntry | undefined): Features {
  const controls = [root?.supportedControl ?? []].flat().map(String);
  const isOpenLdap = root?.structuralObjectClass === "OpenLDAProotDSE";
  return {
    // OpenLDAP's overlays pass the control on to operations of their own, which then fail: memberof leaves memberOf unchanged, and unique
    // and constraint refuse valid writes.
    assertion: controls.includes(OID.assertion) && !isOpenLdap,
    postRead: controls.includes(OID.postRead),
    // OpenLDAP supports this control without listing it.
    permissiveModify: isOpenLdap || controls.includes(OID.permissiveModify),
    effectiveRights: controls.includes(OID.effectiveRights),
    isOpenLdap,
    vendor:
      [root?.vendorName, root?.vendorVersion].flat().filter(Boolean).join(" ") ||
      (isOpenLdap ? "OpenLDAP" : "an LDAP directory"),
  };
}
