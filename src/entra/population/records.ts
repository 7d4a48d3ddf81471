import { basename } from "node:path";

/** Something in a file that cannot be read: names the file, the place and what to do. */
export class PopulationFileError extends Error {
  override name = "PopulationFileError";
}

/** One row of a file, or one object: what stands under each name, and where that is. */
export interface Row {
  readonly values: readonly (readonly [name: string, value: unknown])[];
  /** The place of a value, or of the whole row: `people.csv:12:3`, `people.json: item 12`. */
  readonly placeOf: (name?: string) => string;
}

/** What is read, and who is told of what is worth a remark. */
export interface Source {
  readonly path: string;
  readonly note: (sentence: string) => void;
}

/** A file as it is called in messages. */
export const nameOf = ({ path }: Source): string => basename(path);
