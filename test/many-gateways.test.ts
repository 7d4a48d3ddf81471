import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";
import { ROOT, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { type Redis, startRedis } from "./servers/redis.ts";
import { type Replicas, startReplicas } from "./servers/replicas.ts";
import { openLdap, type Slapd, startSlapd } from "./servers/slapd.ts";
import { filterSuite } from "./suites/filters.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";
import { scimSuite } from "./suites/scim.ts";

// Three gateways, each a process, behind a real HAProxy, with one PostgreSQL and one Redis, before one OpenLDAP.

const GUARDED = "/guarded";
const RATED = "a-token-of-a-caller-with-a-rate";
const RATE = 10;

interface Together extends Replicas {
  readonly slapd: Slapd;
  readonly database: Database;
  readonly redis: Redis;
}

async function startTogether(): Promise<Together> {
  const [slapd, database, redis] = await Promise.all([startSlapd(), startPostgres(), startRedis()]);
  const { connectors, routes } = openLdap(slapd, ROOT);
  const replicas = await startReplicas(3, {
    connectors,
    routes: { ...routes, [GUARDED]: routes["/scim/v2"] },
    safety: { [GUARDED]: { guard: { deletes: 50 } } },
    state: stateIn(database),
    limits: { shared: { url: redis.url, password: redis.password } },
    auth: [
      {
        type: "bearer",
        tokens: [
          { name: "tests", token: TOKEN },
          { name: "rated", token: RATED, rate: RATE },
        ],
      },
    ],
  });
  return {
    ...replicas,
    slapd,
    database,
    redis,
    stop: async () => {
      await replicas.stop();
      await Promise.all([slapd.stop(), database.stop(), redis.stop()]);
    },
  };
}

/** All of them as one gateway. */
const asOne = ({ url, stop }: Replicas): TestGateway => ({
  url,
  base: `${url}/scim/v2`,
  token: TOKEN,
  operations: undefined,
  probed: Promise.resolve(),
  folder: "",
  reload: () => false,
  stop,
});

const name = "three gateways behind HAProxy";
const startAsOne = async () => asOne(await startTogether());
scimSuite(name, startAsOne);
filterSuite(name, startAsOne, 2000);
lifecycleSuite(name, async () => ({ gateway: await startAsOne() }));

describe("several gateways", () => {
  let all: Together;
  let gateway: TestGateway;
  beforeAll(async () => {
    all = await startTogether();
    gateway = asOne(all);
  });
  afterAll(() => all.stop());

  const user = (userName: string) => ({ userName, displayName: userName, name: { familyName: "U" } });
  const createMany = async (prefix: string, count: number): Promise<string[]> => {
    const made: Awaited<ReturnType<typeof send>>[] = [];
    // A caller has few requests in flight while a gateway is late and others are there.
    for (let n = 0; n < count; n += 10)
      made.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(10, count - n) }, (_, each) =>
            send(gateway, "POST", "/Users", user(`${prefix}${n + each}`)),
          ),
        )),
      );
    expect(made.filter(({ status }) => status !== 201)).toEqual([]);
    return made.map(({ json }) => String(json.id));
  };
  const guarded = () => ({ ...gateway, base: all.url + GUARDED });
  const waitFor = async (what: () => Promise<boolean>) => {
    for (let n = 0; n < 200 && !(await what()); n++) await sleep(50);
  };

  test("stop the deletion above the limit of all of them, and go on once it is released, also after restarts", async () => {
    const ids = await createMany("guarded", 60);
    const answers = await Promise.all(ids.map((id) => send(guarded(), "DELETE", `/Users/${id}`)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(50).fill(204), ...Array(10).fill(503)]);
    expect(answers.find(({ status }) => status === 503)!.text).toContain("change guard");
    for (const replica of all.replicas) {
      await replica.end();
      await replica.start();
    }
    await waitFor(async () => (await fetch(`${all.url}/readyz`)).status === 200);
    const left = ids.filter((_, n) => answers[n]!.status === 503);
    for (const id of left) expect((await send(guarded(), "DELETE", `/Users/${id}`)).status).toBe(503);
    expect(all.slapd.ldapsearch("(uid=guarded*)", "uid").match(/^uid:/gm)).toHaveLength(10);
  });

  test("hold a caller to its rate together", async () => {
    const rated = { ...gateway, token: RATED };
    const answers = await Promise.all(Array.from({ length: 90 }, () => send(rated, "GET", "/Users?count=1")));
    const served = answers.filter(({ status }) => status === 200).length;
    // Three that counted for themselves would let three times as many through; a second may end meanwhile.
    expect(served).toBeGreaterThanOrEqual(RATE);
    expect(served).toBeLessThan(3 * RATE);
    expect(answers.filter(({ status }) => ![200, 429].includes(status))).toEqual([]);
  });

  test("slow down who guesses, wherever the guesses go", async () => {
    const guess = { ...gateway, token: "a-guess-at-a-token" };
    for (let n = 0; n < 12; n++) expect((await send(guess, "GET", "/Users?count=1")).status).toBe(401);
    // Each of three gateways that counted for itself would have seen four of them.
    const { url, password } = all.redis;
    const asked = ["-u", url, "-a", password, "--no-auth-warning", "get", "postern:failures:127.0.0.1"];
    expect(spawnSync("redis-cli", asked, { encoding: "utf8" }).stdout.trim()).toBe("12");
  });

  test("serve pages of one listing in turn, each entry once", async () => {
    const ids = await createMany("paged", 120);
    for (const paging of ["index", "cursor"] as const) {
      const seen: string[] = [];
      for (let start = 1, cursor = ""; ; ) {
        const place = paging === "index" ? `startIndex=${start}` : `cursor=${encodeURIComponent(cursor)}`;
        const { json, text } = await send(gateway, "GET", `/Users?attributes=id&count=7&${place}`);
        expect(json?.Resources, text).toBeDefined();
        seen.push(...json.Resources.map((each: { id: string }) => each.id));
        start += json.Resources.length;
        cursor = json.nextCursor;
        if (paging === "index" ? start > json.totalResults : cursor === undefined) break;
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(ids.filter((id) => !seen.includes(id))).toEqual([]);
    }
  });

  test("are restarted one after the other, and given another configuration, without a failed request", async () => {
    let isOver = false;
    let count = 0;
    const failed: string[] = [];
    const work = async (worker: number) => {
      for (let n = 0; !isOver; n++) {
        const name = `rolling${worker}x${n}`;
        const ask = async (method: string, path: string, expected: number, body?: object) => {
          count++;
          try {
            const answer = await send(gateway, method, path, body);
            if (answer.status !== expected) failed.push(`${method} ${path} ${answer.status} ${answer.text}`);
            return answer.json;
          } catch (error) {
            failed.push(`${method} ${path} ${(error as Error).cause ?? error}`);
            return undefined;
          }
        };
        const made = await ask("POST", "/Users", 201, user(name));
        await ask("GET", `/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`, 200);
        const Operations = [{ op: "replace", path: "displayName", value: "another" }];
        await ask("PATCH", `/Users/${made?.id}`, 200, { Operations });
        await ask("DELETE", `/Users/${made?.id}`, 204);
      }
    };
    const workers = Array.from({ length: 8 }, (_, worker) => work(worker));
    for (const replica of all.replicas) {
      const { config } = replica;
      writeFileSync(config, readFileSync(config, "utf8").replace("level: error", "level: warn"));
      replica.signal("SIGHUP");
      await sleep(300);
      await replica.end();
      await replica.start();
      await sleep(1000);
    }
    isOver = true;
    await Promise.all(workers);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });

  test("lose nothing that was acknowledged where one is killed: it is in the directory and in a whole audit", async () => {
    const acknowledged: string[] = [];
    const [, victim] = all.replicas;
    let done = 0;
    const write = async (n: number) => {
      const requestId = `killed${n}`;
      const answer = await send(gateway, "POST", "/Users", user(requestId), { "X-Request-Id": requestId }).catch(
        () => undefined,
      );
      if (answer?.status === 201) acknowledged.push(requestId);
      if (++done === 150) await victim!.end("SIGKILL");
    };
    let next = 0;
    const worker = async () => {
      while (next < 500) await write(next++);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(acknowledged.length).toBeGreaterThan(400);
    await victim!.start();
    const present = new Set(all.slapd.ldapsearch("(uid=killed*)", "uid").match(/^uid: (.*)$/gm));
    expect(acknowledged.filter((each) => !present.has(`uid: ${each}`))).toEqual([]);
    const records = all.replicas.flatMap(({ audit }) =>
      readFileSync(audit, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    const recorded = new Set(records.filter(({ event }) => event === "outcome").map(({ requestId }) => requestId));
    expect(acknowledged.filter((each) => !recorded.has(each))).toEqual([]);
    await waitFor(async () => verify().status === 0);
    expect(verify()).toMatchObject({ status: 0 });
  });

  /** `postern audit verify`, of some of the logs. */
  const verify = (audits = all.replicas.map(({ audit }) => audit)) => {
    const args = ["src/main.ts", "audit", "verify", ...audits, "--config", all.replicas[0]!.config];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    return { status, text: stdout + stderr };
  };

  test("have audit logs of different names: one with another's does not start", async () => {
    const [first, second] = all.replicas;
    await second!.end();
    const text = readFileSync(second!.config, "utf8");
    writeFileSync(second!.config, text.replace("chain: gateway2", "chain: gateway1"));
    const args = ["src/main.ts", "serve", "--config", second!.config];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", timeout: 20_000 });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('already writes the audit chain "gateway1": set a unique audit.chain'),
    });
    writeFileSync(second!.config, text);
    await second!.start();
    expect((await fetch(`${first!.url}/readyz`)).status).toBe(200);
  });

  test("have audit logs of which the store misses one, and each record that was cut from an end", async () => {
    const [first, , third] = all.replicas;
    expect(verify([first!.audit, third!.audit])).toMatchObject({
      status: 1,
      text: expect.stringContaining("gateway2: no log of this chain is among the files"),
    });
    await third!.end();
    const text = readFileSync(third!.audit, "utf8");
    const lines = text.trim().split("\n");
    writeFileSync(third!.audit, `${lines.slice(0, -5).join("\n")}\n`);
    rmSync(`${third!.audit}.head`);
    expect(verify()).toMatchObject({
      status: 1,
      text: expect.stringMatching(/audit3.log: records at the end are missing: .*the store says/),
    });
    await third!.start();
    const records = readFileSync(third!.audit, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ event }) => event)).toContain("records are missing, the store says");
  });

  test("go on without Redis, each counting for itself", async () => {
    await all.redis.kill();
    const rated = { ...gateway, token: RATED };
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(rated, "GET", "/Users?count=1")));
    expect(answers.filter(({ status }) => ![200, 429].includes(status))).toEqual([]);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(RATE);
    await all.redis.restart();
  });

  test("go on where Redis hangs", async () => {
    // The second in which the caller has had its share is over, in Redis and in each gateway.
    await sleep(1500);
    all.redis.signal("SIGSTOP");
    const rated = { ...gateway, token: RATED };
    const answers = await Promise.all(Array.from({ length: 9 }, () => send(rated, "GET", "/Users?count=1")));
    expect(answers.map(({ status }) => status)).toEqual(Array(9).fill(200));
    all.redis.signal("SIGCONT");
  });

  test("read and write without PostgreSQL, but for what the guard counts, which waits for it", async () => {
    const [id, other] = await createMany("store", 2);
    await all.database.kill();
    expect((await send(guarded(), "GET", `/Users/${id}`)).status).toBe(200);
    expect((await send(guarded(), "POST", "/Users", user("without-store"))).status).toBe(201);
    const Operations = [{ op: "replace", path: "displayName", value: "another" }];
    expect((await send(guarded(), "PATCH", `/Users/${id}`, { Operations })).status).toBe(200);
    expect(await send(guarded(), "DELETE", `/Users/${id}`)).toMatchObject({
      status: 503,
      json: { detail: expect.stringContaining("cannot be counted. Nothing was changed") },
    });
    expect((await send(guarded(), "GET", `/Users/${id}`)).status).toBe(200);
    // A gateway that starts meanwhile serves, too.
    await all.replicas[0]!.end();
    await all.replicas[0]!.start();
    expect((await fetch(`${all.replicas[0]!.url}/readyz`)).status).toBe(200);
    await all.database.restart();
    all.database.run("delete from guard_passed;");
    await waitFor(async () => (await send(guarded(), "DELETE", `/Users/${other}`)).status === 204);
    expect((await send(gateway, "GET", `/Users/${other}`)).status).toBe(404);
  });
});
