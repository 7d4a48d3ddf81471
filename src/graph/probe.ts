import type { Finding } from "../connector/connector.ts";
import type { Files } from "../connector/kit/files.ts";
import { type Call, reading } from "./call.ts";
import { readIdentity } from "./certificate.ts";
import type { Clock } from "./clock.ts";
import { asUploadError, UploadError } from "./error.ts";
import { logAddress } from "./log.ts";
import type { EntraSettings } from "./settings.ts";
import type { Tokens } from "./tokens.ts";

const DAY_MS = 86_400_000;
/** Days before its expiry from which a certificate is reported. */
const CERTIFICATE_DAYS = 30;
const UPLOAD = ["SynchronizationData-User.Upload", "SynchronizationData-User.Upload.OwnedBy"];
const READ_LOG = ["ProvisioningLog.Read.All", "AuditLog.Read.All"];

/** What is checked: an app, with the URL of its job. */
export interface Probed {
  readonly settings: EntraSettings;
  readonly address: string;
  readonly files: Files;
}

/** Checks the credential, the permissions, the log and the job's state, in sentences. Stops at the first that the others need. */
export async function probeJob(
  { settings, address, files }: Probed,
  { call, tokens, clock }: { readonly call: Call; readonly tokens: Tokens; readonly clock: Clock },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const certificate = certificateFindings(settings, files, clock.now());
  try {
    await tokens.proof(signal);
  } catch (error) {
    return [...certificate, failing(asUploadError(error))];
  }
  return [
    ...certificate,
    { ok: true, text: `Entra gave an access token for ${settings.graph}.` },
    ...permissionFindings(tokens.roles()),
    await logFinding(settings, call, clock, signal),
    await jobFinding(settings, address, call, signal),
  ];
}

function failing(error: unknown): Finding {
  if (error instanceof UploadError)
    return { ok: error.kind === "unavailable" ? "unknown" : false, text: error.message };
  throw error;
}

function certificateFindings(
  { credential: { certificate, key } }: EntraSettings,
  files: Files,
  now: number,
): Finding[] {
  if (certificate === undefined || key === undefined) return [];
  const ends = new Date(readIdentity(files, { certificate, key }).certificate.validTo);
  const days = Math.floor((ends.getTime() - now) / DAY_MS);
  const until = ends.toISOString().slice(0, 10);
  if (days >= CERTIFICATE_DAYS) return [];
  return [
    {
      ok: false,
      text:
        days < 0
          ? `The certificate in credential.certificate expired on ${until}: make a new one and upload it to the app registration.`
          : `The certificate in credential.certificate expires on ${until}: upload its successor to the app registration before that.`,
    },
  ];
}

function permissionFindings(roles: readonly string[] | undefined): Finding[] {
  if (roles === undefined)
    return [{ ok: "unknown", text: "The token does not show its permissions; the first upload will tell." }];
  const granted = UPLOAD.find((role) => roles.includes(role));
  const log = READ_LOG.find((role) => roles.includes(role));
  return [
    granted === undefined
      ? {
          ok: false,
          text: `Uploads will be denied: grant the application permission ${UPLOAD[0]} on Microsoft Graph, with admin consent.`,
        }
      : { ok: true, text: `Uploads are permitted by ${granted}.` },
    ...(log === undefined
      ? [
          {
            ok: false,
            text: `Results cannot be read: grant the application permission ${READ_LOG[0]} on Microsoft Graph, with admin consent.`,
          },
        ]
      : []),
  ];
}

async function logFinding(settings: EntraSettings, call: Call, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const since = new Date(clock.now() - DAY_MS);
  const url = logAddress({ graph: settings.graph, job: settings.job, since }, 1);
  try {
    await call(reading(url), { what: "the reading of the provisioning log", permission: READ_LOG[0]! }, signal);
    return { ok: true, text: "The provisioning log can be read." };
  } catch (error) {
    return failing(error);
  }
}

/** What the job's states mean, by Graph's code. */
const STATES: Readonly<Record<string, Finding>> = {
  Active: { ok: true, text: "The provisioning job runs." },
  InProgress: { ok: true, text: "The provisioning job runs." },
  Paused: {
    ok: false,
    text: "The provisioning job is paused: Entra accepts uploads and processes none. Select Start provisioning in the app.",
  },
  NotRun: {
    ok: false,
    text: "The provisioning job was never started: Entra accepts uploads and processes none. Select Start provisioning in the app.",
  },
  NotConfigured: {
    ok: false,
    text: "The provisioning job is not configured. Open the app's Provisioning page and complete it.",
  },
};

async function jobFinding({ job }: EntraSettings, address: string, call: Call, signal: AbortSignal): Promise<Finding> {
  try {
    const purpose = { what: "the reading of the job", permission: "Synchronization.Read.All" };
    const { body } = await call(reading(address), purpose, signal);
    return stateOf(body, job);
  } catch (error) {
    if (error instanceof UploadError && error.kind === "denied")
      return {
        ok: "unknown",
        text: "Whether the job exists and runs cannot be read. Grant Synchronization.Read.All to have it checked; uploads do not need it.",
      };
    return failing(error);
  }
}

function stateOf(body: unknown, job: string): Finding {
  const { status, schedule } = (body ?? {}) as {
    status?: { code?: unknown; quarantine?: { reason?: unknown } | null };
    schedule?: { state?: unknown };
  };
  if (status?.code === "Quarantine") {
    const { reason } = status.quarantine ?? {};
    const why = typeof reason === "string" && /^\w+$/.test(reason) ? ` (${reason})` : "";
    return {
      ok: false,
      text: `The provisioning job is in quarantine${why}: Entra processes little or nothing. Correct the cause, set a notification email, and select Restart provisioning.`,
    };
  }
  if (schedule?.state === "Disabled") return STATES.Paused!;
  return (
    STATES[String(status?.code)] ?? {
      ok: "unknown",
      text: `The provisioning job ${job} exists; its state is unknown.`,
    }
  );
}
