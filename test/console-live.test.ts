import { execFile } from "node:child_process";
import { Server } from "node:http";
import { promisify } from "node:util";
import fc from "fast-check";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { filesIn } from "../src/connector/kit/files.ts";
import type { LiveEntry, LiveLine, LiveList } from "../src/console/api/live.ts";
import { cookieName } from "../src/console/cookies.ts";
import { createOutbox } from "../src/console/live/outbox.ts";
import { createPlaces } from "../src/console/live/places.ts";
import { orAway } from "../src/console/live/store.ts";
import { streamEntries } from "../src/console/live/stream.ts";
import { createTail } from "../src/console/live/tail.ts";
import { Refusal } from "../src/console/refusal.ts";
import { idOfTime } from "../src/journal/entry.ts";
import { matches } from "../src/journal/matches.ts";
import { membersIn } from "../src/journal/members.ts";
import { rowOf } from "../src/journal/row.ts";
import type { JournalLine } from "../src/journal/store.ts";
import { openJournalStore } from "../src/state/journal-store.ts";
import { noRows, type Rows, rowsAfter } from "../web/live/rows.ts";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, signedIn } from "./servers/browser.ts";
import { type SignedIn, signedInTo } from "./servers/console.ts";
import { type Database, startPostgres, stateIn } from "./servers/databases.ts";
import { legacyHr, startGateway, type TestGateway, TOKEN } from "./servers/gateway.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

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

/** How long a journal, which is written behind the answers, is waited for. */
const PATIENTLY = { timeout: 20_000 };

let serial = 0;
const lineOf = (given: Partial<JournalLine>): JournalLine & LiveLine => ({
  answered: 0,
  id: `${idOfTime(1000 * ++serial)}x`,
  ...{ at: 0, replica: "a", route: "/scim/v2", caller: "", source: "", requestId: "", action: "", type: "User" },
  ...{ resource: "", display: "", status: 200, result: "success", sentence: "", ms: 1, backendMs: 0, attributes: [] },
  ...given,
});

/** The journal's store, as its tail asks it, over what was written. */
const fakeStore = (journal: ReadonlyMap<string, JournalLine>): Parameters<typeof createTail>[0] => ({
  ids: async ({ after = "", until = 0, limit }) => {
    const end = idOfTime(until);
    return [...journal.keys()]
      .filter((id) => id > after && id < end)
      .sort()
      .slice(0, limit);
  },
  lines: async (ids) => ids.map((id) => journal.get(id)!),
});

/** A browser that reads a stream when it is told to. */
function createReader() {
  const shown = new Set<string>();
  let [missing, twice] = [0, 0];
  let leave = () => {};
  let goOn = () => {};
  let reading = Promise.resolve();
  const writeSSE = async ({ event, data }: { readonly event: string; readonly data: string }) => {
    await reading;
    const given = JSON.parse(data);
    if (event === "lost") missing += given.count;
    if (event === "reset") throw new Error("it was not slow enough for that");
    if (event !== "rows") return;
    for (const { id } of given) {
      if (shown.has(id)) twice++;
      shown.add(id);
    }
  };
  const onAbort = (left: () => void) => {
    leave = left;
  };
  return {
    stream: { writeSSE, onAbort, write: async () => {} } as unknown as Parameters<typeof streamEntries>[0],
    read: (isReading: boolean) => {
      goOn();
      if (!isReading) reading = new Promise((resolve) => (goOn = resolve));
    },
    shown: () => shown.size,
    missing: () => missing,
    twice: () => twice,
    leave: () => leave(),
  };
}

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
        const store: (JournalLine & LiveLine)[] = [];
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

  describe("by a clock of its own", () => {
    afterEach(() => vi.useRealTimers());

    test("what a browser is shown, and what it is told is missing, is what all gateways wrote", async () => {
      const second = fc.record({
        count: fc.constantFrom(0, 1, 40, 1500, 4000),
        lateMs: fc.constantFrom(0, 900, 2500, 60_000),
        isReading: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(second, { minLength: 1, maxLength: 8 }),
          fc.boolean(),
          async (seconds, isFiltered) => {
            vi.useFakeTimers({ now: 1_700_000_000_000 });
            const journal = new Map<string, JournalLine>();
            const reader = createReader();
            const tail = createTail(fakeStore(journal));
            const filter = isFiltered ? { caller: "entra" } : {};
            const wanted = () => [...journal.values()].filter((each) => matches(each, filter)).length;
            const followed = { filter, after: undefined, isSignedIn: async () => true };
            void streamEntries(reader.stream, { tail, search: async () => [] }, followed);
            for (const { count, lateMs, isReading } of seconds) {
              for (let each = 0; each < count; each++) {
                const id = `${idOfTime(Date.now() - lateMs)}${String(++serial).padStart(9, "0")}`;
                journal.set(id, lineOf({ id, caller: each % 3 === 0 ? "okta" : "entra" }));
              }
              reader.read(isReading);
              await vi.advanceTimersByTimeAsync(1000);
            }
            reader.read(true);
            // The very late are looked for each tenth time.
            await vi.advanceTimersByTimeAsync(25_000);
            reader.leave();
            expect(reader.twice()).toBe(0);
            expect(reader.shown() + reader.missing()).toBe(wanted());
          },
        ),
        { numRuns: 25 },
      );
    });
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
      members: fc.constantFrom(undefined, membersIn({ members: [{ value: "1" }, { value: "ann" }] }, "create", "User")),
    });
    const lines = fc.sample(line, 200).map(lineOf);
    await store.append(lines.map((each) => rowOf({ ...each, request: null, steps: [] })));
    const time = fc.integer({ min: 0, max: 250_000 });
    const about = fc.record(
      { id: fc.constantFrom("1", "ann"), type: fc.constantFrom("User", "Group") },
      { requiredKeys: ["id"] },
    );
    const filter = fc.record(
      { about, ...{ from: time, until: time, search: word, caller: word, requestId: word, resource: word } },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filter, async (asked) => {
        const found = await store.search({ ...asked, limit: 1000 });
        expect(lines.filter((each) => matches(each, asked)).toReversed()).toEqual(
          found.map((each) => ({ members: undefined, ...each })),
        );
      }),
    );
    await store.close();
  });
});

test("there are places for 100 that follow, 8 of one session; whoever comes too late is told, and disturbs nobody", () => {
  const { take } = createPlaces();
  const leave = Array.from({ length: 8 }, () => take("one"));
  expect(() => take("one")).toThrow(/^8 pages of this session follow/);
  for (let each = 0; each < 92; each++) take(`session ${each}`);
  expect(() => take("late")).toThrow(/^100 pages follow/);
  leave[0]!();
  leave[0]!();
  take("late");
  expect(() => take("one")).toThrow(/^100 pages follow/);
});

test("only a store that can't be asked is told as away: a fault of the gateway's remains one", async () => {
  const failing = (error: Error) => {
    const fail = () => Promise.reject(error);
    return orAway({ search: fail, ids: fail, get: fail, displays: fail }).get("id");
  };
  const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  await expect(failing(away)).rejects.toEqual(new Refusal("unavailable", "The journal's store does not answer."));
  for (const fault of [new TypeError("x is undefined"), Object.assign(new Error("no such column"), { errcode: 1 })])
    await expect(failing(fault)).rejects.toBe(fault);
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
        auth: [
          { type: "bearer", tokens: [{ name: "tests", token: TOKEN }] },
          { type: "bearer", tokens: [{ name: "seldom", token: `${TOKEN}-too` }] },
        ],
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
    await page.getByRole("columnheader", { name: "Route" }).waitFor();
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
    const callers = page.getByLabel("Caller").getByRole("option");
    expect(await callers.allInnerTexts()).toEqual(["All", "seldom", "tests"]);
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
    await page.goto(`${gateway.operations}/console/live?route=${encodeURIComponent("/scim/v2")}`);
    await rowsOf(page, "eli@live.test").waitFor();
    expect(await page.getByRole("columnheader", { name: "Route" }).count()).toBe(0);
    await context.close();
  });

  test("pages to older requests", async () => {
    for (let each = 0; each < 130; each++) await send(gateway, "DELETE", `/Users/old${each}`);
    // The journal keeps them behind the answers.
    const kept = async () => (await fetch(`${gateway.operations}/journal?search=old129`)).json();
    await expect.poll(kept, PATIENTLY).toMatchObject({ entries: [{ resource: "old129" }] });
    const { page, context } = await signedIn(browser, gateway, "/live");
    await rowsOf(page, "old129").waitFor();
    expect(await rowsOf(page, '"ann@live.test').count()).toBe(0);
    await page.getByRole("button", { name: "Older" }).waitFor();
    // Whoever reaches the button by keyboard or by scrolling has older ones loaded.
    await page.keyboard.press("End");
    await rowsOf(page, "Created User ann@live.test.").waitFor();
    await page.getByText("No older requests match.").waitFor();
    expect(await rowsOf(page, "old").count()).toBe(130);
    // Whoever opens one and comes back finds the list as it was.
    const opened = rowsOf(page, "Created User ann@live.test.").getByRole("link");
    await opened.scrollIntoViewIfNeeded();
    const place = await page.evaluate<number>("scrollY");
    expect(place).toBeGreaterThan(1000);
    await opened.click();
    await page.getByText("Backend call").waitFor();
    await page.getByRole("link", { name: "All requests", exact: true }).click();
    await opened.waitFor();
    await expect.poll(() => page.evaluate<number>("scrollY")).toBe(place);
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
    const requestId = new URL(page.url()).searchParams.get("requestId")!;
    await page.goto(`${gateway.operations}/console/live/request/${requestId}`);
    await page.getByText("Backend call").waitFor();
    expect(page.url()).toMatch(/\/live\/\w+$/);
    expect(problems).toEqual([]);
    await context.close();
  });

  test("names the members that a request adds and removes, also in their own histories", async () => {
    const members = [await create(gateway, "mo@live.test"), await create(gateway, "lu@live.test")];
    const add = { op: "add", path: "members", value: members.map((value) => ({ value })) };
    const group = (await (
      await send(gateway, "POST", "/Groups", { schemas: [GROUP], displayName: "Crew" })
    ).json()) as {
      id: string;
    };
    await send(gateway, "PATCH", `/Groups/${group.id}`, { schemas: [PATCH], Operations: [add] });
    const remove = { op: "remove", path: `members[value eq "${members[0]}"]` };
    await send(gateway, "PATCH", `/Groups/${group.id}`, { schemas: [PATCH], Operations: [remove] });
    const { page, context, problems } = await signedIn(browser, gateway, `/live?resource=${members[0]}`);
    await rowsOf(page, "Changed Group Crew: members. The request adds mo@live.test and lu@live.test.").waitFor();
    await page.getByRole("link", { name: "The request removes mo@live.test." }).click();
    await page.getByText("The request removes:").waitFor();
    await page.getByRole("definition").getByRole("link", { name: "mo@live.test" }).click();
    await page.getByRole("link", { name: "The request removes mo@live.test." }).click();
    await page.getByRole("link", { name: "Back" }).click();
    await page.getByRole("heading", { name: "mo@live.test" }).waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  test("a failed step says what the backend answered, where it was asked, and what to do", async () => {
    await create(gateway, "ida@live.test");
    await send(gateway, "POST", "/Users", { schemas: [USER], userName: "ida@live.test", active: true });
    const { page, context } = await signedIn(browser, gateway, "/live?search=ida&result=failure");
    await page.getByRole("link", { name: /^Creating User/ }).click();
    const step = page.getByRole("listitem").filter({ hasText: "Creating person in hr failed (conflict): " });
    expect(await step.innerText()).toMatch(/Asked through hr \(sql.*\)\. What to do: find the entry/s);
    await page.getByRole("link", { name: "Search for it" }).click();
    await page.getByRole("row", { name: "ida@live.test" }).waitFor();
    await context.close();
  });

  test("the command for explain has the request's filter and body as they were", async () => {
    const filter = `userName eq "a&b+c#d%e'f" and nosuch pr`;
    await send(gateway, "GET", `/Users?filter=${encodeURIComponent(filter)}`);
    const searches = async () => (await api<LiveList>("?action=list")).entries;
    await expect.poll(searches, PATIENTLY).toHaveLength(1);
    const { entry, commands } = await api<LiveEntry>(`/entry/${(await searches())[0]!.id}`);
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

  test("a browser that was away for long is told to load its list anew, and nothing is read for it", async () => {
    const abort = new AbortController();
    const stream = `${gateway.operations}/console/api/live/stream`;
    const answer = await visitor.send(stream, { headers: { "last-event-id": "000000000" }, signal: abort.signal });
    let text = "";
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("event: ")) break;
    }
    expect(text).toMatch(/event: reset\n/);
    expect(text).not.toContain("event: rows");
    abort.abort();
  });

  test("a stream ends with its session, and holds up no gateway that stops", async () => {
    await leaving.ended;
    const open = await follow(visitor, gateway.operations!);
    // What a gateway does to connections that hold it up.
    const cutOff = vi.spyOn(Server.prototype, "closeAllConnections");
    await gateway.stop();
    await open.ended;
    expect(cutOff).not.toHaveBeenCalled();
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
    await expect.poll(() => first.rows.length, PATIENTLY).toBe(1);
    first.leave();
    await create(other, "2@live.test");
    const second = await follow(as, other.operations!, "", { "last-event-id": first.lastId! });
    await create(one, "3@live.test");
    const names = ({ rows }: Reading) => [...new Map(rows.map((row) => [row.id, row.display])).values()];
    await expect.poll(() => names(second), PATIENTLY).toContain("3@live.test");
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
