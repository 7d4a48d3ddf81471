import type { Finding, Services } from "../connector/connector.ts";
import { ConnectorError } from "../connector/error.ts";
import type { HttpRequest } from "../connector/http.ts";
import { openTransport } from "../http/transport.ts";
import { type Budget, type Limit, memoryBudget } from "./budget.ts";
import type { Call } from "./call.ts";
import { type Clock, systemClock } from "./clock.ts";
import { asUploadError, failureOf, UploadError } from "./error.ts";
import { readLog } from "./log.ts";
import type { Env } from "./managed-identity.ts";
import { probeJob } from "./probe.ts";
import type { ProvisioningRecord } from "./record.ts";
import { bulkRequest, type UploadRecord } from "./request.ts";
import type { EntraSettings } from "./settings.ts";
import { openTokens } from "./tokens.ts";

/** One API-driven provisioning app of a tenant, as a client. */
export interface EntraClient {
  /**
   * Sends 1 to 50 records in one request. Resolves when Entra has answered 202: it has received them, but not processed any. `at` is that
   * time by Entra's clock. Waits for its turn within the rate limit; rejects with an `UploadError` otherwise, `budget` if the daily
   * requests are used up. Never repeats a request, unless the token was not accepted.
   */
  readonly upload: (
    records: readonly UploadRecord[],
    signal: AbortSignal,
  ) => Promise<{ readonly at: Date; readonly requestId: string }>;
  /**
   * The job's records in the provisioning log since a time, page by page, newest first. Records appear 5 to 10 minutes late and out of
   * order: read since the oldest upload without a known outcome, not since the last reading. Rejects with an `UploadError`.
   */
  readonly log: (since: Date, signal: AbortSignal) => AsyncIterable<ProvisioningRecord>;
  /** Checks the token, the permissions and, as far as they allow, the job. Sends no upload. */
  readonly probe: (signal: AbortSignal) => Promise<readonly Finding[]>;
  readonly close: () => Promise<void>;
}

/** What a client needs. */
export interface EntraServices extends Pick<Services, "files"> {
  readonly budget: Budget;
  readonly clock?: Clock;
  /** Environment variables that tell how this host issues tokens to managed identities. Default: the process's. */
  readonly env?: Env;
}

/** Graph's limit on reading logs, 5 requests in 10 seconds for an application in a tenant, with some room. */
const READS: readonly Limit[] = [{ requests: 5, ms: 11_000 }];
/** A request that can start within this many milliseconds waits; otherwise an upload is refused with `budget`. */
const PATIENCE_MS = 15_000;
/** Maximum attempts to get a turn when others take each one first. */
const MAX_TURNS = 100;
const MAX_BYTES = 33_554_432;

/** Opens a client. Sends nothing. Throws a `SettingError` if a certificate or a key cannot be used. */
export function openEntra(
  settings: EntraSettings,
  { files, budget, clock = systemClock, env = process.env }: EntraServices,
): EntraClient {
  const { servicePrincipal, job } = settings;
  const open = (url: string, proxy: string | undefined) =>
    openTransport(
      {
        url,
        proxy,
        tls: settings.tls,
        timeout: settings.timeout,
        auth: { type: "none" },
        headers: {},
        connections: 8,
        maxBytes: MAX_BYTES,
      },
      files,
    );
  const graph = open(settings.graph, settings.proxy);
  const login = open(settings.login, settings.proxy);
  const local = open("http://169.254.169.254", undefined);
  const tokens = openTokens(settings, { files, clock, env, login: login.send, local: local.send });

  /** `before` is called before each request that is sent, once there is a token for it. */
  const callAfter = (before: (signal: AbortSignal) => Promise<void>): Call => {
    const attempt = async (request: HttpRequest, signal: AbortSignal) => {
      const proof = await tokens.proof(signal);
      await before(signal);
      const answer = await graph.send({ ...request, proof }, signal);
      if (answer.status === 401) tokens.forget(proof);
      return answer;
    };
    return async (request, purpose, signal) => {
      try {
        const first = await attempt(request, signal);
        const answer = first.status === 401 ? await attempt(request, signal) : first;
        if (answer.status < 200 || answer.status > 299)
          throw failureOf(answer, { ...purpose, job, servicePrincipal }, tokens.clean);
        return answer;
      } catch (error) {
        throw asUploadError(error);
      }
    };
  };

  const upload = callAfter(turnsOf(budget, settings, clock));
  const call = callAfter(turnsOf(memoryBudget(READS), settings, clock));
  const address = `${settings.graph}/v1.0/servicePrincipals/${encodeURIComponent(servicePrincipal)}/synchronization/jobs/${encodeURIComponent(job)}`;

  return {
    upload: async (records, signal) => {
      const { headers, body } = bulkRequest(records);
      const request = { method: "POST", url: `${address}/bulkUpload`, headers, body };
      const what = `the upload of ${records.length} ${records.length === 1 ? "record" : "records"}`;
      const answer = await upload(request, { what, permission: "SynchronizationData-User.Upload" }, signal);
      if (answer.status !== 202)
        throw new UploadError(
          "unavailable",
          `${settings.graph} answered the upload with ${answer.status} in place of 202. Check \`graph\` and \`proxy\` in the configuration.`,
        );
      const at = Date.parse(answer.headers.date ?? "");
      const requestId = answer.headers["request-id"] ?? headers["client-request-id"] ?? "";
      return { at: new Date(Number.isNaN(at) ? clock.now() : at), requestId };
    },
    log: (since, signal) => readLog({ graph: settings.graph, job, since }, call, clock, signal),
    probe: (signal) => probeJob({ settings, address, files }, { call, tokens, clock }, signal),
    close: async () => {
      await Promise.all([graph.close(), login.close(), local.close()]);
    },
  };
}

/** Waits for a turn within a budget. Rejects where that would take long. */
function turnsOf(
  budget: Budget,
  { tenant, requestsPerDay }: EntraSettings,
  clock: Clock,
): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    for (let n = 0; n < MAX_TURNS; n++) {
      const permit = await budget.take(tenant, clock.now());
      if (permit.ok) return;
      const wait = permit.until - clock.now();
      if (wait > PATIENCE_MS) throw overBudget(new Date(permit.until), requestsPerDay);
      await clock.sleep(Math.max(1, wait), signal).catch((cause) => {
        const message = "The request to Entra was stopped while it waited for its turn; nothing was sent.";
        throw new ConnectorError("unavailable", message, { cause });
      });
    }
    throw new UploadError("unavailable", "Other requests into the tenant took every turn. Try again later.");
  };
}

const overBudget = (when: Date, requestsPerDay: number) =>
  new UploadError(
    "budget",
    `The tenant's ${requestsPerDay} upload requests per 24 hours are used up; the next one is possible at ${when.toISOString()}. With an ID Governance licence, set requestsPerDay to 6000.`,
    { when },
  );
