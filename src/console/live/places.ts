import { Refusal } from "../refusal.ts";

/** How many browsers are told of new entries. */
const MAX_STREAMS = 100;
/** How many of them one session may have. */
const MAX_OF_ONE = 8;

/** The places of streams. */
export interface Places {
  /** Takes a place for a session, and returns what gives it back. Throws a `Refusal` that says why there is none. */
  readonly take: (session: string) => () => void;
}

/** Makes places for as many streams as one gateway serves. Those that have one are not disturbed by others who come. */
export function createPlaces(): Places {
  const taken = new Map<object, string>();
  return {
    take: (session) => {
      const own = [...taken.values()].filter((each) => each === session).length;
      if (own >= MAX_OF_ONE)
        throw new Refusal(
          "busy",
          `${MAX_OF_ONE} pages of this session follow requests already. Close or hide one of them, and this one follows by itself.`,
        );
      if (taken.size >= MAX_STREAMS)
        throw new Refusal(
          "busy",
          `${MAX_STREAMS} pages follow this gateway's requests already, and it serves no more. This one tries again by itself.`,
        );
      const place = {};
      taken.set(place, session);
      return () => void taken.delete(place);
    },
  };
}
