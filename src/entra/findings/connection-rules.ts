import { pages, rules } from "./finding.ts";
import type { Seen } from "./seen.ts";

const TIMEOUT = /time[d-]?\s?-?out|ETIMEDOUT|UND_ERR_\w*TIMEOUT|aborted/i;
const TLS = /\bTLS\b|\bSSL\b|certificate|CERT_|EPROTO|ERR_TLS|altname|self.signed|UNABLE_TO_VERIFY|DEPTH_ZERO/i;
const NAME = /ENOTFOUND|EAI_AGAIN|getaddrinfo|ENODATA/i;
const REFUSED = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|refused|unreachable/i;

const SLOW_MS = 5000;
const VERY_SLOW_MS = 20_000;

/** Which rule for a missing response applies: the first whose words the failure contains. */
function failureOf({ exchange: { failure } }: Seen): "timeout" | "tls" | "name" | "refused" | "other" | undefined {
  if (failure === undefined) return undefined;
  if (TIMEOUT.test(failure)) return "timeout";
  if (TLS.test(failure)) return "tls";
  if (NAME.test(failure)) return "name";
  return REFUSED.test(failure) ? "refused" : "other";
}

const QUARANTINE = "Without a response to its probe, Entra runs no cycle and puts the job in quarantine";

/** Rules about the connection and the response time. */
export const connectionRules = rules([
  {
    id: "no-answer-in-time",
    severity: "fault",
    title: "No response in time",
    why: `Entra logs Timeout and retries the object about 40 minutes later. The write may have happened all the same, and the retry then causes a conflict. ${QUARANTINE}.`,
    change:
      "Answer within 5 seconds, and refuse anything that takes longer than 20 with 503. Find the request in the server's log: usually the filter has no index, or a creation waits for other systems. Postern ends an operation after `limits.seconds` (4.5) and answers 503.",
    page: pages.slow,
    applies: (seen) => failureOf(seen) === "timeout",
  },
  {
    id: "tls-failed",
    severity: "fault",
    title: "The TLS connection failed",
    why: `Entra trusts only public certificate authorities, and uses TLS 1.2. ${QUARANTINE}.`,
    change:
      "Install a certificate from a public authority for exactly this host name, including the intermediate certificates, and allow TLS 1.2 with ECDHE and AES-GCM. In Postern: `server.tls.cert` (leaf first, then the chain) and `server.tls.key`. With the on-premises agent, the agent's machine must trust the authority.",
    page: pages.tutorial,
    applies: (seen) => failureOf(seen) === "tls",
  },
  {
    id: "host-not-found",
    severity: "fault",
    title: "The host name does not resolve",
    why: `${QUARANTINE}.`,
    change:
      "Correct the Tenant URL, or publish the name in public DNS. A name of the internal network needs the on-premises agent.",
    page: pages.quarantine,
    applies: (seen) => failureOf(seen) === "name",
  },
  {
    id: "connection-refused",
    severity: "fault",
    title: "The connection was refused",
    why: `${QUARANTINE}.`,
    change:
      "Start the server, and check port and firewall. Entra calls from the addresses of the service tag AzureActiveDirectory. In Postern: `server.host`, `server.port` and `server.networks`.",
    page: pages.access,
    applies: (seen) => failureOf(seen) === "refused",
  },
  {
    id: "connection-lost",
    severity: "fault",
    title: "The connection ended before the response was complete",
    why: "Entra retries the object in a later cycle. If a creation succeeded in spite of it, the retry causes a conflict.",
    change:
      "Check the server and each proxy in front of it at the time of the example: a crash, a restart, a response above the proxy's limit, or an idle time-out shorter than the server's. Close connections only between requests.",
    page: pages.slow,
    applies: (seen) => failureOf(seen) === "other",
  },
  {
    id: "very-slow",
    severity: "fault",
    title: "A response took more than 20 seconds",
    why: "Microsoft does not publish Entra's time-out; provisioning on demand has 30 seconds for all of its steps. Beyond it the request counts as failed although the server did the work, and the retry causes conflicts. Requests are sent one after another, so one slow response delays the whole cycle.",
    change:
      "Index the attributes that Entra filters by (userName, externalId, displayName of groups), read by id without searching, omit members if `excludedAttributes=members` asks for it, and move slow side effects out of the request. Postern never takes longer than `limits.seconds`.",
    page: pages.sizing,
    applies: ({ exchange: { failure, tookMs } }) => failure === undefined && tookMs > VERY_SLOW_MS,
  },
  {
    id: "slow",
    severity: "warning",
    title: "A response took more than 5 seconds",
    why: "A cycle sends one request after another for each object type: at 5 seconds per request, 10,000 new people take more than a day. Provisioning on demand has 30 seconds for all of its steps.",
    change:
      "Measure this request on the server. Index the attributes that Entra filters by, and do not load a group's members to answer for the group. In Postern, compare the metrics `postern_backend_seconds` and `postern_request_seconds`, and check `connectors.*.resilience.concurrency`.",
    page: pages.sizing,
    applies: ({ exchange: { failure, tookMs } }) => failure === undefined && tookMs > SLOW_MS && tookMs <= VERY_SLOW_MS,
  },
  {
    id: "redirect",
    severity: "fault",
    title: "The endpoint redirects",
    why: "A POST or PATCH loses its body or its Authorization header, and a redirect to a sign-in page ends in HTML. The request fails.",
    change:
      "Set the Tenant URL to the final address: https, the right host, no trailing slash. Exempt the SCIM path from redirects to a sign-in page, to https or to a canonical host.",
    page: pages.tutorial,
    applies: ({ status = 0 }) => status >= 300 && status < 400,
  },
]);
