import { afterEach, describe, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import type { HrFault } from "./servers/hr/server.ts";
import { type SystemUnderTest, systems } from "./servers/hr/systems.ts";
import { beginHr, HR, listAll, numbers, one } from "./suites/hr.ts";

// The shipped descriptions of HR systems in front of stand-ins that behave as the systems do: what all of them hold. What is special of each is in hr-traps.test.ts.

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const begin = async (system: SystemUnderTest, people: readonly object[], prepare?: Parameters<typeof beginHr>[3]) => {
  const begun = await beginHr(system, people, undefined, prepare);
  closing.push(begun.gateway.stop);
  return begun;
};

const faults: Record<string, HrFault | "nobody"> = {
  "is cut off, although the connection ends as it should": () => "cut",
  "breaks in the middle": () => "broken",
  "is an error": () => ({ status: 500, body: { error: "x" } }),
  "is an error in words": () => ({ status: 502, body: "<html>Bad gateway</html>" }),
  "is a page of a proxy, with 200": () => ({ body: "<html>Sign in</html>" }),
  "is empty": () => ({ body: {} }),
  "lists nobody": "nobody",
};
describe.each(Object.entries(systems))("%s", (_, system) => {
  const everybody = numbers(45).map(system.person);
  const ids = numbers(45).map((n) => String(1000 + n));

  test("lists everybody once, however the pages fall", async () => {
    const { gateway } = await begin(system, everybody);
    for (const count of [7, 20, 100]) {
      const { people, total } = await listAll(gateway, count);
      expect(people.map(({ id }) => id).sort()).toEqual(ids);
      expect(total).toBe(45);
    }
    const late = await send(gateway, "GET", "/Users?startIndex=41&count=10");
    expect(late.json.Resources).toHaveLength(5);
  });

  test("gives a person by the id, and says of others that there are none", async () => {
    const { gateway } = await begin(system, everybody);
    const found = await one(gateway, "1007");
    expect(found).toMatchObject({ id: "1007", externalId: "1007", name: { familyName: "name007" }, active: true });
    expect(found[HR].problems).toBeUndefined();
    expect((await send(gateway, "GET", "/Users/9999")).status).toBe(404);
    expect((await send(gateway, "GET", "/Users/x'%20or%20'1'='1")).status).toBe(404);
  });

  test("changes nothing there, whatever is asked", async () => {
    const { hr, gateway } = await begin(system, everybody);
    const Operations = [{ op: "replace", path: "title", value: "x" }];
    for (const [method, path, body] of [
      ["POST", "/Users", { userName: "x" }],
      ["PATCH", "/Users/1007", { Operations }],
      ["PUT", "/Users/1007", { userName: "x" }],
      ["DELETE", "/Users/1007", undefined],
    ] as const) {
      // Attributes that are read only are passed over, RFC 7644 §3.5: a change of nothing is none.
      const { status } = await send(gateway, method, path, body);
      if (method === "POST" || method === "DELETE") expect(status, method).toBeGreaterThanOrEqual(400);
    }
    expect(hr.people).toEqual(everybody);
    for (const { method, path } of hr.seen) expect(`${method} ${path}`).toMatch(/^(GET|POST .*(auth|search|custom)$)/);
  });

  test.each(Object.entries(faults))("where its answer %s, the list is a failed read", async (_, fault) => {
    const answer = fault === "nobody" ? () => ({ body: system.nobody }) : fault;
    const { gateway } = await begin(system, everybody, (hr) =>
      hr.fail((request, asked) => (system.isList(request) ? answer(request, asked) : undefined)),
    );
    const { status, people } = await listAll(gateway);
    expect([status, people]).toEqual([503, []]);
  });

  test("that refuses the account, is 503 for the client, with the reason and without the secret", async () => {
    const { hr, gateway } = await begin(
      { ...system, auth: { ...system.auth, ...wrongCredentials(system) } },
      everybody,
    );
    const { status, people, detail } = await listAll(gateway);
    expect([status, people]).toEqual([503, []]);
    expect(detail).toMatch(/status 40[13]/);
    expect(detail).not.toContain("a wrong secret");
    expect(hr.seen.length).toBeGreaterThan(0);
  });
});

const wrongCredentials = ({ folder }: SystemUnderTest) =>
  folder === "personio"
    ? { body: { client_id: "papi-tests", client_secret: "a wrong secret" } }
    : folder === "bamboohr"
      ? { username: "a wrong secret" }
      : { password: "a wrong secret" };

const paged = Object.entries(systems).filter(([, { isPaged }]) => isPaged);
describe.each(paged)("%s, in pages", (_, system) => {
  test.each(Object.entries(faults))("where its third page %s, the list is a failed read", async (_, fault) => {
    const answer = fault === "nobody" ? () => ({ body: system.emptyPage }) : fault;
    const firsts = new Set<string>();
    const { gateway } = await begin(system, numbers(45).map(system.person), (hr) =>
      hr.fail((request, asked) => {
        if (!system.isList(request)) return undefined;
        firsts.add(String(request.query));
        return firsts.size > 2 ? answer(request, asked) : undefined;
      }),
    );
    const { status, people } = await listAll(gateway);
    expect(status).toBe(503);
    expect(people.length).toBeLessThan(45);
  });
});
