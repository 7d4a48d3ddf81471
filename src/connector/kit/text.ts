/** `, did you mean "x"?` for the name that was probably meant; else the names that there are; for error messages. */
export function nearest(name: string, known: readonly string[]): string {
  const best = nearestOf(name, known);
  if (best !== undefined) return `, did you mean "${best}"?`;
  return known.length > 0 && known.length <= 20 ? `: there are ${known.join(", ")}` : "";
}

/** The name that was probably meant; undefined where none is near. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const best = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (best && best.distance <= Math.max(1, Math.floor(name.length / 3))) return best.candidate;
  return name.length < MIN_SHUFFLED ? undefined : known.find((each) => lettersOf(each) === lettersOf(name));
}

/** A name of so many letters is meant by the same letters in another order. */
const MIN_SHUFFLED = 4;

const lettersOf = (name: string): string => [...name.toLowerCase()].sort().join("");

/** The number of single edits between two words: letters left out, added, changed, or two swapped (optimal string alignment). */
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

/** A value as it is written in a DN, RFC 4514 §2.4; everything that could mean something else is written in hex. */
export function escapeDnValue(value: string): string {
  return value.replace(/[\x00-\x1f"+,;<=>\\#]|^ | $/g, (character) => `\\${Buffer.from(character).toString("hex")}`);
}

/** An address without what may be secret in it: credentials, and the query. */
export function bareUrl(text: string): string {
  if (!URL.canParse(text)) return "";
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}
