import { pages, rules } from "./finding.ts";
import { attributeOf, isObject, type Json, type Seen } from "./seen.ts";

const CORE = "urn:ietf:params:scim:schemas:core:2.0:";

const isCreated = (seen: Seen): boolean => seen.exchange.purpose === "create" && seen.resources.length > 0;
const some =
  (holds: (resource: Json, seen: Seen) => boolean) =>
  (seen: Seen): boolean =>
    seen.resources.some((each) => holds(each, seen));
/** Applies if whole resources were requested. */
const someWhole =
  (holds: (resource: Json, seen: Seen) => boolean) =>
  (seen: Seen): boolean =>
    seen.isWhole && some(holds)(seen);
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
/** The objects in a multi-valued attribute. */
const valuesOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const isBooleanText = (value: unknown): boolean => typeof value === "string" && /^(true|false)$/i.test(value);

const locationOf = (seen: Seen): { readonly header?: string | undefined; readonly meta?: string | undefined } => {
  const { meta } = seen.resources[0] ?? {};
  return { header: seen.answer?.headers.location, meta: isObject(meta) ? textOf(meta.location) : undefined };
};

/** Reports whether a multi-valued attribute has two values of the same type. */
const repeatsType = (resource: Json): boolean =>
  ["emails", "phoneNumbers", "addresses"].some((name) => {
    const types = valuesOf(resource[name])
      .map(({ type }) => textOf(type)?.toLowerCase())
      .filter((type) => type !== undefined);
    return new Set(types).size < types.length;
  });

/** Rules about resources. */
export const resourceRules = rules([
  {
    id: "id-missing",
    severity: "fault",
    title: "A resource has no `id`",
    why: "The id is what Entra keeps and uses in every later request. Without it the object is never linked: SystemForCrossDomainIdentityManagementServiceIncompatible.",
    change:
      "Return `id` in every resource, in lists and in the response to a creation, whatever `attributes` requests.",
    page: pages.tutorial,
    applies: some(({ id }) => id === undefined || id === null || id === ""),
  },
  {
    id: "id-not-text",
    severity: "fault",
    title: "An `id` is not a string",
    why: "RFC 7643 §3.1 requires a string. A number can lose digits or be rejected when the response is read, and the link is wrong forever.",
    change: 'Write "id": "1001", in quotes.',
    page: pages.tutorial,
    applies: some(({ id }) => id !== undefined && id !== null && typeof id !== "string"),
  },
  {
    id: "id-unsafe-in-address",
    severity: "warning",
    title: "An `id` contains characters with a special meaning in URLs",
    why: "Entra puts the id into the path of every later request. Slashes, blanks, question marks and plus signs are decoded differently by servers and proxies, and the object is not found.",
    change: "Use a GUID or a number as the id, not a DN, a name or base64. In Postern: `kinds.*.key` of the connector.",
    page: pages.tutorial,
    applies: some(({ id }) => /[/\\?#%+\s,;"]/.test(textOf(id) ?? "")),
  },
  {
    id: "id-is-the-user-name",
    severity: "warning",
    title: "The `id` is the userName",
    why: "People change their names. If the id changes too, Entra loses the account: InvalidAnchor.",
    change:
      "Use an id that is assigned once and never changes. In Postern: `kinds.*.key` of the connector, such as entryUUID or a numeric key.",
    page: pages.how,
    applies: some(
      ({ id, userName }) => typeof userName === "string" && textOf(id)?.toLowerCase() === userName.toLowerCase(),
    ),
  },
  {
    id: "location-missing",
    severity: "warning",
    title: "A creation has no `Location` header or no `meta.location`",
    why: "RFC 7644 §3.3 requires both. Entra uses the `id`; validators and other clients use the location.",
    change:
      "Send the URL of the new resource in both, absolute, as clients see it. In Postern: `server.publicUrl`, or `server.trustProxy` behind a proxy.",
    page: pages.tutorial,
    applies: (seen) =>
      isCreated(seen) && (locationOf(seen).header === undefined || locationOf(seen).meta === undefined),
  },
  {
    id: "location-differs",
    severity: "warning",
    title: "The location of a new resource does not end with its `id`",
    why: "Clients that follow the location do not find the resource.",
    change: "Build the location from the resource's own id, percent-encoded.",
    page: pages.tutorial,
    applies: (seen) => {
      const id = textOf(seen.resources[0]?.id);
      const { header, meta } = locationOf(seen);
      const leadsThere = (location?: string) =>
        location === undefined || location.endsWith(`/${encodeURIComponent(id!)}`) || location.endsWith(`/${id}`);
      return isCreated(seen) && id !== undefined && !(leadsThere(header) && leadsThere(meta));
    },
  },
  {
    id: "schemas-missing",
    severity: "warning",
    title: "A resource does not name its core schema in `schemas`",
    why: "RFC 7643 §3 requires it. Entra usually works without it; validators reject the response, and extension attributes may be ignored.",
    change: `Return "schemas" with ${CORE}User or ${CORE}Group, and the URN of each extension that the resource has.`,
    page: pages.tutorial,
    applies: someWhole(
      ({ schemas }, { exchange: { type } }) => !(Array.isArray(schemas) && schemas.includes(`${CORE}${type}`)),
    ),
  },
  {
    id: "name-missing",
    severity: "warning",
    title: "A user has no `userName`, or a group no `displayName`",
    why: "Entra compares what it reads with what it wants: a missing value looks empty, and is sent again whenever the object changes.",
    change:
      "Return `userName` for each user and `displayName` for each group. In Postern: add a mapping row that reads it.",
    page: pages.tutorial,
    applies: someWhole(
      (each, { exchange: { type } }) => attributeOf(each, type === "User" ? "userName" : "displayName") === undefined,
    ),
  },
  {
    id: "active-missing",
    severity: "warning",
    title: "A user has no `active`",
    why: "Entra cannot see whether the account is disabled, and sends `active` again whenever the person changes. A disabled account that looks like no account may be enabled by mistake.",
    change:
      "Return `active` as true or false for each user, including disabled ones. In Postern: add a row for `active` to the mapping.",
    page: pages.how,
    applies: someWhole((each, { exchange: { type } }) => type === "User" && attributeOf(each, "active") === undefined),
  },
  {
    id: "booleans-as-text",
    severity: "warning",
    title: "Booleans are returned as strings",
    why: 'Entra sends "True" as a string in one of its dialects, which must be accepted; responses must contain booleans. A string never equals the value that Entra compares it with, so the attribute is sent again and again.',
    change: 'Accept "True" and "False" in requests, and return true and false without quotes.',
    page: pages.compatibility,
    applies: some(
      (each) =>
        isBooleanText(each.active) ||
        ["emails", "phoneNumbers", "addresses", "roles"].some((name) =>
          valuesOf(each[name]).some(({ primary }) => isBooleanText(primary)),
        ),
    ),
  },
  {
    id: "type-repeated",
    severity: "warning",
    title: "A list has two values of the same `type`",
    why: 'Entra maps emails[type eq "work"].value to one attribute. With two, it reads one and changes the other.',
    change: "Keep `type` unique in emails, phoneNumbers and addresses; give further values another type, or none.",
    page: pages.tutorial,
    applies: some(repeatsType),
  },
  {
    id: "password-answered",
    severity: "fault",
    title: "A password is returned",
    why: "Anybody who reads the resource, or the provisioning log that quotes it, has the password or its hash.",
    change:
      "Never return `password` (RFC 7643 §4.1.1), and change the passwords that were returned. In Postern: `writeOnly: true` in the row.",
    page: pages.known,
    applies: some((each) => attributeOf(each, "password") !== undefined && attributeOf(each, "password") !== null),
  },
  {
    id: "members-after-change",
    severity: "note",
    title: "The change of a group is answered with all of its members",
    why: "Microsoft recommends 204. With thousands of members each change costs seconds.",
    change:
      "Answer the PATCH of a group with 204. In Postern: `patchResponse` of the group's route, `none` by default.",
    page: pages.tutorial,
    applies: (seen) =>
      seen.exchange.method === "PATCH" &&
      seen.exchange.type === "Group" &&
      some(({ members }) => valuesOf(members).length > 0)(seen),
  },
]);
