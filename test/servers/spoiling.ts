import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Client } from "../clients/replay.ts";

/** A request on its way to the endpoint. */
export interface Passing {
  readonly method: string;
  /** The path below the base, with its query, decoded. */
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  readonly body: any;
}

/** An answer, as it goes back. A text is sent as it is. */
export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  readonly body: any;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a fault does with a request and what the endpoint answers: another answer, or undefined to leave it as it is. */
export type Fault = (
  request: Passing,
  answer: () => Promise<Answered>,
) => Promise<Answered | undefined> | Answered | undefined;

/** A server with a fault: it passes everything on to a real endpoint, and spoils what the fault says. */
export interface Spoiling extends Client {
  /** Sets the fault; none without one. */
  readonly spoil: (fault?: Fault) => void;
  readonly stop: () => Promise<void>;
}

/** Starts a server with a fault before an endpoint. */
export async function startSpoiling(behind: Client): Promise<Spoiling> {
  let fault: Fault | undefined;
  const server = createServer(async (incoming, outgoing) => {
    const body = await textOf(incoming);
    const path = incoming.url ?? "/";
    const request = { method: incoming.method ?? "GET", path: decoded(path), body: body && JSON.parse(body) };
    let passed: Promise<Answered> | undefined;
    const answer = () => {
      passed ??= pass(behind, request.method, path, body);
      return passed;
    };
    const { status, body: answered, headers = {} } = (await fault?.(request, answer)) ?? (await answer());
    outgoing.writeHead(status, { "content-type": "application/scim+json", ...headers });
    outgoing.end(
      answered === undefined ? undefined : typeof answered === "string" ? answered : JSON.stringify(answered),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    token: behind.token,
    spoil: (next) => {
      fault = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass({ base, token }: Client, method: string, path: string, body: string): Promise<Answered> {
  const response = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    ...(body !== "" && { body }),
  });
  const text = await response.text();
  const location = response.headers.get("location");
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    headers: location === null ? {} : { location },
  };
}

const decoded = (path: string): string => decodeURIComponent(path.replaceAll("+", " "));

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of incoming.setEncoding("utf8")) text += part;
  return text;
}
