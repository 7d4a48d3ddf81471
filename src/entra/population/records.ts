import { basename } from "node:path";

/** A file that cannot be read. The message names the file, the place and the remedy. */
export class PopulationFileError extends Error {
  override name = "PopulationFileError";
}

/** A row of a file, or an object: values by name, and their places. */
export interface Row {
  readonly values: readonly (readonly [name: string, value: unknown])[];
  /** The place of a value, or of the whole row: `people.csv:12:3`, `people.json: item 12`. */
  readonly placeOf: (name?: string) => string;
}

/** What to read, and where remarks go. */
export interface Source {
  readonly path: string;
  readonly note: (sentence: string) => void;
}

/** A file's name in messages. */
export const nameOf = ({ path }: Source): string => basename(path);
