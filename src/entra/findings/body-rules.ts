import { pages, rules } from "./finding.ts";
import type { Seen } from "./seen.ts";

const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

const hasText = ({ answer }: Seen): boolean => (answer?.text ?? "").trim() !== "";
const isSuccess = ({ status = 0 }: Seen): boolean => status >= 200 && status < 300;
const isFailure = ({ status = 0 }: Seen): boolean => status >= 400;
const isRead = ({ exchange: { method } }: Seen): boolean => method === "GET";
/** A size in characters that no resource or empty list should reach. */
const LARGE = 64 * 1024;
const hasErrorSchema = ({ body }: Seen): boolean => Array.isArray(body?.schemas) && body.schemas.includes(ERROR);

/** The size of the response in characters, as far as known. */
const sizeOf = ({ answer }: Seen): number =>
  Math.max(Number(answer?.headers["content-length"] ?? 0) || 0, answer?.text.length ?? 0);

/** Rules about the body of a response. */
export const bodyRules = rules([
  {
    id: "html-answer",
    severity: "fault",
    title: "The response is a web page",
    why: "Entra cannot read it: SystemForCrossDomainIdentityManagementServiceIncompatible. On the probe the job goes to quarantine.",
    change:
      "Something in front of the SCIM server answers: a sign-in page, a firewall, a proxy's error page, or the web application at a wrong path. Correct the Tenant URL (Postern: the route's path, such as /scim/v2), and exempt that path from single sign-on. Configure the proxy to pass errors through.",
    page: pages.tutorial,
    applies: (seen) => seen.isHtml,
  },
  {
    id: "not-json",
    severity: "fault",
    title: "The response is not valid JSON",
    why: "Entra cannot read it: SystemForCrossDomainIdentityManagementServiceIncompatible.",
    change:
      "Serialise the response with a JSON library in UTF-8, without text before or after it. If the example ends in the middle, a proxy or a limit truncated the response.",
    page: pages.tutorial,
    applies: (seen) =>
      isSuccess(seen) && hasText(seen) && !seen.isHtml && !seen.isCut && seen.answer?.json === undefined,
  },
  {
    id: "not-an-object",
    severity: "fault",
    title: "The response is JSON, but not an object",
    why: "Entra cannot read it: SystemForCrossDomainIdentityManagementServiceIncompatible. A bare array of users is the usual case.",
    change: "Answer searches with a ListResponse, and everything else with one resource.",
    page: pages.tutorial,
    applies: (seen) => isSuccess(seen) && seen.answer?.json !== undefined && seen.body === undefined,
  },
  {
    id: "empty-answer",
    severity: "fault",
    title: "The response has no body where Entra needs one",
    why: "Without the body Entra has no id to link, and nothing to compare with: SystemForCrossDomainIdentityManagementServiceIncompatible.",
    change:
      "Answer a read with 200 and the resource, a search with 200 and a ListResponse, and a creation with 201 and the resource with its `id`.",
    page: pages.tutorial,
    applies: (seen) =>
      isSuccess(seen) && !hasText(seen) && seen.status !== 202 && (isRead(seen) || seen.exchange.purpose === "create"),
  },
  {
    id: "patch-200-without-body",
    severity: "fault",
    title: "A PATCH is answered with 200 and no body",
    why: "200 announces the resource, so Entra looks for one and fails to read it. Only the status is wrong.",
    change:
      "Answer 204 No Content, or 200 with the whole resource. In Postern: `patchResponse` of the resource type in its route.",
    page: pages.compatibility,
    applies: (seen) => seen.exchange.method === "PATCH" && seen.status === 200 && !hasText(seen),
  },
  {
    id: "plain-json-content-type",
    severity: "warning",
    title: "The Content-Type is application/json",
    why: "Entra accepts it. SCIM's type is application/scim+json (RFC 7644 §3.1), and Microsoft's validator has ended whole runs over this.",
    change: "Send `Content-Type: application/scim+json` with each response that has a body, including errors.",
    page: pages.tutorial,
    applies: (seen) => hasText(seen) && seen.mediaType === "application/json",
  },
  {
    id: "other-content-type",
    severity: "fault",
    title: "The Content-Type is not application/scim+json",
    why: "Entra may refuse to read the body: SystemForCrossDomainIdentityManagementServiceIncompatible.",
    change:
      "Send `Content-Type: application/scim+json` with each response that has a body. A proxy that compresses or rewrites responses must keep it.",
    page: pages.tutorial,
    applies: (seen) =>
      isSuccess(seen) &&
      hasText(seen) &&
      !seen.isHtml &&
      !["application/scim+json", "application/json"].includes(seen.mediaType),
  },
  {
    id: "error-not-scim",
    severity: "warning",
    title: "An error is not in SCIM format",
    why: "Entra's log then shows ServiceIncompatible instead of the reason, and nobody can see from Entra what was wrong.",
    change:
      'Answer errors with {"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"..."}, including failed authentication and unknown paths.',
    page: pages.logs,
    applies: (seen) => isFailure(seen) && !seen.isHtml && seen.status !== 404 && !(seen.body && hasErrorSchema(seen)),
  },
  {
    id: "error-without-detail",
    severity: "warning",
    title: "An error has no `detail`",
    why: "Entra quotes the body in its provisioning log. Without a sentence the administrator sees only a number.",
    change:
      "State in `detail` which attribute or rule is affected, and what is expected. Leave out secrets and stack traces.",
    page: pages.logs,
    applies: (seen) =>
      isFailure(seen) &&
      seen.status !== 404 &&
      hasErrorSchema(seen) &&
      !(typeof seen.body?.detail === "string" && seen.body.detail.trim() !== ""),
  },
  {
    id: "error-status-not-text",
    severity: "note",
    title: "An error's `status` is not a string",
    why: "RFC 7644 §3.12 requires a string. Entra uses the HTTP status.",
    change: 'Write "status": "404", in quotes, equal to the HTTP status.',
    page: pages.tutorial,
    applies: (seen) => isFailure(seen) && hasErrorSchema(seen) && typeof seen.body?.status !== "string",
  },
  {
    id: "answer-too-large",
    severity: "warning",
    title: "A response is larger than 64 KB",
    why: "Entra reads each object before it changes it. Large responses slow down every cycle and cause time-outs. The usual causes are members and photos.",
    change:
      "Honour `excludedAttributes=members`, answer the PATCH of a group with 204, and do not return photos or logs as attributes. In Postern: `patchResponse: none` for groups, which is the default.",
    page: pages.tutorial,
    applies: (seen) =>
      seen.exchange.purpose !== "discover" && seen.exchange.purpose !== "verify" && sizeOf(seen) >= LARGE,
  },
]);
