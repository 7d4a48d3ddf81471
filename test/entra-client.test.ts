import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { limitsOf, memoryBudget } from "../src/graph/budget.ts";
import { type EntraClient, type EntraServices, openEntra } from "../src/graph/client.ts";
import { knownErrors } from "../src/graph/codes.ts";
import { UploadError } from "../src/graph/error.ts";
import { identityRequest } from "../src/graph/managed-identity.ts";
import { correlate, type Outcome, type Sent } from "../src/graph/outcome.ts";
import type { UploadRecord } from "../src/graph/request.ts";
import { entraConfig } from "../src/graph/settings.ts";
import { openTransport } from "../src/http/transport.ts";
import { makeAuthority, makeCertificate } from "./servers/certificates.ts";
import { type EntraServer, startEntra } from "./servers/entra.ts";
import { lent } from "./servers/lent.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const signal = () => AbortSignal.timeout(60_000);

const person = (externalId: string, more: Record<string, unknown> = {}): UploadRecord => ({
  externalId,
  data: { userName: `user${externalId}`, displayName: `User ${externalId}`, active: true, ...more },
});
const people = (count: number, first = 0) => Array.from({ length: count }, (_, n) => person(String(first + n)));
const reportOf = (manager: unknown) => ({ [ENTERPRISE]: { manager: { value: manager } } });

let folder: string;
let server: EntraServer;
let clients: EntraClient[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-entra-"));
  makeAuthority(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  server = await startEntra();
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await server.stop();
});

function open(more: Record<string, unknown> = {}, services: Partial<EntraServices> = {}): EntraClient {
  const settings = entraConfig.parse({ ...server.settings, ...more });
  const { files } = lent(folder);
  const client = openEntra(settings, {
    files,
    budget: memoryBudget(limitsOf(settings)),
    clock: server.clock,
    env: {},
    ...services,
  });
  clients.push(client);
  return client;
}

/** Uploads, and gives who was accepted when. */
async function send(client: EntraClient, records: readonly UploadRecord[]): Promise<Sent[]> {
  const { at } = await client.upload(records, signal());
  return records.map(({ externalId }) => ({ externalId, at }));
}
const outcomes = (client: EntraClient, sent: readonly Sent[]): Promise<Map<string, Outcome>> =>
  correlate(sent, client.log(new Date(Math.min(...sent.map(({ at }) => at.getTime()))), signal()));
/** Uploads one person, waits until the log is there, and says what became of them. */
async function outcomeOf(client: EntraClient, record: UploadRecord): Promise<Outcome> {
  const sent = await send(client, [record]);
  server.clock.advance(15 * MINUTE);
  return (await outcomes(client, sent)).get(record.externalId)!;
}
const failing = async (promise: Promise<unknown>): Promise<UploadError> => {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(UploadError);
  return error;
};
const uploads = () => server.seen.filter(({ path }) => path.endsWith("/bulkUpload"));

describe("an upload", () => {
  test("is a bulk request with the media type of SCIM, a user agent and an id that Graph repeats", async () => {
    const client = open();
    const { requestId, at } = await client.upload([person("701984", { title: null })], signal());
    const [{ headers, body, path } = expect.fail("nothing was uploaded")] = uploads();
    expect(path).toBe(
      `/v1.0/servicePrincipals/${server.settings.servicePrincipal}/synchronization/jobs/${server.settings.job}/bulkUpload`,
    );
    expect(headers).toMatchObject({
      "content-type": "application/scim+json",
      "user-agent": expect.stringContaining("Postern"),
      "client-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.parse(body).Operations).toMatchObject([
      { method: "POST", path: "/Users", bulkId: "701984", data: { externalId: "701984", title: null } },
    ]);
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(at.getTime()).toBe(server.clock.now());
  });

  test("of 5,000 people takes 100 full requests, none of them throttled, and each person's outcome is told", async () => {
    const client = open();
    const everybody = people(5000).map(({ externalId }) =>
      person(externalId, reportOf(String(Number(externalId) % 100))),
    );
    const sent: Sent[] = [];
    for (let first = 0; first < 5000; first += 50)
      sent.push(...(await send(client, everybody.slice(first, first + 50))));
    expect(uploads().length).toBe(100);
    const times = uploads().map(({ at }) => at);
    for (const start of times)
      expect(times.filter((at) => at >= start && at < start + 5000).length).toBeLessThanOrEqual(40);
    server.clock.advance(15 * MINUTE);
    const told = await outcomes(client, sent);
    expect(told.size).toBe(5000);
    expect(new Set([...told.values()].map(({ status, action }) => `${action} ${status}`))).toEqual(
      new Set(["create success"]),
    );
    expect(server.users.size).toBe(5000);
    for (const { externalId } of everybody) {
      const manager = server.user(String(Number(externalId) % 100))!;
      const user = server.users.get(told.get(externalId)!.targetId!)!;
      expect([user.employeeId, user.manager]).toEqual([externalId, manager.id]);
    }
  });

  test("waits for its turn within the rate limit, and is stopped by its signal while it waits", async () => {
    const waits: number[] = [];
    const clock = {
      now: server.clock.now,
      sleep: async (ms: number, stop: AbortSignal) => {
        waits.push(ms);
        stop.throwIfAborted();
        await server.clock.sleep(ms, stop);
      },
    };
    const client = open({}, { clock });
    for (const record of people(41)) await client.upload([record], signal());
    expect(waits.length).toBe(1);
    for (const record of people(39)) await client.upload([record], signal());
    const { kind, message } = await failing(client.upload([person("1")], AbortSignal.abort()));
    expect([kind, uploads().length]).toEqual(["unavailable", 80]);
    expect(message).toContain("nothing was sent");
  });

  test("keeps within the day's budget over a restart, and says when to go on", async () => {
    const budget = memoryBudget(limitsOf({ requestsPerDay: 3 }));
    server.limits.perDay = 3;
    const began = server.clock.now();
    await open({ requestsPerDay: 3 }, { budget }).upload([person("1")], signal());
    server.clock.advance(HOUR);
    const restarted = open({ requestsPerDay: 3 }, { budget });
    await restarted.upload([person("2")], signal());
    await restarted.upload([person("3")], signal());
    const { kind, when, message } = await failing(restarted.upload([person("4")], signal()));
    expect(kind).toBe("budget");
    expect(uploads().length).toBe(3);
    expect(when!.getTime() - began).toBeGreaterThanOrEqual(24 * HOUR);
    expect(message).toContain(when!.toISOString());
    server.clock.advance(when!.getTime() - server.clock.now());
    await restarted.upload([person("4")], signal());
    expect(uploads().length).toBe(4);
  });

  test.each([[undefined], [7]])("that is throttled by Entra is told so, with Retry-After %s", async (retryAfter) => {
    server.limits.retryAfter = retryAfter;
    server.limits.perWindow = 2;
    const client = open();
    await client.upload([person("1")], signal());
    await client.upload([person("2")], signal());
    const error = await failing(client.upload([person("3")], signal()));
    expect([error.kind, error.retryAfter]).toEqual(["unavailable", retryAfter]);
    expect(error.message).toMatch(/429 \(TooManyRequests.*requestsPerDay/);
  });

  test("waits until the time that Retry-After names, by Entra's clock", async () => {
    const client = open();
    const until = new Date(server.clock.now() + 90_000).toUTCString();
    server.fail(({ path }) =>
      path.endsWith("/bulkUpload") ? { status: 503, headers: { "retry-after": until } } : undefined,
    );
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({ kind: "unavailable", retryAfter: 90 });
    server.fail(({ path }) =>
      path.endsWith("/bulkUpload") ? { status: 503, headers: { "retry-after": "soon" } } : undefined,
    );
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({
      kind: "unavailable",
      retryAfter: undefined,
    });
  });

  test("gets through a storm of 429 when it is sent again, and each person once", async () => {
    const client = open();
    let storm = 30;
    server.fail(({ path }) =>
      path.endsWith("/bulkUpload") && storm-- > 0 ? { status: 429, headers: { "retry-after": "1" } } : undefined,
    );
    let refused = 0;
    for (const record of people(5))
      for (;;) {
        const error = await client.upload([record], signal()).then(
          () => undefined,
          (thrown: UploadError) => thrown,
        );
        if (!error) break;
        expect([error.kind, error.retryAfter]).toEqual(["unavailable", 1]);
        refused++;
        server.clock.advance(1000 * error.retryAfter!);
      }
    expect(refused).toBe(30);
    server.clock.advance(MINUTE);
    expect([server.user("0")?.displayName, server.users.size]).toEqual(["User 0", 5]);
  });

  test("whose answer is lost may be sent again: nobody is made twice", async () => {
    const client = open();
    let isLost = true;
    server.fail(({ path }) => (isLost && path.endsWith("/bulkUpload") ? "lose" : undefined));
    const { kind, message } = await failing(client.upload(people(3), signal()));
    expect(kind).toBe("unavailable");
    expect(message).toContain("Sending the same records again is safe.");
    isLost = false;
    const sent = await send(client, people(3));
    server.clock.advance(15 * MINUTE);
    expect(server.users.size).toBe(3);
    expect([...(await outcomes(client, sent)).values()].map(({ action, status }) => [action, status])).toEqual(
      Array(3).fill(["create", "success"]),
    );
  });

  test.each([
    ["a media type that is wrong", { error: { code: "BadRequest", message: "Invalid Data Format" } }],
    ["nothing at all", undefined],
    ["HTML of a proxy", undefined],
  ])("that Entra refuses because of %s is refused for good", async (_, body) => {
    const client = open();
    server.fail(({ path }) => (path.endsWith("/bulkUpload") ? { status: 400, ...(body && { body }) } : undefined));
    const { kind, message, requestId } = await failing(client.upload(people(2), signal()));
    expect(kind).toBe("refused");
    expect(message).toContain(
      `Entra answered the upload of 2 records with 400${body ? " (BadRequest: Invalid Data Format)" : ""}.`,
    );
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is not taken for accepted by anything but 202", async () => {
    const client = open();
    for (const status of [200, 204, 302]) {
      server.fail(({ path }) =>
        path.endsWith("/bulkUpload") ? { status, headers: { location: "http://elsewhere.example/" } } : undefined,
      );
      expect((await failing(client.upload(people(1), signal()))).kind).toBe("unavailable");
    }
  });

  test("without the permission, or for a job that is not there, says what to put right", async () => {
    server.signIn.permissions = ["ProvisioningLog.Read.All"];
    const denied = await failing(open().upload(people(1), signal()));
    expect([denied.kind, denied.message]).toEqual([
      "denied",
      expect.stringContaining("SynchronizationData-User.Upload"),
    ]);
    server.signIn.permissions = ["SynchronizationData-User.Upload"];
    const wrong = open({ servicePrincipal: "0a1b2c3d-9999-4222-8333-444455556666" });
    const missing = await failing(wrong.upload(people(1), signal()));
    expect([missing.kind, missing.message]).toEqual([
      "notFound",
      expect.stringContaining("not of an app registration"),
    ]);
  });

  test("waits long where the job's store of uploads is full", async () => {
    server.job.state = "Paused";
    server.job.bucket = 60;
    const client = open();
    await client.upload(people(50), signal());
    const { kind, retryAfter, message } = await failing(client.upload(people(50), signal()));
    expect([kind, retryAfter]).toEqual(["unavailable", 300]);
    expect(message).toContain("start it, or restart it");
  });

  test("and everything else goes over TLS whose authority is checked", async () => {
    await server.stop();
    const { key, certificate } = makeCertificate(folder, "graph", "IP:127.0.0.1");
    server = await startEntra({ tls: { key: readFileSync(key), cert: readFileSync(certificate) } });
    await open({ tls: { ca: "ca.pem" } }).upload(people(1), signal());
    expect(uploads().length).toBe(1);
    expect((await failing(open().upload(people(1), signal()))).kind).toBe("unavailable");
  });
});

describe("uploads that are sent again until they are accepted", () => {
  const edit = fc.record({
    externalId: fc.constantFrom("1", "2", "3", "4"),
    title: fc.constantFrom(null, "Sales", "Board"),
    active: fc.boolean(),
    manager: fc.constantFrom("1", "2", "3", "9", null),
  });
  const batch = fc.uniqueArray(edit, { minLength: 1, maxLength: 4, selector: ({ externalId }) => externalId });
  const fault = fc.constantFrom(...(["break", "lose", "lose", 401, 429, 500, 503, undefined, undefined] as const));

  test("lead to what was sent last, whatever goes wrong on the way, and everybody's outcome is told", async () => {
    server.job.nullFlow.add("jobTitle").add("manager");
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { maxLength: 6 }),
        fc.array(fault, { maxLength: 30 }),
        async (batches, faults) => {
          const client = open({ requestsPerDay: 1_000_000 });
          const coming = [...faults];
          server.users.clear();
          server.clock.advance(HOUR);
          server.fail(({ path }) => {
            const next = path.endsWith("/bulkUpload") ? coming.shift() : undefined;
            return typeof next === "number" ? { status: next, body: {} } : next;
          });
          const wanted = new Map<string, (typeof batches)[number][number]>();
          for (const people of batches) {
            const records = people.map(({ externalId, title, active, manager }) =>
              person(externalId, { title, active, ...reportOf(manager) }),
            );
            let sent: Sent[] | undefined;
            while (!sent) sent = await send(client, records).catch(again);
            for (const each of people) wanted.set(each.externalId, each);
            server.clock.advance(15 * MINUTE);
            const told = await outcomes(client, sent);
            expect(new Set(told.keys())).toEqual(new Set(people.map(({ externalId }) => externalId)));
            expect([...told.values()].filter(({ status }) => status === "failure")).toEqual([]);
          }
          expect(server.users.size).toBe(wanted.size);
          for (const [externalId, { title, active, manager }] of wanted) {
            const user = server.user(externalId)!;
            expect([user.jobTitle ?? null, user.accountEnabled]).toEqual([title, active]);
            // Managers are set when they are known, and are left until then.
            if (manager === null || wanted.has(manager)) expect(user.manager).toBe(server.user(manager ?? "")?.id);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  /** Waits after a failure that passes. Two 401 in a row are told as `denied`, and pass here, too. */
  const again = (error: unknown): undefined => {
    if (!(error instanceof UploadError) || !["unavailable", "denied"].includes(error.kind)) throw error;
    server.clock.advance(1000 * (error.retryAfter ?? 10));
  };
});

describe("what becomes of people", () => {
  test("is known when the log is there, which is minutes later and out of order", async () => {
    const client = open();
    const sent = await send(client, people(20));
    expect((await outcomes(client, sent)).size).toBe(0);
    server.clock.advance(5.5 * MINUTE);
    const some = (await outcomes(client, sent)).size;
    expect([some > 0, some < 20]).toEqual([true, true]);
    server.clock.advance(5 * MINUTE);
    expect((await outcomes(client, sent)).size).toBe(20);
  });

  test.each(["measured", "reference", "deprecated"] as const)("is read from the log's %s form", async (shape) => {
    server.journal.shape = shape;
    const client = open();
    server.job.failures.set("2", { code: "BrandNew", reason: "It did not work." });
    await send(client, [person("3")]);
    server.clock.advance(HOUR);
    const sent = await send(client, people(4));
    server.clock.advance(15 * MINUTE);
    const told = await outcomes(client, sent);
    expect(
      [...told.values()].map(({ externalId, action, status, code }) => [externalId, action, status, code]).sort(),
    ).toEqual([
      ["0", "create", "success", undefined],
      ["1", "create", "success", undefined],
      ["2", "create", "failure", "BrandNew"],
      ["3", "other", "skipped", "RedundantExport"],
    ]);
    expect(told.get("2")!.message).toBe("Entra reports BrandNew: It did not work.");
  });

  test("comes page by page, each record once, and a page is asked for again where Graph is throttled", async () => {
    const client = open();
    const sent = await send(client, people(50));
    server.clock.advance(15 * MINUTE);
    server.journal.pageSize = 7;
    let busy = 3;
    server.fail(({ path }) => (path.includes("skiptoken") && busy-- > 0 ? { status: 429 } : undefined));
    const ids: string[] = [];
    for await (const { source } of client.log(sent[0]!.at, signal())) ids.push(source.id);
    expect(ids.sort()).toEqual(sent.map(({ externalId }) => externalId).sort());
    const times = server.seen.filter(({ path }) => path.includes("/auditLogs/")).map(({ at }) => at);
    expect(times.length).toBe(8 + 3);
    for (const start of times)
      expect(times.filter((at) => at >= start && at < start + 10_000).length).toBeLessThanOrEqual(5);
    busy = 1000;
    const read = async () => {
      for await (const _ of client.log(sent[0]!.at, signal()));
    };
    expect((await failing(read())).kind).toBe("unavailable");
  });

  test("is read from Graph alone, whatever a page says of the next one", async () => {
    const client = open();
    const other = await startEntra();
    const pages = [`${other.url}/v1.0/auditLogs/provisioning`, "file:///etc/passwd", "nonsense", "itself"];
    for (const link of pages) {
      server.fail(({ path }) => {
        const next = link === "itself" ? server.url + path : link;
        return path.includes("/auditLogs/") ? { status: 200, body: { value: [], "@odata.nextLink": next } } : undefined;
      });
      const read = async () => {
        for await (const _ of client.log(new Date(), signal()));
      };
      expect((await failing(read())).message).toContain("is not followed");
    }
    expect(other.seen).toEqual([]);
    await other.stop();
  });

  test.each(knownErrors)("is told in words if it is %s", async (code) => {
    server.job.failures.set("1", { code, reason: "In Entra's words." });
    const told = await outcomeOf(open(), person("1"));
    expect(told).toMatchObject({
      status: "failure",
      code,
      message: expect.stringMatching(/\. Entra's words: In Entra's words\.$/),
    });
    expect(server.users.size).toBe(0);
  });

  test("follows the rules of the directory: names, domains, dates, required values, one account for a key", async () => {
    const client = open();
    server.job.mapping.set("urn:contoso:employee:HireDate", "employeeHireDate");
    server.users.set("x", { id: "x", accountEnabled: true, userPrincipalName: "taken@contoso.example" });
    for (const id of ["y", "z"])
      server.users.set(id, { id, accountEnabled: true, employeeId: "7", userPrincipalName: `${id}@contoso.example` });
    const cases: [UploadRecord, string | undefined, RegExp][] = [
      [person("1", { userName: "jörg" }), "AzureActiveDirectoryInvalidUserPrincipalName", /without accents/],
      [person("2", { userName: "ada@unknown.example" }), "InvalidDomain", /not a verified domain/],
      [person("3", { userName: "taken" }), "AzureActiveDirectoryDuplicateUserPrincipalName", /set its employeeId/],
      [person("4", { displayName: null }), "MissingValues", /required attribute/],
      [person("5", { "urn:contoso:employee": { HireDate: "2026-05-01" } }), "Request_BadRequest", /a time and a zone/],
      [
        person("6", { "urn:contoso:employee": { HireDate: "2026-05-01T00:00:00Z" } }),
        undefined,
        /^Created in Microsoft Entra ID\.$/,
      ],
      [person("7"), "DuplicateTargetEntries", /More than one account/],
    ];
    for (const [record, code, message] of cases) {
      const told = await outcomeOf(client, record);
      expect([told.code, told.message]).toEqual([code, expect.stringMatching(message)]);
    }
    expect(server.user("6")).toMatchObject({ employeeHireDate: "2026-05-01T00:00:00Z" });
  });

  test("for a report before the manager is a warning, until the manager is uploaded", async () => {
    const client = open();
    const sent = await send(client, [person("2", reportOf("1"))]);
    server.clock.advance(15 * MINUTE);
    expect((await outcomes(client, sent)).get("2")).toMatchObject({
      status: "warning",
      message: expect.stringContaining("does not know 1"),
    });
    await send(client, [person("1")]);
    server.clock.advance(15 * MINUTE);
    expect((await outcomes(client, sent)).get("2")).toMatchObject({ status: "success", action: "create" });
    expect(server.user("2")!.manager).toBe(server.user("1")!.id);
  });

  test("is nothing as long as the job is paused, though uploads are accepted", async () => {
    const client = open();
    server.job.state = "Paused";
    const sent = await send(client, people(2));
    server.clock.advance(2 * HOUR);
    expect([(await outcomes(client, sent)).size, server.users.size]).toEqual([0, 0]);
    server.job.state = "Active";
    server.clock.advance(1);
    // What was staged is processed; its records are as late as any.
    expect(server.user("1")).toBeDefined();
  });
});

describe("the stand-in's mapping", () => {
  test("ignores nulls and absent values, unless null flow is on; then both clear, a child only with its container", async () => {
    const client = open();
    const full = { title: "Sales", name: { givenName: "Ada", familyName: "Example" }, preferredLanguage: "en" };
    await outcomeOf(client, person("1", full));
    await outcomeOf(client, person("1", { title: null, name: { givenName: "" } }));
    expect(server.user("1")).toMatchObject({
      jobTitle: "Sales",
      givenName: "Ada",
      surname: "Example",
      preferredLanguage: "en",
    });
    for (const name of ["jobTitle", "surname", "givenName"]) server.job.nullFlow.add(name);
    await outcomeOf(client, person("1", { title: null }));
    expect(server.user("1")).toMatchObject({ givenName: "Ada", surname: "Example" });
    expect(server.user("1")!.jobTitle).toBe(undefined);
    await outcomeOf(client, person("1", { name: { givenName: "Eve" } }));
    expect(server.user("1")).toMatchObject({ givenName: "Eve", preferredLanguage: "en" });
    expect(server.user("1")!.surname).toBe(undefined);
  });

  test("drops what is not mapped, disables by active, enables again, and disables who falls out of scope", async () => {
    const client = open();
    await outcomeOf(client, person("1", { "urn:contoso:employee": { Badge: "1" }, shoeSize: 43 }));
    expect(Object.keys(server.user("1")!).sort()).toEqual([
      "accountEnabled",
      "displayName",
      "employeeId",
      "id",
      "userPrincipalName",
    ]);
    expect(await outcomeOf(client, person("1", { active: false }))).toMatchObject({
      action: "disable",
      status: "success",
    });
    expect(await outcomeOf(client, person("1"))).toMatchObject({
      action: "update",
      message: "Updated in Microsoft Entra ID: accountEnabled.",
    });
    server.job.scope = ({ active }) => active === true;
    server.job.scope = () => false;
    expect(await outcomeOf(client, person("1"))).toMatchObject({ action: "disable" });
    expect(await outcomeOf(client, person("2"))).toMatchObject({ status: "skipped", code: "NotEffectivelyEntitled" });
    expect(server.users.size).toBe(1);
  });

  test("refuses what Graph refuses: other filters, more than 50 operations, missing schemas, other media types", async () => {
    const client = open();
    await client.upload(people(1), signal());
    const [{ headers, body } = expect.fail("nothing was uploaded")] = uploads();
    const ask = async (path: string, init: RequestInit = {}) =>
      (
        await fetch(server.url + path, {
          ...init,
          headers: { authorization: headers.authorization!, "content-type": "application/scim+json", ...init.headers },
        })
      ).status;
    const upload = uploads()[0]!.path;
    const post = (
      change: (request: { schemas?: unknown; Operations: { data: { schemas?: unknown }; method: string }[] }) => void,
    ) => {
      const request = JSON.parse(body);
      change(request);
      return ask(upload, { method: "POST", body: JSON.stringify(request) });
    };
    expect(await post(() => {})).toBe(202);
    expect(await post((request) => delete request.schemas)).toBe(400);
    expect(await post((request) => request.Operations.push(...Array(50).fill(request.Operations[0])))).toBe(400);
    expect(await post(({ Operations: [first] }) => delete first!.data.schemas)).toBe(400);
    expect(await post(({ Operations: [first] }) => Object.assign(first!, { method: "DELETE" }))).toBe(400);
    expect(await ask(upload, { method: "POST", body, headers: { "content-type": "application/json" } })).toBe(400);
    expect(await ask(upload, { method: "POST", body: body.slice(1) })).toBe(400);
    const filter = (text: string) => ask(`/v1.0/auditLogs/provisioning?${new URLSearchParams({ $filter: text })}`);
    expect(await filter("jobid eq 'x' and activityDateTime ge 2026-11-02T08:00:00Z")).toBe(200);
    for (const text of ["jobId eq 'x'", "jobid eq x", "activityDateTime ge yesterday", "jobid eq 'x' or jobid eq 'y'"])
      expect(await filter(text)).toBe(400);
    server.clock.advance(40 * 24 * HOUR);
    expect(await ask("/v1.0/auditLogs/provisioning")).toBe(401);
  });
});

describe("a credential", () => {
  const expectUploads = async (client: EntraClient) => {
    await client.upload(people(1), signal());
    expect(uploads().length).toBe(1);
  };

  test("is asked for a token once by all who need one, and again before the token expires", async () => {
    const client = open();
    await Promise.all(people(10).map((record) => client.upload([record], signal())));
    expect(server.signIn.issued).toBe(1);
    server.clock.advance(54 * MINUTE);
    await client.upload(people(1), signal());
    expect(server.signIn.issued).toBe(1);
    server.clock.advance(2 * MINUTE);
    await client.upload(people(1), signal());
    expect([server.signIn.issued, uploads().length]).toEqual([2, 12]);
  });

  test("gives a new token where one is refused in the middle, and no third", async () => {
    const client = open();
    await client.upload(people(1), signal());
    let refusals = 1;
    server.fail(({ path }) =>
      path.endsWith("/bulkUpload") && refusals-- > 0
        ? { status: 401, body: { error: { code: "InvalidAuthenticationToken" } } }
        : undefined,
    );
    await client.upload(people(1), signal());
    expect(server.signIn.issued).toBe(2);
    refusals = 1000;
    const { kind, message } = await failing(client.upload(people(1), signal()));
    expect([kind, server.signIn.issued]).toEqual(["denied", 3]);
    expect(message).toContain("401 (InvalidAuthenticationToken)");
  });

  test.each([
    ["wrong", "wrong-secret-0123456789", /invalid_client, AADSTS7000215.*not its ID/],
    ["expired", "expired-secret-0123456789", /AADSTS7000222.*expired/],
  ])("that is a %s secret is told, without the secret", async (_, secret, pattern) => {
    server.signIn.secrets.set("expired-secret-0123456789", false);
    const { kind, message } = await failing(open({ credential: { secret } }).upload(people(1), signal()));
    expect(kind).toBe("denied");
    expect(message).toMatch(pattern);
    expect(message).not.toContain(secret);
    expect(uploads()).toEqual([]);
  });

  test("is not at fault where the sign-in is overloaded", async () => {
    const client = open();
    server.fail(({ path }) =>
      path.endsWith("/token") ? { status: 503, headers: { "retry-after": "30" } } : undefined,
    );
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({ kind: "unavailable", retryAfter: 30 });
    server.fail(({ path }) => (path.endsWith("/token") ? { status: 404, body: "a page" } : undefined));
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({
      kind: "denied",
      message: expect.stringContaining("Check that `login`"),
    });
  });

  test("never appears in an error, whatever Graph repeats", async () => {
    const client = open();
    await client.upload(people(1), signal());
    const token = uploads()[0]!.headers.authorization!.replace("Bearer ", "");
    const { secret } = server.settings.credential as { secret: string };
    server.fail(({ path }) =>
      path.endsWith("/bulkUpload")
        ? { status: 400, body: { error: { code: "X", message: `<${token}> <${secret}>` } } }
        : undefined,
    );
    const error = await failing(client.upload(people(1), signal()));
    expect(error.message).toContain("<***> <***>");
    expect(JSON.stringify([error, error.stack, error.cause])).not.toContain(token);
  });

  test("may be a certificate: each token has a signed assertion of its own, and a renewed certificate is taken without a restart", async () => {
    const first = makeCertificate(folder, "first", "DNS:postern");
    const second = makeCertificate(folder, "second", "DNS:postern");
    for (const { certificate } of [first, second]) server.signIn.register(readFileSync(certificate, "utf8"));
    const use = (from: { key: string; certificate: string }) => {
      writeFileSync(join(folder, "own.pem"), readFileSync(from.certificate));
      writeFileSync(join(folder, "own.key"), readFileSync(from.key));
    };
    use(first);
    const client = open({ credential: { certificate: "own.pem", key: "own.key" } });
    await expectUploads(client);
    use(second);
    server.clock.advance(2 * HOUR);
    await client.upload(people(1), signal());
    const assertions = server.seen
      .filter(({ path }) => path.endsWith("/token"))
      .map(({ body }) => new URLSearchParams(body).get("client_assertion")!);
    const [one, two] = assertions.map((each) => {
      const [header, payload] = each.split(".").map((part) => Buffer.from(part, "base64url").toString());
      return { header: JSON.parse(header!), payload: JSON.parse(payload!) };
    });
    expect(one!.header).toMatchObject({ alg: "PS256", typ: "JWT" });
    expect(one!.header["x5t#S256"]).not.toBe(two!.header["x5t#S256"]);
    expect(one!.payload.exp - one!.payload.nbf).toBeLessThanOrEqual(600);
    expect(one!.payload.jti).not.toBe(two!.payload.jti);
  });

  test("that is a certificate which Entra does not know, or whose key is another's, is told", async () => {
    const { key, certificate } = makeCertificate(folder, "unknown", "DNS:postern");
    const other = makeCertificate(folder, "other", "DNS:postern");
    const { kind, message } = await failing(open({ credential: { certificate, key } }).upload(people(1), signal()));
    expect([kind, message]).toEqual(["denied", expect.stringMatching(/AADSTS700027.*Certificates & secrets/)]);
    expect(() => open({ credential: { certificate, key: other.key } })).toThrow("credential.key: this is not the key");
    expect(() => open({ credential: { certificate, key: certificate } })).toThrow(
      "credential.key: the file holds no private key",
    );
    expect(() => open({ credential: { certificate: "none.pem", key } })).toThrow("credential.certificate:");
  });

  test("may be another issuer's token, whose file is read again for each token of Entra's", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const issuer = "https://cluster.example";
    const subject = "system:serviceaccount:postern:postern";
    server.signIn.federated.push({ issuer, subject, key: publicKey });
    const write = async (claims: object, audience = "api://AzureADTokenExchange") => {
      const now = Math.floor(server.clock.now() / 1000);
      const token = new SignJWT({ iss: issuer, sub: subject, aud: audience, iat: now, exp: now + 600, ...claims });
      writeFileSync(
        join(folder, "federated"),
        `${await token.setProtectedHeader({ alg: "RS256", kid: "1" }).sign(privateKey)}\n`,
      );
    };
    await write({});
    const client = open({ credential: { federatedToken: "federated" } });
    await expectUploads(client);
    server.clock.advance(2 * HOUR);
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({
      kind: "denied",
      message: expect.stringContaining("AADSTS700213"),
    });
    await write({});
    await client.upload(people(1), signal());
    writeFileSync(join(folder, "federated"), "two words\n");
    server.clock.advance(2 * HOUR);
    expect(await failing(client.upload(people(1), signal()))).toMatchObject({
      kind: "denied",
      message: expect.stringContaining("holds no token"),
    });
  });

  test.each([true, "0a1b2c3d-7777-4222-8333-444455556666"])(
    "may be the machine's managed identity (%s), by the metadata service",
    async (managedIdentity) => {
      server.signIn.identities.add(typeof managedIdentity === "string" ? managedIdentity : "system");
      const credential = { managedIdentity };
      const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.url };
      await expectUploads(open({ client: undefined, credential }, { env }));
      server.signIn.identities.clear();
      const other = open({ credential }, { env });
      const { kind, message } = await failing(other.upload(people(1), signal()));
      expect([kind, message]).toEqual(["denied", expect.stringContaining("assigned to this machine")]);
      server.fail(() => ({ status: 410 }));
      expect((await failing(other.upload(people(1), signal()))).kind).toBe("unavailable");
    },
  );

  test("may be App Service's managed identity, whose token expires when it says", async () => {
    server.signIn.identities.add("system");
    const env = { IDENTITY_ENDPOINT: `${server.url}/msi/token`, IDENTITY_HEADER: server.signIn.identityHeader };
    const client = open({ credential: { managedIdentity: true } }, { env });
    await expectUploads(client);
    server.clock.advance(23 * HOUR);
    await client.upload(people(1), signal());
    expect(server.signIn.issued).toBe(1);
    server.clock.advance(HOUR);
    await client.upload(people(1), signal());
    expect(server.signIn.issued).toBe(2);
  });

  test("may be Azure Arc's managed identity, which reads the agent's secret in the agent's folder alone", async () => {
    const file = join(folder, "challenge.key");
    writeFileSync(file, "arc-secret");
    const { url } = server;
    const local = openTransport(
      {
        url,
        auth: { type: "none" },
        headers: {},
        tls: {},
        timeout: 5,
        connections: 1,
        maxBytes: 65_536,
        proxy: undefined,
      },
      lent(folder).files,
    );
    const env = { IDENTITY_ENDPOINT: `${url}/arc/token`, IMDS_ENDPOINT: url };
    const ask = () => identityRequest({ resource: url, client: undefined }, env, local.send, signal(), folder);
    server.signIn.identities.add("system");
    server.signIn.arc = { file, secret: "arc-secret" };
    expect((await local.send(await ask(), signal())).status).toBe(200);
    for (const elsewhere of ["/etc/passwd", join(folder, "..", "challenge.key"), join(folder, "own.pem")]) {
      server.signIn.arc = { file: elsewhere, secret: "arc-secret" };
      await expect(ask()).rejects.toThrow("which is not read");
    }
    await local.close();
  });
});

describe("a probe", () => {
  const probe = (client: EntraClient) => client.probe(signal());

  test("finds all well, and uploads nothing", async () => {
    const findings = await probe(open());
    expect(findings.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(findings.map(({ text }) => text).join(" ")).toContain("The provisioning job runs.");
    expect(uploads()).toEqual([]);
  });

  test.each([
    ["Paused", "paused"],
    ["NotRun", "never started"],
    ["Quarantine", "in quarantine"],
  ] as const)("finds a job that is %s", async (state, text) => {
    server.job.state = state;
    expect(await probe(open())).toContainEqual({ ok: false, text: expect.stringContaining(text) });
  });

  test("finds a job that is switched off, and one in a state that it does not know", async () => {
    const isJob = (path: string) => path.endsWith(String(server.settings.job));
    const states: [object, object][] = [
      [
        { schedule: { state: "Disabled" }, status: { code: "Active" } },
        { ok: false, text: expect.stringContaining("paused") },
      ],
      [{ status: { code: "BrandNew" } }, { ok: "unknown", text: expect.stringContaining("its state is unknown") }],
    ];
    for (const [body, finding] of states) {
      server.fail(({ path }) => (isJob(path) ? { status: 200, body } : undefined));
      expect((await probe(open())).at(-1)).toEqual(finding);
    }
  });

  test("finds missing permissions; that of the job's state is not needed", async () => {
    server.signIn.permissions = [];
    const findings = await probe(open());
    expect(findings.filter(({ ok }) => ok === false).map(({ text }) => text)).toEqual([
      expect.stringContaining("SynchronizationData-User.Upload"),
      expect.stringContaining("ProvisioningLog.Read.All"),
      expect.stringContaining("ProvisioningLog.Read.All"),
    ]);
    expect(findings.at(-1)).toEqual({ ok: "unknown", text: expect.stringContaining("Synchronization.Read.All") });
  });

  test("finds a wrong job, a wrong secret, and a login that is away", async () => {
    const { job } = server.settings;
    expect(await probe(open({ job: `${job}0` }))).toContainEqual({
      ok: false,
      text: expect.stringContaining("Check `job`"),
    });
    expect(await probe(open({ credential: { secret: "wrong-secret" } }))).toEqual([
      { ok: false, text: expect.stringContaining("AADSTS7000215") },
    ]);
    expect(await probe(open({ login: "http://127.0.0.1:1" }))).toEqual([
      { ok: "unknown", text: expect.stringContaining("127.0.0.1:1 is unreachable") },
    ]);
  });

  test("finds a certificate that soon expires", async () => {
    const { key, certificate } = makeCertificate(folder, "ending", "DNS:postern");
    server.signIn.register(readFileSync(certificate, "utf8"));
    const credential = { certificate, key };
    server.clock.advance(Date.now() + 10 * 24 * HOUR - server.clock.now());
    expect(await probe(open({ credential }))).toContainEqual({
      ok: false,
      text: expect.stringMatching(/expires on \d{4}-\d\d-\d\d/),
    });
    server.clock.advance(30 * 24 * HOUR);
    expect(await probe(open({ credential }))).toContainEqual({
      ok: false,
      text: expect.stringMatching(/expired on \d{4}-\d\d-\d\d/),
    });
  });
});
