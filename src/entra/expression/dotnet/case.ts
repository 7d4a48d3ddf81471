/** Letters whose title case differs from their upper case. */
const TITLES: Readonly<Record<string, string>> = { ǆ: "ǅ", Ǆ: "ǅ", ǉ: "ǈ", Ǉ: "ǈ", ǌ: "ǋ", Ǌ: "ǋ", ǳ: "ǲ", Ǳ: "ǲ" };

/**
 * Converts case like .NET: letter by letter, so that the length stays and ß has no upper case. `culture` is a language tag such as `tr-TR`.
 * Default: the invariant culture. Throws a RangeError for a malformed tag.
 */
export function inCase(which: "lower" | "upper", text: string, culture?: string): string {
  const locale = culture === undefined || culture === "" ? INVARIANT : localeOf(culture);
  if (locale === INVARIANT && ASCII.test(text)) return which === "lower" ? text.toLowerCase() : text.toUpperCase();
  return [...text].map((letter) => changed(which, letter, locale)).join("");
}

const ASCII = /^[\x00-\x7f]*$/;
/** English has no special rules and stands for the invariant culture. */
const INVARIANT = "en";

function changed(which: "lower" | "upper", letter: string, locale: string): string {
  const other = which === "lower" ? letter.toLocaleLowerCase(locale) : letter.toLocaleUpperCase(locale);
  return other.length === letter.length ? other : letter;
}

function localeOf(culture: string): string {
  try {
    return new Intl.Locale(culture).toString();
  } catch {
    throw new RangeError(`"${culture.slice(0, 40)}" isn't a culture such as tr-TR`);
  }
}

const LETTER = /^[\p{L}]$/u;
const SEPARATOR = /^[\p{Z}\p{Cc}\p{Cf}\p{P}\p{S}]$/u;

/**
 * Capitalises the first letter of each word and lower-cases the rest. Without separators, words are those of .NET's TextInfo.ToTitleCase:
 * apostrophes and digits within a word don't end it. With separators, only their characters end a word.
 */
export function inTitleCase(text: string, separators?: string): string {
  const lower = inCase("lower", text);
  const letters = [...lower];
  const isSeparator = (letter: string): boolean =>
    separators === undefined ? letter !== "'" && SEPARATOR.test(letter) : separators.includes(letter);
  let isInWord = false;
  const titled = letters.map((letter) => {
    if (isInWord) {
      isInWord = !isSeparator(letter);
      return letter;
    }
    isInWord = separators === undefined ? LETTER.test(letter) : !isSeparator(letter);
    return isInWord ? (TITLES[letter] ?? inCase("upper", letter)) : letter;
  });
  return titled.join("");
}
