import { setImmediate as turn } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Paired } from "../../../sinks/file/pairs.ts";
import type { NamePlace } from "../../state/people-lists.ts";
import { displayOf, resourceOf } from "../../sync/person.ts";
import type { ConsoleSources } from "./sources.ts";

/** How many people a name may stand for: their keys are looked for in each line of the log. */
const MAX_NAMED = 20;
/** How many entries of the journal are looked at for them, a page at a time, and for how long those of a sync, in milliseconds. */
const PAGE = 1000;
const MAX_PAGES = 20;
const SEARCH_MS = 3000;
/** How many names are remembered, and for how long in milliseconds. */
const MAX_NAMES = 5000;
const REMEMBERED_MS = 60_000;

/** Somebody or something, by key and name. */
export interface Named {
  readonly key: string;
  readonly display: string;
}

/** Whom a text means. */
export interface Meant {
  readonly people: readonly Named[];
  /** Whether there are more, or there may be: not everything was looked at. */
  readonly hasMore: boolean;
}

/** No text means nobody. */
export const NOBODY: Meant = { people: [], hasMore: false };

/** The log has keys and no names. The journal and the syncs know both. */
export interface AuditNames {
  /** Whoever is known by a text, up to as many as may be, and whether there may be more; nobody if neither journal nor syncs know. */
  readonly meant: (text: string) => Promise<Meant>;
  /** The names of rows, in their order; empty where nobody knows. */
  readonly namesOf: (rows: readonly Paired[]) => Promise<readonly string[]>;
}

/** Finds names in the journal and in syncs. */
export function auditNames({ shared, syncs }: Pick<ConsoleSources, "shared" | "syncs">): AuditNames {
  const journal = () => shared.services.journal?.store;
  const known = new LRUCache<string, string>({ max: MAX_NAMES, ttl: REMEMBERED_MS });
  const inJournal = async (text: string): Promise<Meant> => {
    const store = journal();
    if (!store) return NOBODY;
    const until = performance.now() + SEARCH_MS;
    const found = new Map<string, Named>();
    let before: string | undefined;
    for (let page = 0; page < MAX_PAGES && found.size <= MAX_NAMED && performance.now() < until; page++) {
      const lines = await store.search({ search: text, limit: PAGE, before });
      // The newest name counts.
      for (const { resource: key, display } of lines)
        if (key !== "" && !found.has(key)) found.set(key, { key, display });
      if (lines.length < PAGE) return meantBy([...found.values()], false);
      before = lines.at(-1)!.id;
    }
    return meantBy([...found.values()], true);
  };
  const inSync = async (name: string, text: string): Promise<Meant> => {
    const { store } = await syncs.looked(name);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const until = performance.now() + SEARCH_MS;
    const found: Named[] = [];
    let at: NamePlace | undefined = ["", ""];
    while (at && found.length <= MAX_NAMED && performance.now() < until) {
      const { people, reached } = await store.searched(words, at, MAX_NAMED + 1);
      for (const { person } of people) {
        const display = displayOf(resourceOf(person));
        found.push(...[person.key, person.target ?? []].flat().map((key) => ({ key, display })));
      }
      at = reached;
      await turn();
    }
    return meantBy(found, at !== undefined);
  };
  const displays = async (route: string, type: string, keys: readonly string[]) =>
    (await journal()?.displays(route, type, keys)) ?? [];
  const inStore = async (sync: string, keys: readonly string[]): Promise<Iterable<readonly [string, string]>> => {
    const { store } = await syncs.looked(sync);
    const people = await Promise.all(keys.map((key) => store.person(key)));
    return people.flatMap((person) => (person ? [[person.key, displayOf(resourceOf(person))] as const] : []));
  };
  return {
    meant: async (text) => {
      // Whoever cannot be asked may know more.
      const unknown = (): Meant => ({ people: [], hasMore: true });
      const inSyncs = syncs.admin.names().map((name) => inSync(name, text).catch(unknown));
      const all = await Promise.all([inJournal(text).catch(unknown), ...inSyncs]);
      return meantBy(
        all.flatMap(({ people }) => people),
        all.some(({ hasMore }) => hasMore),
      );
    },
    namesOf: async (rows) => {
      const wanted = rows.map(({ record }) => placeOf(record));
      const nameOf = (place: Place) => JSON.stringify([place.of, place.type, place.key]);
      const unknown = wanted.flatMap((place) => (place && !known.has(nameOf(place)) ? [place] : []));
      const groups = Map.groupBy(unknown, ({ of, type }) => JSON.stringify([of, type]));
      for (const places of groups.values()) {
        const { of, type } = places[0]!;
        const keys = [...new Set(places.map(({ key }) => key))];
        const names = await (type === undefined ? inStore(of, keys) : displays(of, type, keys)).catch(() => []);
        for (const [key, display] of names) if (display !== "") known.set(nameOf({ of, type, key }), display);
      }
      return wanted.map((place) => (place && known.get(nameOf(place))) ?? "");
    },
  };
}

/** Each once, up to as many as may be. */
function meantBy(found: readonly Named[], hasMore: boolean): Meant {
  const people = [...new Map(found.map((each) => [each.key, each])).values()];
  return { people: people.slice(0, MAX_NAMED), hasMore: hasMore || people.length > MAX_NAMED };
}

/** Whom a record is about: an entry of a type of a route, or a person of a sync. */
interface Place {
  readonly of: string;
  readonly type: string | undefined;
  readonly key: string;
}

function placeOf({ route, sync, type, backend, id, event, entries, people }: Paired["record"]): Place | undefined {
  const key = (backend as { readonly key?: unknown } | undefined)?.key ?? (event === "refused" ? id : undefined);
  if (typeof route === "string" && typeof type === "string" && key !== undefined)
    return { of: route, type, key: String(key) };
  const [first, ...others] = Array.isArray(entries) ? entries : Array.isArray(people) ? people : [];
  if (first === undefined || others.length > 0) return undefined;
  const entry = (typeof first === "object" && first !== null ? first : { key: first }) as Record<string, unknown>;
  if (typeof sync === "string") return { of: sync, type: undefined, key: String(entry.key) };
  if (typeof route !== "string" || typeof entry.type !== "string") return undefined;
  return { of: route, type: entry.type, key: String(entry.key) };
}
