import { type Page, type Place, START } from "./lists.ts";

/** The total for an API that does not report one, counted up to a limit, beyond which it is one more than was seen. */
export async function counted(
  countTo: number,
  last: Page | undefined,
  walk: (place: Place) => AsyncGenerator<Page>,
): Promise<number> {
  if (!last) return 0;
  let end = last.place.offset + last.items.length;
  // Beyond the end nothing tells where the end was.
  const isBeyond = last.items.length === 0 && end > 0;
  if (!last.next && !isBeyond) return end;
  // The end is before the requested place, however far.
  const upTo = isBeyond ? end : countTo;
  if (isBeyond || end < upTo) {
    const from = isBeyond ? START : last.next!;
    for await (const { place, items, next } of walk(from)) {
      end = place.offset + items.length;
      if (!next) return end;
      if (end >= upTo) break;
    }
  }
  return isBeyond ? Math.min(end, upTo) : end + 1;
}

/** An integer from an API, given as a number or digits. */
export const numberIn = (given: unknown): number | undefined => {
  const number = typeof given === "string" ? Number(given) : given;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : undefined;
};
