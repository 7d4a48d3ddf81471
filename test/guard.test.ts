import { fork } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { startPeopleApi } from "./servers/people-api.ts";
import { openLdap, startSlapd } from "./servers/slapd.ts";

const route = "/scim/v2";
const guarding = (guard: object, more: object = {}) =>
  startGateway({ ...legacyHr(), safety: { [route]: { guard } }, ...more });
const createMany = async (gateway: TestGateway, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const { json, status, text } = await send(gateway, "POST", "/Users", {
      userName: `user${n}`,
      displayName: "U",
      active: true,
    });
    expect(status, text).toBe(201);
    ids.push(String(json.id));
  }
  return ids;
};
const statuses = (answers: { status: number }[], ...of: number[]) =>
  of.map((status) => answers.filter((answer) => answer.status === status).length);

describe("of many changes at once no more than are allowed pass", () => {
  test.each([
    ["a number", { deletes: 10 }, 10],
    ["a share", { percent: 5 }, 10],
    ["the lesser of both", { deletes: 20, percent: 5 }, 10],
  ])("by %s", async (_, guard, allowed) => {
    const gateway = await guarding(guard);
    const present = (await send(gateway, "GET", "/Users?count=0")).json.totalResults;
    const ids = await createMany(gateway, 200 - present);
    const answers = await Promise.all(ids.slice(0, 180).map((id) => send(gateway, "DELETE", `/Users/${id}`)));
    expect(statuses(answers, 204, 503)).toEqual([allowed, 180 - allowed]);
    expect((await send(gateway, "GET", "/Users?count=0")).json.totalResults).toBe(200 - allowed);
    await gateway.stop();
  });

  test("by deletions and disablements together, each entry once", async () => {
    const gateway = await guarding({ disables: 3 });
    const ids = await createMany(gateway, 6);
    const disable = (id: string) =>
      send(gateway, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value: false }] });
    const answers = await Promise.all(ids.flatMap((id) => [disable(id), disable(id), disable(id)]));
    expect(statuses(answers, 200, 503)).toEqual([9, 9]);
    await gateway.stop();
  });
});

describe("what counts as disabling", () => {
  const ways: [string, object][] = [
    ["active false", { op: "replace", path: "active", value: false }],
    ["active as text", { op: "Replace", path: "active", value: "False" }],
    ["active removed", { op: "remove", path: "active" }],
    ["active null", { op: "replace", path: "active", value: null }],
    ["active null, without a path", { op: "replace", value: { active: null } }],
  ];
  test.each(ways)("%s", async (_, operation) => {
    const gateway = await guarding({ disables: 0 });
    const [id] = await createMany(gateway, 1);
    expect(await send(gateway, "PATCH", `/Users/${id}`, { Operations: [operation] })).toMatchObject({
      status: 503,
      json: { detail: expect.stringContaining("change guard") },
    });
    expect((await send(gateway, "GET", `/Users/${id}`)).json.active).toBe(true);
    await gateway.stop();
  });

  test("what an expression makes of it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    const mapping = join(folder, "user.yaml");
    const shipped = readFileSync(join(ROOT, "mappings/legacy-hr/user.yaml"), "utf8");
    expect(shipped).toMatch(/^ {2}active: .*$/m);
    // Who is titled as a leaver is disabled, and who has no mark at all, too.
    const expression = `active: { read: 'job_title != "Leaver" and $exists(mail)', write: { note: '$string(active)' } }`;
    writeFileSync(
      mapping,
      shipped
        .replace(/^ {2}active: .*$/m, `  ${expression}`)
        .replace(/^ {2}emails.*$/m, '  emails[type eq "work"].value: mail'),
    );
    const routes = { [route]: { ...legacyHr().routes[route], User: { connector: "hr", mapping } } };
    const database = new URL(legacyHr().connectors.hr.script, "file://").pathname;
    const script = join(folder, "seed.sql");
    writeFileSync(script, `${readFileSync(database, "utf8")}\nalter table people add column note text;`);
    const hr = { ...legacyHr().connectors.hr, script };
    const column = /alter|mail/.test(readFileSync(database, "utf8")) ? "mail" : "email";
    expect(column).toBe("mail");
    const gateway = await startGateway({ connectors: { hr }, routes, safety: { [route]: { guard: { disables: 0 } } } });
    const emails = [{ type: "work", value: "ann@example.com" }];
    const made = await send(gateway, "POST", "/Users", { userName: "ann", emails });
    expect(made.status, made.text).toBe(201);
    const patch = async (...Operations: object[]) =>
      (await send(gateway, "PATCH", `/Users/${made.json.id}`, { Operations })).status;
    expect(await patch({ op: "replace", path: "title", value: "Leaver" })).toBe(503);
    expect(await patch({ op: "replace", path: "title", value: "Chief" })).toBe(200);
    expect(await patch({ op: "remove", path: 'emails[type eq "work"]' })).toBe(503);
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
});

describe("a place is kept until it is known what became of the change", () => {
  const kinds = {
    person: {
      key: "id",
      get: { path: "/people/{$key}" },
      search: {
        path: "/people",
        query: { limit: "$limit", offset: "$offset" },
        items: "items",
        total: "total",
        page: { by: "offset" },
      },
      create: { method: "POST", path: "/people", body: "$" },
      delete: { method: "DELETE", path: "/people/{$key}" },
    },
  };

  test("a deletion that timed out counts, one that the backend refused does not", async () => {
    const api = await startPeopleApi();
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    const mapping = join(folder, "user.yaml");
    writeFileSync(
      mapping,
      "resource: User\nkind: person\nattributes: { id: { attr: id, readOnly: true }, userName: login }\n",
    );
    const gateway = await startGateway({
      connectors: { people: { type: "rest", url: api.url, timeout: 0.3, kinds } },
      routes: { [route]: { User: { connector: "people", mapping } } },
      safety: { [route]: { guard: { deletes: 3 } } },
    });
    const ids: string[] = [];
    for (let n = 0; n < 8; n++) ids.push((await send(gateway, "POST", "/Users", { userName: `user${n}` })).json.id);
    const remove = (id: string) => send(gateway, "DELETE", `/Users/${id}`);
    // Refused: nothing was deleted, and the place is free again.
    api.fail(({ method }, response) => {
      if (method !== "DELETE") return false;
      response.writeHead(409, { "content-type": "application/json" }).end('{"message":"not now"}');
      return true;
    });
    for (const id of ids) expect((await remove(id)).status).toBe(409);
    // Deleted, and the answer never comes.
    api.fail(({ method, path }) => {
      if (method !== "DELETE") return false;
      api.people.delete(path.split("/").at(-1)!);
      return true;
    });
    const answers = [];
    for (const id of ids) answers.push(await remove(id));
    expect(answers.map(({ json }) => json.detail.includes("change guard"))).toEqual([
      ...Array(3).fill(false),
      ...Array(5).fill(true),
    ]);
    expect(api.people.size).toBe(5);
    await gateway.stop();
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  test("a change that was made counts, whatever goes wrong behind it", async () => {
    const api = await startPeopleApi();
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    const mapping = join(folder, "user.yaml");
    writeFileSync(
      mapping,
      'resource: User\nkind: person\nattributes: { id: { attr: id, readOnly: true }, userName: login, active: { attr: title, as: { values: { "true": "on", "false": "off" } } } }\n',
    );
    const update = { method: "PATCH", path: "/people/{$key}", body: "$changed" };
    for (const status of [404, 403, 429, 400]) {
      const gateway = await startGateway({
        connectors: { people: { type: "rest", url: api.url, kinds: { person: { ...kinds.person, update } } } },
        routes: { [route]: { User: { connector: "people", mapping } } },
        safety: { [route]: { guard: { disables: 1 } } },
      });
      const ids: string[] = [];
      for (let n = 0; n < 3; n++)
        ids.push((await send(gateway, "POST", "/Users", { userName: `${status} ${n}`, active: true })).json.id);
      api.fail(({ method }, response) => {
        if (method !== "GET") return false;
        response.writeHead(status, { "content-type": "application/json", "retry-after": "9" }).end("{}");
        return true;
      });
      for (const id of ids)
        await send(gateway, "PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value: false }] });
      api.fail(undefined);
      const disabled = ids.filter((id) => api.people.get(id)?.title === "off");
      expect([status, disabled.length]).toEqual([status, 1]);
      await gateway.stop();
    }
    // Deleted, the answer cut off, and the repeat is told that there is none.
    const gateway = await startGateway({
      connectors: { people: { type: "rest", url: api.url, kinds } },
      routes: { [route]: { User: { connector: "people", mapping } } },
      safety: { [route]: { guard: { deletes: 1 } } },
    });
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await send(gateway, "POST", "/Users", { userName: `cut ${n}` })).json.id);
    api.fail(({ method, path }, response) => {
      if (method !== "DELETE" || !api.people.delete(path.split("/").at(-1)!)) return false;
      response.destroy();
      return true;
    });
    for (const id of ids) await send(gateway, "DELETE", `/Users/${id}`);
    expect(ids.filter((id) => api.people.has(id))).toHaveLength(3);
    await gateway.stop();
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  test("a deletion that never reached the directory does not count", async () => {
    const slapd = await startSlapd();
    const gateway = await startGateway({ ...openLdap(slapd, ROOT), safety: { [route]: { guard: { deletes: 2 } } } });
    const ids = await createMany(gateway, 4);
    await slapd.kill();
    await sleep(50);
    const answers = await Promise.all(ids.map((id) => send(gateway, "DELETE", `/Users/${id}`)));
    expect(statuses(answers, 503)).toEqual([4]);
    await slapd.restart();
    await expect.poll(async () => (await send(gateway, "GET", "/Users?count=1")).status, { timeout: 10_000 }).toBe(200);
    expect((await send(gateway, "DELETE", `/Users/${ids[0]}`)).status).toBe(204);
    expect((await send(gateway, "DELETE", `/Users/${ids[1]}`)).status).toBe(204);
    expect((await send(gateway, "DELETE", `/Users/${ids[2]}`)).json.detail).toContain("change guard");
    await gateway.stop();
    await slapd.stop();
  });
});

describe("a guard outlives", () => {
  const config = (folder: string, safety: object) => {
    const { connectors, routes } = legacyHr();
    return {
      server: { port: 0 },
      log: { level: "error" },
      auth: [{ type: "bearer", tokens: [{ name: "tests", token: TOKEN }] }],
      connectors: { hr: { ...connectors.hr, file: join(folder, "hr.db"), create: true } },
      routes,
      safety: { [route]: safety },
    };
  };
  /** A gateway in a process of its own. */
  const forked = async (folder: string) => {
    const child = fork(join(ROOT, "test/servers/process.ts"), [join(folder, "gateway.config.yaml")], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const { port } = await new Promise<{ port: number }>((resolve, reject) => {
      child.once("message", (each) => resolve(each as never));
      child.once("exit", () => reject(new Error("the gateway did not start")));
    });
    const end = (signal: NodeJS.Signals) =>
      new Promise((resolve) => {
        child.once("exit", resolve);
        child.kill(signal);
      });
    return { client: { base: `http://127.0.0.1:${port}${route}`, token: TOKEN } as TestGateway, end };
  };

  test("the process: killed and started again it has its counts, in a file that is its owner's alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    writeFileSync(join(folder, "gateway.config.yaml"), stringify(config(folder, { guard: { deletes: 2 } })));
    const first = await forked(folder);
    const ids = await createMany(first.client, 4);
    const remove = async (client: TestGateway, id?: string) => (await send(client, "DELETE", `/Users/${id}`)).status;
    expect([
      await remove(first.client, ids[0]),
      await remove(first.client, ids[1]),
      await remove(first.client, ids[2]),
    ]).toEqual([204, 204, 503]);
    await first.end("SIGKILL");
    const state = join(folder, "postern-state.db");
    expect(statSync(state).mode & 0o777).toBe(0o600);
    const second = await forked(folder);
    expect([await remove(second.client, ids[2]), await remove(second.client, ids[3])]).toEqual([503, 503]);
    await second.end("SIGTERM");
    rmSync(folder, { recursive: true });
  });

  test("a configuration that takes it away, or is cut off before it: that is not taken without a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    const file = join(folder, "gateway.config.yaml");
    const whole = stringify(
      config(folder, { guard: { deletes: 0 }, protect: { User: { entries: 'userName eq "svc"' } } }),
    );
    expect(whole.indexOf("safety:")).toBeGreaterThan(whole.indexOf("routes:"));
    writeFileSync(file, whole);
    const gateway = await forked(folder);
    const [id] = await createMany(gateway.client, 1);
    const isGuarded = async () =>
      (await send(gateway.client, "DELETE", `/Users/${id}`)).json.detail?.includes("change guard");
    for (const cut of [whole.slice(0, whole.indexOf("safety:")), whole.slice(0, whole.indexOf("protect:"))]) {
      writeFileSync(file, cut);
      // Longer than it takes a changed file to be noticed and read.
      await sleep(3000);
      expect(await isGuarded()).toBe(true);
    }
    await gateway.end("SIGTERM");
    rmSync(folder, { recursive: true });
  });

  test("a file that is written in parts is read when it is whole", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-guard-"));
    const file = join(folder, "gateway.config.yaml");
    const first = stringify({ ...config(folder, {}), limits: { pageSize: 2 } });
    const next = stringify({ ...config(folder, {}), limits: { pageSize: 3 } });
    writeFileSync(file, first);
    const gateway = await forked(folder);
    const pageSize = async () => (await send(gateway.client, "GET", "/ServiceProviderConfig")).json.filter.maxResults;
    const parts = 8;
    for (let n = 1; n <= parts; n++) {
      writeFileSync(file, next.slice(0, Math.ceil((next.length * n) / parts)));
      await sleep(300);
    }
    await expect.poll(pageSize, { timeout: 10_000 }).toBe(3);
    await gateway.end("SIGTERM");
    rmSync(folder, { recursive: true });
  });

  test("a reload: what is stricter is taken, what is laxer or no longer said is not", async () => {
    const hr = legacyHr();
    const safety = (of: object) => ({ ...hr, safety: { [route]: of } });
    const gateway = await startGateway(safety({ guard: { deletes: 0, percent: 50 }, readOnly: true }));
    expect(gateway.reload(safety({ guard: { deletes: 0 }, readOnly: true }))).toBe(false);
    expect(gateway.reload(hr)).toBe(false);
    expect(gateway.reload(safety({ guard: { deletes: 0, percent: 50 } }))).toBe(false);
    expect(gateway.reload(safety({ guard: { deletes: 0, percent: 50 }, readOnly: false }))).toBe(false);
    expect(gateway.reload(safety({ guard: { deletes: 1, percent: 50 }, readOnly: true }))).toBe(false);
    // Nor in two steps, by way of another route.
    const { User, Group } = hr.routes[route];
    const elsewhere = { ...hr, routes: { "/elsewhere": { User, Group } } };
    expect(gateway.reload(elsewhere)).toBe(true);
    expect(gateway.reload(hr)).toBe(false);
    expect(gateway.reload(safety({ guard: { deletes: 0, percent: 5 }, readOnly: true }))).toBe(true);
    expect((await send(gateway, "POST", "/Users", { userName: "x" })).status).toBe(503);
    await gateway.stop();
  });
});

describe("a release", () => {
  test("is somebody's act, with a reason, of the entries that were stopped, and in the audit", async () => {
    const gateway = await guarding(
      { deletes: 0 },
      {
        audit: { file: "audit.log" },
        operations: { port: 0, tokens: [{ name: "ann", token: "the-token-of-an-operator" }] },
      },
    );
    const ids = await createMany(gateway, 3);
    const remove = async (id?: string) => (await send(gateway, "DELETE", `/Users/${id}`)).status;
    expect([await remove(ids[0]), await remove(ids[1])]).toEqual([503, 503]);
    const ask = (body: unknown, headers: Record<string, string> = {}, path = "/guard/release") =>
      fetch(`${gateway.operations}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { "Content-Type": "application/json", Authorization: "Bearer the-token-of-an-operator", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    const release = { route, reason: "the team has left" };
    expect((await ask(release, { Authorization: "" })).status).toBe(401);
    expect((await ask({ route })).status).toBe(400);
    expect((await ask({ ...release, route: "/nowhere" })).status).toBe(404);
    // A page in a browser cannot release anything, nor by a name that leads here.
    expect((await ask(release, { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await ask(release, { Origin: "https://evil.example" })).status).toBe(403);
    expect((await ask(release, { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    const answer = await ask({ ...release, by: "somebody else", keys: [ids[0]] });
    expect(await answer.json()).toMatchObject({ released: [{ danger: "deletes", key: ids[0], caller: "tests" }] });
    expect([await remove(ids[0]), await remove(ids[1]), await remove(ids[2])]).toEqual([204, 503, 503]);
    const lines = readFileSync(join(gateway.folder, "audit.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ event }) => String(event).startsWith("release"))).toMatchObject([
      { event: "release", route, by: "ann", reason: "the team has left" },
      { event: "released", by: "ann", entries: [{ key: ids[0] }] },
    ]);
    await gateway.stop();
  });

  test("needs no store where nothing is guarded", async () => {
    const gateway = await startGateway(legacyHr());
    await createMany(gateway, 1);
    expect(existsSync(join(gateway.folder, "postern-state.db"))).toBe(false);
    await gateway.stop();
  });
});

test("the administrators' address answers to its own names alone", async () => {
  const gateway = await startGateway({ ...legacyHr(), operations: { port: 0, hosts: ["postern.internal"] } });
  const { port } = new URL(gateway.operations!);
  const { request } = await import("node:http");
  const status = (host: string) =>
    new Promise<number>((resolve, reject) =>
      request({ port, path: "/metrics", headers: { Host: host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      })
        .on("error", reject)
        .end(),
    );
  expect(await status(`127.0.0.1:${port}`)).toBe(200);
  expect(await status(`localhost:${port}`)).toBe(200);
  expect(await status("postern.internal")).toBe(200);
  expect(await status(`rebound.example:${port}`)).toBe(421);
  await gateway.stop();
});
