import { createRequire } from "node:module";
import type * as undici from "undici";
import { ConnectorError, isOwnFault, timedOut, UNSURE } from "../connector/error.ts";
import type { Answer, HttpRequest, Streamed, Transport } from "../connector/http.ts";
import type { Files } from "../connector/kit/files.ts";
import { createObserver, type Observer } from "../connector/kit/observe.ts";
import { readCertificates } from "../connector/kit/tls.ts";
import type { PoolState } from "../connector/observation.ts";
import { readItems } from "./items.ts";
import { createExactJson, type ExactJson } from "./json.ts";
import type { HttpSettings } from "./settings.ts";

/** A request with its credentials. */
function proven(request: HttpRequest): HttpRequest {
  const { url, headers, body, proof } = request;
  if (!proof) return request;
  const address = new URL(url);
  for (const [name, value] of Object.entries(proof.query ?? {})) address.searchParams.set(name, value);
  const added = (each: unknown) => (typeof each === "object" && each !== null ? { ...each, ...proof.body } : each);
  const isMany = Array.isArray(body);
  return {
    ...request,
    url: address.href,
    headers: { ...headers, ...proof.headers },
    ...(body !== undefined && { body: !proof.body ? body : isMany ? body.map(added) : added(body) }),
  };
}

/** Errors after which nothing was sent: the request was certainly not carried out. */
const NEVER_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

/** HTTP by undici, loaded on first use: connections are kept alive, responses are decompressed and limited, redirects are not followed. */
export function openTransport(settings: HttpSettings, files: Files): Transport {
  const { fetch, ...agents } = createRequire(import.meta.url)("undici") as typeof undici;
  const observer = createObserver();
  const dispatcher = dispatcherOf(settings, files, agents, observer);
  const { url: base } = settings;
  const where = new URL(base).host;
  const json = createExactJson();
  return {
    send: async (request, signal) => {
      const { method, url, headers, body, form } = proven(request);
      const { timeout, maxBytes } = request.bounds ?? settings;
      const ends = AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]);
      try {
        const answer = await fetch(url, {
          method,
          headers: {
            accept: "application/json, */*;q=0.5",
            ...(body !== undefined && { "content-type": "application/json" }),
            ...(form && { "content-type": "application/x-www-form-urlencoded" }),
            ...headers,
          },
          body: form ? new URLSearchParams(form).toString() : body === undefined ? null : json.stringify(body),
          redirect: "manual",
          dispatcher,
          signal: ends,
        });
        const type = answer.headers.get("content-type");
        const isStreamed = request.items !== undefined && answer.status < 300 && type?.includes("json") === true;
        const pieces = method === "HEAD" ? null : answer.body;
        const content = isStreamed
          ? await taken(pieces, maxBytes, request.items!)
          : asJson(json, await text(pieces, maxBytes), type);
        const cookies = answer.headers
          .getSetCookie()
          .map((each) => /^([^=]+)=([^;]*)/.exec(each)?.slice(1) ?? ["", ""]);
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          cookies: Object.fromEntries(cookies),
          ...content,
        };
      } catch (error) {
        throw failure(error, ends, where);
      }
    },
    observe: observer.observe,
    close: () => dispatcher.close(),
  };
}

function dispatcherOf(
  { tls, proxy, connections, timeout }: HttpSettings,
  files: Files,
  { Agent, ProxyAgent, buildConnector }: Pick<typeof undici, "Agent" | "ProxyAgent" | "buildConnector">,
  observer: Observer,
): undici.Dispatcher {
  const secure = readCertificates(files, tls);
  // The whole request has its own time limit, which may be longer than the default.
  const limits = { connections, keepAliveTimeout: 30_000, headersTimeout: 0, bodyTimeout: 0 };
  // What goes through a proxy is not observed: the sockets that undici tells of are the proxy's.
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: secure, ...limits });
  const connect = buildConnector({ ...secure, timeout: timeout * 1000 });
  const agent = new Agent({
    ...limits,
    connect: (to, done) =>
      connect(to, (...[error, socket]: Parameters<typeof done>) => {
        if (socket) observer.connected(to.host ?? to.hostname, socket);
        (done as (...result: unknown[]) => void)(error, socket);
      }),
  });
  observer.pools(() =>
    Object.entries(agent.stats).map(([origin, stats]) => countsOf(new URL(origin).host, stats, connections)),
  );
  return agent;
}

/** The connections to one host. undici counts a pool's in more detail than a single one. */
function countsOf(name: string, stats: undici.Agent["stats"][string], limit: number): PoolState {
  const idle = "free" in stats ? stats.free : 0;
  const waiting = "queued" in stats ? stats.queued : 0;
  return { name, open: Number(stats.connected), idle, waiting, limit };
}

/** The chunks of a body. Throws if they exceed the limit, without reading further. */
async function* bounded(body: AsyncIterable<Uint8Array> | null, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > most) throw new ConnectorError("unavailable", `The API's response exceeds maxBytes, ${most} bytes.`);
    yield part;
  }
}

/** The whole body as text. */
async function text(body: AsyncIterable<Uint8Array> | null, most: number): Promise<string> {
  const parts = [];
  for await (const part of bounded(body, most)) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/** The rest of a response whose items are streamed. */
async function taken(
  body: AsyncIterable<Uint8Array> | null,
  most: number,
  { path, begin, take }: Streamed,
): Promise<Pick<Answer, "body" | "notJson" | "isTaken">> {
  begin();
  const reader = readItems(path);
  const parsed = <T>(parse: () => T): { readonly value: T } | undefined => {
    try {
      return { value: parse() };
    } catch {
      return undefined;
    }
  };
  const broken = { body: undefined, notJson: "JSON that is truncated or invalid" };
  for await (const part of bounded(body, most)) {
    const items = parsed(() => reader.read(part));
    if (!items) return broken;
    if (items.value.length > 0) await take(items.value);
  }
  const around = parsed(() => reader.end());
  return around ? { body: around.value, isTaken: true } : broken;
}

function asJson(json: ExactJson, text: string, type: string | null): Pick<Answer, "body" | "notJson"> {
  if (text.trim() === "") return { body: undefined };
  try {
    return { body: json.parse(text) };
  } catch {
    return {
      body: undefined,
      notJson: type?.includes("json") ? "JSON that is truncated or invalid" : (type ?? "something other than JSON"),
    };
  }
}

function failure(error: unknown, ends: AbortSignal, where: string): unknown {
  if (error instanceof ConnectorError || isOwnFault(error)) return error;
  if (ends.aborted) return timedOut(where, error);
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as { code?: string }).code ?? "the connection was closed";
  const mayHaveHappened = !NEVER_SENT.includes(code);
  const then = mayHaveHappened ? UNSURE : "";
  return new ConnectorError("unavailable", `${where} is unreachable: ${code}.${then}`, {
    cause: error,
    mayHaveHappened,
  });
}
