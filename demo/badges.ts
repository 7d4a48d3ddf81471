import { createServer } from "node:http";
import { isFailure, openEndpoint } from "../src/cli/scim-endpoint.ts";
import type { Edit } from "../src/entra/directory.ts";
import { randomOf } from "../src/entra/population/random.ts";
import { isEmployed, text } from "./company.ts";
import type { Part } from "./entra.ts";
import type { Address } from "./faults.ts";
import { pause } from "./process.ts";

interface Badge {
  readonly id: string;
  readonly holder: string;
  readonly name: string;
  readonly zone: string;
  readonly enabled: boolean;
}

/** The API that knows the door badges. */
export interface BadgesApi {
  /** While it is away, it breaks each connection. */
  readonly setAway: (isAway: boolean) => void;
  readonly stop: () => Promise<void>;
}

const ZONES = ["Lobby", "Laboratory", "Warehouse", "Executive floor"];
const MAX_BODY = 65_536;

/** Starts the API, with badges of some of the company. */
export async function startBadges({ host, port }: Address, company: readonly Edit[]): Promise<BadgesApi> {
  const holders = company.filter((edit) => edit.type === "User" && isEmployed(edit)).slice(0, 40);
  const badges = new Map(holders.map((edit, index) => [`B${1000 + index}`, badgeOf(`B${1000 + index}`, edit)]));
  let isAway = false;
  let next = 2000;
  const server = createServer(async (request, response) => {
    if (isAway) return request.socket.destroy();
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    try {
      let body = "";
      for await (const part of request) {
        body += part;
        if (body.length > MAX_BODY) return request.socket.destroy();
      }
      const given = (body === "" ? {} : JSON.parse(body)) as Partial<Badge>;
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://badges");
      const key = pathname.split("/")[2];
      if (key === undefined && request.method === "POST") {
        const made = { zone: "Lobby", enabled: true, ...given, id: `B${next++}` } as Badge;
        badges.set(made.id, made);
        return answer(201, made);
      }
      if (key === undefined) return answer(200, page([...badges.values()], searchParams));
      const badge = badges.get(key);
      if (!badge) return answer(404, { message: "There is no such badge." });
      if (request.method === "DELETE") badges.delete(key);
      if (request.method === "PATCH") badges.set(key, { ...badge, ...given, id: key });
      return answer(200, badges.get(key) ?? {});
    } catch {
      return answer(400, { message: "This is not JSON." });
    }
  });
  await new Promise<void>((done, reject) => {
    server.once("error", reject);
    server.listen(port, host, done);
  });
  return {
    setAway: (value) => {
      isAway = value;
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const badgeOf = (id: string, edit: Edit): Badge => ({
  id,
  holder: text(edit, "userPrincipalName"),
  name: text(edit, "displayName"),
  zone: ZONES[0]!,
  enabled: true,
});

function page(all: readonly Badge[], query: URLSearchParams): object {
  const holder = query.get("holder")?.toLowerCase();
  const found = holder === undefined ? all : all.filter((badge) => badge.holder.toLowerCase() === holder);
  const [offset, limit] = [Number(query.get("offset") ?? 0), Number(query.get("limit") ?? 100)];
  return { items: found.slice(offset, offset + limit), total: found.length };
}

/** Time between two acts of the reception desk, and before it tries again what failed, in milliseconds. */
const ACT_MS = 2500;
const AGAIN_MS = 700;

/** The reception desk, which looks up, hands out and blocks badges until the demo ends. While it gets no answers, it is impatient. */
export async function runReception(
  { endpoint, token, company }: { endpoint: string; token: string; company: readonly Edit[] },
  { pace, signal }: Part,
): Promise<void> {
  const people = company.filter((edit) => edit.type === "User" && isEmployed(edit)).slice(0, 80);
  const random = randomOf("reception");
  const scim = openEndpoint({ url: endpoint, token, timeout: 30 }, {});
  const ask: Ask = async (method, path, body) => {
    const answer = await scim.send(method, path, body, { signal });
    return isFailure(answer)
      ? { isFailed: true, found: undefined }
      : { isFailed: answer.status >= 500, found: answer.json };
  };
  while (!signal.aborted) {
    const isDone = await act(ask, random.pick(people), random);
    await pause((isDone ? ACT_MS : AGAIN_MS) / pace, signal);
  }
  await scim.close();
}

type Ask = (
  method: string,
  path: string,
  body?: object,
) => Promise<{ readonly isFailed: boolean; readonly found: Found | undefined }>;
interface Found {
  readonly Resources?: readonly { readonly id: string; readonly active: boolean }[];
}

/** Looks up a person's badge; hands one out if there is none, otherwise blocks, returns or moves it. Reports whether it was answered. */
async function act(ask: Ask, person: Edit, { percent, pick }: ReturnType<typeof randomOf>): Promise<boolean> {
  const userName = text(person, "userPrincipalName");
  const { isFailed, found } = await ask("GET", `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
  if (isFailed) return false;
  const badge = found?.Resources?.[0];
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  const made = { schemas, userName, displayName: text(person, "displayName"), title: pick(ZONES), active: true };
  if (!badge) return !(await ask("POST", "/Users", made)).isFailed;
  if (percent(15)) return !(await ask("DELETE", `/Users/${badge.id}`)).isFailed;
  if (percent(50)) return true;
  const change = percent(50) ? { path: "active", value: !badge.active } : { path: "title", value: pick(ZONES) };
  const patch = {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    Operations: [{ op: "replace", ...change }],
  };
  return !(await ask("PATCH", `/Users/${badge.id}`, patch)).isFailed;
}
