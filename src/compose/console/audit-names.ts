import { LRUCache } from "lru-cache";
import type { Paired } from "../../../sinks/file/pairs.ts";
import { displayOf, resourceOf } from "../../sync/person.ts";
import type { ConsoleSources } from "./sources.ts";

/** How many people a name may stand for: their keys are looked for in each line of the log. */
export const MAX_NAMED = 20;
/** How many entries of the journal, or people of a sync, are looked at for them. */
const LOOKED_AT = 200;
/** How many names are remembered, and for how long in milliseconds. */
const MAX_NAMES = 5000;
const REMEMBERED_MS = 60_000;

/** Somebody or something, by key and name. */
export interface Named {
  readonly key: string;
  readonly display: string;
}

/** The log has keys and no names. The journal and the syncs know both. */
export interface AuditNames {
  /** Whoever is known by a text, up to one more than may be; nobody if neither journal nor syncs know. */
  readonly meant: (text: string) => Promise<readonly Named[]>;
  /** The names of rows, in their order; empty where nobody knows. */
  readonly namesOf: (rows: readonly Paired[]) => Promise<readonly string[]>;
}

/** Finds names in the journal and in syncs. If these cannot be asked, there are none. */
export function auditNames({ shared, syncs }: Pick<ConsoleSources, "shared" | "syncs">): AuditNames {
  const journal = () => shared.services.journal?.store;
  const known = new LRUCache<string, string>({ max: MAX_NAMES, ttl: REMEMBERED_MS });
  const inJournal = async (text: string): Promise<Named[]> => {
    const found = (await journal()?.search({ search: text, limit: LOOKED_AT })) ?? [];
    return found.flatMap(({ resource: key, display }) => (key === "" ? [] : [{ key, display }]));
  };
  const inSync = async (name: string, text: string): Promise<Named[]> => {
    const { store } = await syncs.looked(name);
    const words = text.toLowerCase().split(/\s+/);
    const { people } = await store.searched(words, ["", ""], MAX_NAMED + 1);
    return people.flatMap(({ person }) => {
      const display = displayOf(resourceOf(person));
      return [person.key, person.target ?? []].flat().map((key) => ({ key, display }));
    });
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
      const none = () => [];
      const asked = [inJournal(text).catch(none), ...syncs.admin.names().map((name) => inSync(name, text).catch(none))];
      const all = (await Promise.all(asked)).flat();
      return [...new Map(all.map((each) => [each.key, each])).values()].slice(0, MAX_NAMED + 1);
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
