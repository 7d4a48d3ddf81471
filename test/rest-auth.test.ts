import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { importSPKI, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import rest from "../connectors/rest/index.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { lent } from "./servers/lent.ts";
import { type Fault, json, type PeopleApi, type Seen, startPeopleApi } from "./servers/people-api.ts";

const person = {
  key: "id",
  get: { path: "/people/{$key}" },
  search: { path: "/people", items: "items", total: "total" },
};
const open = (settings: object) => rest.open(rest.config.parse({ kinds: { person }, ...settings }), lent("/"));
const count = async (connector: ReturnType<typeof open>) =>
  (await connector.search({ kind: "person", attrs: ["id"], limit: 10, count: true, signal: AbortSignal.timeout(5000) }))
    .total;
const failing = (connector: ReturnType<typeof open>) => count(connector).then(String, (error: Error) => error.message);

describe("an API that wants to know who asks", () => {
  let api: PeopleApi;
  /** Tokens that are good, and how many were given out. */
  const good = new Set<string>();
  let given = 0;
  beforeAll(async () => {
    api = await startPeopleApi();
  });
  afterAll(() => api.stop());

  /** Lets in who shows what is good; gives tokens to who asks for one rightly. */
  const guardedBy =
    (
      shown: (request: Seen) => string | undefined,
      asked: (request: Seen) => boolean | Promise<boolean>,
      answer: (token: string) => object,
    ): Fault =>
    (request, response) => {
      if (request.path.startsWith("/api/people")) return !good.has(shown(request) ?? "") && json(response, 401, {});
      void (async () => {
        if (!(await asked(request))) return json(response, 400, { error: "invalid_client" });
        given++;
        const token = `token-${given}`;
        good.add(token);
        return json(response, 200, answer(token), { "set-cookie": `SESSION=${token}; Path=/; HttpOnly` });
      })();
      return true;
    };
  const bearer = ({ headers }: Seen) => headers.authorization?.replace("Bearer ", "");
  const start = () => {
    good.clear();
    given = 0;
    api.seen.length = 0;
  };

  test.each([
    [
      "basic",
      { type: "basic", username: "ann", password: "p:w" },
      (seen: Seen) => seen.headers.authorization === `Basic ${btoa("ann:p:w")}`,
    ],
    ["bearer", { type: "bearer", token: "a-token" }, (seen: Seen) => seen.headers.authorization === "Bearer a-token"],
    [
      "a key in a header",
      { type: "apiKey", headers: { "X-Key": "k1" } },
      (seen: Seen) => seen.headers["x-key"] === "k1",
    ],
    ["a key in the query", { type: "apiKey", query: { key: "k/2" } }, (seen: Seen) => seen.path.includes("key=k%2F2")],
  ])("is told by %s", async (_, auth, isRight) => {
    api.fail((seen, response) => !isRight(seen) && json(response, 401, {}));
    const connector = open({ url: api.url, auth, headers: { "X-Always": "1" } });
    expect(await count(connector)).toBe(0);
    expect(api.seen.at(-1)!.headers["x-always"]).toBe("1");
    await connector.close();
  });

  test.each(["header", "body"])(
    "is told by OAuth client credentials in the %s: a token is kept, had anew on a 401, and once for many",
    async (credentials) => {
      start();
      const isRight = ({ headers, body }: Seen) => {
        const form = new URLSearchParams(body);
        const basic = headers.authorization === `Basic ${btoa("client%20id:s%2Fecret")}`;
        const inBody = form.get("client_id") === "client id" && form.get("client_secret") === "s/ecret";
        return (
          form.get("grant_type") === "client_credentials" &&
          form.get("scope") === "people" &&
          (credentials === "header" ? basic : inBody)
        );
      };
      api.fail(guardedBy(bearer, isRight, (token) => ({ access_token: token, expires_in: 3600 })));
      const auth = {
        type: "clientCredentials",
        tokenUrl: `${api.url}/token`,
        clientId: "client id",
        clientSecret: "s/ecret",
        scope: "people",
        credentials,
      };
      const connector = open({ url: api.url, auth });
      expect(await Promise.all(Array.from({ length: 10 }, () => count(connector)))).toEqual(Array(10).fill(0));
      expect(given).toBe(1);
      good.clear();
      expect(await Promise.all(Array.from({ length: 10 }, () => count(connector)))).toEqual(Array(10).fill(0));
      expect(given).toBeLessThanOrEqual(2);
      await connector.close();
      const wrong = open({ url: api.url, auth: { ...auth, clientSecret: "wrong-secret" } });
      const message = await failing(wrong);
      expect(message).toContain("The token endpoint returned no token: status 400, invalid_client");
      expect(message).not.toContain("wrong-secret");
      await wrong.close();
    },
  );

  test("a token is had anew before it runs out", async () => {
    start();
    api.fail(
      guardedBy(
        bearer,
        () => true,
        (token) => ({ access_token: token, expires_in: "1" }),
      ),
    );
    const connector = open({
      url: api.url,
      auth: { type: "clientCredentials", tokenUrl: `${api.url}/token`, clientId: "c", clientSecret: "secret" },
    });
    await count(connector);
    await new Promise((done) => setTimeout(done, 600));
    await count(connector);
    expect([given, api.seen.filter(({ path }) => path === "/api/people").length]).toEqual([2, 2]);
    await connector.close();
  });

  test.each([true, false])("is told by a JWT that is signed here (exchanged for a token: %s)", async (isExchanged) => {
    start();
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const spki = await importSPKI(publicKey.export({ type: "spki", format: "pem" }) as string, "ES256");
    const isRight = async (jwt: string) => {
      const expected = { issuer: "postern", subject: "admin@example.test", audience: "people" };
      return jwtVerify(jwt, spki, expected).then(
        ({ payload }) => payload.scope === "all",
        () => false,
      );
    };
    if (isExchanged)
      api.fail(
        guardedBy(
          bearer,
          ({ body }) => isRight(new URLSearchParams(body).get("assertion") ?? ""),
          (token) => ({ access_token: token }),
        ),
      );
    else api.fail(undefined);
    const auth = {
      type: "jwt",
      key,
      algorithm: "ES256",
      issuer: "postern",
      subject: "admin@example.test",
      audience: "people",
      claims: { scope: "all" },
      ...(isExchanged && { tokenUrl: `${api.url}/token` }),
    };
    const connector = open({ url: api.url, auth });
    expect(await count(connector)).toBe(0);
    if (!isExchanged) expect(await isRight(bearer(api.seen.at(-1)!)!)).toBe(true);
    await connector.close();
  });

  test.each([
    ["in its answer", { session: "id", header: "X-Session" }, ({ headers }: Seen) => headers["x-session"] as string],
    [
      "in a cookie",
      { session: "$cookies.SESSION", header: "Cookie", prefix: "SESSION=" },
      ({ headers }: Seen) => headers.cookie?.replace("SESSION=", ""),
    ],
  ])("is told by a login call that gives a session %s, made anew on a 401", async (_, how, shown) => {
    start();
    const isRight = ({ body, path }: Seen) =>
      path === "/api/login" && (JSON.parse(body) as { pass?: string }).pass === "password of it";
    api.fail(guardedBy(shown, isRight, (token) => ({ id: token })));
    const auth = { type: "login", path: "/login", body: { user: "postern", pass: "password of it" }, ...how };
    const connector = open({ url: api.url, auth });
    expect([await count(connector), await count(connector), given]).toEqual([0, 0, 1]);
    good.clear();
    expect([await count(connector), given]).toEqual([0, 2]);
    await connector.close();
    const wrong = open({ url: api.url, auth: { ...auth, body: { pass: "another password" } } });
    expect(await failing(wrong)).toContain("The login call returned no session: status 400");
    await wrong.close();
  });

  test("is told of the trace that a request belongs to", async () => {
    api.fail(undefined);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    const connector = open({ url: api.url });
    const traceId = await trace.getTracer("test").startActiveSpan("outer", async (span) => {
      await count(connector);
      span.end();
      return span.spanContext().traceId;
    });
    expect(api.seen.at(-1)!.headers.traceparent).toContain(traceId);
    await connector.close();
    for (const each of [context, propagation, trace]) each.disable();
  });
});

describe("an API behind TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-rest-tls-"));
  let api: PeopleApi;
  let own: { key: string; certificate: string };
  beforeAll(async () => {
    makeAuthority(folder);
    const server = makeCertificate(folder, "server", "IP:127.0.0.1");
    own = makeCertificate(folder, "client", "DNS:postern");
    const read = (file: string) => readFileSync(file);
    api = await startPeopleApi({
      cert: read(server.certificate),
      key: read(server.key),
      ca: read(join(folder, "ca.pem")),
      requestCert: true,
      rejectUnauthorized: true,
    });
  });
  afterAll(async () => {
    await api.stop();
    execFileSync("rm", ["-r", folder]);
  });

  test("is asked with the gateway's own certificate, and its own is checked", async () => {
    const mutual = { ca: join(folder, "ca.pem"), cert: own.certificate, key: own.key };
    const connector = open({ url: api.url, tls: mutual });
    expect(await count(connector)).toBe(0);
    const { pools, peers } = connector.observe!();
    const { host } = new URL(api.url);
    expect(pools).toMatchObject([{ name: host, open: 1, waiting: 0 }]);
    expect(peers).toMatchObject([{ address: host, subject: "CN=dc1", issuer: "CN=Authority of the tests" }]);
    expect(peers[0]!.until).toBeGreaterThan(Date.now());
    await connector.close();
    const strange = open({ url: api.url, tls: { cert: own.certificate, key: own.key } });
    expect(await failing(strange)).toMatch(
      /is unreachable: (UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)/,
    );
    await strange.close();
    const nobody = open({ url: api.url, tls: { ca: mutual.ca } });
    expect(await failing(nobody)).toMatch(/is unreachable/);
    await nobody.close();
  });

  test("is asked through a proxy", async () => {
    const asked: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url!);
      const [host, port] = request.url!.split(":");
      const target = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const mutual = { ca: join(folder, "ca.pem"), cert: own.certificate, key: own.key };
    const connector = open({ url: api.url, tls: mutual, proxy: address });
    expect(await count(connector)).toBe(0);
    expect(asked).toEqual([new URL(api.url).host]);
    await connector.close();
    proxy.closeAllConnections();
    proxy.close();
  });
});
