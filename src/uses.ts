/** Counts who uses what, so that nothing is closed under somebody who still works with it. */
export interface Uses {
  /** Notes that some things are in use, until the function that it gives is called. */
  readonly begin: (things: Iterable<object>) => () => void;
  /** Resolves when nobody uses a thing any more; at once where nobody does. */
  readonly ended: (thing: object) => Promise<void>;
}

/** Begins to count, with nothing in use. */
export function createUses(): Uses {
  const used = new Map<object, { count: number; readonly waiting: (() => void)[] }>();
  const end = (thing: object) => {
    const use = used.get(thing)!;
    if (--use.count > 0) return;
    used.delete(thing);
    for (const tell of use.waiting) tell();
  };
  return {
    begin: (things) => {
      const all = new Set(things);
      for (const thing of all) {
        const use = used.get(thing) ?? { count: 0, waiting: [] };
        use.count++;
        used.set(thing, use);
      }
      return () => {
        for (const thing of all) end(thing);
        all.clear();
      };
    },
    ended: (thing) =>
      new Promise((resolve) => {
        const use = used.get(thing);
        if (use) use.waiting.push(resolve);
        else resolve();
      }),
  };
}
