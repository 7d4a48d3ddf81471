import { type Page, type Place, START } from "./lists.ts";

/** How many there are, of an API that does not say: up to a bound, beyond which there is one more than was seen. */
export async function counted(
  countTo: number,
  last: Page | undefined,
  walk: (place: Place) => AsyncGenerator<Page>,
): Promise<number> {
  if (!last) return 0;
  let end = last.place.offset + last.items.length;
  // Beyond the end nothing says where it was.
  const isBeyond = last.items.length === 0 && end > 0;
  if (!last.next && !isBeyond) return end;
  // It is before the place that was asked for, however far that is.
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

/** A whole number that an API gave, as a number or as its digits. */
export const numberIn = (given: unknown): number | undefined => {
  const number = typeof given === "string" ? Number(given) : given;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : undefined;
};
