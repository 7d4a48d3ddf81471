import { pages, rules } from "./finding.ts";
import type { Seen } from "./seen.ts";

const status =
  (...expected: readonly number[]) =>
  (seen: Seen): boolean =>
    expected.includes(seen.status ?? 0);
const isWrite = ({ exchange: { method } }: Seen): boolean => method !== "GET";
const hasRetryAfter = ({ answer }: Seen): boolean => (answer?.headers["retry-after"] ?? "") !== "";

/** Statuses that have a rule of their own. */
const NAMED = [400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 428, 429];

/** What shows in the status of an answer. */
export const statusRules = rules([
  {
    id: "filter-answered-404",
    severity: "fault",
    title: "A search that finds nothing is answered 404",
    why: "Entra takes 404 on a search for an endpoint that does not speak SCIM, and puts the job in quarantine. It probes /Users and /Groups with a filter that matches nobody at the start of each cycle.",
    change:
      'Answer 200 with {"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}. /Groups must do so even where groups are not provisioned. In Postern a route answers 404 for a resource type that it does not list: add `Group` under `routes`, and check that the Tenant URL ends with the route\'s path.',
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
    title: "An object that Entra has linked is answered 404",
    why: "Entra keeps the id from the creation for ever. When it stops resolving, the object fails with InvalidAnchor in each cycle; Entra neither matches it again nor creates it anew.",
    change:
      "If the object was deleted by hand, remove its link (a restart that clears ConnectorDataStore, or objectConnections of the job). If it is still there, the server changed its id: give it one that survives renames and moves. Keep disabled and soft-deleted users readable by id. Behind several replicas, read your own writes: answer 503, not 404, until a new object has been replicated.",
    page: pages.logs,
    applies: (seen) =>
      ["read", "update"].includes(seen.exchange.purpose) && !seen.asksForList && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "delete-answered-404",
    severity: "note",
    title: "A deletion is answered 404",
    why: "Entra counts the object as deleted. Somebody else deleted it before, or its id changed.",
    change: "Nothing, if the object was deleted on purpose. Otherwise check that ids do not change.",
    page: pages.how,
    applies: (seen) => seen.exchange.purpose === "delete" && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "create-answered-404",
    severity: "fault",
    title: "A creation is answered 404",
    why: "The object fails, and is tried again with growing gaps. Many of them put the job in quarantine.",
    change:
      "Serve POST at the same address as the search. If the 404 is about a value in the request, such as a manager that is not there yet, answer 400 with a `detail`, or accept the value and resolve it later. In Postern: `missing: ignore` in the mapping's row.",
    page: pages.tutorial,
    applies: (seen) => seen.exchange.purpose === "create" && [404, 410].includes(seen.status ?? 0),
  },
  {
    id: "unauthorized",
    severity: "fault",
    title: "The credentials are refused: 401",
    why: "On the probe the job goes to quarantine at once, for invalid credentials, and is disabled after four weeks. On an object it is Unauthorized.",
    change:
      "Paste the token again, and check that it has not expired and that no proxy strips the Authorization header. Never answer 401 for trouble behind the server: that is 503. In Postern: `auth` (`auth.tokens` may hold the old and the new token at once); the log says why a caller was refused.",
    page: pages.access,
    applies: status(401),
  },
  {
    id: "forbidden",
    severity: "fault",
    title: "The caller may not do this: 403",
    why: "On the probe the job goes to quarantine; on an object it is InsufficientRights, tried again with growing gaps.",
    change:
      "Give the token the rights to read, create, change and delete users and groups, and let Entra's addresses in. Never answer 403 because the server's own account lacks rights behind it: that is 503. In Postern: `auth.*.may`, `server.networks.allow`, and `safety.*.protect` for entries that are protected on purpose.",
    page: pages.access,
    applies: status(403),
  },
  {
    id: "method-not-allowed",
    severity: "fault",
    title: "The method is not supported: 405 or 501",
    why: "Entra logs MethodNotAllowed or NotImplemented. It changes objects by PATCH alone, never by PUT, and deletes by DELETE.",
    change:
      "Implement PATCH and DELETE by id, and let them through each proxy and web application firewall. If objects must not be deleted, clear Delete among the mapping's target object actions in Entra.",
    page: pages.tutorial,
    applies: status(405, 501),
  },
  {
    id: "conflict-on-create",
    severity: "fault",
    title: "A creation meets a conflict: 409",
    why: "Entra logs Conflict, EntryConflict or ServiceIncompatibleFiltering. It does not adopt an account because its creation conflicts, but repeats the look-up and the creation in later cycles, and the object fails each time.",
    change:
      "Make the look-up find whatever causes the conflict: search without regard to case, include disabled and soft-deleted accounts, and filter by the attribute that must be unique. If that is another one than Entra matches by, add it as a second matching attribute, or clean up the account. After a create that timed out the conflict is Entra's own: see the slow answers.",
    page: pages.logs,
    applies: (seen) => seen.status === 409 && seen.exchange.purpose === "create",
  },
  {
    id: "conflict-on-change",
    severity: "fault",
    title: "A change meets a conflict: 409",
    why: "The object fails and is tried again with growing gaps.",
    change:
      "Adding a member that is there already, removing one that is not, and setting `active` to what it is are successes, not conflicts: repeats are normal. A userName that another account has is a real conflict: name the attribute and that account in `detail`.",
    page: pages.logs,
    applies: (seen) => seen.status === 409 && seen.exchange.purpose !== "create",
  },
  {
    id: "version-required",
    severity: "fault",
    title: "A change is refused because of its version: 412 or 428",
    why: "Entra never sends If-Match, so these requests can never succeed.",
    change: "Take changes without If-Match.",
    page: pages.tutorial,
    applies: status(412, 428),
  },
  {
    id: "request-too-large",
    severity: "fault",
    title: "The request is too large: 413",
    why: "Changes of large groups carry many members in one request. The group fails in each cycle, and its members stay as they are.",
    change:
      "Accept bodies of at least 1 MB, in the server and in each proxy before it (nginx: client_max_body_size). In Postern: `limits.body`.",
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
    why: "Entra logs UnprocessableEntity. SCIM has no such status, so the reason is not shown as one that an administrator can act on.",
    change:
      "Answer 400 with a scimType, such as invalidValue, and a `detail` that names the attribute and what is allowed. If a value is missing, map it in Entra with a default, or make it optional.",
    page: pages.logs,
    applies: status(422),
  },
  {
    id: "write-refused",
    severity: "fault",
    title: "A write is refused: 400",
    why: "Entra logs SystemForCrossDomainIdentityManagementServiceIncompatible with the answer's text, and tries the object again with growing gaps. Enough of them put the job in quarantine.",
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
    change:
      "Take excludedAttributes and attributes on reads by id, and ignore query parameters that the server does not know.",
    page: pages.tutorial,
    applies: (seen) => !isWrite(seen) && !seen.asksForList && seen.status === 400,
  },
  {
    id: "throttled",
    severity: "warning",
    title: "Requests are throttled: 429 with Retry-After",
    why: "Entra expects 25 requests a second for each tenant. Throttled objects are tried again in a later cycle, some 40 minutes on; many of them at once count towards quarantine.",
    change:
      "Allow at least 25 requests a second per token, and slow answers down rather than refusing them. In Postern: `auth.*.rate` of this caller; behind it, the API's own limit.",
    page: pages.gallery,
    applies: (seen) => seen.status === 429 && hasRetryAfter(seen),
  },
  {
    id: "throttled-without-retry-after",
    severity: "fault",
    title: "Requests are throttled: 429 without Retry-After",
    why: "Entra expects 25 requests a second for each tenant, and cannot know how long to wait. The objects fail, and many of them at once count towards quarantine.",
    change:
      "Send Retry-After in seconds with each 429, from the gateway or firewall in front as well, and allow at least 25 requests a second per token. In Postern: `auth.*.rate`; its own 429 always says when.",
    page: pages.gallery,
    applies: (seen) => seen.status === 429 && !hasRetryAfter(seen),
  },
  {
    id: "server-error",
    severity: "fault",
    title: "The server fails: 500",
    why: "On the probe there is no cycle, and the job goes to quarantine. On an object it is InternalServerError, tried again after about 40 minutes, then with growing gaps.",
    change:
      "Find the request in the server's log at the time of the example: a value that was not expected is the usual cause. What the client did wrong is 400, what is busy is 503. In Postern look for the answer's X-Request-Id in the log; a 500 is a defect of Postern's: please report it.",
    page: pages.errors,
    applies: ({ status: code = 0 }) => code === 500 || (code > 504 && code < 600),
  },
  {
    id: "bad-gateway",
    severity: "fault",
    title: "A proxy got no answer from the server: 502 or 504",
    why: "Entra takes it for the server's failure. A write may have happened all the same, and its repeat then meets a conflict.",
    change: "Look at the server behind the proxy: it was down, restarted, or took longer than the proxy waits.",
    page: pages.slow,
    applies: status(502, 504),
  },
  {
    id: "unavailable",
    severity: "fault",
    title: "The server is not available: 503",
    why: "Entra tries the object again in a later cycle. It is the right answer to a passing failure; on the probe it costs the cycle, and again and again it leads to quarantine.",
    change:
      "Find out what was away. In Postern the `detail` says it: a system behind that is slow or down (`connectors.*.resilience`, `limits.seconds`), no free place (`limits.inFlight`), `safety.*.readOnly`, or the change guard (`safety.*.guard`), which waits for an operator's release.",
    page: pages.slow,
    applies: status(503),
  },
  {
    id: "unexpected-status",
    severity: "fault",
    title: "A status that Entra does not expect",
    why: "Entra treats what it does not know as a failure of the object.",
    change: "Answer 400 with a `detail` for what the client can change, and 503 for what passes.",
    page: pages.logs,
    applies: ({ status: code = 200 }) =>
      code < 200 || (code >= 400 && code < 500 && !NAMED.includes(code)) || code >= 600,
  },
  {
    id: "request-time-out",
    severity: "fault",
    title: "The server waited too long for the request: 408",
    why: "The request was sent at once; something between held it back. Entra fails the object.",
    change:
      "Look at the proxies before the server: buffering of requests, and connections that are kept open after the server closed them.",
    page: pages.slow,
    applies: status(408),
  },
  {
    id: "accepted-only",
    severity: "fault",
    title: "A write is accepted, and not done: 202",
    why: "Entra reads the object soon after and needs the id from the creation. It cannot wait for work that is done later.",
    change:
      "Do the work within the request, and answer 201, 200 or 204. What takes long and is not visible in SCIM may follow later.",
    page: pages.tutorial,
    applies: (seen) => isWrite(seen) && seen.status === 202,
  },
  {
    id: "created-with-200",
    severity: "warning",
    title: "A creation is answered with another status than 201",
    why: "RFC 7644 §3.3 asks for 201. Entra goes by the body; Microsoft's web validator refuses anything else.",
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
    why: "RFC 7644 §3.6 asks for 204 without a body. Entra takes any 2xx.",
    change: "Answer 204 No Content.",
    page: pages.tutorial,
    applies: (seen) =>
      seen.exchange.method === "DELETE" &&
      ![202, 204].includes(seen.status ?? 0) &&
      Math.trunc((seen.status ?? 0) / 100) === 2,
  },
]);
