/** Stopped changes of one type that one client sent in one go. */
export interface StoppedBatch {
  readonly type: string;
  readonly danger: string;
  readonly caller: string;
  readonly count: number;
  /** When the first and the last of them was stopped for the first time, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** Collects stopped changes in batches, in memory that doesn't grow with their number. */
export interface Batches {
  readonly add: (change: Pick<StoppedBatch, "type" | "danger" | "caller"> & { readonly since: number }) => void;
  /** The batches, in the order of their beginnings. */
  readonly all: () => StoppedBatch[];
}

/** Changes of the same such stretch are counted together, in milliseconds. */
const STRETCH_MS = 10 * 60_000;
/** A pause of this length parts batches, in milliseconds: Entra's cycles are 40 minutes apart. */
const PAUSE_MS = 30 * 60_000;
/** Maximum number of batches. If there are more, longer pauses part them. */
const MAX_BATCHES = 20;
/** Maximum number of stretches that are told apart. Further changes are counted with the last one. */
const MAX_STRETCHES = 10_000;

/** Begins with none. */
export function createBatches(): Batches {
  const stretches = new Map<string, StoppedBatch>();
  let lastName = "";
  return {
    add: ({ type, danger, caller, since }) => {
      const name = JSON.stringify([type, danger, caller, Math.floor(since / STRETCH_MS)]);
      if (stretches.has(name) || stretches.size < MAX_STRETCHES) lastName = name;
      const one = { type, danger, caller, count: 1, first: since, last: since };
      const known = stretches.get(lastName);
      stretches.set(lastName, known ? joined(known, one) : one);
    },
    all: () => {
      const sorted = [...stretches.values()].sort((one, other) => one.first - other.first);
      const kinds = [
        ...Map.groupBy(sorted, ({ type, danger, caller }) => JSON.stringify([type, danger, caller])).values(),
      ];
      const partedBy = (pause: number) => kinds.flatMap((same) => parted(same, pause));
      let [pause, batches] = [PAUSE_MS, partedBy(PAUSE_MS)];
      while (batches.length > Math.max(MAX_BATCHES, kinds.length)) {
        pause *= 2;
        batches = partedBy(pause);
      }
      return batches.sort((one, other) => one.first - other.first);
    },
  };
}

const joined = (one: StoppedBatch, other: StoppedBatch): StoppedBatch => ({
  ...one,
  count: one.count + other.count,
  first: Math.min(one.first, other.first),
  last: Math.max(one.last, other.last),
});

/** Stretches of the same kind, in the order of time, as batches with pauses between them. */
function parted(stretches: readonly StoppedBatch[], pause: number): StoppedBatch[] {
  const batches: StoppedBatch[] = [];
  for (const each of stretches) {
    const before = batches.at(-1);
    if (before && each.first - before.last < pause) batches[batches.length - 1] = joined(before, each);
    else batches.push(each);
  }
  return batches;
}
