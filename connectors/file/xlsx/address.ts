/** The index of a cell's column: A is 0. */
export function columnIndex(reference: string): number {
  let index = 0;
  for (const character of reference) {
    const letter = character.charCodeAt(0) - 64;
    if (letter < 1 || letter > 26) break;
    index = index * 26 + letter;
  }
  return index - 1;
}

/** The letters of a column. */
export function columnLetters(index: number): string {
  let letters = "";
  for (let left = index + 1; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  return letters;
}

/** A range of cells, with rows counted from 1 and columns from 0. */
export interface Range {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Parses a range, such as `A2:B4`. */
export function rangeOf(reference: string): Range {
  const [from = "", to = from] = reference.split(":");
  const row = (cell: string) => Number(/\d+/.exec(cell)?.[0]);
  return { top: row(from), bottom: row(to), left: columnIndex(from), right: columnIndex(to) };
}
