/** Letters whose titlecase is not their upper case. */
const TITLES: Readonly<Record<string, string>> = { ǆ: "ǅ", Ǆ: "ǅ", ǉ: "ǈ", Ǉ: "ǈ", ǌ: "ǋ", Ǌ: "ǋ", ǳ: "ǲ", Ǳ: "ǲ" };

/**
 * A text in lower or in upper case as .NET has it: letter by letter, so that the number of letters stays and ß has no upper case. `culture` is a
 * language tag such as `tr-TR`, for its i without a dot; the invariant culture without one. Throws a RangeError for what is no tag.
 */
export function inCase(which: "lower" | "upper", text: string, culture?: string): string {
  const locale = culture === undefined || culture === "" ? INVARIANT : localeOf(culture);
  if (locale === INVARIANT && ASCII.test(text)) return which === "lower" ? text.toLowerCase() : text.toUpperCase();
  return [...text].map((letter) => changed(which, letter, locale)).join("");
}

const ASCII = /^[\x00-\x7f]*$/;
/** English stands for the invariant culture: both have no rules of their own. */
const INVARIANT = "en";

function changed(which: "lower" | "upper", letter: string, locale: string): string {
  const other = which === "lower" ? letter.toLocaleLowerCase(locale) : letter.toLocaleUpperCase(locale);
  return other.length === letter.length ? other : letter;
}

function localeOf(culture: string): string {
  try {
    return new Intl.Locale(culture).toString();
  } catch {
    throw new RangeError(`"${culture.slice(0, 40)}" is no culture, such as tr-TR`);
  }
}

const LETTER = /^[\p{L}]$/u;
const SEPARATOR = /^[\p{Z}\p{Cc}\p{Cf}\p{P}\p{S}]$/u;

/**
 * A text with each word's first letter in upper case and the others in lower case. Without separators words are those of .NET's TextInfo.ToTitleCase: an
 * apostrophe within a word and a digit within it belong to it. With separators, their characters alone end a word.
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
