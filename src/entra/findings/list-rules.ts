import { pages, rules } from "./finding.ts";
import { attributeOf, comparisonOf, type Seen } from "./seen.ts";

const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/** The number of resources that a list reports or contains. */
const totalOf = ({ list, resources }: Seen): number =>
  Math.max(typeof list?.totalResults === "number" ? list.totalResults : 0, resources.length);

/** The attributes that can be compared with the filter: plain text at the top level. */
const COMPARED = ["username", "displayname", "externalid", "id"];

/** Reports whether a look-up by one attribute found only resources with another value. */
function findsOthers({ exchange: { purpose }, query, resources }: Seen): boolean {
  const comparison = comparisonOf(query);
  if (purpose !== "match" || !comparison || !COMPARED.includes(comparison.attribute.toLowerCase())) return false;
  const values = resources
    .map((each) => attributeOf(each, comparison.attribute))
    .filter((value) => typeof value === "string");
  return values.length > 0 && values.every((value) => value.toLowerCase() !== comparison.value.toLowerCase());
}

/** Rules about lists. */
export const listRules = rules([
  {
    id: "list-schema-missing",
    severity: "fault",
    title: "A search is not answered with a ListResponse",
    why: "Entra requires the ListResponse schema. Without it the response is SystemForCrossDomainIdentityManagementServiceIncompatible, and on the probe the job goes to quarantine.",
    change:
      'Answer every search, also one that finds one resource or none, with "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults" and "Resources".',
    page: pages.tutorial,
    applies: ({ list }) => list !== undefined && !(Array.isArray(list.schemas) && list.schemas.includes(LIST)),
  },
  {
    id: "total-results-missing",
    severity: "fault",
    title: "`totalResults` is missing, or not a number",
    why: "Entra uses it to decide whether the account exists. A missing number, or one in quotes, can be read as none, and a second account is created.",
    change: 'Send "totalResults" as a number: 0 for no match, 1 for one.',
    page: pages.tutorial,
    applies: ({ list }) => list !== undefined && typeof list.totalResults !== "number",
  },
  {
    id: "resources-missing",
    severity: "fault",
    title: "`totalResults` counts resources that are missing from `Resources`",
    why: "Entra knows that the account exists, but does not get its id, so it can neither link nor create it.",
    change: "Return the resources in `Resources`, with a capital R. Return whole resources, each with its `id`.",
    page: pages.tutorial,
    applies: ({ list, resources, query }) =>
      typeof list?.totalResults === "number" &&
      list.totalResults > 0 &&
      resources.length === 0 &&
      query.get("count") !== "0" &&
      !query.has("startIndex"),
  },
  {
    id: "paging-numbers-missing",
    severity: "note",
    title: "`startIndex` or `itemsPerPage` is missing, or not a number",
    why: "RFC 7644 §3.4.2.4 requires them for pages. Account discovery and Microsoft's validator read them; the look-ups of a cycle do not.",
    change: "Send both as numbers in each list.",
    page: pages.discovery,
    applies: ({ list }) =>
      list !== undefined && !(typeof list.startIndex === "number" && typeof list.itemsPerPage === "number"),
  },
  {
    id: "start-index-ignored",
    severity: "fault",
    title: "A page is not the one that was requested",
    why: "Account discovery reads all users by startIndex. If it gets the same page again, accounts are missing from its list, or it never ends.",
    change: "Support `startIndex` (from 1) and `count`, echo `startIndex`, and keep the order stable between pages.",
    page: pages.discovery,
    applies: ({ list, query }) =>
      typeof list?.startIndex === "number" &&
      query.has("startIndex") &&
      list.startIndex !== Math.max(1, Number(query.get("startIndex"))),
  },
  {
    id: "filter-ignored",
    severity: "fault",
    title: "A search for nobody finds somebody",
    why: "The probe searches for a random value. If it returns resources, the server ignores the filter: every look-up would find everybody, and Entra would stop with DuplicateTargetEntries, or link people to the accounts of others.",
    change:
      "Evaluate `filter`. If the server cannot evaluate one, refuse it with 400 invalidFilter instead of ignoring it.",
    page: pages.tutorial,
    applies: (seen) => seen.exchange.purpose === "probe" && totalOf(seen) > 0,
  },
  {
    id: "several-matches",
    severity: "fault",
    title: "A look-up finds more than one resource",
    why: "Entra cannot know which one is right: DuplicateTargetEntries. Nothing is written for this object.",
    change:
      "Delete or rename the duplicates, or let Entra match by an attribute that is unique in the target. If the resources found do not have the value, the server ignores the filter or matches parts of values: `eq` compares whole values.",
    page: pages.logs,
    applies: (seen) => seen.exchange.purpose === "match" && totalOf(seen) > 1,
  },
  {
    id: "match-has-other-value",
    severity: "fault",
    title: "A look-up finds a resource with another value",
    why: "Entra links the person to this account and overwrites it: somebody else's account gets their name and access.",
    change:
      "Compare whole values with `eq`, ignoring case for userName. Check the decoding of the query first: `+` is a blank, %2B a plus. If an old name still leads to an account, that is an alias: do not include it in searches.",
    page: pages.tutorial,
    applies: findsOthers,
  },
  {
    id: "members-not-excluded",
    severity: "fault",
    title: "`members` are returned although they were excluded",
    why: "Entra requests groups with excludedAttributes=members. Returning them causes SystemForCrossDomainIdentityManagementMultipleEntriesInResponse, changes how memberships are written, and makes large groups slow.",
    change:
      "Omit `members` from the response if `excludedAttributes` names it, and do not read them either. The name is case-insensitive.",
    page: pages.logs,
    applies: ({ query, resources }) =>
      namesIn(query.get("excludedAttributes")).includes("members") &&
      resources.some((each) => attributeOf(each, "members") !== undefined),
  },
  {
    id: "excluded-attributes-ignored",
    severity: "warning",
    title: "Attributes are returned although they were excluded",
    why: "Entra does not expect them, and large ones make it slow.",
    change: "Honour `excludedAttributes` (RFC 7644 §3.9), on lists and on reads by id.",
    page: pages.tutorial,
    applies: ({ query, resources }) =>
      namesIn(query.get("excludedAttributes")).some(
        (name) =>
          name !== "members" && name !== "id" && resources.some((each) => attributeOf(each, name) !== undefined),
      ),
  },
  {
    id: "attributes-ignored",
    severity: "note",
    title: "More attributes are returned than were requested",
    why: "Entra checks references with attributes=id. Everything else is read, sent and discarded.",
    change: "Honour `attributes` (RFC 7644 §3.9): return what it names, with `id` and `schemas`.",
    page: pages.tutorial,
    applies: ({ query, resources, isWhole }) =>
      !isWhole && resources.some((each) => hasMore(Object.keys(each), namesIn(query.get("attributes")))),
  },
]);

/** Comma-separated attribute names, in lower case. */
const namesIn = (text: string | null): string[] =>
  (text ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");

/** Attributes that every response may have. */
const ALWAYS = ["id", "schemas", "meta"];

/** Reports whether a resource has an attribute that was not requested, by name or as part of a path. */
const hasMore = (keys: readonly string[], names: readonly string[]): boolean =>
  keys
    .map((key) => key.toLowerCase())
    .some(
      (key) =>
        !ALWAYS.includes(key) &&
        !names.some(
          (name) =>
            name === key || name.startsWith(`${key}.`) || name.startsWith(`${key}:`) || name.endsWith(`:${key}`),
        ),
    );
