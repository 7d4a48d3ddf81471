import { ScimError } from "../../scim/error.ts";
import type { Now, PersonPage, ReferencesPage, Referred } from "../api/people.ts";
import { endpointAt, type Looking, type PeopleDeps } from "./deps.ts";
import { clientOf, expectedOf, type Facts } from "./expectation.ts";
import { newestOf, toldOf, withCreations } from "./history.ts";
import { namesById } from "./list.ts";
import { nameOf, type Reference, referenceLists, referencesIn, shownOf, singleReferences } from "./resource.ts";
import { namesOf, type PeopleEndpoint } from "./ways.ts";

/** How many references a page has. */
const PAGE = 25;

/** A resource as it is now, its history, and what comes next; undefined if nobody knows it. */
export async function personPage(deps: PeopleDeps, looking: Looking, id: string): Promise<PersonPage | undefined> {
  const endpoint = endpointAt(deps, looking);
  const lists = endpoint ? referenceLists(endpoint.mapping) : [];
  const [{ now, single }, own, guard, syncs] = await Promise.all([
    read(deps, endpoint, { looking, id, lists }),
    newestOf(deps.journal, looking, id),
    deps.guard(looking, id).catch(() => []),
    deps.syncs(looking, id).catch(() => []),
  ]);
  if (now.is === "gone" && (own.is === "off" || (own.is === "kept" && own.withGroups.length === 0))) return undefined;
  const nameNow = now.is === "there" ? now.name : "";
  const nameThen = own.is === "kept" ? own.lines.find(({ display }) => display !== "")?.display : undefined;
  const name = nameNow || nameThen || "";
  const [newest, references] = await Promise.all([
    withCreations(deps.journal, own, { ...looking, name }),
    named(deps, looking, single),
  ]);
  const { route, type } = looking;
  const { isEntra, mayWrite } = deps.entra();
  const { lines, hasMore } = newest.is === "kept" ? newest : { lines: undefined, hasMore: false };
  const known = { now, lines, hasMore, guard, syncs };
  const facts: Facts = { ...known, isEntra, mayEntra: mayWrite(route, type), at: Date.now() };
  const { cycleMs, retriesMs, givenUpAfterMs } = deps.retries;
  return {
    route,
    type,
    id,
    name,
    now,
    told: toldOf(newest, id),
    expected: expectedOf(facts, deps.retries),
    client: clientOf(facts),
    pace: { cycleMs, retriesMs, givenUpAfterMs },
    references,
    lists: now.is === "there" ? lists : [],
  };
}

interface Read {
  readonly now: Now;
  readonly single: ReadonlyMap<string, Reference>;
}

/** Reads a resource from the backend, without the attributes that have many references. */
async function read(
  deps: PeopleDeps,
  endpoint: PeopleEndpoint | undefined,
  { looking, id, lists }: { readonly looking: Looking; readonly id: string; readonly lists: readonly string[] },
): Promise<Read> {
  const unknown = (problem: string): Read => ({ now: { is: "unknown", problem }, single: new Map() });
  if (!endpoint) return unknown(`The gateway does not serve ${looking.type} at ${looking.route}.`);
  try {
    const query: Record<string, string> = lists.length > 0 ? { excludedAttributes: lists.join(",") } : {};
    const resource = await deps.get(looking, id, query);
    return {
      now: { is: "there", resource: shownOf(resource), name: nameOf(resource, namesOf(endpoint)) },
      single: singleReferences(endpoint.mapping, resource),
    };
  } catch (error) {
    if (error instanceof ScimError && error.status === 404) return { now: { is: "gone" }, single: new Map() };
    if (!(error instanceof ScimError)) throw error;
    return unknown(error.message);
  }
}

/** References with the names of what they refer to. */
async function named(
  deps: PeopleDeps,
  looking: Looking,
  references: ReadonlyMap<string, Reference>,
): Promise<Record<string, Referred>> {
  const all = await withNames(deps, looking, [...references.values()]);
  return Object.fromEntries([...references.keys()].map((path, index) => [path, all[index]!]));
}

async function withNames(deps: PeopleDeps, looking: Looking, references: readonly Reference[]): Promise<Referred[]> {
  const byType = await Promise.all(
    [...Map.groupBy(references, ({ type }) => type)].map(async ([type, some]) => {
      const ids = [...new Set(some.map(({ id }) => id))];
      return [type, await namesById(deps, { ...looking, type }, ids)] as const;
    }),
  );
  const names = new Map(byType);
  return references.map(({ id, type }) => ({ id, type, name: names.get(type)?.get(id) ?? "" }));
}

/** A page of what an attribute of a resource refers to, with names. Rejects with a `ScimError`. */
export async function referencesPage(
  deps: PeopleDeps,
  looking: Looking,
  { id, attribute, from }: { readonly id: string; readonly attribute: string; readonly from: number },
): Promise<ReferencesPage> {
  const endpoint = endpointAt(deps, looking);
  if (!endpoint || !referenceLists(endpoint.mapping).includes(attribute)) return { rows: [], total: 0 };
  const resource = await deps.get(looking, id, { attributes: attribute });
  const all = referencesIn(endpoint.mapping, resource, attribute);
  const rows = await withNames(deps, looking, all.slice(from, from + PAGE));
  return { rows, total: all.length, next: from + PAGE < all.length ? from + PAGE : undefined };
}
