import type { JournalEntry } from "./entry.ts";
import { membersOf, namedBy, sentenceOf } from "./members.ts";
import type { JournalStore } from "./store.ts";

/** A resource of a route. An empty type is any. */
export interface Place {
  readonly route: string;
  readonly type: string;
  readonly id: string;
}

/** A place as one text. */
export const placeOf = ({ route, type, id }: Place): string => `${route}\0${type}\0${id}`;

/** The resources whose names an entry lacks: its own, and the members that its sentence names. */
export function namelessIn({ route, type, resource, display, members }: JournalEntry): Place[] {
  const own = display === "" && resource !== "" ? [{ route, type, id: resource }] : [];
  const others = members ? membersOf(members, true) : [];
  return [...own, ...others.map((member) => ({ route, type: member.type, id: member.id }))];
}

/** What the journal knows resources by, by `placeOf`. What it can't tell now is left out. */
export async function displaysOf(
  store: Pick<JournalStore, "displays">,
  places: readonly Place[],
): Promise<Map<string, string>> {
  const displays = new Map<string, string>();
  for (const some of Map.groupBy(places, ({ route, type }) => placeOf({ route, type, id: "" })).values()) {
    const { route, type } = some[0]!;
    const ids = [...new Set(some.map(({ id }) => id))];
    const known = await store.displays(route, type, ids).catch(() => new Map<string, string>());
    for (const [id, display] of known) displays.set(placeOf({ route, type, id }), display);
  }
  return displays;
}

/** An entry with what its resource and the members are known by, in its sentence too. */
export function called(entry: JournalEntry, displays: ReadonlyMap<string, string>): JournalEntry {
  const { route, type, resource, members } = entry;
  const nameOf = (of: string, id: string) => displays.get(placeOf({ route, type: of, id })) ?? "";
  const display = entry.display || (resource === "" ? "" : nameOf(type, resource));
  // A function, because a name may hold what a replacement text means something by, such as $&.
  const said =
    display === "" || resource === ""
      ? entry.sentence
      : entry.sentence.replace(`${type} ${resource}`, () => `${type} ${display}`);
  if (!members)
    return said === entry.sentence && display === entry.display ? entry : { ...entry, display, sentence: said };
  const named = namedBy(members, ({ id, type: of, name }) => name || nameOf(of, id));
  return { ...entry, display, members: named, sentence: `${said} ${sentenceOf(named)}` };
}
