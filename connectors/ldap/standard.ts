import type { Dialect } from "./dialect.ts";
import { isUuid, standardSupport } from "./filter.ts";

/** No attribute that tells entries apart is longer. */
const MAX_KEY = 256;

/** OpenLDAP, and others that keep to the RFCs and have entryUUID (RFC 4530) and entryDN (RFC 5020). */
export const standard: Dialect = {
  attributes: {
    exact: [
      "entryCSN",
      "contextCSN",
      "homeDirectory",
      "gecos",
      "loginShell",
      "uidNumber",
      "gidNumber",
      "userPassword",
      "labeledURI",
      "memberUid",
      // A time, but for an administrator's lock, which is none.
      "pwdAccountLockedTime",
    ],
    telephone: ["telephoneNumber", "mobile", "homePhone", "pager"],
    time: ["createTimestamp", "modifyTimestamp", "pwdChangedTime", "pwdLastSuccess", "authTimestamp"],
    // The last is text in 389 Directory Server, which takes it in any case.
    boolean: ["hasSubordinates", "pwdReset", "pwdMustChange", "nsAccountLock"],
    integer: ["entryusn"],
    dn: ["entryDN", "creatorsName", "modifiersName"],
    reference: ["member", "uniqueMember", "memberOf", "manager", "secretary", "owner", "seeAlso", "roleOccupant"],
    uuid: ["entryUUID"],
    binary: ["jpegPhoto", "photo", "audio", "userCertificate", "userCertificate;binary", "cACertificate"],
  },
  key: "entryUUID",
  isKey: (text, attr) => (attr === "entryUUID" ? isUuid(text) : text !== "" && text.length <= MAX_KEY),
  dnAttribute: "entryDN",
  ranges: false,
  searchControls: () => [],
  supports: standardSupport,
  virtual: new Map(),
  refusal: () => undefined,
};

/** Attributes of the usual schemas by which entries are marked, and that hold one value: a mark takes the place of what is there. */
export const isSingle = (attr: string): boolean =>
  ["pwdaccountlockedtime", "nsaccountlock"].includes(attr.toLowerCase());
