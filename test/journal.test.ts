import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesIn } from "../src/connector/kit/files.ts";
import type { JournalEntry } from "../src/journal/entry.ts";
import type { JournalStore } from "../src/journal/store.ts";
import { openJournalStore } from "../src/state/journal-store.ts";
import { type Database, openHr, startHr, startPostgres, stateIn } from "./servers/databases.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";
import { startReplicas } from "./servers/replicas.ts";

const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

let requests = 0;
/** Sends a request with an id of its own. */
const call = async (url: string, method: string, path: string, body?: unknown, token = TOKEN) => {
  const requestId = `journal-${process.pid}-${++requests}`;
  const answer = await fetch(`${url}/scim/v2${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json", "X-Request-Id": requestId },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { requestId, status: answer.status, json: text === "" ? undefined : JSON.parse(text) };
};

/** The entries of a request, as soon as there are so many. */
async function kept(store: JournalStore, requestId: string, count = 1): Promise<JournalEntry[]> {
  for (let tries = 0; tries < 400; tries++) {
    const lines = await store.search({ requestId, limit: 100 });
    if (lines.length >= count) return Promise.all(lines.map(async ({ id }) => (await store.get(id))!));
    await sleep(25);
  }
  throw new Error(`nothing was kept of ${requestId}`);
}

const person = (userName: string) => ({ schemas: [USER], userName, name: { givenName: "Annabella" }, active: true });
const operations = (...Operations: object[]) => ({ schemas: [PATCH], Operations });

describe("the journal of a gateway", () => {
  let gateway: TestGateway;
  let store: JournalStore;
  const ask = (...[method, path, body, token]: [string, string, unknown?, string?]) =>
    call(gateway.url, method, path, body, token);
  const one = async ({ requestId }: { readonly requestId: string }) => (await kept(store, requestId))[0]!;
  beforeAll(async () => {
    gateway = await startGateway({ ...legacyHr(), journal: {}, state: { url: "sqlite:state.db" } });
    store = openJournalStore({ url: "sqlite:state.db" }, filesIn(gateway.folder));
  });
  afterAll(async () => {
    await store.close();
    await gateway.stop();
  });

  test("keeps a creation with what was asked of the backend, and none of the values that were sent", async () => {
    const entry = await one(await ask("POST", "/Users", person("ann@journal.test")));
    expect(entry).toMatchObject({
      ...{ route: "/scim/v2", caller: "tests", action: "create", type: "User", status: 201, result: "success" },
      ...{ display: "ann@journal.test", sentence: "Created User ann@journal.test." },
      attributes: ["userName", "name.givenName", "active"],
      request: { schemas: [USER], userName: "[text]", name: { givenName: "[text]" }, active: true },
    });
    expect(entry.steps.map(({ step }) => step)).toEqual(["received", "parsed", "mapped", "asked", "answered"]);
    expect(entry.steps[3]!.native).toContain('insert into "people"');
    expect(JSON.stringify(entry)).not.toContain("Annabella");
  });

  test("knows a resource by its name though the request names its id alone", async () => {
    const made = await ask("POST", "/Users", person("bea@journal.test"));
    const id = made.json.id as string;
    const changed = await one(
      await ask("PATCH", `/Users/${id}`, operations({ op: "replace", path: "active", value: false })),
    );
    expect(changed).toMatchObject({ resource: id, display: "bea@journal.test", attributes: ["active"] });
    expect(changed.sentence).toBe("Changed User bea@journal.test: active.");
    const gone = await one(await ask("DELETE", `/Users/${id}`));
    expect(gone).toMatchObject({
      action: "delete",
      status: 204,
      display: "bea@journal.test",
      sentence: "Deleted User bea@journal.test.",
    });
    const history = await store.search({ resource: id, limit: 10 });
    expect(history.map(({ action }) => action)).toEqual(["delete", "patch", "create"]);
    expect((await store.search({ search: "BEA@", limit: 10 })).map(({ id: each }) => each)).toEqual(
      history.map(({ id: each }) => each),
    );
  });

  test("knows by its name whoever the gateway only read before, and was asked for by the id alone", async () => {
    const seeded = (await ask("GET", "/Users?count=2")).json.Resources as { id: string; userName: string }[];
    const [{ id, userName }, second] = seeded as [(typeof seeded)[0], (typeof seeded)[0]];
    const gone = await one(await ask("DELETE", `/Users/${id}`));
    expect(gone).toMatchObject({ display: userName, sentence: `Deleted User ${userName}.` });
    // A name from before a change that is answered with nothing is nobody's.
    await ask(
      "PATCH",
      `/Users/${second.id}`,
      operations({ op: "replace", path: "userName", value: "new@journal.test" }),
    );
    expect(await one(await ask("DELETE", `/Users/${second.id}`))).toMatchObject({ display: "new@journal.test" });
  });

  test("shows a name as it is, whatever a replacement text would mean by it", async () => {
    const made = await ask("POST", "/Users", person("$&$`$$@journal.test"));
    const gone = await one(await ask("DELETE", `/Users/${made.json.id}`));
    expect(gone.sentence).toBe("Deleted User $&$`$$@journal.test.");
  });

  test("says why something failed, whoever's fault it was", async () => {
    await ask("POST", "/Users", person("carl@journal.test"));
    const clash = await one(await ask("POST", "/Users", person("carl@journal.test")));
    expect(clash).toMatchObject({ status: 409, result: "failure", display: "carl@journal.test" });
    expect(clash.sentence).toMatch(
      /^Creating User was answered with 409 uniqueness: A User with this userName already exists/,
    );
    expect(clash.steps.at(-2)).toMatchObject({ failure: "conflict", connector: "hr" });
    expect(clash.steps.at(-2)!.text).toMatch(
      /^Creating person in hr failed \(conflict\): An entry with this login already exists\./,
    );
    const missing = await one(
      await ask("PATCH", "/Users/987654", operations({ op: "replace", path: "active", value: true })),
    );
    expect(missing).toMatchObject({ status: 404, result: "failure", resource: "987654" });
    const stranger = await one(await ask("GET", "/Users", undefined, "a-token-that-nobody-knows"));
    expect(stranger).toMatchObject({ status: 401, action: "", caller: "", type: "" });
    expect(stranger.sentence).toBe("GET /Users was answered with 401: it came without a credential that is known.");
    const garbled = await one(await ask("POST", "/Users", '{"userName": "dora@jour'));
    expect(garbled).toMatchObject({ status: 400, action: "" });
    expect(JSON.stringify(garbled)).not.toContain("dora@jour");
  });

  test("says that nothing was changed where a resource was as it should be", async () => {
    const { json } = await ask("POST", "/Users", person("eva@journal.test"));
    const same = operations({ op: "replace", value: { name: { givenName: "Annabella" } } });
    const entry = await one(await ask("PATCH", `/Users/${json.id}`, same));
    expect(entry.status).toBe(200);
    expect(entry.result).toBe("success");
  });

  test("has an entry for each operation of a bulk request", async () => {
    const Operations = ["f", "g", "h"].map((name) => ({
      method: "POST",
      path: "/Users",
      bulkId: name,
      data: person(`${name}@journal.test`),
    }));
    const body = { schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations };
    const { requestId } = await ask("POST", "/Bulk", body);
    const entries = await kept(store, requestId, 3);
    expect(entries.map(({ display }) => display).sort()).toEqual([
      "f@journal.test",
      "g@journal.test",
      "h@journal.test",
    ]);
  });

  test("keeps no read that succeeded, as it was not asked to", async () => {
    const read = await ask("GET", '/Users?filter=userName%20eq%20"ann@journal.test"');
    const after = await ask("POST", "/Users", person("ida@journal.test"));
    await kept(store, after.requestId);
    expect(await store.search({ requestId: read.requestId, limit: 1 })).toEqual([]);
  });
});

test("a deletion has the name of the entry where it was read on the way", async () => {
  const settings = { ...legacyHr(), journal: {}, state: { url: "sqlite:state.db" } };
  const gateway = await startGateway({ ...settings, audit: { file: "audit.log", values: true } });
  const store = openJournalStore({ url: "sqlite:state.db" }, filesIn(gateway.folder));
  const { requestId, status } = await call(gateway.url, "DELETE", "/Users/1");
  expect(status).toBe(204);
  const [entry] = await kept(store, requestId);
  expect(entry).toMatchObject({
    display: "ada.lovelace@example.com",
    sentence: "Deleted User ada.lovelace@example.com.",
  });
  // By the audit log, for its own record.
  expect(entry!.steps.filter(({ text }) => text.startsWith("Read "))).toHaveLength(1);
  await store.close();
  await gateway.stop();
});

test("with reads and values, the journal keeps what was looked for, and no password", async () => {
  const gateway = await startGateway({
    ...legacyHr(),
    journal: { reads: true, values: true },
    state: { url: "sqlite:state.db" },
  });
  const store = openJournalStore({ url: "sqlite:state.db" }, filesIn(gateway.folder));
  try {
    const match = await call(gateway.url, "GET", '/Users?filter=userName%20eq%20"kim@journal.test"');
    const [entry] = await kept(store, match.requestId);
    expect(entry).toMatchObject({
      action: "list",
      sentence: "Found no Users.",
      request: { filter: 'userName eq "kim@journal.test"' },
    });
    expect(entry!.steps.map(({ step }) => step)).toEqual(["received", "parsed", "matched", "answered"]);
    expect(entry!.steps[2]!.native).toContain("kim@journal.test");
    const made = await call(gateway.url, "POST", "/Users", { ...person("kim@journal.test"), password: "of-kim-alone" });
    const [created] = await kept(store, made.requestId);
    expect(JSON.stringify(created)).toContain("Annabella");
    expect(JSON.stringify(created)).not.toContain("of-kim-alone");
  } finally {
    await store.close();
    await gateway.stop();
  }
});

describe("the journal of several gateways", () => {
  let database: Database;
  let state: Database;
  beforeAll(async () => {
    [database, state] = await Promise.all([startHr("postgres"), startPostgres()]);
  });
  afterAll(() => Promise.all([database.stop(), state.stop()]));

  test("is one, outlives them, and loses nothing that it took while its store was away", async () => {
    const { url, replicas, stop } = await startReplicas(2, { ...openHr(database), journal: {}, state: stateIn(state) });
    const store = openJournalStore(stateIn(state), filesIn("."));
    try {
      const asked = new Map<string, string>();
      const create = async (to: string, name: string) => {
        const { requestId, status } = await call(to, "POST", "/Users", person(`${name}@journal.test`));
        expect(status).toBe(201);
        asked.set(requestId, name);
      };
      for (const [at, replica] of replicas.entries()) await create(replica.url, `replica${at}`);
      await create(url, "balanced");
      for (const requestId of asked.keys()) await kept(store, requestId);
      // What has been kept is there whatever happens to who kept it.
      await replicas[0]!.end("SIGKILL");
      expect((await store.search({ search: "@journal.test", limit: 10 })).length).toBe(3);
      await state.kill();
      for (let each = 0; each < 20; each++) await create(replicas[1]!.url, `away${each}`);
      await state.restart();
      for (const requestId of asked.keys()) await kept(store, requestId);
      // One that is told to end keeps what it has taken before it does.
      for (let each = 0; each < 20; each++) await create(replicas[1]!.url, `last${each}`);
      await replicas[1]!.end();
      const all = await store.search({ search: "@journal.test", limit: 100 });
      expect(all.map(({ display }) => display).sort()).toEqual(
        [...asked.values()].map((name) => `${name}@journal.test`).sort(),
      );
    } finally {
      await store.close();
      await stop();
    }
  });
});
