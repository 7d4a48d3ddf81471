import type { Position } from "./connector.ts";
import { ConnectorError } from "./error.ts";

/** How many places are remembered. */
const MAX_PLACES = 2000;
/** A position that is not remembered is looked for among so many entries. */
const MAX_WALK = 10_000;

/** Some entries of a list in a row, and how many there are before them. */
export interface Stretch {
  readonly offset: number;
  readonly keys: readonly string[];
}

/** Puts a value last into a map that holds so many at most: the one that was put first makes room. */
export function putLast<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > MAX_PLACES) map.delete(map.keys().next().value!);
}

/** Remembers behind which entry of a list how many there were, for backends that count places but know no positions. */
export function rememberPositions() {
  const known = new Map<string, number>();
  return {
    note: (listing: string, offset: number, keys: readonly string[]) => {
      for (const [index, key] of keys.entries()) putLast(known, `${listing} ${key}`, offset + index + 1);
    },
    /** How many entries there are up to the one at a position, and it: remembered, or looked for from the beginning. */
    behind: async (listing: string, { key }: Position, walk: AsyncIterable<Stretch>): Promise<number> => {
      const remembered = known.get(`${listing} ${key}`);
      if (remembered !== undefined) return remembered;
      for await (const { offset, keys } of walk) {
        const index = keys.indexOf(key);
        if (index >= 0) return offset + index + 1;
        if (offset > MAX_WALK) break;
      }
      throw new ConnectorError(
        "invalid",
        "The entry that the list was to go on behind is no longer found: begin the list anew.",
      );
    },
  };
}
