// npm run bench:scale [-- users ...]: OpenLDAP and PostgreSQL with 1,000, 100,000 and 1,000,000 users in one place, and the gateway before
// them. What a request costs must not depend on how many there are: read each line from left to right.
import { fork } from "node:child_process";
import { join } from "node:path";
import autocannon from "autocannon";
import { send } from "../test/clients/replay.ts";
import { openHr, startHr } from "../test/servers/databases.ts";
import { openLdap, SUFFIX, startSlapd } from "../test/servers/slapd.ts";
import { ROOT, startCompiled, TOKEN, uuid } from "./openldap.ts";

const given = process.argv.slice(2).map(Number).filter(Number.isFinite);
const SIZES = given.length > 0 ? given : [1000, 100_000, 1_000_000];
const SECONDS = 4;
const WARM_UP_SECONDS = 3;
const PAGE = 100;
const CRAWL_PAGE = 1000;
const CRAWLS = 3;

interface Backend {
  readonly config: object;
  readonly stop: () => Promise<void>;
  /** The id, and the name, of the nth user. */
  readonly id: (n: number) => string;
  readonly name: (n: number) => string;
  /** An attribute that no index is on: what an index of the backend's costs to change is not the gateway's. */
  readonly attribute: string;
}

const backends: Record<string, (users: number) => Promise<Backend>> = {
  OpenLDAP: async (users) => {
    const person = (n: number) =>
      `dn: uid=user${n},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nentryUUID: ${uuid(n)}\nuid: user${n}\ncn: User ${n}\nsn: User\nmail: user${n}@example.test\n`;
    const slapd = await startSlapd(Array.from({ length: users }, (_, n) => person(n)).join("\n"));
    return { config: openLdap(slapd, ROOT), stop: slapd.stop, id: uuid, name: (n) => `user${n}`, attribute: "title" };
  },
  PostgreSQL: async (users) => {
    const database = await startHr("postgres");
    const columns =
      "id, login, external_ref, first_name, last_name, full_name, mail, department, staff_number, enabled";
    database.run(
      `insert into people (${columns}) select n, 'user' || n, 'ref' || n, 'First' || n, 'Last' || n, 'User ' || n, 'user' || n || '@example.com', 'Sales', n, true from generate_series(0, ${users} - 1) as t(n);`,
    );
    database.run("analyze people;");
    return {
      config: openHr(database),
      stop: database.stop,
      id: String,
      name: (n) => `user${n}`,
      attribute: "displayName",
    };
  },
};

type Make = (n: number) => { method: "GET" | "PATCH"; path: string; body?: string };
const kinds = ({ id, name, attribute }: Backend): Record<string, Make> => ({
  "get by id": (n) => ({ method: "GET", path: `/Users/${id(n)}` }),
  "filter userName eq": (n) => ({ method: "GET", path: `/Users?filter=userName%20eq%20%22${name(n)}%22` }),
  "change an attribute": (n) => ({
    method: "PATCH",
    path: `/Users/${id(n)}`,
    body: JSON.stringify({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: attribute, value: `User ${Math.random()}` }],
    }),
  }),
});

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
const figures = new Map<string, string[]>();
const note = (row: string, figure: string) => figures.set(row, [...(figures.get(row) ?? []), figure]);

for (const [backendName, start] of Object.entries(backends))
  for (const users of SIZES) {
    console.error(`${backendName}, ${users} users`);
    const backend = await start(users);
    const gateway = await startCompiled({ ...backend.config, limits: { pageSize: CRAWL_PAGE } });
    const client = { base: `http://127.0.0.1:${gateway.port}/scim/v2`, token: TOKEN };
    const any = () => Math.floor(Math.random() * users);
    const load = (make: Make, connections: number, duration = SECONDS) => {
      const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/scim+json" };
      return autocannon({
        url: client.base,
        connections,
        duration,
        headers,
        requests: [
          {
            setupRequest: (request) => {
              const made = make(any());
              return { ...request, ...made, path: `/scim/v2${made.path}`, headers };
            },
          },
        ],
      });
    };
    /** A page by cursor, as often as it takes until it is there: the first one may be read for longer than a request has. */
    const page = async (cursor: string, count: number) => {
      for (;;) {
        const answer = await send(client, "GET", `/Users?attributes=userName&count=${count}&cursor=${cursor}`);
        if (answer.status === 200) return answer.json as { nextCursor?: string; Resources: unknown[] };
        if (answer.status !== 503) throw new Error(answer.text);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    };
    const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
      const begun = performance.now();
      return [await work(), performance.now() - begun];
    };
    const crawl = async (size: number) => {
      let seen = 0;
      for (let cursor: string | undefined = ""; cursor !== undefined; ) {
        const { Resources, nextCursor } = await page(cursor, size);
        seen += Resources.length;
        cursor = nextCursor;
      }
      if (seen !== users) throw new Error(`${seen} users were listed of ${users}`);
    };

    const makes = kinds(backend);
    for (const [kind, make] of Object.entries(makes)) {
      await load(make, 64, WARM_UP_SECONDS);
      for (const connections of [1, 64]) {
        const result = await load(make, connections);
        const failed = result.non2xx + result.errors;
        note(
          `${backendName}: ${kind}, ${connections === 1 ? "one client" : `${connections} clients`}, a second`,
          `${Math.round(result.requests.average)}${failed ? ` (${failed} failed)` : ""}`,
        );
      }
    }
    const [first, firstMs] = await timed(() => page("", PAGE));
    note(`${backendName}: first page ever, ms`, firstMs.toFixed(0));
    const times: number[] = [];
    for (let cursor = first.nextCursor, n = 0; cursor && n < 50; n++) {
      const [next, ms] = await timed(() => page(cursor!, PAGE));
      times.push(ms);
      cursor = next.nextCursor;
    }
    note(`${backendName}: a page of ${PAGE} by cursor, ms`, median(times).toFixed(1));
    const [, crawlMs] = await timed(() => crawl(CRAWL_PAGE));
    note(`${backendName}: all users by cursor, s`, (crawlMs / 1000).toFixed(1));
    const alone = await load(makes["get by id"]!, 1);
    const crawler = fork(join(ROOT, "bench/crawler.ts"), [client.base, TOKEN, String(PAGE), String(CRAWLS)]);
    const beside = await load(makes["get by id"]!, 1);
    crawler.kill();
    note(`${backendName}: get, p50 and p99 in ms, alone`, `${alone.latency.p50}, ${alone.latency.p99}`);
    note(`${backendName}: get, p50 and p99 in ms, beside three crawls`, `${beside.latency.p50}, ${beside.latency.p99}`);
    note(`${backendName}: the most memory, MB`, String(gateway.memory().most));
    gateway.stop();
    await backend.stop();
  }

const header = SIZES.map((size) => size.toLocaleString("en"));
console.log(`| | ${header.join(" | ")} |\n| --- |${" ---: |".repeat(SIZES.length)}`);
for (const [row, cells] of figures) console.log(`| ${row} | ${cells.join(" | ")} |`);
