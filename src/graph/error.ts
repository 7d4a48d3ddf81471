import { ConnectorError } from "../connector/error.ts";
import type { Answer } from "../connector/http.ts";

/** What went wrong with a request to Graph, by what the caller is to do. */
export type UploadErrorKind =
  /** The day's requests are used up: nothing was sent. `when` says when to go on. */
  | "budget"
  /** The credential, a permission or the tenant's consent: an administrator's task. Trying again does not help before that. */
  | "denied"
  /** Entra rejected the whole request, and none of its records was processed. The same records would be rejected again. */
  | "refused"
  /** Entra knows no such job or service principal: a mistake in the configuration. */
  | "notFound"
  /** Throttled, overloaded, or not reachable. The same request may be sent again: Entra matches each record by its key. */
  | "unavailable";

/** A failed request to Graph. The message names what failed and what to do. It holds no secret. */
export class UploadError extends Error {
  override name = "UploadError";
  readonly kind: UploadErrorKind;
  /** When the budget allows another request. */
  readonly when: Date | undefined;
  /** Seconds after which to try again, if Entra said so or documents it; else back off. */
  readonly retryAfter: number | undefined;
  /** Graph's ID of the request, for Microsoft's support. */
  readonly requestId: string | undefined;

  constructor(
    kind: UploadErrorKind,
    message: string,
    {
      when,
      retryAfter,
      requestId,
      cause,
    }: ErrorOptions & Partial<Pick<UploadError, "when" | "retryAfter" | "requestId">> = {},
  ) {
    super(message, { cause });
    this.kind = kind;
    this.when = when;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/** What a request was for, to tell its failure. */
export interface Purpose {
  /** As the object of a sentence: "the upload". */
  readonly what: string;
  readonly permission: string;
  readonly job: string;
  readonly servicePrincipal: string;
}

const MAX_DETAIL = 300;
/** Documented: pause for 5 to 10 minutes. */
const BUCKET_SECONDS = 300;

/** The error that an answer of Graph's means. `clean` takes secrets out of Graph's own words. */
export function failureOf(answer: Answer, purpose: Purpose, clean: (text: string) => string): UploadError {
  const { status, headers } = answer;
  const { code, message } = errorIn(answer.body);
  const words = message === undefined ? "" : clean(message).slice(0, MAX_DETAIL).trim().replace(/\.$/, "");
  const said = [code, words].filter((each) => each !== undefined && each !== "").join(": ");
  const start = `Entra answered ${purpose.what} with ${status}${said === "" ? "" : ` (${said})`}. `;
  const requestId = headers["request-id"];
  const fail = (kind: UploadErrorKind, next: string, retryAfter?: number) =>
    new UploadError(kind, start + next, { requestId, retryAfter });
  if (status === 401)
    return fail(
      "denied",
      "The access token was not accepted: check `tenant` and `graph` in the configuration, and the machine's clock.",
    );
  if (status === 403)
    return fail(
      "denied",
      `Grant the application permission ${purpose.permission} on Microsoft Graph, with admin consent. New permissions count from the next token on, in an hour at most.`,
    );
  if (status === 404)
    return fail(
      "notFound",
      `Check \`job\` (${purpose.job}) and \`servicePrincipal\` (${purpose.servicePrincipal}): the latter is the Object ID of the enterprise application, not of an app registration.`,
    );
  if (status === 429)
    return fail(
      "unavailable",
      "The tenant's limit is reached: 40 requests in 5 seconds, or its requests of a day. If this is seen often, another client uploads too: lower `requestsPerDay`.",
      retryAfterOf(headers),
    );
  if (status >= 500 && /bucket/i.test(words))
    return fail(
      "unavailable",
      "The provisioning job does not keep up, or does not run: start it, or restart it if it is in quarantine.",
      retryAfterOf(headers) ?? BUCKET_SECONDS,
    );
  if (status >= 500 || status === 408)
    return fail("unavailable", "Try again later; sending the same records again is safe.", retryAfterOf(headers));
  if (status < 400)
    return fail(
      "unavailable",
      "That is not an answer of Microsoft Graph: check `graph` and `proxy` in the configuration.",
    );
  return fail(
    "refused",
    "Nothing of this request was processed. Check the attributes that the sync sends; sending it again will not help.",
  );
}

/** What Graph's error says, `{ error: { code, message } }`. */
function errorIn(body: unknown): { readonly code?: string | undefined; readonly message?: string | undefined } {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } };
  const { code, message } = error ?? {};
  return {
    code: typeof code === "string" && /^[\w.-]{1,100}$/.test(code) ? code : undefined,
    message: typeof message === "string" ? message : undefined,
  };
}

/** Seconds to wait, RFC 9110 §10.2.3. */
function retryAfterOf(headers: Answer["headers"]): number | undefined {
  const given = headers["retry-after"];
  if (given === undefined) return undefined;
  const seconds = /^\d+$/.test(given) ? Number(given) : (Date.parse(given) - Date.parse(headers.date ?? "")) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** A failure of the network, or of getting a token, as what it means for the caller. */
export function asUploadError(error: unknown): unknown {
  if (!(error instanceof ConnectorError)) return error;
  const kind = error.kind === "denied" ? "denied" : "unavailable";
  const message = error.message.replace(
    " A write may or may not have happened: read before repeating it.",
    " Sending the same records again is safe.",
  );
  return new UploadError(kind, message, { retryAfter: error.retryAfter, cause: error });
}
