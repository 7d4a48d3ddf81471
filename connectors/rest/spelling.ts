/** How many keys of a connector are remembered. */
const MAX_KEYS = 10_000;

/** Whether a key has one spelling alone that APIs take for it: a whole number as it is usually written, or a UUID in lower case. */
const isPlain = (key: string): boolean =>
  /^(0|[1-9]\d{0,17})$/.test(key) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);

/**
 * Which keys are spelled as the API spells them. Many know an entry by others, too (`01` is 1, `ANN` is ann): a write to one of those
 * would be one to somebody whom the client did not name, so that the entry has to be looked at first.
 */
export function createSpellings() {
  const given = new Set<string>();
  const named = (kind: string, key: string) => `${kind}\0${key}`;
  return {
    /** Notes a key that the API gave. */
    note: (kind: string, key: string): void => {
      if (isPlain(key)) return;
      given.delete(named(kind, key));
      given.add(named(kind, key));
      if (given.size > MAX_KEYS) given.delete(given.keys().next().value!);
    },
    isKnown: (kind: string, key: string): boolean => isPlain(key) || given.has(named(kind, key)),
  };
}
