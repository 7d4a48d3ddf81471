import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { context, propagation } from "@opentelemetry/api";
import type { Services } from "../connector/connector.ts";
import { ConnectorError, happened } from "../connector/error.ts";
import type { Answer, HttpRequest, Proof, Transport } from "../connector/http.ts";
import type { Observation } from "../connector/observation.ts";
import type { Call } from "./call.ts";
import { credentialsOf } from "./credentials.ts";
import { retryAfter } from "./failures.ts";
import type { HttpSettings } from "./settings.ts";
import { openTransport } from "./transport.ts";

/** An API client for connectors. */
export interface Client {
  /**
   * Calls the API. Returns any JSON or empty response, whatever its status. Rejects with a `ConnectorError`: `unavailable`, `timeout`, and
   * `throttled` if the API asks for more patience than the request has.
   */
  readonly call: (call: Call, signal: AbortSignal) => Promise<Answer>;
  /** Removes the gateway's own secrets from a text of the API. */
  readonly clean: (text: string) => string;
  /** What is known of its connections. */
  readonly observe: () => Observation;
  readonly close: () => Promise<void>;
}

/** Methods that may be repeated, RFC 9110 §9.2.2. */
const IDEMPOTENT = ["PUT", "DELETE"];
const MAX_REDIRECTS = 3;
/** Maximum wait for a Retry-After, in seconds. Longer ones are passed to the client. */
const MAX_PATIENCE = 2;

/**
 * An HTTP API client. It adds credentials, renewed once if a response says that they are no longer valid; waits for a short 429; repeats
 * idempotent writes after a broken connection (connectors repeat reads, `kit/retry.ts`); and follows redirects only for reads and on the
 * same host.
 */
export function openClient(
  settings: HttpSettings,
  { files, transport: wrap }: Pick<Services, "files" | "transport">,
): Client {
  const opened = openTransport(settings, files);
  const transport = wrap ? wrap(opened) : opened;
  const { url: base } = settings;
  const { origin } = new URL(base);
  const credentials = credentialsOf(settings, (request, signal) =>
    transport.send({ ...request, isProof: true }, signal),
  );
  const clean = (text: string) =>
    credentials
      .secrets()
      .filter(({ length }) => length > 3)
      .reduce((cleaned, secret) => cleaned.replaceAll(secret, "***"), text);

  const attempt = async (call: Call, key: string | undefined, signal: AbortSignal) => {
    const proof = await credentials.proof(signal);
    const request = requestOf(settings, addressOf(base, origin, call.path), call, key, proof);
    const first = await transport.send(request, signal);
    const follow = () => followed(first, request, origin, transport, signal);
    // An expired session may redirect to a sign-in page.
    if (await credentials.isOver(first)) return { proof, isOver: true, answer: follow };
    const answer = await follow();
    return { proof, isOver: answer !== first && (await credentials.isOver(answer)), answer: async () => answer };
  };
  const once = async (call: Call, key: string | undefined, signal: AbortSignal): Promise<Answer> => {
    const first = await attempt(call, key, signal);
    const last = first.isOver && credentials.renew(first.proof) ? await attempt(call, key, signal) : first;
    return last.answer();
  };
  const patient = async (call: Call, key: string | undefined, signal: AbortSignal): Promise<Answer> => {
    const answer = await once(call, key, signal);
    if (answer.status !== 429) return answer;
    const seconds = retryAfter(answer);
    if (seconds > MAX_PATIENCE) throw throttled(seconds);
    await sleep(seconds * 1000, undefined, { signal }).catch(() => {
      throw throttled(seconds);
    });
    const again = await once(call, key, signal);
    if (again.status === 429) throw throttled(retryAfter(again));
    return again;
  };

  return {
    clean,
    call: async (call, signal) => {
      const key = call.idempotencyKey === undefined ? undefined : (call.repeatKey ?? randomUUID());
      const mayRepeat = IDEMPOTENT.includes(call.method) || key !== undefined;
      const answer = await patient(call, key, signal).catch((error) => {
        if (!mayRepeat || !(error instanceof ConnectorError) || error.kind !== "unavailable" || signal.aborted)
          throw error;
        return again(patient(call, key, signal), error.mayHaveHappened);
      });
      if (answer.notJson !== undefined && answer.status < 400) {
        const then =
          call.method === "GET" ? "" : " The request may or may not have been carried out: read before repeating it.";
        const what = `${call.method} with ${answer.notJson}`;
        throw new ConnectorError("unavailable", `The API answered ${what}, but JSON was expected.${then}`);
      }
      return answer;
    },
    observe: () => opened.observe?.() ?? { pools: [], peers: [] },
    close: transport.close,
  };
}

/** A repeated attempt after one that may have arrived. Whatever its result, the first may have succeeded. */
async function again(attempt: Promise<Answer>, mayHaveHappened: boolean): Promise<Answer> {
  if (!mayHaveHappened) return attempt;
  const answer = await attempt.catch((error) => Promise.reject(happened(error)));
  return { ...answer, isRepeat: true };
}

function requestOf(
  { headers: common }: HttpSettings,
  address: URL,
  { method, query, headers, body, idempotencyKey, items, bounds }: Call,
  key: string | undefined,
  proof: Proof,
): HttpRequest {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  // W3C trace context, if the process has a tracing SDK.
  const trace: Record<string, string> = {};
  propagation.inject(context.active(), trace);
  const repeats = idempotencyKey !== undefined && key !== undefined ? { [idempotencyKey]: key } : {};
  return {
    method,
    url: url.href,
    headers: lowered({ ...common, ...trace, ...headers, ...repeats }),
    body,
    proof,
    ...(items && { items }),
    ...(bounds && { bounds }),
  };
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The URL of a call. A URL from a response must be on the API's own host: another would receive the credentials. */
function addressOf(base: string, origin: string, path: string): URL {
  const address = /^https?:/i.test(path) ? URL.parse(path) : URL.parse(base + path);
  if (!address || address.origin !== origin)
    throw new ConnectorError("unavailable", "The API refers to another host, which is not followed.");
  return address;
}

async function followed(
  answer: Answer,
  request: HttpRequest,
  origin: string,
  { send }: Transport,
  signal: AbortSignal,
): Promise<Answer> {
  let current = answer;
  for (let n = 0; current.status >= 300 && current.status < 400; n++) {
    const location = URL.parse(current.headers.location ?? "", request.url);
    if (!location || location.origin !== origin || request.method !== "GET" || n >= MAX_REDIRECTS)
      throw new ConnectorError(
        "unavailable",
        `The API redirects a ${request.method}, status ${current.status}, which is not followed.`,
      );
    current = await send({ ...request, url: location.href }, signal);
  }
  return current;
}

const throttled = (seconds: number) =>
  new ConnectorError("throttled", `The API's rate limit is exceeded. Try again in ${seconds} seconds.`, {
    retryAfter: seconds,
  });
