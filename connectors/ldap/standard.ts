import type { Dialect } from "./dialect.ts";
import { isUuid, standardSupport } from "./filter.ts";

/** Maximum length of a key. */
const MAX_KEY = 256;

/** OpenLDAP and other servers that follow the RFCs, with entryUUID (RFC 4530) and entryDN (RFC 5020). */
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
      // A time, except for an administrator's lock.
      "pwdAccountLockedTime",
    ],
    telephone: ["telephoneNumber", "mobile", "homePhone", "pager"],
    time: ["createTimestamp", "modifyTimestamp", "pwdChangedTime", "pwdLastSuccess", "authTimestamp"],
    // 389 Directory Server stores the last one as text and accepts any case.
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

/** Single-valued attributes of common schemas that mark entries: a new mark replaces the present value. */
export const isSingle = (attr: string): boolean =>
  ["pwdaccountlockedtime", "nsaccountlock"].includes(attr.toLowerCase());
