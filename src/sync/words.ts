/** A number with its noun: `1 record`, `2 records`. The plural has an s unless given. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;

/** A number of people: `1 person`, `2 people`. */
export const people = (count: number): string => counted(count, "person", "people");

/** The verb for a number: `is` or `are`. */
export const isOrAre = (count: number): string => (count === 1 ? "is" : "are");
