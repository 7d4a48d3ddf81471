/** A file that is refused as a whole: the sentence names the place in it, and what to do. It holds no values of cells. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** A row of a file, as text. */
export interface RawRow {
  /** Its line; of a workbook its row in the sheet. */
  readonly line: number;
  /** One text a column, trimmed; empty for none. */
  readonly cells: readonly string[];
  /** What is wrong with cells, by the index of their column, beside what their text says. */
  readonly wrong?: ReadonlyMap<number, string>;
}

/** A file that has been opened: its header, and its rows as they come. */
export interface RawTable {
  readonly names: readonly string[];
  /** The line of the header; 0 where the settings name the columns. */
  readonly headerLine: number;
  readonly rows: AsyncIterable<RawRow>;
  /** Whether each row must have as many cells as the header; else those left out at the end are empty. */
  readonly isStrict: boolean;
  /** What joins cells to a line, for the trailer. */
  readonly separator: string;
  /** What was guessed, or is worth a remark, once all rows are read. */
  readonly notes: () => readonly string[];
}

/** How large a file, and its parts, may be. */
export interface Bounds {
  readonly bytes: number;
  readonly rows: number;
  readonly columns: number;
  readonly cell: number;
}

/** A header's name as it is used: on one line, without blanks around it or non-breaking ones in it. */
export const headerName = (text: string): string => text.replace(/[\s\u00a0]+/g, " ").trim();
