import type { Observation } from "../report-data.ts";
import { type Finding, pages } from "./finding.ts";

const finding = <const Id extends string>(each: Finding<Id>): Finding<Id> => each;

const RESENT =
  "Entra compares the wanted values with those it reads before each change. Differences are sent again whenever the object changes, and in each initial cycle: endless updates that hide the real ones";

/** What the engine finds by comparing what it sent with what it read, by kind. */
export const observed = {
  "sent but not returned": finding({
    id: "sent-but-not-returned",
    severity: "fault",
    title: "An attribute was sent, but is missing when the resource is read",
    why: `${RESENT}.`,
    change:
      "Store and return the attribute, or remove it from Entra's attribute mapping. In Postern: use a mapping row that both reads and writes; the log's `unmapped` lists attributes without a row.",
    page: pages.tutorial,
  }),
  "returned otherwise": finding({
    id: "returned-otherwise",
    severity: "fault",
    title: "An attribute comes back with another value",
    why: `${RESENT}.`,
    change:
      "Return values as they were sent: do not reformat phone numbers, trim, shorten or translate. If the target needs its own format, produce it in Entra's mapping with an expression. In Postern: the row's `read` must reverse its `write`.",
    page: pages.tutorial,
  }),
  "case changed": finding({
    id: "case-changed",
    severity: "warning",
    title: "An attribute comes back in another case",
    why: "Entra compares this attribute case-sensitively, because its schema says caseExact. The value is sent again whenever the object changes.",
    change:
      "Keep the case of the value, or set caseExact to false for the attribute in Entra's target attribute list; or use ToLower in the mapping.",
    page: pages.mappings,
  }),
  "active ignored": finding({
    id: "active-ignored",
    severity: "fault",
    title: "`active` was changed, but the account is unchanged",
    why: "Entra considers the person disabled and does not ask again. Somebody who left keeps access, or somebody who returned has none.",
    change:
      'Apply `active` from PATCH in every form: with the path "active" and without a path, as true and false and as "True" and "False", with `replace` in any case. Return it, too. In Postern: check the row for `active` with `postern explain`.',
    page: pages.compatibility,
  }),
  "members differ": finding({
    id: "members-differ",
    severity: "fault",
    title: "The members of a group are not those that were sent",
    why: "Entra does not read memberships back. Until the membership changes again or provisioning is restarted, somebody lacks access, or has too much.",
    change:
      'Support `Add` with several members, `Remove` of "members" with a value (only those go) and of members[value eq "id"]. Do not replace the list on `Add`, and check for limits: 1,000 or 1,500 members, or one page.',
    page: pages.compatibility,
  }),
  "endless update": finding({
    id: "endless-update",
    severity: "fault",
    title: "The same value is sent in cycle after cycle",
    why: "Nothing changed in Entra, but the object is written all the same. It costs a read and a write for each object in each cycle, and hides real changes.",
    change:
      "Read the resource after the write and compare: the target returns the attribute in another form, or not at all. Store and return it unchanged, or remove the mapping.",
    page: pages.tutorial,
  }),
  duplicates: finding({
    id: "duplicates",
    severity: "fault",
    title: "Several resources have the value of a matching attribute",
    why: "DuplicateTargetEntries: Entra writes nothing for these objects.",
    change:
      "Remove the duplicates in the target and make the attribute unique there, or match by another attribute first, such as externalId.",
    page: pages.logs,
  }),
  "conflict without match": finding({
    id: "conflict-without-match",
    severity: "fault",
    title: "A creation conflicts with a resource that the look-up does not find",
    why: "Entra repeats look-up and creation in later cycles without success: the person has no account.",
    change:
      "The look-up and the unique constraint see different data. Usual causes: the search is case-sensitive and the constraint is not; the search excludes disabled or deleted accounts; the conflict concerns another attribute (e-mail); special characters in the filter are decoded wrongly.",
    page: pages.logs,
  }),
  "id lost": finding({
    id: "id-lost",
    severity: "fault",
    title: "The id from the creation can no longer be found",
    why: "InvalidAnchor: Entra keeps the id forever and does not match again by itself. The person is no longer updated, and not disabled when they leave.",
    change:
      "Use ids that do not change with name, department or place in the tree. Behind replicas, read from where you wrote. In Postern: `kinds.*.key` of the connector.",
    page: pages.logs,
  }),
  "id changed": finding({
    id: "id-changed",
    severity: "fault",
    title: "A resource is returned under another id",
    why: "Entra continues with the id it has. The next request fails, or changes somebody else.",
    change: "Return exactly the requested id, in the same case, and never reuse the id of a deleted account.",
    page: pages.logs,
  }),
  "not deleted": finding({
    id: "not-deleted",
    severity: "fault",
    title: "A deleted resource still exists",
    why: "Entra has forgotten the object. When the person returns, the look-up finds the old account and takes it over.",
    change: "After DELETE, answer 404 for the id and no match for filters. Hide accounts that must be kept from SCIM.",
    page: pages.how,
  }),
  "disabled is gone": finding({
    id: "disabled-is-gone",
    severity: "fault",
    title: "A disabled user can no longer be found",
    why: "Entra reads users to enable them again. If it finds none, it fails with InvalidAnchor, or creates a second account.",
    change:
      "Return disabled users by id and by filter, with active false. In Postern: the kind's filter must not exclude disabled entries.",
    page: pages.tutorial,
  }),
} as const satisfies Record<Observation["kind"], Finding>;
