import { notFound } from "../../scim/error.ts";
import { isObject, type Resource } from "../../scim/schema.ts";
import type { PeoplePage, PeopleType, PersonRow } from "../api/people.ts";
import { endpointAt, type Looking, type PeopleDeps } from "./deps.ts";
import { nameOf } from "./resource.ts";
import { filterOf, namesOf, waysOf } from "./ways.ts";

/** How many resources a page of the list has. */
const PAGE = 25;

/** The resource types that there are to look at. */
export function typesOf({ routes }: Pick<PeopleDeps, "routes">): PeopleType[] {
  return [...routes()].flatMap(([route, endpoints]) =>
    [...endpoints].map(([type, endpoint]) => ({ route, type, shown: namesOf(endpoint), ways: waysOf(endpoint) })),
  );
}

/** What the list is asked for. */
export interface Listing {
  readonly by?: string | undefined;
  readonly text: string;
  /** Empty for the first page. */
  readonly cursor: string;
}

/** A page of a type's resources: all, or those that a search finds. Rejects with a `ScimError`. */
export async function listPage(deps: PeopleDeps, looking: Looking, { by, text, cursor }: Listing): Promise<PeoplePage> {
  const endpoint = endpointAt(deps, looking);
  if (!endpoint) throw notFound(`The gateway does not serve ${looking.type} at ${looking.route}.`);
  const ways = waysOf(endpoint);
  const way = ways.find((each) => each.by === by) ?? ways[0];
  const names = namesOf(endpoint);
  const { Resources, totalResults, nextCursor } = await deps.list(looking, {
    attributes: [...names, "id", "active"].join(","),
    count: String(PAGE),
    cursor,
    ...(text.trim() !== "" && way && { filter: filterOf(way, ways, text.trim()) }),
  });
  return { rows: Resources.map((each) => rowOf(each, names)), total: totalResults, next: nextCursor };
}

function rowOf(resource: Resource, names: readonly string[]): PersonRow {
  const values = names.flatMap((name): [string, string][] => {
    const value = resource[name];
    return typeof value === "string" || typeof value === "number" ? [[name, String(value).slice(0, 500)]] : [];
  });
  return {
    id: String(resource.id),
    name: nameOf(resource, names),
    values: Object.fromEntries(values),
    active: typeof resource.active === "boolean" ? resource.active : undefined,
  };
}

/** What resources are known by, by their IDs. Those that aren't there, or can't be read now, are left out. */
export async function namesById(
  deps: PeopleDeps,
  looking: Looking,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const endpoint = endpointAt(deps, looking);
  const [first] = ids;
  if (!endpoint || first === undefined) return new Map();
  const names = namesOf(endpoint);
  const attributes = [...names, "id"].join(",");
  const read = async (some: readonly string[]): Promise<readonly Resource[]> => {
    const filter = some.map((id) => `id eq ${JSON.stringify(id)}`).join(" or ");
    return (await deps.list(looking, { attributes, count: String(some.length), filter })).Resources;
  };
  // Some backends answer for one at a time only; what one of them can't tell is told without a name.
  const found = await read(ids).catch(() => Promise.all(ids.map((id) => read([id]).catch(() => []))));
  return new Map(
    found
      .flat()
      .filter(isObject)
      .map((each) => [String(each.id), nameOf(each, names)]),
  );
}
