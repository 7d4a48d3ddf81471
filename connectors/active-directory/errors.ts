import { ConnectorError, type ConnectorErrorKind } from "../../src/connector/error.ts";

interface Meaning {
  readonly kind: ConnectorErrorKind;
  readonly detail: string;
  readonly attr?: string;
}

const PASSWORD_POLICY =
  "The domain's password policy refuses this: the password is too short, too simple, was used before or contains the user's name; or an account without a password would be enabled";

/** Win32 codes at the start of an error message and their meaning. MS-ERREF §2.2 has the full table. */
const byCode = new Map<number, Meaning>([
  [0x5, { kind: "denied", detail: "The service account lacks permission: delegate the right to it" }],
  [
    0x1f,
    {
      kind: "invalid",
      detail: "The domain controller accepts passwords only over encrypted connections: use ldaps:// or startTls",
      attr: "unicodePwd",
    },
  ],
  [0x56, { kind: "invalid", detail: "The old password is wrong", attr: "unicodePwd" }],
  [0x524, { kind: "conflict", detail: "Another account has this sAMAccountName", attr: "sAMAccountName" }],
  [0x525, { kind: "invalid", detail: "A referenced entry does not exist" }],
  [0x526, { kind: "conflict", detail: "Another group has this sAMAccountName", attr: "sAMAccountName" }],
  [0x52d, { kind: "invalid", detail: PASSWORD_POLICY, attr: "unicodePwd" }],
  [0x200a, { kind: "invalid", detail: "The domain's schema lacks an attribute that the mapping writes" }],
  [0x200b, { kind: "invalid", detail: "A value does not match the syntax or length of its attribute" }],
  [0x200e, { kind: "busy", detail: "The domain controller is busy" }],
  [0x200f, { kind: "unavailable", detail: "The domain controller is unavailable" }],
  [0x2014, { kind: "invalid", detail: "The domain's schema refuses the entry" }],
  [0x2015, { kind: "invalid", detail: "The entry has child entries" }],
  [0x2016, { kind: "invalid", detail: "The attribute names the entry: rename it to change the value" }],
  [0x2020, { kind: "unavailable", detail: "The domain controller could not perform the operation" }],
  [
    0x202b,
    {
      kind: "unavailable",
      detail:
        "The domain controller returned a referral, which is not followed: it is read-only, or the base belongs to another domain",
    },
  ],
  [0x2030, { kind: "notFound", detail: "The entry or its container does not exist" }],
  [0x2035, { kind: "invalid", detail: "The domain controller refuses to do this" }],
  [0x2071, { kind: "conflict", detail: "An entry with this name already exists" }],
  [0x2077, { kind: "invalid", detail: "The attribute cannot be changed in this way" }],
  [0x2081, { kind: "invalid", detail: "The attribute can have only one value" }],
  [0x2082, { kind: "invalid", detail: "A value is too long, too short or out of range" }],
  [0x208d, { kind: "notFound", detail: "The entry or its container does not exist" }],
  [
    0x2098,
    {
      kind: "denied",
      detail:
        "The service account lacks permission: delegate the right to it. Entries with adminCount 1 are protected: their permissions are reset every hour",
    },
  ],
  [0x20b5, { kind: "invalid", detail: "A referenced entry does not exist" }],
  [0x20e7, { kind: "invalid", detail: "The target container does not exist, or is in another domain" }],
  [0x21c7, { kind: "conflict", detail: "Another account has this servicePrincipalName", attr: "servicePrincipalName" }],
  [0x21c8, { kind: "conflict", detail: "Another account has this userPrincipalName", attr: "userPrincipalName" }],
]);

/** Why a bind was refused: the `data` of result 49. */
const byBindCode = new Map<number, string>([
  [0x525, "there is no such account"],
  [0x52e, "its password is wrong"],
  [0x530, "it may not log on at this time"],
  [0x531, "it may not log on from this machine"],
  [0x532, "its password has expired"],
  [0x533, "it is disabled"],
  [0x701, "it has expired"],
  [0x773, "it must change its password first"],
  [0x775, "it is locked out"],
]);

/** The meaning of a refusal, by the Win32 code at the start of its message; undefined if that says nothing. */
export function refusal(result: number, words: string, cause: unknown): ConnectorError | undefined {
  const said = (detail: string) => `${detail} (result ${result}: ${words}).`;
  if (result === 49) {
    const code = /\bdata ([0-9a-f]+)\b/i.exec(words)?.[1];
    const reason = byBindCode.get(Number.parseInt(code ?? "", 16)) ?? "its name or its password is wrong";
    return new ConnectorError("denied", said(`The domain controller refuses the service account: ${reason}`), {
      cause,
    });
  }
  if (result === 10) return failure(byCode.get(0x202b)!);
  if (result === 50) return failure(byCode.get(0x2098)!);
  // Samba's message for a unique attribute, for which Windows has a code.
  const taken = /samldb: (\w+) '.*' (?:is )?already in use/i.exec(words)?.[1];
  if (taken) {
    const attr = taken.toLowerCase() === "samaccountname" ? "sAMAccountName" : taken;
    return failure({ kind: "conflict", detail: `Another entry has this ${attr}`, attr });
  }
  const code = /^([0-9a-f]{8}):/i.exec(words)?.[1];
  const meaning = byCode.get(Number.parseInt(code ?? "", 16));
  // 68 without a code is Samba's result for an existing DN.
  return meaning && failure(meaning);

  function failure({ kind, detail, attr }: Meaning): ConnectorError {
    return new ConnectorError(kind, said(detail), { cause, ...(attr !== undefined && { attr }) });
  }
}
