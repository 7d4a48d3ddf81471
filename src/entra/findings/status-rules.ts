import { pages, rules } from "./finding.ts";
import type { Seen } from "./seen.ts";

const status =
  (...expected: readonly number[]) =>
  (seen: Seen): boolean =>
    expected.includes(seen.status ?? 0);
const isWrite = ({ exchange: { method } }: Seen): boolean => method !== "GET";
const hasRetryAfter = ({ answer }: Seen): boolean => (answer?.headers["retry-after"] ?? "") !== "";

/** Statuses with a rule of their own. */
const NAMED = [400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 428, 429];

/** Rules about the status of a response. */
export const statusRules = rules([
  {
    id: "filter-answered-404",
    severity: "fault",
    title: "A search without results is answered with 404",
    why: "For Entra, 404 on a search means that the endpoint does not speak SCIM, and it puts the job in quarantine. It probes /Users and /Groups with a filter that matches nobody at the start of each cycle.",
    change:
      'Answer 200 with {"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}. /Groups must do so even if groups are not provisioned. A Postern route answers 404 for a resource type that it does not list: add `Group` under `routes`, and check that the Tenant URL ends with the route\'s path.',
    page: pages.quarantine,
    applies: (seen) => seen.asksForList && seen.status === 404,
  },
  {
    id: "filter-refused",
    severity: "fault",
    title: "A filter is refused with 400",
    why: "Entra finds existing accounts by filters on the matching attributes. A filter that is refused on the probe puts the job in quarantine; on a look-up it fails the object, which is neither matched nor created.",
    change:
      'Support `eq` on every matching attribute: userName, externalId, displayName of groups, emails[type eq "work"].value, enterprise attributes by their URN, and `and` of two comparisons (id and manager, id and members). Take `+` as a blank, and unescaped quotes. In Postern map the attribute; `tooMany` in the answer says that the backend cannot filter by it alone: map it to an indexed attribute, or raise `limits.scan`.',
    page: pages.tutorial,
    applies: (seen) => seen.asksForList && seen.status === 400,
  },
  {
    id: "linked-object-not-found",
    severity: "warning",
    title: "An object that Entra has linked is answered with 404",
    why: "Entra keeps the id from the creation forever. When it can no longer be found, the object fails with InvalidAnchor in each cycle; Entra neither matches it again nor creates a new one.",
    change:
      "If the object was deleted by hand, remove its link (a restart that clears ConnectorDataStore, or objectConnections of the job). If it still exists, the server changed its id: use ids that survive renames and moves. Keep disabled and soft-deleted users readable by id. Behind several replicas, read your own writes: answer 503, not 404, until a new object has been replicated.",
    page: pages.logs,
    applies: (seen) =>
      ["read", "update"].includes(seen.exchange.purpose) && !seen.asksForList && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "delete-answered-404",
    severity: "note",
    title: "A deletion is answered with 404",
    why: "Entra counts the object as deleted. Somebody else deleted it before, or its id changed.",
    change: "Nothing, if the object was deleted on purpose. Otherwise check that ids do not change.",
    page: pages.how,
    applies: (seen) => seen.exchange.purpose === "delete" && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "create-answered-404",
    severity: "fault",
    title: "A creation is answered with 404",
    why: "The object fails, and is retried at growing intervals. Many of them put the job in quarantine.",
    change:
      "Serve POST at the same URL as the search. If the 404 concerns a value in the request, such as a manager that does not exist yet, answer 400 with a `detail`, or accept the value and resolve it later. In Postern: `missing: ignore` in the mapping's row.",
    page: pages.tutorial,
    applies: (seen) => seen.exchange.purpose === "create" && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "unauthorized",
    severity: "fault",
    title: "The credentials are refused: 401",
    why: "On the probe, the job goes to quarantine at once for invalid credentials, and is disabled after four weeks. On an object it is Unauthorized.",
    change:
      "Paste the token again, and check that it has not expired and that no proxy strips the Authorization header. Never answer 401 for problems behind the server: use 503. In Postern: `auth` (`auth.tokens` may hold the old and the new token at once); the log says why a caller was refused.",
    page: pages.access,
    applies: status(401),
  },
  {
    id: "forbidden",
    severity: "fault",
    title: "The caller may not do this: 403",
    why: "On the probe, the job goes to quarantine; on an object it is InsufficientRights, retried at growing intervals.",
    change:
      "Give the token permission to read, create, change and delete users and groups, and allow Entra's addresses. Never answer 403 because the server's own account lacks permission behind it: use 503. In Postern: `auth.*.may`, `server.networks.allow`, and `safety.*.protect` for entries that are protected on purpose.",
    page: pages.access,
    applies: status(403),
  },
  {
    id: "method-not-allowed",
    severity: "fault",
    title: "The method is not supported: 405 or 501",
    why: "Entra logs MethodNotAllowed or NotImplemented. It changes objects only with PATCH, never with PUT, and deletes with DELETE.",
    change:
      "Implement PATCH and DELETE by id, and let them through each proxy and web application firewall. If objects must not be deleted, clear Delete among the mapping's target object actions in Entra.",
    page: pages.tutorial,
    applies: status(405, 501),
  },
  {
    id: "conflict-on-create",
    severity: "fault",
    title: "A creation causes a conflict: 409",
    why: "Entra logs Conflict, EntryConflict or ServiceIncompatibleFiltering. It does not adopt an account because its creation conflicts, but repeats the look-up and the creation in later cycles, and the object fails each time.",
    change:
      "Make the look-up find the account that causes the conflict: ignore case, include disabled and soft-deleted accounts, and filter by the attribute that must be unique. If Entra matches by another attribute, add this one as a second matching attribute, or clean up the account. After a creation that timed out, the conflict is Entra's own: see the slow responses.",
    page: pages.logs,
    applies: (seen) => seen.status === 409 && seen.exchange.purpose === "create",
  },
  {
    id: "conflict-on-change",
    severity: "fault",
    title: "A change causes a conflict: 409",
    why: "The object fails and is retried at growing intervals.",
    change:
      "Adding a present member, removing an absent one, and setting `active` to its current value are successes, not conflicts: repeats are normal. A userName that another account has is a real conflict: name the attribute and that account in `detail`.",
    page: pages.logs,
    applies: (seen) => seen.status === 409 && seen.exchange.purpose !== "create",
  },
  {
    id: "version-required",
    severity: "fault",
    title: "A change is refused because of its version: 412 or 428",
    why: "Entra never sends If-Match, so these requests can never succeed.",
    change: "Accept changes without If-Match.",
    page: pages.tutorial,
    applies: status(412, 428),
  },
  {
    id: "request-too-large",
    severity: "fault",
    title: "The request is too large: 413",
    why: "Changes of large groups contain many members in one request. The group fails in each cycle, and its members stay as they are.",
    change:
      "Accept bodies of at least 1 MB, in the server and in each proxy in front of it (nginx: client_max_body_size). In Postern: `limits.body`.",
    page: pages.tutorial,
    applies: status(413),
  },
  {
    id: "media-type-refused",
    severity: "fault",
    title: "The media type is refused: 406 or 415",
    why: "Entra sends application/scim+json; charset=utf-8. The object fails.",
    change: "Accept application/scim+json, with and without charset, as well as application/json.",
    page: pages.tutorial,
    applies: status(406, 415),
  },
  {
    id: "unprocessable",
    severity: "fault",
    title: "The resource is refused: 422",
    why: "Entra logs UnprocessableEntity. SCIM has no such status, so administrators do not see a reason that they can act on.",
    change:
      "Answer 400 with a scimType, such as invalidValue, and a `detail` that names the attribute and what is allowed. If a value is missing, map it in Entra with a default, or make it optional.",
    page: pages.logs,
    applies: status(422),
  },
  {
    id: "write-refused",
    severity: "fault",
    title: "A write is refused: 400",
    why: "Entra logs SystemForCrossDomainIdentityManagementServiceIncompatible with the response's text, and retries the object at growing intervals. Enough of them put the job in quarantine.",
    change:
      'Ignore URNs in `schemas` that the server does not know: Entra sends one of its own with each group. Accept both of Entra\'s PATCH dialects: capitalised `op`, "True" and "False" as text, keys with dots or URNs in a value without a path, and `Add` on emails[type eq "work"].value where there is none yet. Ignore attributes that the server does not have. Otherwise correct the value at its source; `detail` says which. In Postern: `unmapped: ignore` in the mapping, and the route without `strict`.',
    page: pages.compatibility,
    applies: (seen) => isWrite(seen) && seen.status === 400,
  },
  {
    id: "read-refused",
    severity: "fault",
    title: "A read by id is refused: 400",
    why: "Entra cannot compare the object, so it is never updated again.",
    change: "Support excludedAttributes and attributes on reads by id, and ignore unknown query parameters.",
    page: pages.tutorial,
    applies: (seen) => !isWrite(seen) && !seen.asksForList && seen.status === 400,
  },
  {
    id: "throttled",
    severity: "warning",
    title: "Requests are throttled: 429 with Retry-After",
    why: "Entra expects 25 requests a second per tenant. Throttled objects are retried in a later cycle, about 40 minutes later; many of them at once count towards quarantine.",
    change:
      "Allow at least 25 requests a second per token, and slow down responses rather than refusing requests. In Postern: `auth.*.rate` of this caller; behind it, the API's own limit.",
    page: pages.gallery,
    applies: (seen) => seen.status === 429 && hasRetryAfter(seen),
  },
  {
    id: "throttled-without-retry-after",
    severity: "fault",
    title: "Requests are throttled: 429 without Retry-After",
    why: "Entra expects 25 requests a second per tenant, and cannot know how long to wait. The objects fail, and many of them at once count towards quarantine.",
    change:
      "Send Retry-After in seconds with each 429, including from a gateway or firewall in front, and allow at least 25 requests a second per token. In Postern: `auth.*.rate`; its own 429 always has Retry-After.",
    page: pages.gallery,
    applies: (seen) => seen.status === 429 && !hasRetryAfter(seen),
  },
  {
    id: "server-error",
    severity: "fault",
    title: "The server fails: 500",
    why: "On the probe there is no cycle, and the job goes to quarantine. On an object it is InternalServerError, retried after about 40 minutes, then at growing intervals.",
    change:
      "Find the request in the server's log at the time of the example: the usual cause is an unexpected value. Use 400 for the client's mistakes and 503 for temporary overload. In Postern, search the log for the response's X-Request-Id; a 500 is a bug in Postern: please report it.",
    page: pages.errors,
    applies: ({ status: code = 0 }) => code === 500 || (code > 504 && code < 600),
  },
  {
    id: "bad-gateway",
    severity: "fault",
    title: "A proxy got no response from the server: 502 or 504",
    why: "For Entra this is the server's failure. A write may have happened all the same, and its retry then causes a conflict.",
    change: "Check the server behind the proxy: it was down, restarted, or took longer than the proxy waits.",
    page: pages.slow,
    applies: status(502, 504),
  },
  {
    id: "unavailable",
    severity: "fault",
    title: "The server is unavailable: 503",
    why: "Entra retries the object in a later cycle. It is the right response to a temporary failure; on the probe it costs the cycle, and repeatedly it leads to quarantine.",
    change:
      "Find out what was unavailable. Postern's `detail` says it: a slow or unavailable backend (`connectors.*.resilience`, `limits.seconds`), too many requests in flight (`limits.inFlight`), `safety.*.readOnly`, or the change guard (`safety.*.guard`), which waits for an operator's release.",
    page: pages.slow,
    applies: status(503),
  },
  {
    id: "unexpected-status",
    severity: "fault",
    title: "A status that Entra does not expect",
    why: "Entra treats unknown statuses as a failure of the object.",
    change: "Answer 400 with a `detail` for what the client can change, and 503 for temporary failures.",
    page: pages.logs,
    applies: ({ status: code = 200 }) =>
      code < 200 || (code >= 400 && code < 500 && !NAMED.includes(code)) || code >= 600,
  },
  {
    id: "request-time-out",
    severity: "fault",
    title: "The server timed out waiting for the request: 408",
    why: "The request was sent at once; something in between delayed it. Entra fails the object.",
    change:
      "Check the proxies in front of the server: buffering of requests, and connections kept open after the server closed them.",
    page: pages.slow,
    applies: status(408),
  },
  {
    id: "accepted-only",
    severity: "fault",
    title: "A write is accepted, but not done: 202",
    why: "Entra reads the object soon after and needs the id from the creation. It cannot wait for asynchronous work.",
    change:
      "Do the work within the request, and answer 201, 200 or 204. Slow work that is not visible in SCIM may follow later.",
    page: pages.tutorial,
    applies: (seen) => isWrite(seen) && seen.status === 202,
  },
  {
    id: "created-with-200",
    severity: "warning",
    title: "A creation is answered with another status than 201",
    why: "RFC 7644 §3.3 requires 201. Entra uses the body; Microsoft's web validator refuses anything else.",
    change: "Answer 201 Created with the whole resource and a Location header.",
    page: pages.tutorial,
    applies: (seen) =>
      seen.exchange.purpose === "create" &&
      ![201, 202].includes(seen.status ?? 0) &&
      Math.trunc((seen.status ?? 0) / 100) === 2,
  },
  {
    id: "delete-with-body",
    severity: "note",
    title: "A deletion is answered with another status than 204",
    why: "RFC 7644 §3.6 requires 204 without a body. Entra accepts any 2xx.",
    change: "Answer 204 No Content.",
    page: pages.tutorial,
    applies: (seen) =>
      seen.exchange.method === "DELETE" &&
      ![202, 204].includes(seen.status ?? 0) &&
      Math.trunc((seen.status ?? 0) / 100) === 2,
  },
]);
