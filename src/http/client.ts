import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { context, propagation } from "@opentelemetry/api";
import type { Services } from "../connector/connector.ts";
import { ConnectorError, happened } from "../connector/error.ts";
import type { Answer, HttpRequest, Proof, Transport } from "../connector/http.ts";
import type { Call } from "./call.ts";
import { credentialsOf } from "./credentials.ts";
import { retryAfter } from "./failures.ts";
import type { HttpSettings } from "./settings.ts";
import { openTransport } from "./transport.ts";

/** An API as connectors call it. */
export interface Client {
  /**
   * Calls the API. Gives any answer that is JSON, whatever its status, and those that have nothing. Rejects with a `ConnectorError`:
   * `unavailable`, `timeout`, and `throttled` where the API asks for more patience than the request has.
   */
  readonly call: (call: Call, signal: AbortSignal) => Promise<Answer>;
  /** A text of the API's without the gateway's own secrets. */
  readonly clean: (text: string) => string;
  readonly close: () => Promise<void>;
}

/** Methods that may be sent twice, RFC 9110 §9.2.2. */
const IDEMPOTENT = ["PUT", "DELETE"];
const MAX_REDIRECTS = 3;
/** A request waits no longer than this for what the API says by Retry-After, in seconds; the client is told what is longer. */
const MAX_PATIENCE = 2;

/**
 * An HTTP API: credentials go with each call, and are had anew once where an answer says that they no longer hold; 429 is waited for where that is short; writes that may come
 * twice are sent again where the connection broke (reads are repeated by the connectors, `kit/retry.ts`); redirects
 * are followed for reads and on the same host alone.
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
    // A session may end with a redirect to where one signs in.
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
          call.method === "GET" ? "" : " It may or may not have done what was asked: read before repeating it.";
        const what = `${call.method} with ${answer.notJson}`;
        throw new ConnectorError("unavailable", `The API answered ${what}, where JSON was expected.${then}`);
      }
      return answer;
    },
    close: transport.close,
  };
}

/** A second attempt behind one that may have arrived: whatever becomes of it, the first may have done what was asked. */
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
  // W3C trace context, where the process has an SDK that traces.
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

/** The address of a call. What an answer names is taken on the API's own host alone: elsewhere it would learn the credentials. */
function addressOf(base: string, origin: string, path: string): URL {
  const address = /^https?:/i.test(path) ? URL.parse(path) : URL.parse(base + path);
  if (!address || address.origin !== origin)
    throw new ConnectorError("unavailable", "The API leads to another host, which is not followed.");
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
        `The API redirects a ${request.method} elsewhere, status ${current.status}, which is not followed.`,
      );
    current = await send({ ...request, url: location.href }, signal);
  }
  return current;
}

const throttled = (seconds: number) =>
  new ConnectorError("throttled", `The API is asked more often than it allows. Try again in ${seconds} seconds.`, {
    retryAfter: seconds,
  });
