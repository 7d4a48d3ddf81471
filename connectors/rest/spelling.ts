/** How many keys of a connector are remembered. */
const MAX_KEYS = 10_000;

/** Reports whether a key has only one spelling: an integer without extra digits, or a UUID in lower case. */
const isPlain = (key: string): boolean =>
  /^(0|[1-9]\d{0,17})$/.test(key) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);

/**
 * Records how the API spells keys. Many APIs accept other spellings (`01` is 1, `ANN` is ann), so that a write could reach an entry that
 * the client did not name. Unknown spellings are checked by reading the entry first.
 */
export function createSpellings() {
  const given = new Set<string>();
  const named = (kind: string, key: string) => `${kind}\0${key}`;
  return {
    /** Records a key that the API returned. */
    note: (kind: string, key: string): void => {
      if (isPlain(key)) return;
      given.delete(named(kind, key));
      given.add(named(kind, key));
      if (given.size > MAX_KEYS) given.delete(given.keys().next().value!);
    },
    isKnown: (kind: string, key: string): boolean => isPlain(key) || given.has(named(kind, key)),
  };
}
