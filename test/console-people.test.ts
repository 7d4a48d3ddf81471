import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { KnownPage, PeoplePage, PeopleTypes, PersonPage, ReferencesPage } from "../src/console/api/people.ts";
import { send } from "./clients/replay.ts";
import { accessibilityFindings, isTooWide, LOOKS, launchBrowser, signedIn } from "./servers/browser.ts";
import { type SignedIn, signedInTo } from "./servers/console.ts";
import { legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

const ROUTE = "/scim/v2";
const CONSOLE = { entraCallers: ["tests"] };
const PEOPLE = 60;
/** With the boss and the example's three, without the one who is deleted. */
const EVERYBODY = PEOPLE + 3;

let gateway: TestGateway;
let browser: Browser;
let operator: SignedIn;
const ids = new Map<string, string>();

beforeAll(async () => {
  [gateway, browser] = await Promise.all([
    startGateway({ ...legacyHr(), operations: { port: 0 }, journal: {}, console: CONSOLE }),
    launchBrowser(),
  ]);
  operator = await signedInTo(gateway);
  const create = async (path: string, body: object, name: string) => {
    const { id } = (await send(gateway, "POST", path, body)).json as { id: string };
    ids.set(name, id);
    return id;
  };
  const soler = { familyName: "Soler" };
  await create("/Users", { userName: "boss@people.test", displayName: "Bo Boss", name: soler, active: true }, "boss");
  for (let at = 0; at < PEOPLE; at++) {
    const name = `p${String(at).padStart(2, "0")}`;
    const manager = { manager: { value: ids.get("boss") } };
    const more = { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": manager };
    await create(
      "/Users",
      { userName: `${name}@people.test`, displayName: `Person ${at}`, active: true, ...more },
      name,
    );
  }
  const members = [...ids.values()].map((value) => ({ value }));
  await create("/Groups", { displayName: "Everybody", members }, "everybody");
  const patch = (name: string, path: string, value: unknown) =>
    send(gateway, "PATCH", `/Users/${ids.get(name)}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path, value }],
    });
  await patch("p01", "active", false);
  await patch("p02", "userName", "boss@people.test");
  await send(gateway, "DELETE", `/Users/${ids.get("p03")}`);
  await journaled(ids.get("p03")!, "delete");
});
afterAll(() => Promise.all([gateway.stop(), browser.close()]));

async function ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const answer = await operator.get(`${gateway.operations}/console/api/people/${path}?${new URLSearchParams(query)}`);
  return (await answer.json()) as T;
}
const user = (name: string) => ({ route: ROUTE, type: "User", id: ids.get(name)! });
const personOf = (name: string) => ask<PersonPage>("resource", user(name));

/** Waits until the journal, which is written behind the answers, has an entry. */
const journaled = (id: string, word: string): Promise<void> =>
  vi.waitFor(async () => {
    const { told } = await ask<PersonPage>("resource", { route: ROUTE, type: "User", id });
    expect(told.is === "kept" && told.history.lines[0]?.sentence.toLowerCase()).toContain(word);
  }, 20_000);

describe("the API of people and groups", () => {
  test("offers the searches that the backend answers by itself", async () => {
    const { types } = await ask<PeopleTypes>("types");
    expect(types.map(({ type }) => type)).toEqual(["User", "Group"]);
    expect(types[0]!.shown).toEqual(["userName", "displayName", "externalId"]);
    expect(types[0]!.ways).toContainEqual({ by: "userName", op: "sw" });
    expect(types[0]!.ways).toContainEqual({ by: "id", op: "eq" });
  });

  test("lists everybody page by page, each once", async () => {
    const found: string[] = [];
    let cursor = "";
    do {
      const page = await ask<PeoplePage>("list", { route: ROUTE, type: "User", cursor });
      expect(page.total).toBe(EVERYBODY);
      found.push(...page.rows.map(({ id }) => id));
      cursor = page.next ?? "";
    } while (cursor !== "");
    expect(new Set(found).size).toBe(EVERYBODY);
    expect(found).toHaveLength(EVERYBODY);
  });

  test.each([
    ["any", "P07@", ["p07"]],
    ["displayName", "Person 7", ["p07"]],
    ["any", "soler", ["boss"]],
    ["name.familyName", "Sol", ["boss"]],
    ["any", 'everything" or userName pr', []],
    ["userName", "p0", ["p00", "p01", "p02", "p04", "p05", "p06", "p07", "p08", "p09"]],
  ])("finds by %s: %s", async (by, text, names) => {
    const { rows } = await ask<PeoplePage>("list", { route: ROUTE, type: "User", by, text });
    expect(rows.map(({ id }) => id).sort()).toEqual(names.map((name) => ids.get(name)!).sort());
  });

  test("a resource has its references with names, and its members page by page", async () => {
    const { references } = await personOf("p07");
    expect(Object.values(references)).toEqual([{ id: ids.get("boss"), type: "User", name: "boss@people.test" }]);
    const group = { route: ROUTE, type: "Group", id: ids.get("everybody")! };
    const { now, lists } = await ask<PersonPage>("resource", group);
    expect(lists).toEqual(["members"]);
    expect(now).not.toHaveProperty("resource.members");
    const first = await ask<ReferencesPage>("references", { ...group, attribute: "members" });
    const rest = await ask<ReferencesPage>("references", { ...group, attribute: "members", from: "50" });
    expect(first).toMatchObject({ total: PEOPLE, next: 25 });
    expect([...first.rows, ...rest.rows].every(({ name }) => name.endsWith("@people.test"))).toBe(true);
    expect(rest).toMatchObject({ rows: { length: PEOPLE - 50 } });
    expect(rest.next).toBeUndefined();
  });

  test("looking leaves nothing in the journal", async () => {
    const before = await personOf("p03");
    await personOf("p03");
    const after = await personOf("p03");
    expect(after.told).toEqual(before.told);
  });

  test("says what Entra is expected to do, and on which request it rests", async () => {
    expect((await personOf("p00")).expected).toMatchObject([{ is: "settled", last: { caller: "tests" } }]);
    expect((await personOf("p01")).expected).toMatchObject([{ is: "disabled", by: { status: 200 } }]);
    const [retry] = (await personOf("p02")).expected;
    expect(retry).toMatchObject({ is: "retry", why: "refused", failures: 1, last: { status: 409 } });
    const gone = await personOf("p03");
    expect(gone).toMatchObject({ name: "p03@people.test", now: { is: "gone" }, expected: [{ is: "gone" }] });
    const adds = /^Created Group Everybody\. The request adds boss@people\.test, .* and 58 more\.$/;
    const added = { sentence: expect.stringMatching(adds), member: "added" };
    expect(gone.told).toMatchObject({
      history: { lines: [{ status: 204 }, added, { status: 201 }] },
    });
    const known = await ask<KnownPage>("known", { route: ROUTE, type: "User", text: "P03@" });
    expect(known.rows).toMatchObject([{ id: ids.get("p03"), name: "p03@people.test" }]);
  });

  test("refuses what it can't answer", async () => {
    const problem = (path: string, query: Record<string, string> = {}) => ask<{ error: string }>(path, query);
    expect((await problem("resource", { ...user("p00"), id: "no-such" })).error).toMatch(/^Neither the backend nor/);
    expect((await problem("list", { route: "/nowhere", type: "User" })).error).toMatch(/does not serve User/);
    expect((await problem("list", { route: ROUTE, type: "User", text: "x".repeat(2000) })).error).toMatch(/text/);
    const anonymous = await fetch(`${gateway.operations}/console/api/people/types`);
    expect(anonymous.status).toBe(401);
  });
});

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { name });
const pathOf = (type: string, name: string) => `/people/${encodeURIComponent(ROUTE)}/${type}/${ids.get(name)}`;

describe("the pages of people and groups", () => {
  test("from a search to a person, to their manager, with the keyboard alone", async () => {
    const { page, context, problems } = await signedIn(browser, gateway, "/people");
    await page.getByRole("searchbox").focus();
    await page.keyboard.type("p07@");
    await page.getByText("1 found").waitFor();
    await page.getByRole("link", { name: "p07@people.test" }).focus();
    await page.keyboard.press("Enter");
    await heading(page, "p07@people.test").waitFor();
    await page.getByText("Nothing is outstanding").waitFor();
    await page.getByRole("link", { name: "boss@people.test", exact: true }).press("Enter");
    await heading(page, "boss@people.test").waitFor();
    await page.goBack();
    await heading(page, "p07@people.test").waitFor();
    const href = await page
      .getByRole("link", { name: /^Created User/ })
      .first()
      .getAttribute("href");
    expect(href).toMatch(/^\/console\/live\/\w+$/);
    expect(problems).toEqual([]);
    await context.close();
  });

  test.each([1280, 1440])("the history of whoever has a long name shows each column at %i pixels", async (width) => {
    const id = (await send(gateway, "POST", "/Users", { userName: `${"x".repeat(150)}@people.test` })).json
      .id as string;
    await send(gateway, "DELETE", `/Users/${id}`);
    await journaled(id, "delete");
    const { page, context } = await signedIn(browser, gateway, `/people/${encodeURIComponent(ROUTE)}/User/${id}`);
    await page.setViewportSize({ width, height: 800 });
    await page.getByRole("columnheader", { name: "Caller" }).waitFor();
    expect(
      await page
        .locator(".person .scroll")
        .evaluateAll((all) => all.map((each) => each.scrollWidth - each.clientWidth)),
    ).toEqual([0]);
    await context.close();
  });

  test("whoever is gone is found in the history", async () => {
    const { page, context } = await signedIn(browser, gateway, "/people?text=p03");
    await page.getByText("The backend has nothing that begins with “p03”.").waitFor();
    await page.getByRole("link", { name: "p03@people.test" }).click();
    await page.getByText("no resource with this ID any more").waitFor();
    await page.getByText("then it is created anew").waitFor();
    await context.close();
  });

  test("a group shows more of its members", async () => {
    const { page, context } = await signedIn(browser, gateway, pathOf("Group", "everybody"));
    await page.getByRole("button", { name: "More: Members" }).click();
    await page.getByText(`50 of ${PEOPLE}`).waitFor();
    await context.close();
  });

  test.each(LOOKS)("are readable to everybody, $look", async ({ look: _, ...options }) => {
    for (const [path, told] of [
      ["/people", `25 of ${EVERYBODY}`],
      [pathOf("User", "p02"), "Send the failed change again"],
      [pathOf("Group", "everybody"), `25 of ${PEOPLE}`],
    ] as const) {
      const { page, context, problems } = await signedIn(browser, gateway, path, options);
      await page.getByText(told).first().waitFor();
      expect(await accessibilityFindings(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      expect(problems).toEqual([]);
      await context.close();
    }
  });
});

test("whoever was looked at before is found by name when gone, though no request had named them", async () => {
  const given = { route: ROUTE, type: "User", text: "ada.lovelace" };
  const { rows } = await ask<PeoplePage>("list", { ...given, by: "any" });
  expect((await send(gateway, "DELETE", `/Users/${rows[0]!.id}`)).status).toBe(204);
  await vi.waitFor(async () =>
    expect(await ask<KnownPage>("known", given)).toMatchObject({
      rows: [{ id: rows[0]!.id, last: { sentence: "Deleted User ada.lovelace@example.com." } }],
    }),
  );
});

test("while the backend can't be asked, the history remains, and what it says of what failed", async () => {
  const before = legacyHr();
  const { kinds } = before.connectors.hr;
  const hr = { type: "sql", dialect: "postgres", host: "127.0.0.1", port: 1, database: "none", user: "nobody", kinds };
  const config = { ...before, connectors: { hr }, operations: { port: 0 }, journal: {}, console: CONSOLE };
  expect(gateway.reload(config)).toBe(true);
  const person = await personOf("p00");
  expect(person).toMatchObject({ name: "p00@people.test", now: { is: "unknown" }, expected: [] });
  expect(person.told).toMatchObject({ history: { lines: [{ display: "Everybody" }, { status: 201 }] } });
  const { page, context } = await signedIn(browser, gateway, pathOf("User", "p00"));
  await page.getByText("The backend can't be asked:").waitFor();
  await page.getByRole("link", { name: "Created User p00@people.test." }).waitFor();
  await page.getByText("Nothing can be said while the backend can't be asked.").waitFor();
  expect(await personOf("p02")).toMatchObject({ now: { is: "unknown" }, expected: [{ is: "retry", failures: 1 }] });
  await page.goto(`${gateway.operations}/console/people`);
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await context.close();
});
