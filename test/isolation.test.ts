import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineTypes, typesFormat } from "../src/mapping/types.ts";
import { typedFilter } from "../src/scim/path.ts";
import { builtInTypes } from "../src/scim/schema.ts";
import { send } from "./clients/replay.ts";
import { gadgets, legacyHr, startGateway, type TestGateway } from "./servers/gateway.ts";

const route = "/scim/v2";
const token = (name: string) => `the-token-of-the-${name}`;
const auth = [
  {
    type: "bearer",
    tokens: [
      { name: "reader", token: token("reader"), may: { actions: ["read"] } },
      { name: "writer", token: token("writer") },
      { name: "updater", token: token("updater"), may: { actions: ["update"] } },
      { name: "creator", token: token("creator"), may: { actions: ["create"] } },
    ],
  },
];
const as = (gateway: TestGateway, name: string) => ({ ...gateway, token: token(name) });

describe("callers beside one another", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ ...legacyHr(), auth });
  });
  afterAll(() => gateway.stop());

  /** What a request is answered, without what differs between two gateways: where they are, and when they were seeded. */
  const answerOf = async (gateway: TestGateway, name: string, path: string) => {
    const { status, text } = await send(as(gateway, name), "GET", path);
    return { status, text: text.replaceAll(gateway.url, "").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "a time") };
  };
  const answerTo = (name: string, path: string) => answerOf(gateway, name, path);

  test("requests of two callers, drawn and interleaved, give each what it would get alone", async () => {
    const lists = [
      "",
      ",",
      "userName",
      "USERNAME,userName",
      "name.givenName",
      "emails",
      "id",
      "nothing",
      "userName,,id",
    ];
    const parameter = (name: string) =>
      fc.option(
        fc.constantFrom(...lists).map((list) => `${name}=${list}`),
        { nil: "" },
      );
    const path = fc
      .tuple(
        fc.constantFrom("/Users/1", "/Users/2", "/Users?count=3", "/Groups/1", '/Users?filter=userName sw "a"'),
        parameter("attributes"),
        parameter("excludedAttributes"),
      )
      .map(([at, ...parameters]) => {
        const query = parameters.filter((each) => each !== "").join("&");
        return encodeURI(query === "" ? at : `${at}${at.includes("?") ? "&" : "?"}${query}`);
      });
    const asked = fc.array(fc.tuple(fc.constantFrom("reader", "writer"), path), { minLength: 2, maxLength: 8 });
    // Alone: on a gateway that nobody else has asked anything.
    const alone = new Map<string, unknown>();
    await fc.assert(
      fc.asyncProperty(asked, async (requests) => {
        for (const [name, at] of requests) {
          const key = `${name} ${at}`;
          if (alone.has(key)) continue;
          const fresh = await startGateway({ ...legacyHr(), auth });
          alone.set(key, await answerOf(fresh, name, at));
          await fresh.stop();
        }
        const answers = await Promise.all(requests.map(([name, at]) => answerTo(name, at)));
        for (const [index, [name, at]] of requests.entries())
          expect(answers[index]).toEqual(alone.get(`${name} ${at}`));
      }),
      { numRuns: 40 },
    );
  });

  test("an empty list of attributes is none, for whoever sends it, and for those who come after", async () => {
    const whole = await answerTo("writer", "/Users/2");
    for (const query of ["attributes=", "attributes=,", "attributes=%20", "excludedAttributes="])
      expect(await answerTo("reader", `/Users/2?${query}`)).toEqual(whole);
    expect(await answerTo("writer", "/Users/2")).toEqual(whole);
    // What names nothing that there is asks for the least.
    const least = JSON.parse((await answerTo("reader", "/Users/2?attributes=nothing")).text);
    expect(Object.keys(least).sort()).toEqual(["id", "schemas"]);
    expect(await answerTo("writer", "/Users/2")).toEqual(whole);
  });

  test("lists of attributes have a bound, in the address and in the body of a search", async () => {
    const gateway = await startGateway({ ...legacyHr(), auth });
    const names = Array.from({ length: 501 }, (_, n) => `a${n}`);
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
    for (const attributes of [names, ["x".repeat(20_000)], Array(50_000).fill("userName")]) {
      const answer = await send(as(gateway, "reader"), "POST", "/Users/.search", { schemas, attributes });
      expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining("can have at most 500") } });
    }
    await gateway.stop();
  });

  test("who may not read sees no more than the id of what it writes", async () => {
    const shown = (json: object) => Object.keys(json).sort();
    const least = ["id", "meta", "schemas"];
    const made = await send(as(gateway, "creator"), "POST", "/Users", { userName: "made", title: "Chief" });
    expect([made.status, shown(made.json)]).toEqual([201, least]);
    expect(made.headers.get("location")).toContain(`/Users/${made.json.id}`);
    const at = `/Users/${made.json.id}`;
    for (const Operations of [[], [{ op: "replace", path: "title", value: "Chair" }]])
      for (const query of ["", "?attributes=title"]) {
        const { status, text } = await send(as(gateway, "updater"), "PATCH", at + query, { Operations });
        expect([status, text]).toEqual([204, ""]);
      }
    const replaced = await send(as(gateway, "updater"), "PUT", `${at}?attributes=userName`, { userName: "made" });
    expect([replaced.status, shown(replaced.json)]).toEqual([200, least]);
    expect((await send(as(gateway, "updater"), "GET", at)).status).toBe(403);
    // Nor does it learn a value letter by letter, by what a selector finds.
    for (const selector of ['value sw "a"', "value pr", 'not (value eq "a")', 'value eq "a" or type co "w"']) {
      const probe = { Operations: [{ op: "replace", path: `emails[${selector}].primary`, value: true }] };
      expect((await send(as(gateway, "updater"), "PATCH", at, probe)).status).toBe(403);
    }
  });
});

describe("what is protected", () => {
  const protect = {
    User: { entries: 'userName eq "svc" or title eq "Chief" or groups.display eq "admins"', attributes: [] },
  };

  test("is so whatever was asked for before, by anybody", async () => {
    const gateway = await startGateway({
      ...legacyHr(),
      auth,
      safety: { [route]: { protect: { User: { entries: 'userName eq "svc"' } } } },
    });
    const { id } = (await send(as(gateway, "writer"), "POST", "/Users", { userName: "svc" })).json;
    for (const query of ["attributes=", "attributes=id", "excludedAttributes=userName", "attributes=nothing"]) {
      await send(as(gateway, "reader"), "GET", `/Users/${id}?${query}`);
      expect((await send(as(gateway, "writer"), "DELETE", `/Users/${id}?${query}`)).status).toBe(403);
    }
    await gateway.stop();
  });

  test("keeps its memberships: nobody puts it into a group or takes it out of one, by any way", async () => {
    const gateway = await startGateway({
      ...legacyHr(),
      auth,
      safety: { [route]: { protect: { User: { ...protect.User, entries: 'userName eq "svc"' } } } },
    });
    const writer = as(gateway, "writer");
    const create = async (path: string, body: object) => {
      const { status, json, text } = await send(writer, "POST", path, body);
      expect(status, text).toBe(201);
      return String(json.id);
    };
    const patch = async (path: string, ...Operations: object[]) =>
      (await send(writer, "PATCH", path, { Operations })).status;
    const plain = await create("/Users", { userName: "plain" });
    const soon = await create("/Users", { userName: "soon" });
    const group = await create("/Groups", { displayName: "with", members: [{ value: soon }, { value: plain }] });
    const empty = await create("/Groups", { displayName: "without" });
    expect(await patch(`/Users/${soon}`, { op: "replace", path: "userName", value: "svc" })).toBe(200);
    const member = [{ value: soon }];
    expect([
      await patch(`/Groups/${empty}`, { op: "add", path: "members", value: member }),
      await patch(`/Groups/${empty}`, { op: "replace", path: "members", value: [...member, { value: plain }] }),
      await patch(`/Groups/${group}`, { op: "remove", path: `members[value eq "${soon}"]` }),
      await patch(`/Groups/${group}`, { op: "remove", path: "members", value: member }),
      await patch(`/Groups/${group}`, { op: "remove", path: "members" }),
      await patch(
        `/Groups/${group}`,
        { op: "replace", path: "members", value: [...member, { value: plain }] },
        { op: "remove", path: `members[value eq "${soon}"]` },
      ),
      await patch(`/Groups/${group}`, { op: "replace", path: "members", value: [{ value: plain }] }),
      (await send(writer, "PUT", `/Groups/${group}`, { displayName: "with", members: [{ value: plain }] })).status,
      (await send(writer, "DELETE", `/Groups/${group}`)).status,
      (await send(writer, "POST", "/Groups", { displayName: "new", members: member })).status,
    ]).toEqual(Array(10).fill(403));
    const { members } = (await send(writer, "GET", `/Groups/${group}`)).json;
    expect(members.map(({ value }: { value: string }) => value).sort()).toEqual([plain, soon].sort());
    // The others come and go.
    expect([
      await patch(`/Groups/${group}`, { op: "remove", path: `members[value eq "${plain}"]` }),
      await patch(`/Groups/${group}`, { op: "replace", path: "members", value: [...member, { value: plain }] }),
      await patch(`/Groups/${group}`, { op: "replace", path: "displayName", value: "renamed" }),
      (await send(writer, "DELETE", `/Groups/${empty}`)).status,
    ]).toEqual([204, 204, 204, 204]);
    await gateway.stop();
  });

  test("by what cannot be read is refused when the gateway starts", async () => {
    const safety = { [route]: { protect: { User: { entries: "password pr" } } } };
    await expect(startGateway({ ...legacyHr(), auth, safety })).rejects.toThrow(/protect: .*password/);
  });

  test("by an attribute that the mapping does not write is refused when the gateway starts", async () => {
    const safety = { [route]: { protect: { User: { attributes: ["pwdLastSet"] } } } };
    await expect(startGateway({ ...legacyHr(), auth, safety })).rejects.toThrow(/protect: .*pwdLastSet/);
  });
});

describe("what is never returned", () => {
  test("is not compared by its parts within a complex attribute either", () => {
    const source = typesFormat.parse({
      schemas: [
        {
          id: "urn:example:box",
          name: "Box",
          attributes: [
            { name: "box", type: "complex", returned: "never", subAttributes: [{ name: "a" }] },
            { name: "bag", type: "complex", subAttributes: [{ name: "a" }] },
          ],
        },
      ],
      resourceTypes: [{ name: "Box", endpoint: "/Boxes", schema: "urn:example:box" }],
    });
    const { types, problems } = defineTypes(source, builtInTypes);
    expect(problems).toEqual([]);
    const type = types.at(-1);
    for (const filter of ['box[a sw "B"]', 'box[a gt "B"]', 'box[not (a co "B")]', 'box.a sw "B"'])
      expect(() => typedFilter(filter, type!), filter).toThrow(/never returned/);
    expect(() => typedFilter('bag[a sw "B"]', type!)).not.toThrow();
    expect(() => typedFilter('box[a eq "B"]', type!)).not.toThrow();
  });

  test("comes out by no order, no filter, no answer, and not in the audit", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-never-"));
    const file = join(folder, "audit.log");
    const gateway = await startGateway({ ...gadgets(), auth, audit: { file, values: true } });
    const writer = as(gateway, "writer");
    const secret = "Correct-horse-1";
    for (const [serial, pin] of [
      ["a", secret],
      ["b", `${secret}-b`],
    ])
      expect((await send(writer, "POST", "/Gadgets", { serial, label: "known", pin })).status).toBe(201);
    const { id } = (await send(writer, "GET", '/Gadgets?filter=serial eq "a"')).json.Resources[0];
    for (const query of [
      "sortBy=pin",
      "sortBy=pin&cursor&count=1",
      'filter=pin sw "C"',
      'filter=pin gt "A"',
      'filter=not (pin co "x")',
      "filter=pin pr",
    ]) {
      const answer = await send(writer, "GET", encodeURI(`/Gadgets?${query}`));
      expect(answer.status, `${query}: ${answer.text}`).toBe(400);
      expect(answer.text).not.toContain(secret);
    }
    const at = `/Gadgets/${id}?attributes=pin,label`;
    const changed = { Operations: [{ op: "replace", value: { pin: `${secret}-2`, label: "changed" } }] };
    expect((await send(writer, "PATCH", at, changed)).text).not.toContain(secret);
    const read = await send(writer, "GET", at);
    expect([read.json.label, read.json.pin]).toEqual(["changed", undefined]);
    await gateway.stop();
    const audit = readFileSync(file, "utf8");
    expect(audit).toContain("known");
    expect(audit).not.toContain(secret);
    rmSync(folder, { recursive: true });
  });
});
