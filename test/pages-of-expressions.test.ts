import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "./clients/replay.ts";
import { startBefore, type TestGateway } from "./servers/gateway.ts";
import { startPeopleApi } from "./servers/people-api.ts";
import { peopleReads, writeMapping } from "./servers/people-mapping.ts";

// An expression may take 200 ms. What it waits for the others of its page is none of that.

let gateway: TestGateway;
beforeAll(async () => {
  const api = await startPeopleApi();
  for (let n = 0; n < 100; n++) api.people.set(String(n), { id: String(n), login: `login${n}` });
  const attributes = { id: { attr: "id", readOnly: true }, userName: "login", title: { read: TITLE } };
  gateway = await startBefore(api, {
    connectors: { people: { type: "rest", url: api.url, kinds: { person: peopleReads } } },
    routes: { "/scim/v2": { User: { connector: "people", mapping: writeMapping({ attributes }) } } },
    limits: { seconds: 60 },
  });
});
afterAll(() => gateway.stop());

/** Some milliseconds' work: a page's together are more than one may take. */
const TITLE = "login & $string($sum($map([1..800], function($n) { $n + 1 })))";

test("a page of a hundred people is read, though its expressions take longer together than one may", async () => {
  const { status, json, text } = await send(gateway, "GET", "/Users?count=100");
  expect(status, text).toBe(200);
  expect(json.Resources).toHaveLength(100);
  expect(json.Resources[7].title).toBe("login7321200");
});
