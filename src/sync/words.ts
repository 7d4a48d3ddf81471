/** A number with its noun, whose plural has an s unless it is given: `1 record`, `2 records`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;

/** A number of people: `1 person`, `2 people`. */
export const people = (count: number): string => counted(count, "person", "people");

/** The verb for a number: `is` of one, `are` of others. */
export const isOrAre = (count: number): string => (count === 1 ? "is" : "are");
