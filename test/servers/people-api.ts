import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { Condition, Entry } from "../../src/connector/connector.ts";
import { fromValues, valuesOf } from "../../src/connector/connector.ts";
import { matches } from "../../src/connector/reference.ts";
import { stopServer } from "./ports.ts";

type Person = Record<string, Entry[string]>;

/** A request as the API saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers in place of the API where it gives true. */
export type Fault = (request: Seen, response: ServerResponse) => boolean | undefined;

export interface PeopleApi {
  readonly url: string;
  readonly people: Map<string, Person>;
  readonly seen: Seen[];
  /** What goes wrong from now on. */
  readonly fail: (fault: Fault | undefined) => void;
  readonly stop: () => Promise<void>;
}

/**
 * A people's API of no make, for what no real one can be made to do: it pages in every way that there is, finds by conditions in
 * JSON, takes full objects, changed fields and single values, has versions, and fails as it is told.
 */
export async function startPeopleApi(tls?: ServerOptions): Promise<PeopleApi> {
  const people = new Map<string, Person>();
  const seen: Seen[] = [];
  let fault: Fault | undefined;
  const listener = async (incoming: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const part of incoming) body += part;
    const request = { method: incoming.method!, path: incoming.url!, headers: incoming.headers, body };
    seen.push(request);
    if (fault?.(request, response)) return;
    answer(people, request, response);
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    people,
    seen,
    fail: (next) => {
      fault = next;
    },
    stop: () => stopServer(server),
  };
}

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): true => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  return true;
};

const versionOf = (person: Person): string =>
  `"${JSON.stringify(person).length}-${Object.values(person).join().length}"`;

function answer(people: Map<string, Person>, { method, path, headers, body }: Seen, response: ServerResponse): unknown {
  const url = new URL(path, "http://api");
  const [, , , key, attr, value] = url.pathname.split("/").map(decodeURIComponent);
  const given = (body === "" ? {} : JSON.parse(body)) as Person;
  if (!key)
    return method === "POST" ? create(people, given, response) : list([...people.values()], url.searchParams, response);
  const person = people.get(key);
  if (!person) return json(response, 404, { error: { message: "There is no such person." } });
  if (headers["if-match"] && headers["if-match"] !== versionOf(person))
    return json(response, 412, { message: "another version" });
  if (attr) {
    if (method === "GET") return json(response, 200, valuesOf(person, attr));
    const others = valuesOf(person, attr).filter((each) => each !== value);
    if (method === "PUT" && others.length < valuesOf(person, attr).length)
      return json(response, 422, { code: "member_exists" });
    person[attr] = fromValues(method === "PUT" ? [...others, value!] : others);
    return json(response, 200, {});
  }
  if (method === "GET") return json(response, 200, person, { etag: versionOf(person) });
  if (method === "DELETE") people.delete(key);
  const next = method === "PUT" ? { ...given, id: key } : { ...person, ...given };
  if (method !== "DELETE") {
    if (isTaken(people, next, key)) return json(response, 400, { code: "login_taken" });
    people.set(key, cleaned(next));
  }
  return response.writeHead(204).end();
}

const cleaned = (person: Person): Person =>
  Object.fromEntries(Object.entries(person).filter(([, value]) => value !== null && value !== undefined));

const isTaken = (people: Map<string, Person>, { login }: Person, key?: string): boolean =>
  [...people].some(([id, other]) => id !== key && String(other.login).toLowerCase() === String(login).toLowerCase());

function create(people: Map<string, Person>, given: Person, response: ServerResponse): unknown {
  if (isTaken(people, given)) return json(response, 400, { code: "login_taken" });
  const id = randomUUID();
  people.set(id, cleaned({ ...given, id }));
  return json(response, 201, people.get(id));
}

/** A page, in whichever way it is asked for; how many there are in all stands where the client does not have to look. */
function list(all: readonly Person[], query: URLSearchParams, response: ServerResponse): unknown {
  const where = query.get("where");
  const found = where === null ? all : all.filter((person) => matches(person, JSON.parse(where) as Condition));
  const size = Number(query.get("limit") ?? 10);
  const start = query.has("cursor")
    ? Number(Buffer.from(query.get("cursor")!, "base64url").toString())
    : query.has("page")
      ? (Number(query.get("page")) - 1) * size
      : Number(query.get("offset") ?? 0);
  const items = found.slice(start, start + size);
  const cursor = start + size < found.length ? Buffer.from(String(start + size)).toString("base64url") : undefined;
  const params = new URLSearchParams(query);
  if (cursor) params.set("cursor", cursor);
  params.delete("offset");
  const next = cursor && `/api/people?${params}`;
  const link = next ? { link: `</api/people?x="a,b">; rel="first", <${next}>; rel="next"` } : {};
  return json(response, 200, { items, total: found.length, cursor, next }, link as Record<string, string>);
}
