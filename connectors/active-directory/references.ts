import { AndFilter, EqualityFilter, type Filter, OrFilter } from "ldapts";
import { type Entry, valuesOf } from "../../src/connector/connector.ts";
import { find, toEntry } from "../ldap/directory.ts";
import { isUnder } from "../ldap/dn.ts";
import { addressOf, dnOf, guidOf, guidToBytes, sidOf, sidToBytes } from "../ldap/formats.ts";
import { batches, type LookUp } from "../ldap/resolve.ts";
import { DIRECT_MEMBER_OF, domainOf, INDIRECT_MEMBER_OF } from "./dialect.ts";
import type { Domain } from "./domain.ts";

/** The key within a reference, whatever the entry's kind. */
export const keyOf = (reference: string): string | undefined => guidOf(reference);

/** The reference to an entry of any kind. */
export const referenceTo = (domain: Domain, key: string): string | undefined =>
  domain.dialect.isKey(key, "objectGUID") ? addressOf(key) : undefined;

/** Identifies an entry in a filter: by GUID, else SID, else DN. */
function naming(reference: string): Filter {
  const guid = guidOf(reference);
  if (guid !== undefined) return new EqualityFilter({ attribute: "objectGUID", value: guidToBytes(guid) });
  const sid = sidToBytes(sidOf(reference) ?? "");
  if (sid) return new EqualityFilter({ attribute: "objectSid", value: sid });
  return new EqualityFilter({ attribute: "distinguishedName", value: dnOf(reference) });
}

const anyOf = (references: readonly string[]): Filter => new OrFilter({ filters: references.map(naming) });

/**
 * Finds in one search which keys or references belong to entries of a kind. References from the directory contain the key already; the
 * search only checks the kind, below its base.
 */
export const lookUp =
  (domain: Domain): LookUp =>
  async (name, to, values, signal) => {
    const kind = domain.kinds.get(name)!;
    const result = new Map<string, string>();
    const candidates = values.filter((value) =>
      to === "references"
        ? domain.dialect.isKey(value, kind.key)
        : dnOf(value) === "" || value.startsWith("<SID=") || isUnder(dnOf(value), kind.base),
    );
    if (candidates.length === 0) return result;
    const asked = candidates.map((value) => (to === "references" ? addressOf(value) : value));
    const filter = new AndFilter({ filters: [kind.filter, anyOf(asked)] });
    const found = await find(domain, { base: kind.base, filter, attrs: [kind.key] }, signal);
    if (to === "references") {
      for (const { dn } of found) result.set(guidOf(dn)!, dn);
      return result;
    }
    const keys = new Map(found.flatMap(({ dn }) => identities(dn).map((identity) => [identity, guidOf(dn)!])));
    for (const value of candidates) {
      const key = identities(value)
        .map((identity) => keys.get(identity))
        .find((each) => each !== undefined);
      if (key !== undefined) result.set(value, key);
    }
    return result;
  };

/** The texts by which references are recognised as equal. */
const identities = (reference: string): string[] =>
  [guidOf(reference), sidOf(reference), dnOf(reference).toLowerCase()].filter(
    (each) => each !== undefined && each !== "",
  ) as string[];

/** Maximum depth of nested groups. */
const MAX_DEPTH = 20;

/**
 * Adds `indirectMemberOf`, the groups that entries are in through others: one search per level for all entries together. Cycles are
 * followed once.
 */
export async function withIndirectGroups(
  domain: Domain,
  base: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<Entry[]> {
  const parents = new Map<string, readonly string[]>();
  const directOf = (entry: Entry) => valuesOf(entry, DIRECT_MEMBER_OF).map(String);
  let level = [...new Set(entries.flatMap(directOf))];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const found = await Promise.all(batches(level).map((batch) => groupsAbove(domain, base, batch, signal)));
    for (const [identity, above] of found.flat()) parents.set(identity, above);
    level = [...new Set(found.flat().flatMap(([, above]) => above))].filter((each) => !parents.has(identityOf(each)));
  }
  const above = (reference: string) =>
    identities(reference)
      .map((each) => parents.get(each))
      .find((each) => each !== undefined) ?? [];
  return entries.map((entry) => {
    const direct = directOf(entry);
    const seen = new Set(direct.flatMap(identities));
    const indirect: string[] = [];
    const queue = direct.flatMap(above);
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (identities(next).some((each) => seen.has(each))) continue;
      for (const each of identities(next)) seen.add(each);
      indirect.push(next);
      queue.push(...above(next));
    }
    return indirect.length === 0 ? entry : { ...entry, [INDIRECT_MEMBER_OF]: indirect };
  });
}

const identityOf = (reference: string): string => identities(reference)[0] ?? reference;

/** The groups that contain each of some groups, under every identifier of the group. */
async function groupsAbove(
  domain: Domain,
  base: string,
  references: readonly string[],
  signal: AbortSignal,
): Promise<[identity: string, above: string[]][]> {
  const kind = [...domain.kinds.values()][0]!;
  const search = { base: domainOf(base), filter: anyOf(references), attrs: ["memberOf"] };
  return (await find(domain, search, signal)).flatMap((found) => {
    const above = valuesOf(toEntry(kind, found, ["memberOf"], domain), "memberOf").map(String);
    return identities(found.dn).map((identity): [string, string[]] => [identity, above]);
  });
}
