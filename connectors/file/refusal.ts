/** A file that is refused as a whole. The message names the place and the remedy, but no cell values. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** A row of a file, as text. */
export interface RawRow {
  /** Its line; in a workbook, its row. */
  readonly line: number;
  /** One text per column, trimmed; empty if absent. */
  readonly cells: readonly string[];
  /** Problems of cells, by column index, in addition to their text. */
  readonly wrong?: ReadonlyMap<number, string>;
}

/** An open file: its header, and its rows on demand. */
export interface RawTable {
  readonly names: readonly string[];
  /** The line of the header; 0 if the settings name the columns. */
  readonly headerLine: number;
  readonly rows: AsyncIterable<RawRow>;
  /** Whether each row must have as many cells as the header. Otherwise trailing cells may be missing. */
  readonly isStrict: boolean;
  /** Joins cells to a line, for the trailer. */
  readonly separator: string;
  /** Guesses and remarks, available once all rows are read. */
  readonly notes: () => readonly string[];
}

/** Size limits of a file and its parts. */
export interface Bounds {
  readonly bytes: number;
  readonly rows: number;
  readonly columns: number;
  readonly cell: number;
}

/** A header's name without line breaks, surrounding blanks and non-breaking spaces. */
export const headerName = (text: string): string => text.replace(/[\s\u00a0]+/g, " ").trim();
