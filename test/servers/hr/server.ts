import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { stopServer } from "../ports.ts";

/** A request as an HR system sees it. */
export interface HrRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The address that the system is asked at. */
  readonly base: string;
}

/** An answer: JSON, unless it is text. */
export interface HrAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes wrong with a request: another answer, an answer that ends in the middle, or a connection that breaks there. */
export type HrFault = (request: HrRequest, asked: number) => HrAnswer | "cut" | "broken" | undefined;

/** A stand-in for an HR system: a server that answers as the system does, about people that a test gives. */
export interface HrSystem<Person> {
  readonly url: string;
  readonly people: Person[];
  readonly seen: HrRequest[];
  /** What goes wrong from now on; nothing without it. */
  readonly fail: (fault?: HrFault) => void;
  readonly stop: () => Promise<void>;
}

/** Starts a stand-in whose answers a function makes. */
export async function startHr<Person>(
  answer: (request: HrRequest, people: readonly Person[]) => HrAnswer,
): Promise<HrSystem<Person>> {
  const people: Person[] = [];
  const seen: HrRequest[] = [];
  let fault: HrFault | undefined;
  const server = createServer(async (incoming, response) => {
    let body = "";
    for await (const part of incoming) body += part;
    const base = `http://${incoming.headers.host}`;
    const { pathname, searchParams } = new URL(incoming.url!, base);
    const { method, headers } = incoming;
    const request = { method: method!, path: decodeURIComponent(pathname), query: searchParams, headers, body, base };
    seen.push(request);
    const wrong = fault?.(request, seen.length);
    const said = typeof wrong === "object" ? wrong : answer(request, people);
    send(response, said, typeof wrong === "string" ? wrong : undefined);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    people,
    seen,
    fail: (next) => {
      fault = next;
    },
    stop: () => stopServer(server),
  };
}

function send(response: ServerResponse, { status = 200, body, headers }: HrAnswer, ends: "cut" | "broken" | undefined) {
  const isText = typeof body === "string";
  const text = isText ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": isText ? "application/xml" : "application/json", ...headers });
  if (ends === undefined) return void response.end(text);
  const half = text.slice(0, text.length / 2);
  if (ends === "cut") return void response.end(half);
  response.write(half, () => response.destroy());
}

/** Whether a request comes with a user and a password. */
export const isUser = ({ headers }: HrRequest, user: string, password?: string): boolean => {
  const [name, given] = Buffer.from((headers.authorization ?? "").replace(/^Basic /, ""), "base64")
    .toString()
    .split(":");
  return name === user && (password === undefined || given === password);
};
