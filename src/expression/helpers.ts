import { randomBytes } from "node:crypto";
import { escapeDnValue } from "../connector/kit/text.ts";
import { withoutAccents } from "./letters.ts";
import { passwordHelpers } from "./passwords.ts";
import { peopleHelpers } from "./people.ts";

/** Functions that expressions may call beside JSONata's own. Each takes what JSONata gives it: nothing, in place of no value. */
export const helpers: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  ascii,
  accountName,
  shorten,
  rdn,
  regexQuote,
  secret,
  pad,
  ...peopleHelpers,
  ...passwordHelpers,
};

/** `$ascii(text)`: letters without their accents; what has no such letter is left out. */
function ascii(text: unknown): string | undefined {
  if (text === undefined || text === null) return undefined;
  return withoutAccents(String(text)).replace(/[^\x20-\x7e]/g, "");
}

/** The most characters of a user's sAMAccountName. */
const MAX_ACCOUNT_NAME = 20;

/**
 * `$accountName(text, suffix?)`: a text made fit for Active Directory's sAMAccountName (MS-SAMR §3.1.1.6): without accents,
 * without the characters that it may not have, `@` and blanks, 20 characters at the most, among them the suffix. Letters that have no
 * other form stay as they are: a name without them would be somebody else's, or nobody's. Nothing where no letter is left.
 */
function accountName(text: unknown, suffix?: unknown): string | undefined {
  const legal = (each: unknown) =>
    each === undefined || each === null
      ? ""
      : withoutAccents(String(each))
          .normalize("NFC")
          .replace(/["/\\[\]:;|=,+*?<>@\s\x00-\x1f\x7f-\x9f]/g, "");
  const name = legal(text).replace(/^\.+|\.+$/g, "");
  if (name === "") return undefined;
  const end = legal(suffix);
  return (shorten(name, MAX_ACCOUNT_NAME - end.length) + end).replace(/\.+$/, "");
}

/** `$shorten(text, length)`: a text of so many characters at the most as directories count them, UTF-16; none is cut in two. */
function shorten(text: unknown, length: unknown): string {
  const most = Number(length);
  let result = "";
  for (const character of String(text ?? "")) {
    if (result.length + character.length > most) break;
    result += character;
  }
  return result;
}

/** `$rdn(type, value)`: `OU=Research \2b Development`, a part of a DN whose value can be nothing more than that. */
function rdn(type: unknown, value: unknown): string | undefined {
  if (type === undefined || value === undefined || value === null || value === "") return undefined;
  return `${type}=${escapeDnValue(String(value))}`;
}

/** `$regexQuote(text)`: a text as a regular expression that matches just it, for APIs that search by one. */
function regexQuote(text: unknown): string | undefined {
  return text === undefined || text === null ? undefined : String(text).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** The widest that a text is padded to: the width may come from a client. */
const MAX_WIDTH = 10_000;

/** `$pad(text, width, characters?)`, JSONata's own, with a bound on the width. */
function pad(text: unknown, width: unknown, characters: unknown = " "): string | undefined {
  if (text === undefined || text === null) return undefined;
  const count = Math.min(Math.abs(Number(width)), MAX_WIDTH);
  const filler = String(characters || " ");
  return Number(width) < 0 ? String(text).padStart(count, filler) : String(text).padEnd(count, filler);
}

/** `$secret()`: 32 letters and digits of chance, for an account that must have a password and that nobody signs in to with it. */
function secret(): string {
  return randomBytes(24).toString("base64url");
}
