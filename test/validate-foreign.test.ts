import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { openEndpoint } from "../src/cli/scim-endpoint.ts";
import { checks } from "../src/validate/checks/index.ts";
import { jsonReport } from "../src/validate/report/json.ts";
import { endText } from "../src/validate/report/text.ts";
import { validate } from "../src/validate/run.ts";
import { openSession } from "../src/validate/session.ts";

// biome-ignore lint/suspicious/noExplicitAny: foreign endpoints answer in every shape
type Json = any;
type Say = (status: number, body?: Json, headers?: Record<string, string>) => void;

/** How an endpoint differs from one that is well. */
interface Ways {
  readonly users?: Record<string, Json>;
  readonly groups?: Record<string, Json>;
  readonly hasNumbers?: boolean;
  readonly ignoresFilters?: boolean;
  /** The body of a list. */
  readonly list?: (all: Json[]) => Json;
  /** Answers a creation, after it was made. */
  readonly onMade?: (made: Json, say: Say, kind: string) => void;
  /** Answers in place of the endpoint; gives false to leave it to that. */
  readonly instead?: (request: IncomingMessage, body: string, say: Say) => boolean;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A small endpoint that was not made by us. */
async function endpoint(ways: Ways = {}) {
  const stores: Record<string, Map<string, Json>> = {
    Users: new Map(Object.entries(ways.users ?? {})),
    Groups: new Map(Object.entries(ways.groups ?? {})),
  };
  const changed: string[] = [];
  let last = 100;
  const answer = (request: IncomingMessage, text: string, say: Say) => {
    if (ways.instead?.(request, text, say)) return;
    const url = new URL(request.url!, "http://x");
    const [, kind = "", id] = url.pathname.split("/");
    const store = stores[kind];
    if (!store) return say(404, {});
    if (request.method === "POST") {
      if (!text.endsWith("}")) return say(400, {});
      const made = { ...JSON.parse(text), id: ways.hasNumbers ? ++last : String(++last) };
      store.set(String(last), made);
      return ways.onMade ? ways.onMade(made, say, kind) : say(201, made);
    }
    if (id === undefined) {
      const [, name, value] = /^(\w+) eq "(.*)"$/.exec(url.searchParams.get("filter") ?? "") ?? [];
      const all = [...store.values()].filter((each) => !name || ways.ignoresFilters || each[name] === value);
      const list = { schemas: [], totalResults: all.length, Resources: all };
      return say(200, ways.list ? ways.list(all) : list);
    }
    const found = store.get(id);
    if (!found) return say(404, {});
    if (request.method !== "GET") changed.push(`${request.method} ${url.pathname}`);
    if (request.method === "DELETE") store.delete(id);
    say(request.method === "DELETE" ? 204 : 200, request.method === "DELETE" ? undefined : found);
  };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => {
      text += part;
    });
    request.on("end", () =>
      answer(request, text, (status, body, headers = {}) => {
        response.writeHead(status, { "content-type": "application/scim+json", ...headers });
        response.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
      }),
    );
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, changed, users: stores.Users!, groups: stores.Groups! };
}

const TOKEN = "abc/def/ghi+jkl-0123456789";
const ENTRA = checks.filter(({ profile }) => profile.startsWith("entra"));

async function run({ url }: { readonly url: string }, list: typeof checks = ENTRA) {
  const opened = openEndpoint({ url, token: TOKEN, timeout: 5 });
  try {
    const joining = { User: "userName", Group: "displayName" };
    return await validate(list, await openSession({ transport: opened, joining }));
  } finally {
    await opened.close();
  }
}

const ADMIN = { id: "1", userName: "admin@corp", title: "SOMEBODYS-TITLE" };
const POSTERN = /^postern-/;

describe("what the run did not make is neither changed nor deleted", () => {
  test("POST answered with 201 and another's id", async () => {
    const there = await endpoint({
      users: { 1: ADMIN },
      onMade: (made, say, kind) => say(201, kind === "Users" ? { ...ADMIN, userName: made.userName } : made),
    });
    const validation = await run(there);
    expect(there.changed.filter((each) => each.endsWith("/Users/1"))).toEqual([]);
    // What was made under an id of its own is found by its name.
    expect([...there.users.values()]).toEqual([ADMIN]);
    expect(validation.left).toEqual([]);
    expect(jsonReport(validation)).not.toContain(ADMIN.title);
    expect(validation.results[0]).toMatchObject({ status: "skipped", isBlocked: true });
  });

  test("POST answered with 200 and an existing account: it is listed, and not shown", async () => {
    const there = await endpoint({
      users: { 1: ADMIN },
      instead: ({ method, url }, _, say) => {
        if (method !== "POST" || url !== "/Users") return false;
        say(200, ADMIN);
        return true;
      },
    });
    const validation = await run(there);
    expect(there.changed.filter((each) => each.endsWith("/Users/1"))).toEqual([]);
    expect([...there.users.values()]).toEqual([ADMIN]);
    expect(validation.left[0]).toEqual({
      endpoint: "/Users",
      id: "1",
      name: expect.stringMatching(POSTERN),
      why: "POST was answered with 200 instead of 201: it may have been there before",
    });
    expect(jsonReport(validation)).not.toContain(ADMIN.title);
  });

  test("a bulk request answered with another's location", async () => {
    const there = await endpoint({
      users: { 1: ADMIN },
      instead: ({ url }, body, say) => {
        if (url === "/ServiceProviderConfig") say(200, { bulk: { supported: true } });
        else if (url === "/Bulk")
          say(200, {
            Operations: JSON.parse(body).Operations.map(() => ({ status: "201", location: "http://x/Users/1" })),
          });
        else return false;
        return true;
      },
    });
    const validation = await run(
      there,
      checks.filter(({ id }) => id === "ipsie-bulk"),
    );
    expect(there.users.get("1")).toEqual(ADMIN);
    expect(there.changed).toEqual([]);
    expect(validation.left).toHaveLength(2);
  });
});

describe("what the run made is deleted, or listed", () => {
  test("resources whose ids are numbers", async () => {
    const there = await endpoint({ hasNumbers: true });
    const validation = await run(there);
    expect([there.users.size, there.groups.size, validation.left]).toEqual([0, 0, []]);
    expect(there.changed.length).toBeGreaterThan(20);
    expect(validation.results.map(({ message }) => message).join()).toMatch(/its id \d+ is not a string/);
  });

  test("resources whose creation was answered without a body", async () => {
    const there = await endpoint({ onMade: (_, say) => say(201) });
    const validation = await run(there);
    expect([there.users.size, there.groups.size, validation.left]).toEqual([0, 0, []]);
  });

  test("creations answered with 500, where filters are refused: each is listed by its name", async () => {
    const there = await endpoint({
      onMade: (_, say) => say(500, {}),
      instead: ({ url }, _, say) => {
        if (!url!.includes("filter=")) return false;
        say(400, {});
        return true;
      },
    });
    const validation = await run(there);
    const names = [...there.users.values()].map(({ userName }) => userName);
    expect(names.length).toBeGreaterThan(20);
    expect(validation.left.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    expect(validation.left).toHaveLength(there.users.size + there.groups.size);
    expect(endText(validation)).toContain(
      `Not deleted: /Users named ${names[0]}: it may be there: POST was answered with 500, and the filter for it was answered with 400.`,
    );
  });

  test("creations of a bulk request that was answered with 504", async () => {
    const users: Record<string, Json> = {};
    const there = await endpoint({
      instead: ({ url }, body, say) => {
        if (url === "/ServiceProviderConfig") say(200, { bulk: { supported: true } });
        else if (url === "/Bulk") {
          for (const { data } of JSON.parse(body).Operations) {
            const id = `b${there.users.size}`;
            there.users.set(id, { ...data, id });
            users[id] = data;
          }
          say(504, {});
        } else return false;
        return true;
      },
    });
    const validation = await run(
      there,
      checks.filter(({ id }) => id === "ipsie-bulk"),
    );
    expect(Object.keys(users)).toHaveLength(2);
    expect([there.users.size, validation.left]).toEqual([0, []]);
  });

  test("DELETE answered with 404 by an endpoint that has no DELETE", async () => {
    const there = await endpoint({
      instead: ({ method }, _, say) => {
        if (method !== "DELETE") return false;
        say(404, {});
        return true;
      },
    });
    const validation = await run(
      there,
      checks.filter(({ id }) => id === "entra-3"),
    );
    expect(there.users.size).toBe(1);
    expect(validation.left).toMatchObject([{ endpoint: "/Users", why: "it is still there after DELETE" }]);
  });
});

describe("people's data stays out of reports", () => {
  const victim = { id: "1", userName: "victim@corp", title: "SOMEBODYS-TITLE" };
  const lists: Record<string, (all: Json[]) => Json> = {
    "a bare array": (all) => all,
    "resources in lower case": (all) => ({ resources: all, totalResults: all.length }),
    "a list of another name": (all) => ({ value: all }),
    "resources by their names": (all) => ({ users: Object.fromEntries(all.map((each) => [each.userName, each])) }),
    "text that is not JSON": (all) => `${JSON.stringify(all)}]`,
  };
  test.each(Object.entries(lists))("%s", async (_, list) => {
    const report = jsonReport(await run(await endpoint({ users: { 1: victim }, list }), checks));
    for (const secret of ["SOMEBODYS-TITLE", "victim@corp"]) expect(report).not.toContain(secret);
  });

  test("a group that has the id of a user of the run", async () => {
    const ids = Array.from({ length: 200 }, (_, at) => String(at + 50));
    const groups = Object.fromEntries(ids.map((id) => [id, { id, displayName: `SOMEBODYS-GROUP-${id}` }]));
    expect(jsonReport(await run(await endpoint({ groups, ignoresFilters: true })))).not.toContain("SOMEBODYS-GROUP");
  });

  test("a conflict that is answered with the resource that is there", async () => {
    const there = await endpoint({ onMade: (_, say) => say(409, { detail: "It is there.", existing: victim }) });
    const report = jsonReport(await run(there));
    expect(report).toContain("It is there.");
    expect(report).not.toContain("SOMEBODYS-TITLE");
  });
});
