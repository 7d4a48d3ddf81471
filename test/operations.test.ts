import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { headIn } from "../sinks/file/record.ts";
import { verifyAudit } from "../sinks/file/verify.ts";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, TOKEN } from "./servers/gateway.ts";

/** A gateway in a process of its own. */
async function forked(folder: string, more: object): Promise<{ process: ChildProcess; base: string; token: string }> {
  const file = join(folder, "gateway.config.yaml");
  const auth = [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }];
  writeFileSync(file, stringify({ server: { port: 0 }, log: { level: "error" }, auth, ...more }));
  const child = fork(join(ROOT, "test/servers/process.ts"), [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once("message", (each) => resolve(each as never));
    child.once("exit", () => reject(new Error("the gateway did not start")));
  });
  return { process: child, base: `http://127.0.0.1:${port}/scim/v2`, token: TOKEN };
}

/** The embedded example, with its database in a file. */
function onFile(folder: string) {
  const { connectors, routes } = legacyHr();
  return { routes, connectors: { hr: { ...connectors.hr, file: join(folder, "hr.db"), create: true } } };
}

/** A request that has any place; listings have some of their own. */
const LOOK_UP = "/Users?filter=userName%20eq%20%22ann%22";

describe("a gateway that is killed", () => {
  test("in the middle of 500 writes has each one that was acknowledged, in the backend and in the audit log", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-killed-"));
    const gateway = await forked(folder, { ...onFile(folder), audit: { file: "audit.log" } });
    const acknowledged: string[] = [];
    const writes = Array.from({ length: 10 }, async (_, worker) => {
      for (let n = 0; n < 50; n++) {
        const userName = `w${worker}n${n}`;
        const answer = await send(gateway, "POST", "/Users", { userName }).catch(() => undefined);
        if (answer?.status === 201) acknowledged.push(userName);
        if (acknowledged.length === 200) gateway.process.kill("SIGKILL");
      }
    });
    await Promise.all(writes);
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(acknowledged.length).toBeLessThan(500);
    const database = new DatabaseSync(join(folder, "hr.db"));
    const rows = database.prepare("select id, login from people").all() as { id: number; login: string }[];
    database.close();
    const keys = new Map(rows.map(({ id, login }) => [login, String(id)]));
    expect(acknowledged.filter((name) => !keys.has(name))).toEqual([]);
    const text = readFileSync(join(folder, "audit.log"), "utf8");
    const head = () => headIn(readFileSync(join(folder, "audit.log.head"), "utf8"), undefined);
    const verdict = verifyAudit(text, { head: head() });
    expect(verdict).toMatchObject({ ok: true });
    const recorded = new Set(
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .filter(({ result }) => result === "ok")
        .map(({ backend }) => backend.key),
    );
    expect(acknowledged.filter((name) => !recorded.has(keys.get(name)))).toEqual([]);
    // What was asked of the backend and has no outcome is shown as a question: those writes may have been made.
    const asked = new Set(rows.map(({ login }) => login));
    const unanswered = [...asked].filter((name) => /^w\d/.test(name) && !recorded.has(keys.get(name)));
    const { questions } = verdict as Extract<typeof verdict, { ok: true }>;
    expect(questions.length).toBeGreaterThanOrEqual(unanswered.length);
    for (const { about } of questions) expect(about).toBe("create User");
    // The next one goes on behind the last whole record.
    const again = await forked(folder, { ...onFile(folder), audit: { file: "audit.log" } });
    expect((await send(again, "POST", "/Users", { userName: "after" })).status).toBe(201);
    again.process.kill("SIGTERM");
    await new Promise((resolve) => again.process.once("exit", resolve));
    expect(verifyAudit(readFileSync(join(folder, "audit.log"), "utf8"), { head: head() })).toMatchObject({
      ok: true,
      torn: false,
    });
    rmSync(folder, { recursive: true });
  });
});

describe("a configuration that is read again", () => {
  const tokens = (...names: string[]) => [
    { type: "bearer", tokens: names.map((name) => ({ name, token: `the-token-of-${name}` })) },
  ];
  const status = async (gateway: { base: string }, name: string, path = "/Users?count=1") =>
    (await send({ ...gateway, token: `the-token-of-${name}` }, "GET", path)).status;

  test("is taken whole; a wrong one is refused, and the one before goes on", async () => {
    const hr = legacyHr();
    const gateway = await startGateway({ ...hr, auth: tokens("first") });
    const { id } = (await send({ ...gateway, token: "the-token-of-first" }, "POST", "/Users", { userName: "kept" }))
      .json;
    expect(gateway.reload({ ...hr, auth: tokens("second") })).toBe(true);
    expect([await status(gateway, "first"), await status(gateway, "second")]).toEqual([401, 200]);
    // A connector whose settings are the same stays open: this one's database is in memory.
    expect(await status(gateway, "second", `/Users/${id}`)).toBe(200);
    for (const wrong of [
      { ...hr, auth: [] },
      { ...hr, auth: tokens("third"), routes: { "/scim/v2": { User: { connector: "none", mapping: "x" } } } },
    ])
      expect(gateway.reload(wrong)).toBe(false);
    expect(await status(gateway, "second", `/Users/${id}`)).toBe(200);
    await gateway.stop();
  });

  test("fails no request that is under way, and follows SIGHUP and changes of the file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-reload-"));
    const gateway = await forked(folder, { ...onFile(folder), auth: tokens("always") });
    const file = join(folder, "gateway.config.yaml");
    const write = (...names: string[]) =>
      writeFileSync(
        file,
        stringify({
          server: { port: 0 },
          log: { level: "error" },
          ...onFile(folder),
          auth: tokens("always", ...names),
          limits: { pageSize: 10 + names.length },
        }),
      );
    let isOver = false;
    const statuses: number[] = [];
    const load = Array.from({ length: 4 }, async (_, n) => {
      while (!isOver)
        statuses.push(
          n % 2 === 0
            ? await status(gateway, "always")
            : (
                await send({ ...gateway, token: "the-token-of-always" }, "POST", "/Users", {
                  userName: `u${Math.random()}`,
                })
              ).status,
        );
    });
    write("hup");
    gateway.process.kill("SIGHUP");
    await expect.poll(() => status(gateway, "hup"), { timeout: 5000 }).toBe(200);
    write("hup", "watched");
    await expect.poll(() => status(gateway, "watched"), { timeout: 10_000 }).toBe(200);
    isOver = true;
    await Promise.all(load);
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((code) => code >= 400)).toEqual([]);
    gateway.process.kill("SIGTERM");
    await new Promise((resolve) => gateway.process.once("exit", resolve));
    rmSync(folder, { recursive: true });
  });
});

/** A directory that takes connections and never says a word. */
async function silent(): Promise<{ url: string; stop: () => void }> {
  const sockets = new Set<import("node:net").Socket>();
  const server: Server = createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `ldap://127.0.0.1:${port}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
const ldap = (url: string, resilience: object = {}) => ({
  connectors: {
    directory: {
      type: "ldap",
      url,
      bind: { dn: "cn=x", password: "x" },
      kinds: { user: { base: "ou=people,dc=x", filter: "(objectClass=person)", rdn: "uid" } },
      resilience,
    },
  },
  routes: { "/scim/v2": { User: { connector: "directory", mapping: join(ROOT, "mappings/openldap/user.yaml") } } },
});

describe("a backend that is away or slow", () => {
  test("does not keep the gateway from starting: it lives, and is not ready", async () => {
    const gateway = await startGateway({ ...ldap("ldap://127.0.0.1:1"), operations: { port: 0 } });
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${gateway.url}/readyz`);
    // What is behind the gateway is for operators to see.
    expect([ready.status, await ready.json()]).toEqual([503, { status: "unavailable" }]);
    const told = await fetch(`${gateway.operations}/readyz`);
    expect([told.status, await told.json()]).toEqual([
      503,
      { status: "unavailable", connectors: { directory: "unavailable" } },
    ]);
    await gateway.stop();
  });

  test("is left alone when nearly all that was asked of it failed, and tried again after a moment", async () => {
    const gateway = await startGateway({ ...ldap("ldap://127.0.0.1:1", { breakAfter: 2 }), operations: { port: 0 } });
    const ask = async () => (await send(gateway, "GET", LOOK_UP)).json;
    for (let n = 0; n < 15; n++) expect((await ask()).status).toBe("503");
    expect((await ask()).detail).toContain("directory failed repeatedly: its circuit breaker is open");
    const breaker = async () =>
      /postern_breaker_open\{connector="directory"\} (\S+)/.exec(
        await (await fetch(`${gateway.operations}/metrics`)).text(),
      )?.[1];
    expect(await breaker()).toBe("1");
    await expect
      .poll(async () => (await ask()).detail, { timeout: 8000, interval: 200 })
      .not.toContain("circuit breaker");
    await gateway.stop();
  });

  test("is asked so much at a time, a short queue waits in time, and the others are 503; health stays green, and other systems serve", async () => {
    const slow = await silent();
    const { connectors, routes } = ldap(slow.url, { concurrency: 4, queue: 6 });
    const hr = legacyHr();
    const gateway = await startGateway({
      connectors: { ...connectors, ...hr.connectors },
      routes: { ...routes, "/hr/scim/v2": hr.routes["/scim/v2"] },
      operations: { port: 0 },
    });
    // The gateway's own question at its start takes a place.
    await gateway.probed;
    let open = 30;
    const asked = Array.from({ length: 30 }, () => send(gateway, "GET", LOOK_UP).finally(() => open--));
    await expect.poll(() => open, { timeout: 4000 }).toBe(10);
    const metrics = await (await fetch(`${gateway.operations}/metrics`)).text();
    expect(metrics).toContain('postern_backend_running{connector="directory"} 4');
    expect(metrics).toContain('postern_backend_waiting{connector="directory"} 6');
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const other = { ...gateway, base: `${gateway.url}/hr/scim/v2` };
    expect((await send(other, "GET", "/Users?count=1")).status).toBe(200);
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    const details = answers.map(({ json }) => json.detail);
    expect(details.filter((detail) => detail.includes("is at capacity"))).toHaveLength(20);
    await gateway.stop();
    slow.stop();
  });

  test("lets no more requests in than may be in flight", async () => {
    const slow = await silent();
    const gateway = await startGateway({ ...ldap(slow.url), limits: { inFlight: 5 } });
    await gateway.probed;
    let open = 20;
    const asked = Array.from({ length: 20 }, () => send(gateway, "GET", "/Users?count=1").finally(() => open--));
    await expect.poll(() => open, { timeout: 4000 }).toBe(5);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    const answers = await Promise.all(asked);
    const shed = answers.filter(({ json }) => json.detail.includes("limits.inFlight"));
    expect(shed).toHaveLength(15);
    expect(shed[0]!.headers.get("retry-after")).toBeTruthy();
    await gateway.stop();
    slow.stop();
  });

  test("takes a request again when there is a place, and one with a body that was refused ends its connection", async () => {
    const slow = await silent();
    const gateway = await startGateway({ ...ldap(slow.url), limits: { inFlight: 1 } });
    const first = send(gateway, "GET", "/Users?count=1");
    await sleep(100);
    const refused = await send(gateway, "POST", "/Users", { userName: "ann" });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("connection")).toBe("close");
    expect(refused.headers.get("x-request-id")).toBeTruthy();
    await first;
    expect((await send(gateway, "GET", "/ServiceProviderConfig")).status).toBe(200);
    await gateway.stop();
    slow.stop();
  });
});

describe("what operators see", () => {
  test("metrics count requests by route, operation and status, backend calls, failures to authenticate, the event loop's delay", async () => {
    const gateway = await startGateway({ ...legacyHr(), operations: { port: 0 } });
    await send(gateway, "GET", "/Users?count=1");
    await send(gateway, "GET", "/Users/4711");
    await send(gateway, "GET", "/nothing/here/at/all");
    await send({ ...gateway, token: "wrong" }, "GET", "/Users");
    const text = await (await fetch(`${gateway.operations}/metrics`)).text();
    for (const line of [
      'postern_request_seconds_count{route="/scim/v2",operation="GET /Users",status="200"} 1',
      'postern_request_seconds_count{route="/scim/v2",operation="GET /Users/:id",status="404"} 1',
      'postern_backend_seconds_count{connector="hr",operation="search",result="ok"} 1',
      'postern_auth_failures_total{method="bearer"} 1',
      "nodejs_eventloop_lag_p99_seconds",
    ])
      expect(text).toContain(line);
    // Labels have few values, whatever is asked for: no ids, no paths of clients'.
    // Of the labels, that is: a size or a time may well have the same digits.
    const labels = [...text.matchAll(/\{([^}]*)\}/g)].map(([, inner]) => inner).join("\n");
    expect(labels).toContain("/Users/:id");
    expect(labels).not.toMatch(/4711|nothing\/here/);
    expect((await send(gateway, "GET", "/metrics")).status).toBe(404);
    await gateway.stop();
  });

  test("the dashboard and the alerts speak of metrics that there are", async () => {
    const gateway = await startGateway({ ...legacyHr(), operations: { port: 0 } });
    const text = await (await fetch(`${gateway.operations}/metrics`)).text();
    const known = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
        type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
      ),
    );
    for (const file of ["examples/monitoring/dashboard.json", "examples/monitoring/alerts.yaml"]) {
      const named = readFileSync(join(ROOT, file), "utf8").match(/(?:postern|nodejs|process)_[a-z0-9_]+/g) ?? [];
      expect(named.length).toBeGreaterThan(3);
      expect(named.filter((name) => !known.has(name))).toEqual([]);
    }
    await gateway.stop();
  });

  test("traces, where an SDK is loaded, go on with the caller's, and have the backend's calls in them", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const gateway = await startGateway(legacyHr());
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await send(gateway, "GET", "/Users?filter=userName%20eq%20%22Zaphod%22", undefined, {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      "X-Request-Id": "traced",
    });
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(2);
    const [call, request] = exporter.getFinishedSpans();
    expect(request).toMatchObject({
      name: "GET /Users",
      attributes: { "http.route": "/scim/v2", "http.response.status_code": 200, "postern.request_id": "traced" },
    });
    expect(call).toMatchObject({ name: "hr search", attributes: { "postern.connector": "hr" } });
    for (const span of [call!, request!]) expect(span.spanContext().traceId).toBe(traceId);
    expect(call!.parentSpanContext?.spanId).toBe(request!.spanContext().spanId);
    expect(JSON.stringify([call!.attributes, request!.attributes])).not.toContain("Zaphod");
    await gateway.stop();
    for (const api of [trace, context, propagation]) api.disable();
    await sleep(0);
  });
});
