import { randomBytes } from "node:crypto";
import { escapeDnValue } from "../connector/kit/text.ts";
import { withoutAccents } from "./letters.ts";
import { passwordHelpers } from "./passwords.ts";
import { peopleHelpers } from "./people.ts";

/** Functions for expressions in addition to JSONata's own. JSONata passes undefined for missing values. */
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

/** `$ascii(text)`: letters without their accents; others are dropped. */
function ascii(text: unknown): string | undefined {
  if (text === undefined || text === null) return undefined;
  return withoutAccents(String(text)).replace(/[^\x20-\x7e]/g, "");
}

/** Maximum length of a user's sAMAccountName. */
const MAX_ACCOUNT_NAME = 20;

/**
 * `$accountName(text, suffix?)`: a text valid for Active Directory's sAMAccountName (MS-SAMR §3.1.1.6): without accents, forbidden
 * characters, `@` and blanks, and at most 20 characters including the suffix. Letters without a plain form are kept: without them, the name
 * could be somebody else's or empty. Nothing if no letter is left.
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

/** `$shorten(text, length)`: at most so many characters as directories count them, in UTF-16, without splitting one. */
function shorten(text: unknown, length: unknown): string {
  const most = Number(length);
  let result = "";
  for (const character of String(text ?? "")) {
    if (result.length + character.length > most) break;
    result += character;
  }
  return result;
}

/** `$rdn(type, value)`: `OU=Research \2b Development`, part of a DN with an escaped value. */
function rdn(type: unknown, value: unknown): string | undefined {
  if (type === undefined || value === undefined || value === null || value === "") return undefined;
  return `${type}=${escapeDnValue(String(value))}`;
}

/** `$regexQuote(text)`: a regular expression that matches exactly the text, for APIs that search by one. */
function regexQuote(text: unknown): string | undefined {
  return text === undefined || text === null ? undefined : String(text).replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Maximum padding width: the width may come from a client. */
const MAX_WIDTH = 10_000;

/** `$pad(text, width, characters?)`: JSONata's own, with a limit on the width. */
function pad(text: unknown, width: unknown, characters: unknown = " "): string | undefined {
  if (text === undefined || text === null) return undefined;
  const count = Math.min(Math.abs(Number(width)), MAX_WIDTH);
  const filler = String(characters || " ");
  return Number(width) < 0 ? String(text).padStart(count, filler) : String(text).padEnd(count, filler);
}

/** `$secret()`: 32 random letters and digits, for an account that needs a password nobody uses. */
function secret(): string {
  return randomBytes(24).toString("base64url");
}
