/** Letters that are more than a base letter with marks. */
const LETTERS: Readonly<Record<string, string>> = {
  æ: "ae",
  Æ: "AE",
  ø: "o",
  Ø: "O",
  å: "a",
  Å: "A",
  ß: "ss",
  œ: "oe",
  Œ: "OE",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  þ: "th",
  Þ: "Th",
  ł: "l",
  Ł: "L",
  ı: "i",
};

/** The styles of `$normalize`: what each spells differently from a letter without its marks. */
const STYLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  entra: { ø: "oe", Ø: "OE" },
  german: { ä: "ae", ö: "oe", ü: "ue", Ä: "Ae", Ö: "Oe", Ü: "Ue", ẞ: "SS" },
};

/** Letters in plain form without accents; `own` has the letters that are spelled differently. */
export const withoutAccents = (text: string, own: Readonly<Record<string, string>> = {}): string =>
  text
    .replace(/[^\x00-\x7f]/g, (letter) => own[letter] ?? LETTERS[letter] ?? letter)
    .normalize("NFKD")
    .replace(/\p{Script=Latin}\p{M}+/gu, (letter) => letter.replace(/\p{M}/gu, ""));

/**
 * `$normalize(text, style)`: Latin letters without accents. `"entra"` spells them like Entra ID's NormalizeDiacritics, ä as a and ø as oe;
 * `"german"` like German passports, ä as ae. Other scripts are unchanged.
 */
export function normalize(text: unknown, style: unknown = "entra"): string | undefined {
  if (text === undefined || text === null) return undefined;
  const own = Object.hasOwn(STYLES, String(style)) ? STYLES[String(style)] : undefined;
  if (!own) throw new RangeError(`the style of $normalize must be one of ${Object.keys(STYLES).join(", ")}`);
  // Among capitals, a letter that becomes two stays in capitals: MÜLLER is MUELLER.
  const composed = String(text).normalize("NFC");
  const isCapitals = composed === composed.toUpperCase() && composed !== composed.toLowerCase();
  const plain = withoutAccents(composed, own);
  return isCapitals ? plain.toUpperCase() : plain;
}
