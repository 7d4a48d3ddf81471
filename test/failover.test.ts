import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { type Relay, startRelay } from "./servers/relay.ts";
import { openActiveDirectory, type Samba, STAFF, startSamba } from "./servers/samba.ts";

/** Failing over takes this long at the most, in milliseconds: an operation that hangs, and a connection that does not come. */
const FAILOVER_MS = 5000;
const RELAY_PORT = 6360;

describe("the gateway before several domain controllers", () => {
  let first: Samba;
  let second: Samba;
  /** In front of the first one: to stop its process could leave the database that both serve locked. */
  let relay: Relay;
  let gateway: TestGateway | undefined;
  beforeAll(async () => {
    first = await startSamba();
    second = await first.another();
    relay = await startRelay({ host: first.address, port: RELAY_PORT }, { host: first.address, port: 636 });
  });
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });
  afterAll(async () => {
    await relay.stop();
    await second.stop();
    await first.stop();
  });
  const start = async (settings: object = {}) => {
    const urls = [`${first.url}:${RELAY_PORT}`, second.url];
    gateway = await startGateway(openActiveDirectory(first, ROOT, { urls, ...settings }));
    return gateway;
  };
  const user = (name: string) => ({ userName: `${name}@corp.example.test`, displayName: name });

  test.each([
    ["is killed", () => first.kill(), () => first.restart()],
    ["hangs", async () => relay.hang(), async () => relay.resume()],
  ])(
    "where the one in use %s in the middle of 200 requests none is lost, none is done twice, and all are served again in time",
    async (how, stop, bringBack) => {
      const client = await start();
      const prefix = how.replace(/ /g, "");
      const known = (await send(client, "POST", "/Users", user(`${prefix}-known`))).json.id;
      let stoppedAt = Number.POSITIVE_INFINITY;
      const failures: { startedAfter: number; status: number }[] = [];
      /** A client that tries again, as Entra does: it looks whether the user is there, and creates it where it is not. */
      const provision = async (name: string): Promise<void> => {
        for (let attempt = 0; attempt < 40; attempt++) {
          const startedAfter = performance.now() - stoppedAt;
          const filter = encodeURIComponent(`userName eq "${name}@corp.example.test"`);
          const found = await send(client, "GET", `/Users?filter=${filter}&attributes=id`);
          if (found.json.totalResults === 1) return;
          const made = found.status === 200 ? await send(client, "POST", "/Users", user(name)) : found;
          if (made.status === 201) return;
          failures.push({ startedAfter, status: made.status });
          await sleep(250);
        }
        throw new Error(`${name} was never created`);
      };
      const names = Array.from({ length: 200 }, (_, index) => `${prefix}-${index}`);
      const queue = [...names];
      const worker = async () => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
          if (queue.length === 100) {
            stoppedAt = performance.now();
            await stop();
          }
          await provision(name);
          const read = await send(client, "GET", `/Users/${known}`);
          expect([200, 503]).toContain(read.status);
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      expect(failures.filter(({ startedAfter }) => startedAfter > FAILOVER_MS)).toEqual([]);
      expect(failures.every(({ status }) => status === 503)).toBe(true);
      const stored = second.ldapsearch(STAFF, `(userPrincipalName=${prefix}-*)`, "userPrincipalName");
      const found = [...stored.matchAll(/^userPrincipalName: (.*)@/gm)].map(([, name]) => name!).sort();
      expect(found).toEqual([...names, `${prefix}-known`].sort());
      await bringBack();
    },
  );

  test("the preferred one is used again after it has been well for a while", async () => {
    const client = await start({ returnAfter: 1 });
    const { id } = (await send(client, "POST", "/Users", user("returns"))).json;
    await first.kill();
    await expect.poll(async () => (await send(client, "GET", `/Users/${id}`)).status, { timeout: 10_000 }).toBe(200);
    await first.restart();
    // Once the second one is gone only the first can answer, and nothing had to fail over for it.
    await sleep(2500);
    await second.kill();
    expect((await send(client, "GET", `/Users/${id}`)).status).toBe(200);
    await second.restart();
  });

  test("an entry that the next one has not heard of yet is 503, not 404, and one that never was is 404", async () => {
    const lagging = await first.lagging();
    const client = await start({ urls: [first.url, lagging.url] });
    const { id } = (await send(client, "POST", "/Users", user("too-new"))).json;
    await first.kill();
    const absent = "00000000-0000-4000-8000-000000000000";
    await expect
      .poll(async () => (await send(client, "GET", `/Users/${absent}`)).status, { timeout: 10_000 })
      .toBe(404);
    const answers = await Promise.all([
      send(client, "GET", `/Users/${id}`),
      send(client, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "title", value: "x" }] }),
      send(client, "DELETE", `/Users/${id}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(answers[0]!.json.detail).toContain("another domain controller");
    expect(answers[0]!.headers.has("retry-after")).toBe(true);
    // A look-up may have missed what was made just now: nothing is made before the controller has caught up.
    const next = await send(client, "POST", "/Users", user("too-early"));
    expect(next.json).toMatchObject({
      status: "503",
      detail: expect.stringContaining("nothing is created until it has"),
    });
    await first.restart();
    await lagging.stop();
  });
});
