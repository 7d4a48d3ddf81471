/**
 * Characters that nobody sees, or that change the order of those around them: `ann` could be read as somebody else. Joiners and variation
 * selectors are left, because scripts and emoji need them, and what `isolated` makes.
 */
const HIDDEN =
  /(?!\u200c|\u200d|[\n\r\t\u2068\u2069\p{Variation_Selector}])[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/gu;
const WITHIN = /[\n\r\t\u2068\u2069]/g;
/** The blocks that Unicode has for scripts from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const named = (character: string): string =>
  `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** A text with what it hides written out, such as `⟨U+202E⟩`. */
export const visible = (text: string): string => text.replace(HIDDEN, named);

/**
 * A value within a sentence: whatever it is, the sentence around it reads as it was written. Only what goes from right to left needs marks
 * for that; other values can be copied and searched as they are.
 */
export function isolated(value: string): string {
  const shown = visible(value).replace(WITHIN, named);
  return RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown;
}
