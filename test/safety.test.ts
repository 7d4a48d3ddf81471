import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { legacyHr, ROOT, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";

const route = "/scim/v2";
const withSafety = (safety: object, more: object = {}) =>
  startGateway({ ...legacyHr(), safety: { [route]: safety }, ...more });
const create = async (gateway: TestGateway, userName: string) => {
  const { status, json, text } = await send(gateway, "POST", "/Users", { userName, active: true });
  expect(status, text).toBe(201);
  return String(json.id);
};
const patch = (gateway: TestGateway, path: string, ...Operations: object[]) =>
  send(gateway, "PATCH", path, { Operations });
const disable = (gateway: TestGateway, id: string) =>
  patch(gateway, `/Users/${id}`, { op: "Replace", path: "active", value: "False" });
const postern = async (...args: string[]) => {
  const { execFile } = await import("node:child_process");
  return new Promise<{ status: number; output: string }>((resolve) =>
    execFile(process.execPath, [join(ROOT, "src/main.ts"), ...args], (error, stdout, stderr) =>
      resolve({ status: (error?.code as number | undefined) ?? 0, output: stdout + stderr }),
    ),
  );
};

describe("the change guard", () => {
  test("stops the 51st deletion where 50 are allowed, lets all else pass, and goes on when it is released", async () => {
    const gateway = await withSafety({ guard: { deletes: 50 } }, { operations: { port: 0 } });
    const ids = await Promise.all(Array.from({ length: 60 }, (_, n) => create(gateway, `leaver${n}`)));
    const answers = await Promise.all(ids.map((id) => send(gateway, "DELETE", `/Users/${id}`)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(204), count(503)]).toEqual([50, 10]);
    const stopped = answers.find(({ status }) => status === 503)!;
    expect(stopped.json.detail).toContain("safety.guard allows 50 deletes of User per hour");
    expect(stopped.headers.get("retry-after")).toBeTruthy();
    await create(gateway, "a newcomer");
    const status = await postern("guard", "status", "--url", gateway.operations!);
    const [{ stopped: listed, ...counts }] = JSON.parse(status.output)[route];
    expect(counts).toEqual({ type: "User", deletes: 50, disables: 0 });
    expect(listed).toHaveLength(10);
    expect(listed[0]).toMatchObject({ danger: "deletes", caller: "tests", key: expect.any(String) });
    expect(await (await fetch(`${gateway.operations}/metrics`)).text()).toContain(
      `postern_guard_stopped{route="${route}"} 1`,
    );
    const [left = ""] = ids.filter((_, n) => answers[n]!.status === 503);
    expect((await send(gateway, "DELETE", `/Users/${left}`)).status).toBe(503);
    const release = (...args: string[]) => postern("guard", "release", ...args, "--url", gateway.operations!);
    expect(await release(route)).toMatchObject({ status: 2, output: expect.stringContaining("--reason") });
    const released = await release(route, "--reason", "the department was closed", "--by", "ann", "--key", left);
    expect(released).toMatchObject({ status: 0, output: expect.stringContaining(left) });
    expect((await send(gateway, "DELETE", `/Users/${left}`)).status).toBe(204);
    // Only what was released passes: not another entry that was stopped, and nothing that comes new.
    const [other = ""] = ids.filter((id, n) => answers[n]!.status === 503 && id !== left);
    expect((await send(gateway, "DELETE", `/Users/${other}`)).status).toBe(503);
    expect(await release("/nowhere", "--reason", "x")).toMatchObject({ status: 1 });
    await gateway.stop();
  });

  test("counts who is disabled once, and not who is enabled, renamed or refused", async () => {
    const gateway = await withSafety({ guard: { disables: 2 } });
    const ids = await Promise.all(["a", "b", "c"].map((each) => create(gateway, `user ${each}`)));
    expect((await disable(gateway, "4711")).status).toBe(404);
    for (let n = 0; n < 4; n++) expect((await disable(gateway, ids[0]!)).status).toBe(200);
    expect((await disable(gateway, ids[1]!)).status).toBe(200);
    const third = await disable(gateway, ids[2]!);
    expect(third).toMatchObject({ status: 503, json: { detail: expect.stringContaining("2 disables of User") } });
    expect((await send(gateway, "PUT", `/Users/${ids[2]}`, { userName: "user c", active: false })).status).toBe(503);
    expect((await send(gateway, "GET", `/Users/${ids[2]}`)).json.active).toBe(true);
    expect((await patch(gateway, `/Users/${ids[0]}`, { op: "replace", path: "active", value: true })).status).toBe(200);
    expect((await patch(gateway, `/Users/${ids[2]}`, { op: "replace", path: "title", value: "x" })).status).toBe(200);
    expect((await send(gateway, "DELETE", `/Users/${ids[2]}`)).status).toBe(204);
    await gateway.stop();
  });

  test("counts both together against a share of what there is", async () => {
    const gateway = await withSafety({ guard: { percent: 10 } });
    const { totalResults } = (await send(gateway, "GET", "/Users?count=0")).json;
    const ids = await Promise.all(Array.from({ length: 50 - totalResults }, (_, n) => create(gateway, `member${n}`)));
    const statuses: number[] = [];
    for (const [n, id] of ids.slice(0, 8).entries())
      statuses.push((n % 2 === 0 ? await send(gateway, "DELETE", `/Users/${id}`) : await disable(gateway, id)).status);
    expect(statuses).toEqual([204, 200, 204, 200, 204, 503, 503, 503]);
    await gateway.stop();
  });
});

describe("safety switches", () => {
  test("readOnly refuses every write, with 503 so that clients come back, and reads go on", async () => {
    const gateway = await withSafety({ readOnly: true });
    for (const [method, path, body] of [
      ["POST", "/Users", { userName: "x" }],
      ["PATCH", "/Users/1", { Operations: [{ op: "replace", path: "title", value: "x" }] }],
      ["DELETE", "/Users/1", undefined],
    ] as const)
      expect(await send(gateway, method, path, body)).toMatchObject({
        status: 503,
        json: { detail: expect.stringContaining("read-only") },
      });
    expect((await send(gateway, "GET", "/Users/1")).status).toBe(200);
    await gateway.stop();
  });

  test("dryRun answers as if it had been written, and writes nothing", async () => {
    const gateway = await withSafety({ dryRun: true });
    const before = (await send(gateway, "GET", "/Users?count=100")).text;
    const made = await send(gateway, "POST", "/Users", { userName: "dry", displayName: "Dry", active: true });
    expect(made).toMatchObject({ status: 201, json: { userName: "dry", displayName: "Dry", active: true } });
    const patched = await patch(gateway, "/Users/1", { op: "replace", path: "title", value: "Dry" });
    expect(patched).toMatchObject({ status: 200, json: { title: "Dry" } });
    expect((await send(gateway, "DELETE", "/Users/1")).status).toBe(204);
    expect((await send(gateway, "DELETE", "/Users/4711")).status).toBe(404);
    expect((await send(gateway, "GET", "/Users?count=100")).text).toBe(before);
    await gateway.stop();
  });

  test("what is protected is neither changed nor deleted: entries by a filter, attributes by name", async () => {
    const protect = { User: { entries: 'userName sw "svc-" or title eq "Chief"', attributes: ["department"] } };
    const gateway = await withSafety({ protect });
    const service = await create(gateway, "svc-backup");
    const plain = await create(gateway, "plain");
    for (const answer of [
      await patch(gateway, `/Users/${service}`, { op: "replace", path: "active", value: false }),
      await send(gateway, "PUT", `/Users/${service}`, { userName: "renamed" }),
      await send(gateway, "DELETE", `/Users/${service}`),
    ])
      expect(answer).toMatchObject({
        status: 403,
        json: { detail: expect.stringContaining("This User is protected") },
      });
    expect((await patch(gateway, `/Users/${plain}`, { op: "replace", path: "title", value: "Chief" })).status).toBe(
      200,
    );
    expect((await send(gateway, "DELETE", `/Users/${plain}`)).status).toBe(403);
    const path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const other = await create(gateway, "other");
    const refused = await patch(gateway, `/Users/${other}`, { op: "replace", path, value: "Sales" });
    expect(refused.json).toMatchObject({
      status: "400",
      scimType: "mutability",
      detail: expect.stringContaining('"department" is protected'),
    });
    await gateway.stop();
    await expect(withSafety({ protect: { User: { entries: "shoeSize eq 5" } } })).rejects.toThrow(
      /protect: .*shoeSize/,
    );
    await expect(withSafety({ protect: { Usr: {} } })).rejects.toThrow(/does not serve Usr, did you mean "User"/);
  });
});

describe("the audit log", () => {
  const records = (file: string) =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  /** Records of what was done: without those of the log's own. */
  const ofWrites = (file: string) => records(file).filter(({ event }) => event !== "opened" && event !== "closed");
  const verify = (...args: string[]) => {
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), "audit", "verify", ...args], {
      encoding: "utf8",
    });
    return { status, output: stdout };
  };

  test("has a record before each write and one of what became of it, by the names of attributes and without their values", async () => {
    const gateway = await withSafety({}, { audit: { file: "audit.log" } });
    const file = join(gateway.folder, "audit.log");
    const headers = { "X-Request-Id": "the-request" };
    const made = await send(gateway, "POST", "/Users", { userName: "Zaphod", password: "Beeblebrox" }, headers);
    await send(gateway, "POST", "/Users", { userName: "Zaphod" });
    await patch(gateway, `/Users/${made.json.id}`, { op: "replace", path: "title", value: "President" });
    await send(gateway, "DELETE", `/Users/${made.json.id}`);
    await send(gateway, "GET", "/Users");
    const about = {
      requestId: "the-request",
      caller: "tests",
      source: "127.0.0.1",
      route,
      type: "User",
      action: "create",
      attributes: expect.arrayContaining(["login"]),
    };
    const backend = { connector: "hr", kind: "person" };
    const written = ofWrites(file) as Record<string, unknown>[];
    const outcome = (seq: number, more: object) => {
      const { id } = written.find((record) => record.seq === seq)!;
      return { event: "outcome", intent: id, ...more };
    };
    expect(written).toMatchObject([
      { seq: 2, id: expect.any(String), event: "intent", ...about, backend },
      outcome(2, { ...about, backend: { ...backend, key: made.json.id }, result: "ok" }),
      { event: "intent", action: "create" },
      outcome(4, { action: "create", result: "409", detail: "uniqueness" }),
      { event: "intent", action: "update" },
      outcome(6, { action: "update", attributes: ["job_title"], result: "ok" }),
      { event: "intent", action: "delete" },
      outcome(8, { action: "delete", result: "ok" }),
    ]);
    expect(readFileSync(file, "utf8")).not.toMatch(/Zaphod|Beeblebrox|President/);
    await gateway.stop();
  });

  test("has a record of each refusal, whoever refused, and none of them says that anything was about to be done", async () => {
    const auth = [
      {
        type: "bearer",
        tokens: [
          { name: "tests", token: TOKEN },
          { name: "reader", token: "the-token-of-a-reader", may: { actions: ["read"] } },
          { name: "elsewhere", token: "the-token-for-another-route", may: { routes: ["/other"] } },
        ],
      },
    ];
    const safety = {
      guard: { deletes: 0 },
      protect: { User: { entries: 'userName eq "svc"', attributes: ["department"] } },
    };
    const gateway = await withSafety(safety, { audit: { file: "audit.log" }, auth });
    const [service, plain] = [await create(gateway, "svc"), await create(gateway, "plain")];
    const department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const as = (token: string) => ({ ...gateway, token });
    const before = ofWrites(join(gateway.folder, "audit.log")).length;
    expect([
      (await send(as("nobody-that-is-known"), "GET", "/Users")).status,
      (await send(as("the-token-for-another-route"), "GET", "/Users")).status,
      (await send(as("the-token-of-a-reader"), "DELETE", `/Users/${plain}`)).status,
      (await send(gateway, "DELETE", `/Users/${service}`)).status,
      (await patch(gateway, `/Users/${plain}`, { op: "replace", path: department, value: "x" })).status,
      (await send(gateway, "DELETE", `/Users/${plain}`)).status,
    ]).toEqual([401, 403, 403, 403, 400, 503]);
    expect(ofWrites(join(gateway.folder, "audit.log")).slice(before)).toMatchObject([
      { event: "refused", result: "401", refusal: "authentication", source: "127.0.0.1" },
      { event: "refused", result: "403", refusal: "route", caller: "elsewhere" },
      { event: "refused", result: "403", refusal: "permission", caller: "reader", action: "delete", id: plain },
      { event: "refused", result: "403", refusal: "protected entry", action: "delete", backend: { key: service } },
      { event: "refused", result: "400", refusal: "protected attribute", attributes: ["department"] },
      { event: "refused", result: "503", refusal: "guard", action: "delete", backend: { key: plain } },
    ]);
    await gateway.stop();
  });

  test("has values before and after where they are asked for", async () => {
    const gateway = await withSafety({}, { audit: { file: "audit.log", values: true } });
    const id = await create(gateway, "valued");
    await patch(gateway, `/Users/${id}`, { op: "replace", path: "title", value: "Chief" });
    await patch(gateway, `/Users/${id}`, { op: "replace", path: "title", value: "Chair" });
    await send(gateway, "DELETE", `/Users/${id}`);
    const outcomes = records(join(gateway.folder, "audit.log")).filter(({ event }) => event === "outcome");
    const [created, , changed, deleted] = outcomes;
    expect(created.after).toMatchObject({ login: "valued" });
    expect(changed).toMatchObject({ before: { job_title: "Chief" }, after: { job_title: "Chair" } });
    expect(deleted.before).toMatchObject({ login: "valued", job_title: "Chair" });
    await gateway.stop();
  });

  test("is verified by one command, which finds what was altered, taken out, moved or cut off, and by which record", async () => {
    const gateway = await withSafety({}, { audit: { file: "audit.log" } });
    for (let n = 0; n < 3; n++) await create(gateway, `user${n}`);
    const live = join(gateway.folder, "audit.log");
    expect(verify(live)).toMatchObject({
      status: 0,
      output: expect.stringContaining("7 records, numbers 1 to 7, are whole"),
    });
    const lines = readFileSync(live, "utf8").trim().split("\n");
    const file = join(gateway.folder, "copy.log");
    const judged = (changed: string[], ...args: string[]) => {
      writeFileSync(file, changed.map((line) => `${line}\n`).join(""));
      return verify(file, ...args);
    };
    const head = ["--head", `${live}.head`];
    expect(judged(lines, ...head)).toMatchObject({ status: 0 });
    expect(judged(lines)).toMatchObject({
      status: 1,
      output: expect.stringContaining("nothing says where the log ends"),
    });
    expect(judged(lines.slice(2, 5), "--excerpt")).toMatchObject({ status: 0 });
    expect(judged(lines.with(2, lines[2]!.replace('"result":"ok"', '"result":"no"')), ...head)).toMatchObject({
      status: 1,
      output: expect.stringContaining("copy.log:3: the record was altered"),
    });
    expect(judged(lines.toSpliced(3, 1), ...head).output).toContain(
      "copy.log:4: records are missing: number 3 is followed by number 5",
    );
    expect(judged([lines[1]!, lines[0]!, ...lines.slice(2)], ...head).status).toBe(1);
    expect(judged(lines.with(1, "{}"), ...head).output).toContain("copy.log:2: this line is not a record");
    expect(judged(lines.slice(1), ...head).output).toContain("records are missing: the log starts with number 2");
    expect(judged(lines.slice(1), ...head, "--first", JSON.parse(lines[0]!).hash)).toMatchObject({ status: 0 });
    const { hash } = JSON.parse(lines[6]!);
    for (const args of [head, ["--last", hash]])
      expect(judged(lines.slice(0, 5), ...args)).toMatchObject({
        status: 1,
        output: expect.stringContaining("at the end are missing"),
      });
    expect(judged([], ...head)).toMatchObject({
      status: 1,
      output: expect.stringContaining("the log contains no record"),
    });
    await gateway.stop();
  });

  test("is put aside when it is large, and goes on in the next file as one log", async () => {
    const gateway = await withSafety({}, { audit: { file: "audit.log", maxBytes: 10_000 } });
    for (let n = 0; n < 60; n++) await create(gateway, `user${n}`);
    const names = readdirSync(gateway.folder).filter((name) => /^audit\.log(\.\d+)?$/.test(name));
    expect(names.length).toBeGreaterThan(1);
    // The files that were put aside are found beside the one that is named.
    expect(verify(join(gateway.folder, "audit.log"))).toMatchObject({
      status: 0,
      output: expect.stringContaining("121 records, numbers 1 to 121, are whole"),
    });
    await gateway.stop();
  });

  test("that cannot be written stops writes before they are made, and reads go on", async () => {
    const full = await withSafety({}, { audit: { file: "/dev/full" } });
    const { totalResults } = (await send(full, "GET", "/Users")).json;
    for (const userName of ["one", "two"])
      expect(await send(full, "POST", "/Users", { userName })).toMatchObject({
        status: 503,
        json: { detail: expect.stringContaining("The audit log cannot be written, so the write was not made") },
      });
    expect((await send(full, "GET", "/Users")).json.totalResults).toBe(totalResults);
    await full.stop();
  });
});
