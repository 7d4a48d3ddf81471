/** A suggestion for error messages: `, did you mean "x"?`, or else the list of known names. */
export function nearest(name: string, known: readonly string[]): string {
  const best = nearestOf(name, known);
  if (best !== undefined) return `, did you mean "${best}"?`;
  return known.length > 0 && known.length <= 20 ? `: use one of ${known.join(", ")}` : "";
}

/** The name that was probably meant; undefined if none is close. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const best = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (best && best.distance <= Math.max(1, Math.floor(name.length / 3))) return best.candidate;
  return name.length < MIN_SHUFFLED ? undefined : known.find((each) => lettersOf(each) === lettersOf(name));
}

/** From this length on, the same letters in another order count as close. */
const MIN_SHUFFLED = 4;

const lettersOf = (name: string): string => [...name.toLowerCase()].sort().join("");

/** Edit distance between two words: insertions, deletions, substitutions and transpositions (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(
        Math.min(
          row[j]! + 1,
          next[j - 1]! + 1,
          row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
          isSwapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** Escapes a value for a DN, RFC 4514 §2.4, with special characters in hex. */
export function escapeDnValue(value: string): string {
  return value.replace(/[\x00-\x1f"+,;<=>\\#]|^ | $/g, (character) => `\\${Buffer.from(character).toString("hex")}`);
}

/** An address without what may be secret in it: credentials, and the query. */
export function bareUrl(text: string): string {
  if (!URL.canParse(text)) return "";
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}

/** A text on one line, as in a comment of a file that is drafted: names of a backend may contain line breaks. */
export const onOneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
