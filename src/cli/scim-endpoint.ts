import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Command, InvalidArgumentError } from "commander";
import type * as undici from "undici";
import { StartError } from "../compose/routes.ts";
import { ConnectorError, SettingError } from "../connector/error.ts";
import type { Answer, Proof } from "../connector/http.ts";
import { filesIn } from "../connector/kit/files.ts";
import { readCertificates } from "../connector/kit/tls.ts";
import { askForToken, bearer, cacheToken } from "../http/tokens.ts";
import { createRedactor, jsonOf, type Redactor, secretsInQuery } from "./redact.ts";

/** Where a SCIM endpoint is, and what proves who asks: as the command line gives it. */
export interface EndpointOptions {
  /** The base URL, such as `https://scim.example.com/scim/v2`. Its query, if it has one, goes with every request. */
  readonly url: string;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly scope?: string | undefined;
  /** A file with the certificate authorities to trust, PEM; the system's without it. */
  readonly ca?: string | undefined;
  /** Seconds until an answer must be there whole. */
  readonly timeout: number;
}

/** What a SCIM endpoint answered. */
export interface EndpointAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; undefined where it is empty or isn't JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: foreign endpoints answer in every shape
  readonly json?: any;
  readonly tookMs: number;
}

/** Why there was no answer: a sentence for the reader, without credentials. */
export interface EndpointFailure {
  readonly failure: string;
  readonly tookMs: number;
}

/** What differs from the usual for one request. */
export interface SendOptions {
  /** Added to the usual headers, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends no credentials. */
  readonly anonymous?: boolean;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** A SCIM endpoint that can be asked. */
export interface ScimEndpoint {
  /** The base URL, without a slash at its end and without credentials. */
  readonly url: string;
  /** The URL that tokens come from, if they do. */
  readonly tokenUrl: string | undefined;
  /** The lifetime of the current token in seconds, as the token endpoint said; undefined if it said nothing, or wasn't asked yet. */
  readonly tokenSeconds: () => number | undefined;
  /**
   * Sends one request and reads the answer whole. A `path` starts with a slash and is appended to the base URL; a whole URL is sent
   * as it is, without credentials if it leads to another origin. Never rejects: if no answer came, gives an `EndpointFailure`.
   */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    options?: SendOptions,
  ) => Promise<EndpointAnswer | EndpointFailure>;
  readonly close: () => Promise<void>;
}

/** True if no answer came. */
export const isFailure = (answer: EndpointAnswer | EndpointFailure): answer is EndpointFailure => "failure" in answer;

/** Maximum size of an answer, in bytes. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Maximum number of redirects to follow on the same origin. */
const MAX_REDIRECTS = 3;
const DEFAULT_TIMEOUT = 30;

/** Adds the options that say where a SCIM endpoint is and who asks. `command.opts()` with the URL are then `EndpointOptions`. */
export function addEndpointOptions(command: Command): Command {
  return command
    .optionsGroup("Credentials and connection:")
    .option("--token <token>", "the bearer token; prefer --token-file or the environment variable POSTERN_TOKEN")
    .option("--token-file <file>", "a file that holds the bearer token")
    .option("--token-url <url>", "an OAuth 2.0 token endpoint: tokens are requested with client credentials")
    .option("--client-id <id>", "the OAuth client's id")
    .option("--client-secret-file <file>", "a file that holds the OAuth client's secret")
    .option("--scope <scope>", "the scope to request from the token endpoint")
    .option("--ca <file>", "the certificate authorities to trust, PEM; by default the system's")
    .option("--timeout <seconds>", "maximum time for one answer, in seconds", secondsIn, DEFAULT_TIMEOUT);
}

function secondsIn(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError("It must be a number of seconds, up to 3600.");
  return seconds;
}

/**
 * Opens a SCIM endpoint; nothing is sent yet. Without credentials among the options, the environment's `POSTERN_TOKEN` is used.
 * Throws a `StartError` for options that contradict each other, and for files that cannot be used.
 */
export function openEndpoint(
  options: EndpointOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ScimEndpoint {
  const { Agent, fetch } = createRequire(import.meta.url)("undici") as typeof undici;
  const base = baseOf(options.url);
  const redactor = createRedactor();
  for (const secret of secretsInQuery(base.search)) redactor.add(secret, "(secret)");
  const dispatcher = new Agent({
    connect: { ...certificatesOf(options.ca), timeout: options.timeout * 1000 },
    // A request as a whole has its own time limit.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const asked = async (url: URL, init: RequestInit, signal: AbortSignal) => {
    const response = await fetch(url, { ...init, redirect: "manual", dispatcher, signal });
    return { response, text: await textOf(response) };
  };
  let tokenSeconds: number | undefined;
  const credentials = credentialsOf(options, env, redactor, async (request, signal) => {
    const body = new URLSearchParams(request.form).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    const init = { method: "POST", headers: { ...headers, ...request.headers }, body };
    const { response, text } = await asked(new URL(request.url), init, signal);
    const { expires_in: seconds } = (jsonOf(text) ?? {}) as { readonly expires_in?: unknown };
    tokenSeconds = typeof seconds === "number" ? seconds : undefined;
    return { status: response.status, headers: {}, cookies: {}, body: jsonOf(text) };
  });
  const urlOf = (path: string) => {
    if (/^https?:/i.test(path)) return new URL(path);
    const url = new URL(`${base.origin}${base.path}${path}`);
    if (base.search) url.search = url.search ? `${url.search}&${base.search.slice(1)}` : base.search;
    return url;
  };

  return {
    url: `${base.origin}${base.path}`,
    tokenUrl: options.tokenUrl,
    tokenSeconds: () => tokenSeconds,
    send: async (method, path, body, { headers: more, anonymous = false, signal } = {}) => {
      const started = performance.now();
      const tookMs = () => Math.round(performance.now() - started);
      const ends = AbortSignal.any([AbortSignal.timeout(options.timeout * 1000), ...(signal ? [signal] : [])]);
      try {
        const url = urlOf(path);
        const isOwn = url.origin === base.origin && !anonymous;
        const proof = isOwn ? await credentials(ends) : {};
        redactor.add(proof.headers?.authorization?.replace(/^Bearer /, "") ?? "", "(token)");
        const init = {
          method,
          headers: {
            accept: "application/scim+json, application/json;q=0.9",
            "user-agent": "postern",
            ...(body !== undefined && { "content-type": "application/scim+json; charset=utf-8" }),
            ...more,
            ...proof.headers,
          },
          ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        };
        const answered = await redirected(url, init, (to) => asked(to, init, ends));
        const { response } = answered;
        const headers = [...response.headers].map(([name, value]) => [name, redactor.text(value)]);
        return {
          status: response.status,
          headers: Object.fromEntries(headers),
          ...redactor.answer(answered.text),
          tookMs: tookMs(),
        };
      } catch (error) {
        return { failure: redactor.text(reasonOf(error, ends, options.timeout)), tookMs: tookMs() };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

type RequestInit = undici.RequestInit;
type Asked = { readonly response: undici.Response; readonly text: string };

/** Follows redirects that stay on the same origin and keep the method; gives any other redirect as the answer that it is. */
async function redirected(from: URL, init: RequestInit, ask: (url: URL) => Promise<Asked>): Promise<Asked> {
  let url = from;
  for (let hops = 0; ; hops++) {
    const asked = await ask(url);
    const { status, headers } = asked.response;
    const keeps = status === 307 || status === 308 || (init.method === "GET" && (status === 301 || status === 302));
    const location = headers.get("location");
    const next = location !== null && URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
    if (!keeps || next?.origin !== from.origin || hops === MAX_REDIRECTS) return asked;
    url = next;
  }
}

function baseOf(text: string): { readonly origin: string; readonly path: string; readonly search: string } {
  if (!URL.canParse(text) || !/^https?:/i.test(text))
    throw new StartError(`"${text}" is not the URL of a SCIM endpoint, such as https://scim.example.com/scim/v2`);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw new StartError("The URL must not hold credentials. Use --token-file or POSTERN_TOKEN.");
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, ""), search: url.search };
}

type Request = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
};

/** What proves who asks, kept until shortly before it expires. */
function credentialsOf(
  options: EndpointOptions,
  env: Readonly<Record<string, string | undefined>>,
  redactor: Redactor,
  send: (request: Request, signal: AbortSignal) => Promise<Answer>,
): (signal: AbortSignal) => Promise<Proof> {
  const { token, tokenFile, tokenUrl, clientId, clientSecretFile, scope } = options;
  const given = { "--token": token, "--token-file": tokenFile, "--token-url": tokenUrl };
  const named = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (named.length > 1) throw new StartError(`${named.join(" and ")} exclude each other: give one of them.`);
  if (tokenUrl === undefined) {
    const fixed = token ?? (tokenFile === undefined ? env.POSTERN_TOKEN : secretIn("--token-file", tokenFile));
    if (fixed !== undefined) redactor.add(fixed, "(token)");
    const proof: Proof = fixed === undefined ? {} : { headers: { authorization: `Bearer ${fixed}` } };
    return async () => proof;
  }
  if (!URL.canParse(tokenUrl)) throw new StartError(`--token-url: "${tokenUrl}" is not a URL`);
  if (clientId === undefined || clientSecretFile === undefined)
    throw new StartError("--token-url needs --client-id and --client-secret-file.");
  const secret = secretIn("--client-secret-file", clientSecretFile);
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString("base64");
  for (const each of [secret, basic]) redactor.add(each, "(secret)");
  const request = {
    url: tokenUrl,
    headers: { authorization: `Basic ${basic}` },
    form: { grant_type: "client_credentials", ...(scope !== undefined && { scope }) },
  };
  const refused = ({ status, body }: Answer) => {
    const code = (body as { error?: unknown } | undefined)?.error;
    const why = typeof code === "string" && /^\w+$/.test(code) ? ` (${code})` : "";
    return new ConnectorError("unavailable", `The token endpoint ${tokenUrl} gave no token: status ${status}${why}.`);
  };
  return cacheToken(async (signal) => {
    const got = await askForToken(request, (each, until) => send(each as Request, until), signal, refused);
    return bearer(got.token, got.seconds);
  }).proof;
}

function secretIn(option: string, file: string): string {
  const secret = (() => {
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      throw new StartError(`${option}: ${file} cannot be read: ${(error as Error).message}`);
    }
  })();
  if (secret === "") throw new StartError(`${option}: ${file} is empty`);
  return secret;
}

function certificatesOf(ca: string | undefined) {
  try {
    return readCertificates(filesIn(process.cwd()), { ca }, (name) => `--${name}`);
  } catch (error) {
    if (error instanceof SettingError) throw new StartError(error.message);
    throw error;
  }
}

async function textOf({ body }: undici.Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > MAX_BYTES) throw new ConnectorError("unavailable", `The answer is larger than ${MAX_BYTES} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Why nothing was answered, as a sentence. */
function reasonOf(error: unknown, ends: AbortSignal, seconds: number): string {
  if (ends.aborted)
    return (ends.reason as Error | undefined)?.name === "TimeoutError"
      ? `No answer within ${seconds} seconds.`
      : "The request was cancelled.";
  if (error instanceof ConnectorError) return error.message;
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return `No answer: ${cause?.code ?? cause?.message ?? (error as Error).message}.`;
}
