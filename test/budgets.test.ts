import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { type PeopleApi, startPeopleApi } from "./servers/people-api.ts";
import { writeMapping } from "./servers/people-mapping.ts";

const hostile = "the-token-of-the-hostile-caller";
const good = "the-token-of-the-good-caller";
const auth = [
  {
    type: "bearer",
    tokens: [
      { name: "hostile", token: hostile },
      { name: "good", token: good },
    ],
  },
];
const bulk = (...Operations: object[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
  Operations,
});

describe("one client beside another", () => {
  let gateway: TestGateway;
  const sockets: Socket[] = [];
  const as = (token: string) => ({ ...gateway, token });
  const start = async (more: object = {}) => {
    gateway = await startGateway({ ...legacyHr(), auth, ...more });
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await gateway.stop();
  });
  /** Opens a connection, and sends the text; gives what comes back so far. */
  const open = (text: string) =>
    new Promise<{ socket: Socket; answer: () => string }>((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url);
      let answer = "";
      const socket = connect(Number(port), hostname, () => {
        socket.write(text);
        resolve({ socket, answer: () => answer });
      });
      socket.on("data", (data) => {
        answer += data;
      });
      socket.on("error", reject);
      sockets.push(socket);
    });
  const isServed = async () => expect((await send(as(good), "GET", "/Users/1")).status).toBe(200);

  test("unfinished bodies take no places: at the token endpoint without a token, and with one", async () => {
    await start({
      limits: { inFlight: 4 },
      auth: [
        ...auth,
        {
          type: "clientCredentials",
          key: "a-key-of-thirty-two-bytes-or-more",
          clients: [{ name: "app", id: "app", secrets: ["the-secret-of-the-application"] }],
        },
      ],
    });
    const heads = [
      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\ngrant",
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hostile}\r\nContent-Type: application/scim+json\r\nContent-Length: 500\r\n\r\n{`,
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hostile}\r\nContent-Type: application/scim+json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
    ];
    for (const head of heads) await Promise.all(Array.from({ length: 20 }, () => open(head)));
    await Promise.all(Array.from({ length: 4 }, isServed));
    const token = await fetch(`${gateway.url}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: "app",
        client_secret: "the-secret-of-the-application",
      }),
    });
    expect(token.status).toBe(200);
  });

  test("a PATCH of the greatest length is answered, whatever it selects", async () => {
    await start();
    const n = 9000;
    const emails = Array.from({ length: n }, (_, i) => ({ type: `t${i}`, value: `${i}@example.com` }));
    const patches: object[][] = [
      [{ op: "add", path: "emails", value: emails }],
      emails.map((value) => ({ op: "add", path: "emails", value: [value] })),
      emails.map(({ type }) => ({ op: "remove", path: `emails[type eq "${type}"]` })),
      [
        { op: "add", path: "emails", value: emails.slice(0, 5000) },
        ...emails.slice(0, 4000).map(({ value }) => ({ op: "remove", path: `emails[value co "${value}"]` })),
      ],
      emails.map(({ type }) => ({ op: "replace", path: `emails[type eq "${type}"].value`, value: "x" })),
    ];
    for (const Operations of patches) {
      const { status, text } = await send(as(good), "PATCH", "/Users/1", { Operations });
      // More operations than there may be, more steps than there may be, or done: never a stop, never a failure of ours.
      expect([200, 204, 400, 413], text.slice(0, 200)).toContain(status);
    }
    // Selectors count by their terms: this took half a minute of everybody's time.
    const terms = Array.from({ length: 400 }, (_, i) => `value co "z${i}"`).join(" or ");
    const selecting = [
      { op: "add", path: "emails", value: emails },
      ...Array(50).fill({ op: "remove", path: `emails[${terms}]` }),
    ];
    const selected = await send(as(good), "PATCH", "/Users/1", { Operations: selecting });
    expect(selected).toMatchObject({ status: 400, json: { scimType: "tooMany" } });
    // And a text that is looked for within others has a bound.
    const part = encodeURI(`/Users?filter=title co "${"a".repeat(1100)}"`);
    expect((await send(as(good), "GET", part)).status).toBe(400);
    await isServed();
  });

  test("the rate counts the operations of a bulk request, not the request", async () => {
    const tokens = [{ name: "slow", token: hostile, rate: 5 }];
    await start({ auth: [{ type: "bearer", tokens }] });
    const operation = (n: number) => ({ method: "POST", path: "/Users", bulkId: `b${n}`, data: { userName: `u${n}` } });
    const answer = await send(
      as(hostile),
      "POST",
      "/Bulk",
      bulk(...Array.from({ length: 30 }, (_, n) => operation(n))),
    );
    const statuses = answer.json.Operations.map(({ status }: { status: string }) => status);
    const done = statuses.filter((status: string) => status === "201").length;
    // A second may end within the request, and another five begin.
    expect(done).toBeGreaterThanOrEqual(5);
    expect(done).toBeLessThanOrEqual(10);
    expect(statuses.filter((status: string) => status === "429")).toHaveLength(30 - done);
  });

  test.each(["1e999", "-1e999", "9007199254740993", "123456789012345678901234567890"])(
    "the number %s, which would be another one here, is 400 and never stored",
    async (number) => {
      await start();
      for (const body of [`{"userName": ${number}}`, `{"userName":"n","title":${number}}`]) {
        const answer = await send(as(good), "POST", "/Users", body);
        expect(answer).toMatchObject({ status: 400, json: { scimType: "invalidValue" } });
        expect(answer.json.detail).toContain("send it as a string");
      }
      expect((await send(as(good), "GET", '/Users?filter=userName eq "Infinity"')).json.totalResults).toBe(0);
    },
  );

  test("an expression that takes too long is ended, and nobody waits for it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-slow-"));
    const mapping = join(folder, "user.yaml");
    const shipped = readFileSync(join(ROOT, "mappings/legacy-hr/user.yaml"), "utf8");
    expect(shipped).toMatch(/^ {2}title: /m);
    const slow = `title: { read: job_title, write: { job_title: '$join($distinct($split(title, "|")), "|")' } }`;
    writeFileSync(mapping, shipped.replace(/^ {2}title: .*$/m, `  ${slow}`));
    await start({ routes: { "/scim/v2": { User: { connector: "hr", mapping } } } });
    const title = Array.from({ length: 100_000 }, (_, n) => n.toString(36)).join("|");
    const asked = send(as(hostile), "POST", "/Users", { userName: "slow", title });
    await isServed();
    const { status, text } = await asked;
    expect([400, 500], text).toContain(status);
    expect(text).toContain("title");
    expect((await send(as(good), "POST", "/Users", { userName: "quick", title: "a|b|a" })).json.title).toBe("a|b");
    rmSync(folder, { recursive: true });
  });

  test("a client that goes while it waits for its turn leaves no place taken", async () => {
    await start({ limits: { inFlight: 4 } });
    const title = "x".repeat(60_000);
    const text = JSON.stringify({ Operations: [{ op: "replace", path: "title", value: title }] });
    for (let n = 0; n < 6; n++) {
      await isServed();
      const { socket } = await open(
        `PATCH /scim/v2/Users/2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hostile}\r\nContent-Type: application/scim+json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      );
      await sleep(20);
      socket.destroy();
    }
    // Each had to wait for the one before it, and was gone when its turn came.
    await expect.poll(async () => (await send(as(hostile), "GET", "/Users/1")).status, { timeout: 10_000 }).toBe(200);
    const answers = await Promise.all([1, 2].map(() => send(as(hostile), "GET", "/Users/1")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test.each(["http", "https"])("answers that nobody reads are dropped once they hold too much: %s", async (scheme) => {
    const folder = mkdtempSync(join(tmpdir(), "postern-unread-"));
    makeAuthority(folder);
    makeCertificate(folder, "server", "IP:127.0.0.1");
    const tls = { cert: join(folder, "server.pem"), key: join(folder, "server.key") };
    const settings = legacyHr();
    settings.connectors.hr.file = join(folder, "hr.db");
    const limits = { pageSize: 10_000 };
    await start({ ...settings, limits });
    const large = { userName: "large", title: "x".repeat(700_000) };
    for (let n = 0; n < 16; n++)
      expect((await send(as(good), "POST", "/Users", { ...large, userName: `large${n}` })).status).toBe(201);
    const whole = (await send(as(good), "GET", "/Users")).text.length;
    await gateway.stop();
    await start({ ...settings, limits, ...(scheme === "https" && { server: { port: 0, tls } }) });
    const ask = `GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${hostile}\r\n\r\n`;
    const { hostname, port } = new URL(gateway.url);
    const readers = Array.from({ length: 40 }, () => {
      const reader = { read: 0, isEnded: false };
      const at = { host: hostname, port: Number(port), rejectUnauthorized: false };
      const begin = () => void socket.write(ask);
      const socket = (scheme === "https" ? connectTls(at, begin) : connect(at, begin)).pause();
      socket.on("data", (data) => {
        reader.read += data.length;
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        reader.isEnded = true;
      });
      sockets.push(socket);
      return reader;
    });
    await sleep(3000);
    for (const socket of sockets) socket.resume();
    await expect.poll(() => readers.filter(({ isEnded }) => !isEnded).length, { timeout: 20_000 }).toBe(0);
    // 40 answers of 11 MB are more than connections may hold together.
    expect(readers.filter(({ read }) => read < whole).length).toBeGreaterThan(10);
    rmSync(folder, { recursive: true });
  });
});

describe("readiness", () => {
  let api: PeopleApi;
  beforeAll(async () => {
    api = await startPeopleApi();
  });
  afterAll(() => api.stop());

  test("is asked of the backend once for all who want to know, and names nothing to strangers", async () => {
    const one = "/people/{$key}";
    // The gateway asks once when it starts, and keeps the answer for those who come then.
    const before = api.seen.length;
    const gateway = await startGateway({
      connectors: {
        "name-for-operators-alone": {
          type: "rest",
          url: api.url,
          probe: { path: "/people", query: { limit: "1" } },
          kinds: {
            person: {
              key: "id",
              get: { path: one },
              search: { path: "/people", items: "items", page: { by: "offset", size: 9 } },
            },
          },
        },
      },
      routes: { "/scim/v2": { User: { connector: "name-for-operators-alone", mapping: writeMapping() } } },
      operations: { port: 0 },
    });
    const answers = await Promise.all(Array.from({ length: 54 }, () => fetch(`${gateway.url}/readyz`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(api.seen.length - before).toBe(1);
    expect(await answers[0]!.text()).not.toContain("name-for");
    expect(await (await fetch(`${gateway.operations}/readyz`)).json()).toEqual({
      status: "ok",
      connectors: { "name-for-operators-alone": "ok" },
    });
    expect(api.seen.length - before).toBe(1);
    await gateway.stop();
  });
});

describe("what a file holds", () => {
  test("a SQLite database that the gateway makes is its user's alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-mode-"));
    const settings = legacyHr();
    settings.connectors.hr.file = join(folder, "hr.db");
    const gateway = await startGateway({
      ...settings,
      safety: { "/scim/v2": { guard: { deletes: 5 } } },
      state: { url: `sqlite:${join(folder, "state.db")}` },
    });
    expect((await send(gateway, "DELETE", "/Users/1")).status).toBe(204);
    for (const file of ["hr.db", "state.db"]) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
});
