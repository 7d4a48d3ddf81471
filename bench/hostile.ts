// node bench/hostile.ts [seconds]: one hostile client of each kind beside a good one, on SQLite in the gateway's own process, where a
// turn of the event loop that one takes is taken from all. What counts is how long the good client waits, beside how long it does alone.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { stringify } from "yaml";
import { legacyHr, ROOT } from "../test/servers/gateway.ts";

const GOOD = "the-token-of-the-good-caller";
const HOSTILE = "the-token-of-the-hostile-caller";
const route = "/scim/v2";
const USERS = 5000;

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly token?: string;
  readonly from?: string;
}

const agents = new Map<string, Agent>();
function ask(port: number, { method = "GET", path, body, token, from = "127.0.0.1" }: Asked): Promise<number> {
  const agent = agents.get(from) ?? new Agent({ keepAlive: true, localAddress: from, maxSockets: 256 });
  agents.set(from, agent);
  return new Promise((resolve) => {
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": "application/scim+json", "content-length": Buffer.byteLength(body) }),
    };
    const asked = request({ host: "127.0.0.1", port, agent, method, path, headers }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
      answer.once("error", () => resolve(0));
    });
    asked.once("error", () => resolve(0));
    asked.end(body);
  });
}

/** Keeps so many requests in flight, until the thread is ended. */
const flood = (count: number, port: number, next: (n: number) => Asked) => {
  let n = 0;
  for (let each = 0; each < count; each++)
    void (async () => {
      for (;;) if ((await ask(port, next(n++))) === 0) await sleep(20);
    })();
};

/** Keeps so many connections open, with the text sent and then a byte now and then. */
function hold(count: number, port: number, text: string, from: (n: number) => string, trickle = true): void {
  const open = (n: number) => {
    const socket: Socket = connect({ host: "127.0.0.1", port, localAddress: from(n) }, () => socket.write(text));
    if (!trickle) socket.pause();
    const timer = trickle ? setInterval(() => socket.write("x"), 2000) : undefined;
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      setTimeout(() => open(n), 100);
    });
  };
  for (let n = 0; n < count; n++) open(n);
}

const search = (more: object) =>
  JSON.stringify({ schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], ...more });
const many = Array.from({ length: 17_000 }, (_, n) => ({ type: `t${n}`, value: `v${n}@example.com` }));
const terms = (count: number, of: (n: number) => string) => Array.from({ length: count }, (_, n) => of(n)).join(" or ");
const head = (method: string, path: string, length: number, token = HOSTILE) =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/scim+json\r\nContent-Length: ${length}\r\n\r\n`;

const kinds: Readonly<Record<string, (port: number) => void>> = {
  "PATCHes of 1 MB": (port) => {
    const Operations = [
      { op: "add", path: "emails", value: many },
      { op: "remove", path: `emails[${terms(400, (n) => `value co "z${n}"`)}]` },
    ];
    flood(8, port, () => ({
      method: "PATCH",
      path: `${route}/Users/2`,
      body: JSON.stringify({ Operations }),
      token: HOSTILE,
    }));
  },
  "filters of 500 terms": (port) =>
    flood(32, port, (n) => ({
      method: "POST",
      path: `${route}/Users/.search`,
      body: search({ filter: terms(500, (each) => `title co "x${n}-${each}"`) }),
      token: HOSTILE,
    })),
  "short filters that go through everything": (port) =>
    flood(64, port, (n) => ({
      path: encodeURI(`${route}/Users?filter=title co "x${n}" or nickName ew "y"&sortBy=emails.value&count=1`),
      token: HOSTILE,
    })),
  "1 MB of attributes": (port) =>
    flood(16, port, (n) => ({
      method: "POST",
      path: `${route}/Users/.search`,
      body: search({ attributes: Array.from({ length: 100_000 }, (_, each) => `a${n}${each}`) }),
      token: HOSTILE,
    })),
  "bulk requests of 1,000": (port) =>
    flood(8, port, () => ({
      method: "POST",
      path: `${route}/Bulk`,
      body: JSON.stringify({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: Array.from({ length: 1000 }, (_, n) => ({
          method: "PATCH",
          path: `/Users/${4 + n}`,
          data: { Operations: [{ op: "replace", path: "title", value: `t${n}` }] },
        })),
      }),
      token: HOSTILE,
    })),
  "bodies that never end, without a token": (port) =>
    hold(
      1300,
      port,
      "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 16000\r\n\r\ng",
      (n) => `127.0.0.${2 + (n % 6)}`,
    ),
  "bodies that never end, with one": (port) =>
    hold(200, port, `${head("POST", `${route}/Users`, 1_000_000)}{`, () => "127.0.0.1"),
  "answers that nobody reads": (port) =>
    hold(60, port, head("GET", `${route}/Users?count=5000`, 0).repeat(20), () => "127.0.0.1", false),
  "guesses from another address": (port) =>
    flood(64, port, (n) => ({ path: `${route}/Users/1`, token: `guess-number-${n}-of-many`, from: "127.0.0.2" })),
  "floods of /readyz": (port) => flood(64, port, () => ({ path: "/readyz", from: "127.0.0.2" })),
};

/** The good client: a request each 20 ms, whatever became of the one before. */
async function goodClient(port: number, seconds: number) {
  const times: number[] = [];
  const refused = new Map<number, number>();
  const under: Promise<void>[] = [];
  let n = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(20)) {
    const start = performance.now();
    const path = `${route}/Users/${4 + (n++ % (USERS - 10))}`;
    under.push(
      ask(port, { path, token: GOOD }).then((status) => {
        times.push(performance.now() - start);
        if (status !== 200) refused.set(status, (refused.get(status) ?? 0) + 1);
      }),
    );
  }
  await Promise.all(under);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1), refused };
}

if (isMainThread) await main();
else {
  const { kind, port } = workerData as { kind: string; port: number };
  parentPort!.once("message", () => process.exit());
  kinds[kind]!(port);
}

async function startGateway(folder: string) {
  const file = join(folder, "gateway.config.yaml");
  const tokens = [
    { name: "good", token: GOOD },
    { name: "hostile", token: HOSTILE },
  ];
  const clients = [{ name: "app", id: "app", secrets: ["the-secret-of-the-application"] }];
  const auth = [
    { type: "bearer", tokens },
    { type: "clientCredentials", key: "a-key-of-thirty-two-bytes-or-more", clients },
  ];
  const limits = { pageSize: 10_000, bulkOperations: 1000 };
  const { connectors, routes } = legacyHr();
  const hr = { ...connectors.hr, file: join(mkdtempSync(join(folder, "hr-")), "hr.db") };
  writeFileSync(
    file,
    stringify({ server: { port: 0 }, log: { level: "error" }, auth, limits, connectors: { hr }, routes }),
  );
  const child = fork(join(ROOT, "test/servers/process.ts"), [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const { port } = await new Promise<{ port: number }>((resolve) =>
    child.once("message", (each) => resolve(each as never)),
  );
  for (let from = 0; from < USERS; from += 1000) {
    const Operations = Array.from({ length: 1000 }, (_, n) => ({
      method: "POST",
      path: "/Users",
      bulkId: `b${n}`,
      data: { userName: `user${from + n}`, title: `Title ${n}` },
    }));
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    await ask(port, {
      method: "POST",
      path: `${route}/Bulk`,
      body: JSON.stringify({ schemas, Operations }),
      token: GOOD,
    });
  }
  return { child, port };
}

async function main() {
  const seconds = Number(process.argv[2] ?? 30);
  const folder = mkdtempSync(join(tmpdir(), "postern-hostile-"));
  console.log("| beside the good client | p50 ms | p99 ms | of alone | slowest ms | not 200 |");
  console.log("| --- | ---: | ---: | ---: | ---: | --- |");
  const only = process.argv[3];
  for (const kind of Object.keys(kinds).filter((each) => !only || each.includes(only))) {
    const { child, port } = await startGateway(folder);
    await goodClient(port, 2);
    const alone = await goodClient(port, Math.min(seconds, 10));
    const worker = new Worker(import.meta.filename, { workerData: { kind, port } });
    await sleep(1000);
    const beside = await goodClient(port, seconds);
    worker.postMessage("end");
    await worker.terminate();
    const refused = [...beside.refused].map(([status, count]) => `${status}: ${count} of ${beside.count}`).join(", ");
    const ms = (value: number) => value.toFixed(1);
    console.log(
      `| ${[kind, ms(beside.p50), ms(beside.p99), `${ms(beside.p99 / alone.p99)} × ${ms(alone.p99)}`, ms(beside.max), refused].join(" | ")} |`,
    );
    child.kill("SIGKILL");
  }
  rmSync(folder, { recursive: true });
  process.exit();
}
