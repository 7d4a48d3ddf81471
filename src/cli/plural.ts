/** A number of things, in words: `1 person is`, `2 people are`. */
export const people = (count: number): string => (count === 1 ? "1 person is" : `${count} people are`);

/** A number with its noun, whose plural has an s unless it is given: `1 record`, `2 records`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;
