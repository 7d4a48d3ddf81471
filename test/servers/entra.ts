/**
 * A stand-in for Microsoft Entra ID as an inbound provisioning client meets it, which behaves as Microsoft documents: the token endpoint, `bulkUpload`
 * with its limits, the job that processes later, and the provisioning log that tells of it later still. It runs by a clock of its own: lend it to
 * the client (`openEntra(settings, { ..., clock: server.clock })`), and move it with `server.clock.advance(ms)`. Nothing here sleeps.
 *
 *     const server = await startEntra();
 *     const client = openEntra(entraConfig.parse(server.settings), { files, budget, clock: server.clock });
 *     await client.upload(records, signal);
 *     server.clock.advance(15 * 60_000);      // processed after seconds, in the log after 5 to 10 minutes
 *     server.user("701984");                  // the account, by externalId
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestClock, testClock } from "./entra/clock.ts";
import { type CloudUser, Job } from "./entra/job.ts";
import { Journal } from "./entra/journal.ts";
import { type Reply, SignIn } from "./entra/sign-in.ts";
import type { Json } from "./entra/values.ts";
import { stopServer } from "./ports.ts";

export type { CloudUser } from "./entra/job.ts";

/** A request as Entra saw it. */
export interface SeenByEntra {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** By the server's clock. */
  readonly at: number;
}

/** Entra's limits on uploads. */
export interface EntraLimits {
  perWindow: number;
  windowMs: number;
  perDay: number;
  /** What 429 says by Retry-After, in seconds. Not documented for uploads, so there is none by default. */
  retryAfter: number | undefined;
}

/** A tenant with one API-driven provisioning app. */
export interface EntraServer {
  readonly url: string;
  /** Settings of a client, with a secret, before `entraConfig` has parsed them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clock: TestClock;
  /** The tenant's users by ID, as they are now; a test may put in and change any. */
  readonly users: Map<string, CloudUser>;
  /** The user with an employeeId, as it is now. */
  readonly user: (externalId: string) => CloudUser | undefined;
  /** The provisioning job: pause it, set null flow, mapping, scope, domains and failures. */
  readonly job: Job;
  /** The provisioning log: shape, delay, retention. */
  readonly journal: Journal;
  /** The app registration: credentials, permissions, lifetime of tokens. */
  readonly signIn: SignIn;
  readonly limits: EntraLimits;
  /** All requests so far. */
  readonly seen: SeenByEntra[];
  /** Answers in Entra's place from now on: with a reply, by breaking the connection before ("break") or after ("lose") the request was done. */
  readonly fail: (fault: ((request: SeenByEntra) => Reply | "break" | "lose" | undefined) | undefined) => void;
  readonly stop: () => Promise<void>;
}

const TENANT = "0a1b2c3d-1111-4222-8333-444455556666";
const CLIENT = "0a1b2c3d-2222-4222-8333-444455556666";
const SERVICE_PRINCIPAL = "0a1b2c3d-3333-4222-8333-444455556666";
const JOB = `API2AAD.${TENANT.replaceAll("-", "")}.0a1b2c3d-4444-4222-8333-444455556666`;
const SECRET = "of-the-tests-only~0123456789";
const BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const DAY_MS = 86_400_000;

export async function startEntra({ tls }: { readonly tls?: ServerOptions } = {}): Promise<EntraServer> {
  const clock = testClock();
  const users = new Map<string, CloudUser>();
  const journal = new Journal({ tenant: TENANT, job: JOB, servicePrincipal: SERVICE_PRINCIPAL });
  const job = new Job(users, journal);
  const limits: EntraLimits = { perWindow: 40, windowMs: 5000, perDay: 2000, retryAfter: undefined };
  const seen: SeenByEntra[] = [];
  let fault: Parameters<EntraServer["fail"]>[0];
  const base = () => `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signIn = new SignIn({ tenant: TENANT, client: CLIENT, url: base }, clock.now);
  signIn.secrets.set(SECRET, true);
  const tenant: Tenant = { clock, job, journal, signIn, limits, uploads: [], reads: [], url: base };

  const listener = async (incoming: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const part of incoming) body += part;
    const request = { method: incoming.method!, path: incoming.url!, headers: incoming.headers, body, at: clock.now() };
    seen.push(request);
    job.run(clock.now());
    const own = fault?.(request);
    if (own === "break") return incoming.socket.destroy();
    const reply = typeof own === "object" ? own : await answer(tenant, request);
    if (own === "lose") return incoming.socket.destroy();
    const text = reply.body === undefined ? "" : JSON.stringify(reply.body);
    response.writeHead(reply.status, {
      date: new Date(clock.now()).toUTCString(),
      "request-id": randomUUID(),
      ...(incoming.headers["client-request-id"] && { "client-request-id": incoming.headers["client-request-id"] }),
      ...(text !== "" && { "content-type": "application/json" }),
      "content-length": String(Buffer.byteLength(text)),
      ...reply.headers,
    });
    response.end(text);
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: base(),
    settings: {
      tenant: TENANT,
      client: CLIENT,
      servicePrincipal: SERVICE_PRINCIPAL,
      job: JOB,
      graph: base(),
      login: base(),
      credential: { secret: SECRET },
    },
    clock,
    get users() {
      job.run(clock.now());
      return users;
    },
    user: (externalId) => {
      job.run(clock.now());
      return [...users.values()].find(({ employeeId }) => employeeId === externalId);
    },
    job,
    journal,
    signIn,
    limits,
    seen,
    fail: (next) => {
      fault = next;
    },
    stop: () => stopServer(server),
  };
}

interface Tenant extends Pick<EntraServer, "clock" | "job" | "journal" | "signIn" | "limits"> {
  /** When uploads were accepted. */
  uploads: number[];
  /** When the log was read. */
  reads: number[];
  readonly url: () => string;
}

async function answer(tenant: Tenant, request: SeenByEntra): Promise<Reply> {
  const { signIn } = tenant;
  const url = new URL(request.path, tenant.url());
  const { pathname } = url;
  if (request.method === "POST" && pathname.endsWith("/oauth2/v2.0/token"))
    return signIn.token(pathname, new URLSearchParams(request.body));
  if (["/metadata/identity/oauth2/token", "/msi/token", "/arc/token"].includes(pathname))
    return signIn.identity(url, request.headers);
  const [, version = "", path = ""] = /^\/(v1\.0|beta)(\/.*)$/.exec(pathname) ?? [];
  if (version === "") return problem(404, "ResourceNotFound", "Resource not found for the segment.");
  const permissions = await signIn.permits(request.headers.authorization);
  if (!permissions) return problem(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.");
  const needs = (...any: string[]) =>
    any.some((each) => permissions.includes(each))
      ? undefined
      : problem(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
  if (request.method === "GET" && path === "/auditLogs/provisioning")
    return needs("ProvisioningLog.Read.All", "AuditLog.Read.All") ?? log(tenant, url);
  const [, principal, job, rest] =
    /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs\/([^/]+)(\/bulkUpload)?$/.exec(path) ?? [];
  if (principal === undefined || job === undefined)
    return problem(404, "ResourceNotFound", "Resource not found for the segment.");
  const isKnown = principal === SERVICE_PRINCIPAL && decodeURIComponent(job) === JOB;
  const unknown = isKnown
    ? undefined
    : problem(404, "Request_ResourceNotFound", `Resource '${principal}' does not exist.`);
  if (request.method === "GET" && rest === undefined)
    return (
      needs("Synchronization.Read.All", "Synchronization.ReadWrite.All") ??
      unknown ?? { status: 200, body: jobResource(tenant.job) }
    );
  if (request.method !== "POST" || rest === undefined)
    return problem(405, "Request_BadRequest", "Specified HTTP method is not allowed.");
  return (
    needs("SynchronizationData-User.Upload", "SynchronizationData-User.Upload.OwnedBy") ??
    unknown ??
    upload(tenant, request, version)
  );
}

/** An error as Graph tells it. */
const problem = (status: number, code: string, message: string, headers: Record<string, string> = {}): Reply => ({
  status,
  body: { error: { code, message, innerError: { date: "2026-11-02T08:00:00", "request-id": randomUUID() } } },
  headers,
});

function jobResource(job: Job): object {
  return {
    id: JOB,
    templateId: "API2AAD",
    schedule: { expiration: null, interval: "PT40M", state: job.state === "Paused" ? "Paused" : "Active" },
    status: { code: job.state, quarantine: job.state === "Quarantine" ? { reason: "Unknown" } : null },
  };
}

function log(tenant: Tenant, asked: URL): Reply {
  const { journal, clock, url } = tenant;
  const now = clock.now();
  tenant.reads = tenant.reads.filter((at) => at > now - 10_000);
  if (tenant.reads.length >= 5) return problem(429, "TooManyRequests", "Too many requests.", { "retry-after": "10" });
  tenant.reads.push(now);
  try {
    const { value, skiptoken } = journal.page(asked.searchParams, clock.now());
    const next = new URL(asked.pathname + asked.search, url());
    if (skiptoken !== undefined) next.searchParams.set("$skiptoken", skiptoken);
    const context = `${url()}/v1.0/$metadata#auditLogs/provisioning`;
    return {
      status: 200,
      body: { "@odata.context": context, value, ...(skiptoken !== undefined && { "@odata.nextLink": next.href }) },
    };
  } catch (error) {
    return problem(400, "BadRequest", (error as Error).message);
  }
}

function upload(tenant: Tenant, { headers, body }: SeenByEntra, version: string): Reply {
  const { clock, job, limits } = tenant;
  const now = clock.now();
  tenant.uploads = tenant.uploads.filter((at) => at > now - DAY_MS);
  const lately = tenant.uploads.filter((at) => at > now - limits.windowMs).length;
  if (lately >= limits.perWindow || tenant.uploads.length >= limits.perDay)
    return problem(
      429,
      "TooManyRequests",
      "Too many requests.",
      limits.retryAfter === undefined ? {} : { "retry-after": String(limits.retryAfter) },
    );
  const fault = faultIn(headers["content-type"] ?? "", body);
  if (typeof fault === "string") return problem(400, "BadRequest", fault);
  if (job.waiting + fault.length > job.bucket)
    return problem(
      500,
      "InternalServerError",
      "The bucket that stores the ingested data is full, please wait for the synchronization service to process the ingested data and retry this request.",
    );
  tenant.uploads.push(now);
  job.accept(fault, now);
  return {
    status: 202,
    headers: { location: `${tenant.url()}/${version}/auditLogs/provisioning/?$filter=jobid eq '${JOB}'` },
  };
}

/** The records of a request, or what is wrong with it. */
function faultIn(contentType: string, text: string): string | readonly Record<string, Json>[] {
  if (!/^application\/scim\+json\s*(;|$)/i.test(contentType)) return "Invalid Data Format";
  let body: { schemas?: unknown; Operations?: unknown };
  try {
    body = JSON.parse(text);
  } catch {
    return "Invalid Data Format: the payload is no JSON.";
  }
  const { schemas, Operations: operations } = body ?? {};
  if (!Array.isArray(schemas) || !schemas.includes(BULK_REQUEST)) return "Invalid Data Format: schemas is missing.";
  if (!Array.isArray(operations) || operations.length === 0) return "Invalid Data Format: Operations is missing.";
  if (operations.length > 50) return "The request holds more than 50 operations.";
  for (const { method, path, bulkId, data } of operations) {
    if (method !== "POST" || path !== "/Users") return "Only POST on /Users is supported.";
    if (typeof bulkId !== "string" || bulkId === "") return "bulkId is missing.";
    const used = Object.keys(data ?? {}).filter((name) => name.startsWith("urn:"));
    if (!Array.isArray(data?.schemas) || data.schemas.length === 0) return "schemas of the resource is missing.";
    if (!used.every((urn) => data.schemas.includes(urn))) return "An extension is used that schemas does not list.";
  }
  return operations.map(({ data }) => data);
}
