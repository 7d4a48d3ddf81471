import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import fc from "fast-check";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DRAIN_MS } from "../src/compose/listen.ts";
import { filesIn } from "../src/connector/kit/files.ts";
import type { LiveEntry, LiveList } from "../src/console/api/live.ts";
import { cookieName } from "../src/console/cookies.ts";
import { createOutbox } from "../src/console/live/outbox.ts";
import { idOfTime } from "../src/journal/entry.ts";
import { matches } from "../src/journal/matches.ts";
import { rowOf } from "../src/journal/row.ts";
import type { JournalLine } from "../src/journal/store.ts";
import { openJournalStore } from "../src/state/journal-store.ts";
import { noRows, type Rows, rowsAfter } from "../web/live/rows.ts";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, signedIn } from "./servers/browser.ts";
import { type SignedIn, signedInTo } from "./servers/console.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

/** Sends a SCIM request. */
const send = (to: TestGateway, method: string, path: string, body?: object) =>
  fetch(`${to.base}${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/scim+json" },
    ...(body && { body: JSON.stringify(body) }),
  });
const create = async (to: TestGateway, userName: string) => {
  const answer = await send(to, "POST", "/Users", { schemas: [USER], userName, active: true });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
};

/** What a stream of requests sends, as it arrives. */
interface Reading {
  readonly rows: JournalLine[];
  /** The id that a browser would come back with. */
  lastId: string | undefined;
  /** Resolves when the stream ends. */
  readonly ended: Promise<void>;
  readonly leave: () => void;
}

async function follow(as: SignedIn, url: string, query = "", headers: Record<string, string> = {}): Promise<Reading> {
  const abort = new AbortController();
  const answer = await as.send(`${url}/console/api/live/stream${query}`, { headers, signal: abort.signal });
  expect(answer.status).toBe(200);
  const reading: Reading = { rows: [], lastId: undefined, ended: read(), leave: () => abort.abort() };
  return reading;

  async function read() {
    let text = "";
    try {
      for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
        const messages = (text + part).split("\n\n");
        text = messages.pop()!;
        for (const message of messages) {
          const [, name, data, id] = /^event: (\w+)\ndata: (.*)(?:\nid: (.*))?$/.exec(message) ?? [];
          if (name === "rows") reading.rows.push(...(JSON.parse(data!) as JournalLine[]));
          reading.lastId = id ?? reading.lastId;
        }
      }
    } catch {
      // It was left.
    }
  }
}

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(25);
}

let serial = 0;
const lineOf = (given: Partial<JournalLine>): JournalLine => ({
  id: `${idOfTime(1000 * ++serial)}x`,
  ...{ at: 0, replica: "a", route: "/scim/v2", caller: "", source: "", requestId: "", action: "", type: "User" },
  ...{ resource: "", display: "", status: 200, result: "success", sentence: "", ms: 1, backendMs: 0, attributes: [] },
  ...given,
});

describe("a list of requests", () => {
  /** What a browser and the journal's store do, in some order. */
  const act = fc.oneof(
    fc.record({ is: fc.constant("kept" as const), count: fc.integer({ min: 1, max: 4 }), late: fc.boolean() }),
    fc.record({ is: fc.constant("again" as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.constantFrom({ is: "older" as const }, { is: "paused" as const }, { is: "resumed" as const }),
    fc.constantFrom({ is: "reset" as const }, { is: "loaded" as const }),
  );
  const PAGE = 5;

  test("has each request once, newest first, however late, often and disordered they come", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const store: JournalLine[] = [];
        let list: Rows = noRows;
        const newest = (before?: string) => {
          const found = store.filter(({ id }) => before === undefined || id < before);
          const sorted = found.sort((one, other) => (one.id < other.id ? 1 : -1));
          return { entries: sorted.slice(0, PAGE), hasOlder: sorted.length > PAGE };
        };
        const load = () => {
          list = rowsAfter(list, { kind: "loaded", ...newest() });
        };
        const older = () => {
          if (list.rows.length > 0) list = rowsAfter(list, { kind: "older", ...newest(list.rows.at(-1)!.id) });
        };
        load();
        for (const each of acts) {
          if (each.is === "kept") {
            const entries = Array.from({ length: each.count }, () =>
              lineOf(each.late ? { id: `${idOfTime(1000 * (serial - 15))}late${serial++}` } : {}),
            );
            store.push(...entries);
            list = rowsAfter(list, { kind: "came", entries });
          } else if (each.is === "again")
            list = rowsAfter(list, { kind: "came", entries: [...store].slice(-each.count).reverse() });
          else if (each.is === "older") older();
          else if (each.is === "loaded") load();
          else list = rowsAfter(list, { kind: each.is });
          if (list.isStale) load();
        }
        list = rowsAfter(list, { kind: "resumed" });
        while (list.hasOlder) older();
        expect(list.rows).toEqual(store.sort((one, other) => (one.id < other.id ? 1 : -1)));
      }),
      { numRuns: 300 },
    );
  });

  test("is told how many were lost if its browser reads too slowly", async () => {
    const outbox = createOutbox(3);
    for (const rows of [[lineOf({})], [lineOf({}), lineOf({}), lineOf({}), lineOf({})]]) outbox.add({ rows });
    expect(await outbox.take(0)).toMatchObject({ lost: 2, rows: { length: 3 } });
    expect(await outbox.take(0)).toMatchObject({ lost: 0, rows: [] });
    outbox.end();
    expect(await outbox.take(60_000)).toBeUndefined();
  });

  test("follows by the same filters as the store finds by", async () => {
    const store = openJournalStore({ url: "sqlite::memory:" }, filesIn("."));
    const word = fc.constantFrom("", "ann", "Ann", "ANNA@x", "Ünal", "a_b");
    const line = fc.record({
      caller: fc.constantFrom("", "entra"),
      action: fc.constantFrom("create", "patch"),
      result: fc.constantFrom("success" as const, "failure" as const),
      requestId: fc.constantFrom("r1", "ann"),
      resource: fc.constantFrom("1", "ann"),
      display: word,
    });
    const lines = fc.sample(line, 200).map(lineOf);
    await store.append(lines.map((each) => rowOf({ ...each, request: null, steps: [] })));
    const time = fc.integer({ min: 0, max: 250_000 });
    const filter = fc.record(
      { ...{ from: time, until: time, search: word, caller: word, requestId: word, resource: word } },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filter, async (asked) => {
        const found = await store.search({ ...asked, limit: 1000 });
        expect(lines.filter((each) => matches(each, asked)).toReversed()).toEqual(found);
      }),
    );
    await store.close();
  });
});

describe("the page of requests", () => {
  let gateway: TestGateway;
  let browser: Browser;
  let visitor: SignedIn;
  let leaving: Reading;
  beforeAll(async () => {
    [gateway, browser] = await Promise.all([
      startGateway({
        ...legacyHr(),
        ...{ operations: { port: 0 }, journal: { values: true }, console: {}, state: { url: "sqlite:state.db" } },
      }),
      launchBrowser(),
    ]);
    visitor = await signedInTo(gateway);
    const other = await signedInTo(gateway);
    leaving = await follow(other, gateway.operations!);
    const url = `${gateway.operations}/console/sign-out`;
    expect((await other.send(url, { method: "POST", headers: other.headers })).status).toBe(204);
  });
  afterAll(() => browser.close());

  const rowsOf = (page: Page, text: string) => page.getByRole("row", { name: text });
  const api = async <T>(path: string) =>
    (await (await visitor.get(`${gateway.operations}/console/api/live${path}`)).json()) as T;

  test("shows requests as they come, and counts them while it is paused", async () => {
    const { page, context, problems } = await signedIn(browser, gateway, "/live");
    await page.getByText("No requests yet.").waitFor();
    await page.getByRole("status").getByText("Live", { exact: true }).waitFor();
    await create(gateway, "ann@live.test");
    await rowsOf(page, "Created User ann@live.test.").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await create(gateway, "ben@live.test");
    await create(gateway, "cleo@live.test");
    await page.getByRole("button", { name: "Resume (2 new)" }).waitFor();
    expect(await rowsOf(page, "ben@live.test").count()).toBe(0);
    await page.getByRole("button", { name: "Resume (2 new)" }).click();
    await rowsOf(page, "cleo@live.test").waitFor();
    const names = await page.getByRole("link", { name: /^Created User/ }).allInnerTexts();
    expect(names).toEqual(["cleo", "ben", "ann"].map((name) => `Created User ${name}@live.test.`));
    expect(problems).toEqual([]);
    await context.close();
  });

  test("shows only what its filters let through, old or new, and keeps them in its address", async () => {
    await create(gateway, "dora@live.test");
    const { page, context } = await signedIn(browser, gateway, "/live?action=create");
    await rowsOf(page, "dora@live.test").waitFor();
    await page.getByLabel("Person, group, or ID").fill("DORA");
    await page.getByLabel("Result").selectOption("failure");
    await page.getByText("No requests match these filters.").waitFor();
    await send(gateway, "POST", "/Users", { schemas: [USER], userName: "eli@live.test", active: true });
    await send(gateway, "POST", "/Users", { schemas: [USER], userName: "dora@live.test", active: true });
    await rowsOf(page, "409 uniqueness").waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
    const { searchParams } = new URL(page.url());
    expect(Object.fromEntries(searchParams)).toEqual({ action: "create", search: "DORA", result: "failure" });
    await page.goto(`${gateway.operations}/console/live?until=2026-01-01T00:00:00Z`);
    await page.getByText("The time range has ended").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await rowsOf(page, "eli@live.test").waitFor();
    await context.close();
  });

  test("pages to older requests", async () => {
    for (let each = 0; each < 130; each++) await send(gateway, "DELETE", `/Users/old${each}`);
    // The journal keeps them behind the answers.
    const kept = async () => (await fetch(`${gateway.operations}/journal?search=old129`)).json();
    await expect.poll(kept, { timeout: 20_000 }).toMatchObject({ entries: [{ resource: "old129" }] });
    const { page, context } = await signedIn(browser, gateway, "/live");
    await rowsOf(page, "old129").waitFor();
    expect(await rowsOf(page, '"ann@live.test').count()).toBe(0);
    await page.getByRole("button", { name: "Older" }).waitFor();
    // Whoever reaches the button by keyboard or by scrolling has older ones loaded.
    await page.keyboard.press("End");
    await rowsOf(page, "Created User ann@live.test.").waitFor();
    await page.getByText("No older requests match.").waitFor();
    expect(await rowsOf(page, "old").count()).toBe(130);
    await context.close();
  });

  test("opens one to its steps, and to commands that send the same again", async () => {
    const id = await create(gateway, "o'hara [x] {1} $HOME@live.test");
    const { page, context, problems } = await signedIn(browser, gateway, "/live?search=o'hara");
    await page.getByRole("link", { name: /^Created User o'hara/ }).click();
    await page.getByText("Backend call").waitFor();
    expect(await page.getByLabel("Backend call, in the backend's words", { exact: true }).innerText()).toContain(
      'insert into "people"',
    );
    const person = page.getByRole("link", { name: "o'hara [x] {1} $HOME@live.test" });
    expect(await person.getAttribute("href")).toBe(`/console/people/%2Fscim%2Fv2/User/${id}`);
    const curl = await page.getByLabel("curl", { exact: true }).innerText();
    const command = `${curl} -s`;
    const { stdout } = await promisify(execFile)("bash", ["-c", command], { env: { ...process.env, TOKEN } });
    expect(JSON.parse(stdout)).toMatchObject({ status: "409", scimType: "uniqueness" });
    await page.getByRole("link", { name: "Requests with this ID" }).click();
    await page.getByRole("row", { name: "o'hara" }).waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("the command for explain has the request's filter and body as they were", async () => {
    const filter = `userName eq "a&b+c#d%e'f" and nosuch pr`;
    await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`);
    let list: LiveList;
    do list = await api<LiveList>("?action=list");
    while (list.entries.length === 0);
    const { entry, commands } = await api<LiveEntry>(`/entry/${list.entries[0]!.id}`);
    expect(entry.request).toEqual({ filter });
    const show = `postern() { printf '%s\\0' "$@"; }; ${commands!.explain}`;
    const { stdout } = await promisify(execFile)("bash", ["-c", show]);
    const [command, method, path = ""] = stdout.split("\0");
    expect([command, method]).toEqual(["explain", "GET"]);
    expect(new URL(path, gateway.url).searchParams.get("filter")).toBe(filter);
  });

  test.each(LOOKS)("is readable to everybody, $look", async ({ look: _, ...options }) => {
    const { page, context, problems } = await signedIn(browser, gateway, "/live?search=hara&action=create", options);
    const opened = page.getByRole("link", { name: /^Created User o'hara/ });
    await opened.waitFor();
    for (const step of ["list", "entry"]) {
      expect([step, await accessibilityFindings(page), await isTooWide(page)]).toEqual([step, [], false]);
      if (step === "list") await opened.click();
      await page.getByText("Backend call").first().waitFor();
    }
    expect(problems).toEqual([]);
    await context.close();
  });

  test("streams that nobody reads take no places, and one session has few", async () => {
    const as = await signedInTo(gateway);
    const stream = `${gateway.operations}/console/api/live/stream`;
    for (let n = 0; n < 20; n++)
      expect((await as.send(stream, { method: "HEAD", headers: as.headers })).status).toBe(405);
    const readings: Reading[] = [];
    for (let n = 0; n < 8; n++) readings.push(await follow(as, gateway.operations!));
    expect((await as.get(stream)).status).toBe(429);
    for (const { leave } of readings) leave();
    await expect
      .poll(async () => {
        const abort = new AbortController();
        const { status } = await as.send(stream, { signal: abort.signal });
        abort.abort();
        return status;
      })
      .toBe(200);
  });

  test("a stream ends with its session, and holds up no gateway that stops", async () => {
    await leaving.ended;
    const open = await follow(visitor, gateway.operations!);
    const stopped = gateway.stop().then(() => "stopped");
    expect(await Promise.race([stopped, sleep(DRAIN_MS / 2, "held up", { ref: false })])).toBe("stopped");
    await open.ended;
  });
});

describe("requests to several gateways with one store", () => {
  let state: Database;
  let gateways: readonly TestGateway[];
  let browser: Browser;
  beforeAll(async () => {
    [state, browser] = await Promise.all([startPostgres(), launchBrowser()]);
    const config = { ...legacyHr(), operations: { port: 0 }, journal: {}, console: {}, state: stateIn(state) };
    gateways = await Promise.all([startGateway(config), startGateway(config)]);
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(gateways.map(({ stop }) => stop()));
    await state.stop();
  });

  test("a browser that comes back, even to the other gateway, has missed none and gets none twice", async () => {
    const [one, other] = gateways as [TestGateway, TestGateway];
    const as = await signedInTo(one);
    // Sessions are in the store. Behind a balancer both have one address; here the cookie's name has the port.
    const [session] = as.cookies(one.operations!).values();
    as.cookies(other.operations!).set(cookieName(other.operations!, "session"), session!);
    const first = await follow(as, one.operations!);
    await create(one, "1@live.test");
    await until(() => first.rows.length === 1);
    first.leave();
    await create(other, "2@live.test");
    const second = await follow(as, other.operations!, "", { "last-event-id": first.lastId! });
    await create(one, "3@live.test");
    const names = ({ rows }: Reading) => [...new Map(rows.map((row) => [row.id, row.display])).values()];
    await until(() => second.rows.some(({ display }) => display === "3@live.test"));
    expect([...new Set([...names(first), ...names(second)])]).toEqual(["1@live.test", "2@live.test", "3@live.test"]);
    expect(names(second)).toHaveLength(second.rows.length);
    second.leave();
  });

  test("what one does shows on the other's page, which says if the store is away, and has all when it is back", async () => {
    const [one, other] = gateways as [TestGateway, TestGateway];
    const { page, context } = await signedIn(browser, one, "/live");
    const created = page.getByRole("link", { name: /^Created User/ });
    await page.getByRole("status").getByText("Live", { exact: true }).waitFor();
    await create(other, "before@live.test");
    await created.filter({ hasText: "before@live.test" }).waitFor();
    await state.kill();
    await page.getByText("Journal unavailable").waitFor();
    await create(other, "while@live.test");
    await state.restart();
    await page.getByRole("status").getByText("Live", { exact: true }).waitFor();
    await created.filter({ hasText: "while@live.test" }).waitFor();
    await create(one, "after@live.test");
    await created.filter({ hasText: "after@live.test" }).waitFor();
    const names = (await created.allInnerTexts()).map((text) => text.slice("Created User ".length, -1));
    expect(names.slice(0, 3)).toEqual(["after@live.test", "while@live.test", "before@live.test"]);
    expect(new Set(names).size).toBe(names.length);
    await context.close();
  });
});
