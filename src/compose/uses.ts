/** Counts users of resources, so that nothing is closed while in use. */
export interface Uses {
  /** Marks resources as in use until the returned function is called. */
  readonly begin: (things: Iterable<object>) => () => void;
  /** Resolves when a resource is no longer in use; at once if it is not. */
  readonly ended: (thing: object) => Promise<void>;
}

/** Creates a counter with nothing in use. */
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
