import { randomInt } from "node:crypto";
import { type Entry, valuesOf } from "../../src/connector/connector.ts";

/** Bits of userAccountControl (MS-ADTS §2.2.16). */
export const ACCOUNT_DISABLE = 0x2;
const NORMAL_ACCOUNT = 0x200;
/** The type of account: normal, domain trust, workstation or server. */
const ACCOUNT_TYPES = 0x200 | 0x800 | 0x1000 | 0x2000;

/** Reports whether a new entry can log on, and so has a password and can be disabled. */
export const isAccount = (entry: Entry): boolean =>
  valuesOf(entry, "objectClass").some((name) => ["user", "inetorgperson"].includes(String(name).toLowerCase()));

/** The flags of a new account: a normal one, unless the mapping sets others. */
export function accountControl(entry: Entry): number {
  const asked = Number(entry.userAccountControl ?? 0);
  return (asked & ACCOUNT_TYPES) === 0 ? asked | NORMAL_ACCOUNT : asked;
}

const LENGTH = 64;
const classes = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!#$%&()*+,-./:;<=>?@[]^_{|}~"];

/** A random password that satisfies any policy: 64 characters of all four classes. */
export function generatePassword(): string {
  const all = classes.join("");
  const draw = (from: string) => from[randomInt(from.length)]!;
  const characters = [...classes.map(draw), ...Array.from({ length: LENGTH - classes.length }, () => draw(all))];
  for (let index = characters.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [characters[index], characters[other]] = [characters[other]!, characters[index]!];
  }
  return characters.join("");
}
