import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStateOf } from "../src/compose/store.ts";
import { loadConfig } from "../src/config/load.ts";
import type { GuardSeen } from "../src/console/api/guard.ts";
import type { Overview } from "../src/console/api/overview.ts";
import type { SyncPersonPage, SyncSummary } from "../src/console/api/syncs.ts";
import { send } from "./clients/replay.ts";
import {
  accessibilityFindings,
  type ConsolePage,
  isTooWide,
  LOOKS,
  launchBrowser,
  signedIn,
} from "./servers/browser.ts";
import { sessionOf, signedInTo } from "./servers/console.ts";
import { legacyHr, ROOT, startGateway, type TestGateway } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { RULES, sqliteTarget } from "./servers/syncing.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-console-guard-"));
const csv = join(folder, "staff.csv");
let gateway: TestGateway;
let config: Parameters<typeof startGateway>[0];
let browser: Browser;
let ids: Record<string, string>;

/** The HR export: numbers, names and titles. */
const export_ = (...people: [number: string, given: string, family: string, title: string][]) =>
  writeFileSync(
    csv,
    ["id,number,given,family,title,department,hired,ended,status,born,manager,site"]
      .concat(
        people.map(
          ([number, given, family, title]) => `${number},${number},${given},${family},${title},,2020-01-01,,,,,`,
        ),
      )
      .join("\n"),
  );
const STAFF = [
  ["1001", "Ada", "Berg", "Engineer"],
  ["1002", "Bo", "Dahl", "Engineer"],
  ["1003", "Cleo", "Lind", "Analyst"],
] as const;

beforeAll(async () => {
  const hr = legacyHr();
  export_(...STAFF.map((each) => [...each] as [string, string, string, string]));
  config = {
    connectors: {
      ...hr.connectors,
      export: { type: "file", path: csv, settle: 0, kinds: { person: { key: "id" } } },
      target: sqliteTarget(folder),
    },
    routes: {
      ...hr.routes,
      "/export": { User: { connector: "export", mapping: join(ROOT, "test/syncs/hr.yaml") } },
      "/target": {
        User: { connector: "target", mapping: join(ROOT, "test/syncs/account.yaml") },
        Group: { connector: "target", mapping: join(ROOT, "test/syncs/team.yaml") },
      },
    },
    safety: { "/scim/v2": { guard: { deletes: 1, disables: 10 } } },
    syncs: {
      people: {
        from: { route: "/export" },
        to: { route: "/target" },
        match: ["externalId"],
        attributes: RULES,
        guard: { creates: 10, changes: 0 },
        schedule: "0 3 1 1 *",
      },
    },
    operations: { port: 0 },
    journal: {},
    state: { url: "sqlite:state.db" },
    audit: { file: "audit.log" },
    console: { entraCallers: ["tests"], cycleMinutes: 0.5 },
  };
  [gateway, browser] = await Promise.all([startGateway(config), launchBrowser()]);
  const names = ["ann", "bob", "cid", "dan", "eve"];
  ids = {};
  for (const userName of names) ids[userName] = (await send(gateway, "POST", "/Users", { userName })).json.id;
  // The guard allows one.
  for (const name of names) await remove(name);
}, 60_000);
afterAll(async () => {
  await Promise.all([gateway.stop(), browser.close()]);
  rmSync(folder, { recursive: true });
});

const remove = async (name: string) => (await send(gateway, "DELETE", `/Users/${ids[name]}`)).status;

/** Asks the console's API as somebody who is signed in. */
async function api(path: string, body?: object, cookie?: { name: string; value: string }) {
  const who = await signedInTo(gateway);
  const given = cookie ?? who.cookie;
  const me = await fetch(`${gateway.operations}/console/api/me`, {
    headers: { cookie: `${given.name}=${given.value}` },
  });
  const { csrf } = (await me.json()) as { csrf: string };
  const answer = await fetch(`${gateway.operations}/console/api${path}`, {
    method: body ? "POST" : "GET",
    headers: {
      ...{ cookie: `${given.name}=${given.value}`, origin: gateway.operations!, "x-postern-csrf": csrf },
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as never };
}
const records = () =>
  readFileSync(join(gateway.folder, "audit.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown> & { seq: number });
const acts = (...events: string[]) => records().filter(({ event }) => events.includes(String(event)));

/** Does something on a page, and expects no violation of the content security policy, nor any error in a script. */
async function on(path: string, work: (page: Page) => Promise<void>, as?: Parameters<typeof sessionOf>[1]) {
  const opened: ConsolePage = await signedIn(browser, gateway, path, as && { as });
  opened.page.setDefaultTimeout(10_000);
  try {
    await work(opened.page);
    // The browser says so of each refusal that a page tells in words.
    const refused = /^Failed to load resource: .* status of 409/;
    expect(opened.problems.filter((problem) => !refused.test(problem))).toEqual([]);
  } finally {
    await opened.context.close();
  }
}
/** Confirms what a dialog asks. */
async function confirm(page: Page, action: string, reason?: string, typed?: string) {
  const dialog = page.getByRole("dialog");
  if (typed) await dialog.getByLabel("To confirm").fill(typed);
  if (reason) await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: action, exact: true }).click();
}
const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });
const VERA = { name: "vera", role: "viewer" } as const;

describe("the guard's page", () => {
  test("shows by name what was stopped, and one that an operator releases passes with the next attempt", () =>
    on("/guard", async (page) => {
      await row(page, "bob").waitFor();
      expect(await row(page, "bob").textContent()).toMatch(/Delete User.*tests/);
      expect(await row(page, "ann").count()).toBe(0);
      expect(await page.getByRole("row", { name: "User" }).first().textContent()).toContain("1 of 1");
      await page.getByLabel("Choose bob").check();
      await page.getByRole("button", { name: "Release 1 chosen" }).click();
      const dialog = page.getByRole("dialog");
      const words = await dialog.textContent();
      expect(words).toMatch(/tests will delete bob in the database \(hr\) through \/scim\/v2, with the next attempt\./);
      expect(words).toMatch(/Deletion of 1 person, asked by tests, stopped (at|between) /);
      expect(words).toContain("3 other changes stay stopped.");
      // As the configuration paces it, and not as Entra does.
      expect(words).toContain("Entra does so after 30 seconds, then after another 60 seconds, 4.5 minutes");
      expect(await dialog.getByRole("button", { name: "Release", exact: true }).isDisabled()).toBe(true);
      await confirm(page, "Release", "left in June");
      await page.getByText("Released 1 change.").waitFor();
      await page.getByText("1 released change waits").waitFor();
      expect([await remove("bob"), await remove("cid")]).toEqual([204, 503]);
      expect(acts("release", "released")).toMatchObject([
        { event: "release", route: "/scim/v2", by: "local:tests", reason: "left in June" },
        { event: "released", by: "local:tests", entries: [{ type: "User", danger: "deletes", key: ids.bob }] },
      ]);
    }));

  test("is where the page of a person leads, of whom a deletion is stopped", () =>
    on(`/people/${["/scim/v2", "User", ids.cid!].map(encodeURIComponent).join("/")}`, async (page) => {
      const expected = page.getByRole("heading", {
        name: /^Send the deletion again, about .* The guard stops it until/,
      });
      await expected.waitFor();
      expect(await page.getByText("Send the failed change again").count()).toBe(0);
      await page.getByRole("link", { name: "Release or dismiss it in Guard" }).click();
      await row(page, "cid").getByRole("link", { name: "Show in Live" }).click();
      await page.getByText("The guard stopped it: the backend was not asked").waitFor();
      await page.getByRole("link", { name: "Release or dismiss it in Guard" }).click();
      await row(page, "cid").waitFor();
    }));

  test("releases nothing but what was seen: what another operator did meanwhile is told", () =>
    on("/guard", async (page) => {
      await page.getByRole("button", { name: "Release all 3" }).click();
      await page.getByText(/tests will delete 3 of \d+ people \(\d+ %\) in the database \(hr\)/).waitFor();
      const whom = page.getByRole("group", { name: "Whom it concerns" });
      await whom.getByLabel("dan").uncheck();
      await page.getByText(/tests will delete 2 of /).waitFor();
      await page.getByText("1 other change stays stopped.").waitFor();
      await whom.getByLabel("dan").check();
      const { json: all } = (await api("/guard/seen?route=/scim/v2")) as { json: GuardSeen };
      const { since } = all.some.find(({ key }) => key === ids.cid)!;
      const place = { type: "User", danger: "deletes", key: ids.cid, since };
      const one = { route: "/scim/v2", places: [place], reason: "looked at" };
      expect(await api("/guard/release", one)).toMatchObject({ status: 200, json: { count: 1, missed: [] } });
      await confirm(page, "Release", "all of them");
      await page.getByRole("dialog").getByText("released some of it: “looked at”").waitFor();
      expect(await remove("dan")).toBe(503);
      expect(await api("/guard/release", one)).toMatchObject({
        json: { count: 0, missed: [{ key: ids.cid, by: "local:tests", reason: "looked at", isAnew: false }] },
      });
    }));

  test("dismisses all: they leave the list, and stay stopped", () =>
    on("/guard", async (page) => {
      await page.getByRole("button", { name: "Dismiss all 2" }).click();
      await page.getByText("2 changes leave this list. Nothing is deleted").waitFor();
      await confirm(page, "Dismiss", "a wrong scope");
      await page.getByText("Nothing is stopped.").waitFor();
      expect(acts("dismissed")).toMatchObject([
        { reason: "a wrong scope", entries: [{ key: ids.dan }, { key: ids.eve }] },
      ]);
      const person = { route: "/scim/v2", type: "User", id: ids.dan! };
      const { json } = await api(`/people/resource?${new URLSearchParams(person)}`);
      expect(json).toMatchObject({ expected: [{ is: "retry", why: "guard" }] });
      await page.goto(
        `${gateway.operations}/console/people/${Object.values(person).map(encodeURIComponent).join("/")}`,
      );
      // The words have the pace of the times: 28 days of Entra's are 8.4 hours here.
      await page.getByText(/Entra stops about .*\d\d:\d\d, 8\.4 hours after the first failure/).waitFor();
      await page.getByRole("link", { name: "See what is stopped in Guard" }).click();
      await page.getByText("Nothing is stopped.").waitFor();
      expect([await remove("dan"), await remove("eve")]).toEqual([503, 503]);
    }));

  test("what was dismissed and is stopped anew is not what was seen before: nothing is released, and the log says so", async () => {
    const { json: before } = (await api("/guard/seen?route=/scim/v2")) as { json: GuardSeen };
    const all = { route: "/scim/v2", seen: before.seen, reason: "seen long ago" };
    expect(await api("/guard/dismiss", { ...all, reason: "not these" })).toMatchObject({ json: { count: 2 } });
    expect([await remove("dan"), await remove("eve")]).toEqual([503, 503]);
    expect(await api("/guard/release", all)).toMatchObject({ status: 409 });
    const places = before.some.map(({ type, danger, key, since }) => ({ type, danger, key, since }));
    expect(await api("/guard/release", { route: "/scim/v2", places, reason: "seen long ago" })).toMatchObject({
      json: { count: 0, missed: [{ isAnew: true, by: "" }, { isAnew: true }] },
    });
    expect([await remove("dan"), await remove("eve")]).toEqual([503, 503]);
    expect(acts("released").slice(-2)).toMatchObject([
      { result: "refused", reason: "seen long ago", error: expect.stringContaining("Nothing was done"), entries: [] },
      { result: "refused", entries: [] },
    ]);
    const { rows } = (await api("/audit/records?kind=acts&result=refused")).json as { rows: object[] };
    expect(rows.slice(0, 2)).toMatchObject([{ record: { event: "released" } }, { record: { event: "released" } }]);
  });

  test("lets viewers look and do nothing", async () => {
    await on(
      "/guard",
      async (page) => {
        await row(page, "dan").waitFor();
        expect(await page.getByRole("button", { name: /Release|Dismiss/ }).count()).toBe(0);
      },
      VERA,
    );
    const cookie = await sessionOf(gateway, VERA);
    const { json: all } = (await api("/guard/seen?route=/scim/v2")) as { json: GuardSeen };
    for (const [path, body] of [
      ["/guard/release", { route: "/scim/v2", seen: all.seen, reason: "me" }],
      ["/syncs/people/run", {}],
      ["/syncs/people/act", { do: "retry" }],
      ["/syncs/people/drift", {}],
    ] as const)
      expect(await api(path, body, cookie)).toMatchObject({ status: 403 });
    expect(await remove("dan")).toBe(503);
  });
});

describe("the syncs' pages", () => {
  const target = () => {
    const db = new DatabaseSync(join(folder, "target.db"));
    const rows = db.prepare("select external, title from accounts order by external").all() as { title: string }[];
    db.close();
    return rows.map(({ title }) => title);
  };
  const accountOf = async (key: string) => {
    const { json } = (await api(`/syncs/people/person?${new URLSearchParams({ key })}`)) as { json: SyncPersonPage };
    return json.target!.id;
  };
  const ended = async (outcome: string) => {
    for (;;) {
      const { json } = (await api("/syncs/people")) as { json: SyncSummary };
      if (!json.running && json.last) return expect(json.last).toMatchObject({ outcome });
    }
  };

  test("plan person by person, and let the first run happen", () =>
    on("/syncs", async (page) => {
      await page.getByRole("link", { name: "people", exact: true }).click();
      await page.getByRole("button", { name: "Plan" }).click();
      await confirm(page, "Plan");
      await row(page, "Ada Berg").first().waitFor();
      await page.getByText("has begun.").waitFor({ state: "detached" });
      expect(await row(page, "Ada Berg").first().textContent()).toMatch(
        /creation.*title: Engineer.*active: true.*userName: ada\.berg/,
      );
      expect(target()).toEqual([]);
      await page.getByRole("button", { name: "Let the first run happen" }).click();
      await page.getByText("The first run will create 3 accounts.").waitFor();
      await confirm(page, "Let it happen");
      await page
        .getByRole("cell", { name: /^Read 3 records, looked at 3 people,? and made 3 creations in .*s\.$/ })
        .waitFor();
      expect(target()).toEqual(["Engineer", "Engineer", "Analyst"]);
      expect(acts("run", "ran")).toMatchObject([
        { event: "run", sync: "people", by: "local:tests", isPlan: true },
        { event: "ran", result: "planned" },
        { event: "run", isFirst: true },
        { event: "ran", result: "done", counts: { creates: { done: 3 } } },
      ]);
    }));

  test("hold what the guard does not allow, until it is released", () =>
    on("/syncs/people", async (page) => {
      export_(
        ...STAFF.map(([number, given, family]) => [number, given, family, "Chef"] as [string, string, string, string]),
      );
      await page.getByRole("button", { name: "Run now" }).click();
      await confirm(page, "Run now");
      await page.getByText("Held: 3 changes").first().waitFor();
      await page.getByText("3 changes are more than the limit of 0 (syncs.people.guard.changes).").waitFor();
      expect(target()).toEqual(["Engineer", "Engineer", "Analyst"]);
      // The account's own page says so, too, and not what Entra would do.
      const ada = { route: "/target", type: "User", id: await accountOf("1001") };
      const { json } = await api(`/people/resource?${new URLSearchParams(ada)}`);
      expect(json).toMatchObject({
        client: { is: "sync", name: "people" },
        expected: [{ is: "sync", sync: "people", key: "1001", kind: "changes", isHeld: true }],
      });
      await page.goto(`${gateway.operations}/console/people/${Object.values(ada).map(encodeURIComponent).join("/")}`);
      await page.getByRole("heading", { name: "What the sync people will do next" }).waitFor();
      await page.getByText("The sync people holds a change.").waitFor();
      await page.getByText("The sync says why: ").waitFor();
      await page.getByRole("link", { name: "See the person in the sync" }).click();
      await page.getByRole("heading", { name: "Ada Berg" }).waitFor();
      await page.goto(`${gateway.operations}/console/syncs/people`);
      await page.getByRole("button", { name: "Look at them" }).click();
      await page.getByLabel("Choose Ada Berg").check();
      await page.getByRole("button", { name: "Release 1" }).click();
      await page.getByText("The next run of people will change 1 account in /target.").waitFor();
      await confirm(page, "Release", "promoted");
      await page.getByText("Released 1 change. The next run makes it.").waitFor();
      await page
        .getByText("3 changes were held in the last run, more than the limit of 0; 1 is released and 2 wait")
        .waitFor();
      await page.getByRole("button", { name: "Run now" }).click();
      await confirm(page, "Run now");
      await ended("held");
      expect(target()).toEqual(["Chef", "Engineer", "Analyst"]);
      await page.getByText("2 changes are more than the limit of 0 (syncs.people.guard.changes).").waitFor();
      expect(((await api("/overview")) as { json: Overview }).json.attention).toContainEqual(
        expect.objectContaining({ what: "sync", sync: "people", state: "held", count: 2 }),
      );
      // Whoever still looks at what was there before releases nothing.
      const stale = { do: "release", kind: "changes", seen: 1, reason: "all" };
      expect(await api("/syncs/people/act", stale)).toMatchObject({ status: 409 });
      await page.getByRole("button", { name: "Release 2 changes" }).click();
      await confirm(page, "Release", "all promoted");
      await page.getByText("Released 2 changes.").waitFor();
      expect(await api("/syncs/people/run", {})).toMatchObject({ status: 202 });
      await ended("done");
      expect(target()).toEqual(["Chef", "Chef", "Chef"]);
      expect(acts("released").slice(-2)).toMatchObject([
        { sync: "people", by: "local:tests", reason: "promoted", entries: [{ key: "1001", kind: "changes" }] },
        { reason: "all promoted", entries: [{ key: "1002" }, { key: "1003" }] },
      ]);
    }));

  test("show one person: the source, the account as it was written and as it is, and what others changed", () =>
    on("/syncs/people/people/1002", async (page) => {
      await page.getByRole("heading", { name: "Bo Dahl" }).waitFor();
      await page.getByRole("columnheader", { name: "Last written by the sync" }).waitFor();
      expect(await row(page, "title").textContent()).toMatch(/^titleChefChefChef\s*$/);
      const db = new DatabaseSync(join(folder, "target.db"));
      db.exec("update accounts set title = 'Cook' where external = '1002'");
      db.close();
      await page.reload();
      await row(page, "changed by somebody else").waitFor();
      expect(await row(page, "title").textContent()).toMatch(/^titleChefChefCook/);
      expect(await page.getByLabel("the person’s record in the source").last().textContent()).toContain('"familyName"');
      await page.getByRole("link", { name: "All people of people" }).click();
      await page.getByRole("button", { name: "Look for drift" }).click();
      await row(page, "Cook").waitFor();
      const drift = { sync: "people", by: "local:tests", route: "/target" };
      await expect
        .poll(() => acts("compare", "compared"))
        .toMatchObject([
          { event: "compare", ...drift },
          { event: "compared", ...drift, result: "done", count: 1 },
        ]);
      expect(await row(page, "Cook").textContent()).toBe("Changed1002titleChefCook");
      await page.goto(`${gateway.operations}/console/`);
      const item = page
        .getByRole("listitem")
        .filter({ hasText: /^Soon1 difference from what the sync people had written/ });
      expect(await item.getByRole("link").getAttribute("href")).toBe("/console/syncs/people");
      await page.getByText("these charts leave them out: people to /target.").waitFor();
    }));

  test("say in words that somebody else works on the sync, and forget nobody without the number being typed", () =>
    on("/syncs/people?show=all", async (page) => {
      const state = openStateOf(loadConfig(join(gateway.folder, "gateway.config.yaml"), registry, {}));
      await state.leases.take("sync people", "another", 30_000);
      await page.route("**/act", async (route) => {
        await expect.poll(() => cancel.isDisabled()).toBe(true);
        for (const _ of [1, 2, 3]) await page.keyboard.press("Escape");
        await route.continue();
      });
      const cancel = page.getByRole("button", { name: "Cancel", exact: true });
      await page.getByRole("button", { name: "Run now" }).click();
      await confirm(page, "Run now");
      await page.getByRole("dialog").getByText("The sync people is already running (another).").waitFor();
      await page.unroute("**/act");
      await cancel.click();
      await state.leases.release("sync people", "another");
      await state.close();
      await page.getByLabel("Choose Cleo Lind").check();
      await page.getByRole("button", { name: "Forget 1" }).click();
      const forget = page.getByRole("dialog").getByRole("button", { name: "Forget", exact: true });
      await page.getByRole("dialog").getByLabel("Reason").fill("asked to");
      expect(await forget.isDisabled()).toBe(true);
      await confirm(page, "Forget", "asked to", "1");
      await page.getByText("Forgot 1 person.").waitFor();
      expect(acts("forget", "forgotten")).toMatchObject([
        { people: ["1003"], reason: "asked to" },
        { entries: [{ key: "1003" }] },
      ]);
      const wrong = { do: "forget", people: ["1001", "1002"], count: 1, reason: "x" };
      expect(await api("/syncs/people/act", wrong)).toMatchObject({ status: 400 });
    }));

  test("find people by names, keys and accounts, and say how the search found nobody", () =>
    on("/syncs/people", async (page) => {
      const find = async (text: string) => {
        await page.getByLabel("Name, key or account ID").fill(text);
        await page.getByRole("button", { name: "Search" }).click();
      };
      const people = page.getByRole("table", { name: "People of people" });
      await find("berg AD");
      await people.getByRole("link", { name: "Ada Berg" }).waitFor();
      expect(await people.getByRole("link").count()).toBe(1);
      await find("1002");
      await people.getByRole("link", { name: "Bo Dahl" }).waitFor();
      await find("zaphod");
      await page.getByText("Nobody is called “zaphod”").waitFor();
    }));

  test("take a target for the one from before after a plan of that, and only the one that was looked at", async () => {
    copyFileSync(join(folder, "target.db"), join(folder, "moved.db"));
    const { target, ...others } = config.connectors as { target: object };
    const moved = { ...target, file: join(folder, "moved.db") };
    expect(gateway.reload({ ...config, connectors: { ...others, target: moved } })).toBe(true);
    await on("/syncs/people", async (page) => {
      await page.getByText("This sync writes another target than before.").waitFor();
      expect(await page.getByRole("button", { name: "It is the same target" }).count()).toBe(0);
      await page.getByRole("button", { name: "Plan it as the same target" }).click();
      await confirm(page, "Plan");
      await page.getByText("If it is the same target, a run").waitFor();
      const same = { from: "/elsewhere", to: "/target" };
      expect(await api("/syncs/people/run", { same })).toMatchObject({ status: 409 });
      await page.getByRole("button", { name: "It is the same target" }).click();
      await confirm(page, "It is the same: run");
      await page.getByText("This sync writes another target than before.").waitFor({ state: "detached" });
      await page
        .getByRole("cell", { name: /looked at 3 people/ })
        .first()
        .waitFor();
    });
    const asked = { sync: "people", by: "local:tests", isSameTarget: true };
    expect(acts("run").slice(-2)).toMatchObject([{ ...asked, isPlan: true }, asked]);
  });
});

describe("the audit log's page", () => {
  test("finds records by kind, by operator and by entry, and opens one", () =>
    on("/audit", async (page) => {
      await page.getByLabel("Kind").selectOption("acts");
      await row(page, "Forgotten").waitFor();
      expect(
        await page
          .getByRole("row")
          .filter({ hasText: /^\d+.*Write/ })
          .count(),
      ).toBe(0);
      await page.getByLabel("Name, key or ID").fill("BOB");
      await page.getByRole("button", { name: "Search" }).click();
      await row(page, "Forgotten").waitFor({ state: "detached" });
      await row(page, "left in June").getByRole("link").last().click();
      await page.getByText("The record’s hash matches").waitFor();
      expect(await page.getByLabel("the record", { exact: true }).last().textContent()).toContain(
        '"reason": "left in June"',
      );
      expect(page.url()).toContain(`/audit/${acts("released")[0]!.seq}`);
    }));

  test("verifies the log, and says where it was altered", () =>
    on("/audit", async (page) => {
      const verify = page.getByRole("button", { name: "Verify the log" });
      await verify.click();
      await page.getByText("The log is whole:").waitFor();
      const verified = { event: "verified", by: "local:tests", result: "whole" };
      await expect.poll(() => acts("verify", "verified")).toMatchObject([{ event: "verify" }, verified]);
      const file = join(gateway.folder, "audit.log");
      const text = readFileSync(file, "utf8");
      const line = text.split("\n").findIndex((each) => each.includes('"reason":"left in June"')) + 1;
      writeFileSync(file, text.replace("left in June", "left in July"));
      await verify.click();
      await page.getByText(`audit.log:${line}: the record was altered: its hash does not match.`).waitFor();
      await expect.poll(() => acts("verified")).toMatchObject([verified, { result: "broken" }]);
      // Not what was there before: the log has gone on.
      writeFileSync(file, readFileSync(file, "utf8").replace("left in July", "left in June"));
      await page.getByText("What you know of the log").click();
      await page.getByLabel("Hash of a record that must be there").fill("f".repeat(64));
      await verify.click();
      await page.getByText("Not confirmed: no record has this hash").waitFor();
      await page.getByText("Verified by local:tests").waitFor();
    }));

  test("shows a damaged line as it stands", async () => {
    const file = join(gateway.folder, "audit.log");
    const text = readFileSync(file, "utf8");
    const { seq } = acts("released")[0]!;
    writeFileSync(file, text.replaceAll('"reason":"left in June"', '"reason" "left in June"'));
    const line = expect.stringContaining('"reason" "left in June"');
    expect(await api(`/audit/records/${seq}`)).toEqual({ status: 200, json: { line, isWhole: false } });
    await on(`/audit/${seq}`, async (page) => {
      await page.getByText("its line cannot be read").waitFor();
    });
    writeFileSync(file, text);
  });

  test("lets viewers see the result, and not start a verification", () =>
    on(
      "/audit",
      async (page) => {
        await page.getByText("only operators may do this").waitFor();
        expect(await page.getByRole("button", { name: "Verify the log" }).isDisabled()).toBe(true);
      },
      VERA,
    ));
});

describe("the pages", () => {
  test.each([
    "/guard",
    "/syncs",
    "/syncs/people?show=all",
    "/syncs/people/people/1001",
    "/audit?kind=refused",
    "/audit/2",
  ])("%s is readable to everybody, light and dark, narrow and wide", (path) =>
    on(path, async (page) => {
      await page.getByText("Loading …").first().waitFor({ state: "detached" });
      for (const { colorScheme, viewport, look } of LOOKS) {
        // Colours that fade from one theme to the other would be measured on the way.
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize(viewport);
        expect(await accessibilityFindings(page), look).toEqual([]);
        expect(await isTooWide(page), look).toBe(false);
        if (process.env.SHOTS)
          await page.screenshot({
            path: join(process.env.SHOTS, `${path.replace(/\W+/g, "-")}-${look.replaceAll(" ", "-")}.png`),
            fullPage: true,
          });
      }
    }),
  );
});

test("an act that cannot be recorded is not done, and records that are in no file are not promised", async () => {
  const full = await startGateway({
    ...legacyHr(),
    safety: { "/scim/v2": { guard: { deletes: 0 } } },
    operations: { port: 0 },
    state: { url: "sqlite:state.db" },
    audit: { file: "/dev/full" },
    console: {},
  });
  expect((await send(full, "DELETE", "/Users/1")).status).toBe(503);
  const { value, name } = await sessionOf(full, { name: "olga", role: "operator" });
  const headers = { cookie: `${name}=${value}`, origin: full.operations!, "content-type": "application/json" };
  const asks = async (path: string, init: RequestInit = {}) =>
    (
      await fetch(`${full.operations}/console/api${path}`, { ...init, headers: { ...headers, ...init.headers } })
    ).json();
  const { csrf } = (await asks("/me")) as { csrf: string };
  const places = [{ type: "User", danger: "deletes", key: "1" }];
  const seen = places.map((place) => ({ ...place, since: 1 }));
  const body = JSON.stringify({ route: "/scim/v2", places: seen, reason: "left" });
  expect(await asks("/guard/release", { method: "POST", body, headers: { "x-postern-csrf": csrf } })).toEqual({
    error: expect.stringContaining("The audit log cannot be written, so nothing was done"),
  });
  expect(await asks("/guard/stopped?route=/scim/v2")).toMatchObject({ entries: places });
  expect(await asks("/audit")).toMatchObject({ why: "elsewhere", sink: "file" });
  await full.stop();
});
