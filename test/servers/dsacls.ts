import type { Samba } from "./samba.ts";

const CLASSES: Readonly<Record<string, string>> = {
  user: "bf967aba-0de6-11d0-a285-00aa003049e2",
  group: "bf967a9c-0de6-11d0-a285-00aa003049e2",
};
const EXTENDED: Readonly<Record<string, string>> = { "Reset Password": "00299570-246d-11d0-a768-00aa006e0529" };

/** `dsacls "OU=..." /I:T /G "account:CCDC;user"`, as `postern check --connect` proposes it. */
const LINE =
  /^dsacls "(?<dn>[^"]+)" \/I:(?<inherit>[TS]) \/G "[^:"]+:(?<rights>[A-Z]+);(?<what>[^;"]*)(?:;(?<type>\w+))?"$/;

/** Carries out lines of Windows' dsacls on Samba, for the account of this DN; throws for those that it does not know. */
export function dsacls(samba: Samba, account: string, lines: string): void {
  const sid = sidOf(samba, account);
  for (const line of lines.trim().split("\n")) {
    const { dn, inherit, rights, what, type } = LINE.exec(line.trim())?.groups ?? {};
    if (!dn || !rights) throw new Error(`no line of dsacls that is known here: ${line}`);
    // Of two names behind the rights the first is a property or an extended right; a single one is the class of what is made.
    const object = type === undefined ? CLASSES[what!] : (EXTENDED[what!] ?? what);
    const inherited = type === undefined ? "" : CLASSES[type];
    if (object === undefined || inherited === undefined) throw new Error(`a name that is not known here: ${line}`);
    const ace = `OA;${inherit === "T" ? "CI" : "CIIO"};${rights === "CA" ? "CR" : rights};${object};${inherited};${sid}`;
    samba.sambaTool("dsacl", "set", `--objectdn=${dn}`, `--sddl=(${ace})`);
  }
}

function sidOf(samba: Samba, account: string): string {
  const found = /objectSid:: (.*)/.exec(samba.ldapsearch(account, "-s", "base", "(objectClass=*)", "objectSid"))![1]!;
  const bytes = Buffer.from(found, "base64");
  const parts = Array.from({ length: bytes[1]! }, (_, index) => bytes.readUInt32LE(8 + 4 * index));
  return `S-1-5-${parts.join("-")}`;
}
