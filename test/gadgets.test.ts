import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holds, send } from "./clients/replay.ts";
import { gadgets, startGateway, type TestGateway } from "./servers/gateway.ts";
import { patchCases } from "./tables/patch.ts";

const GADGET = "urn:example:params:scim:schemas:core:2.0:Gadget";
const LEASE = "urn:example:params:scim:schemas:extension:lease:2.0:Gadget";

describe("a resource type of one's own, with an attribute of every kind", () => {
  let gateway: TestGateway;
  let id: string;
  const whole = {
    serial: "S-1",
    label: "Probe",
    weight: 1.5,
    slots: 3,
    online: true,
    builtAt: "2026-01-31T08:00:00.000Z",
    manual: "https://example.test/manual",
    firmware: "AQID",
    origin: "Oslo",
    tags: ["a", "b"],
    ports: [80, 443],
    size: { width: 10, height: 20, unit: "cm" },
    sensors: [
      { type: "heat", value: "h1", range: 5 },
      { type: "light", value: "l1", range: 9 },
    ],
    [LEASE]: { contract: "C-1", endsAt: "2027-01-31T08:00:00.000Z" },
  };
  beforeAll(async () => {
    gateway = await startGateway(gadgets());
    const made = await send(gateway, "POST", "/Gadgets", {
      schemas: [GADGET, LEASE],
      ...whole,
      pin: "1234",
      secretNote: "under the lid",
    });
    expect(made.status).toBe(201);
    id = made.json.id;
    await send(gateway, "POST", "/Gadgets", { serial: "s-1", label: "Other", weight: 10, slots: 20, online: false });
  });
  afterAll(() => gateway.stop());
  const search = async (filter: string) =>
    (await send(gateway, "GET", `/Gadgets?filter=${encodeURIComponent(filter)}`)).json.Resources?.map(
      (each: { serial: string }) => each.serial,
    );

  test("RFC 7643 §6: a resource comes back with every type of value as it was sent", async () => {
    const { json } = await send(gateway, "GET", `/Gadgets/${id}`);
    expect(json).toMatchObject({ ...whole, schemas: [GADGET, LEASE] });
    expect(json.meta).toMatchObject({ resourceType: "Gadget", location: `${gateway.base}/Gadgets/${id}` });
  });

  test("RFC 7643 §7: what is never returned, or on request only, is not in an answer", async () => {
    const { json } = await send(gateway, "GET", `/Gadgets/${id}`);
    expect(json.pin).toBeUndefined();
    expect(json.secretNote).toBeUndefined();
    const asked = await send(gateway, "GET", `/Gadgets/${id}?attributes=pin,secretNote`);
    expect(asked.json).toMatchObject({ id, secretNote: "under the lid" });
    expect(asked.json.pin).toBeUndefined();
    expect(asked.json.label).toBeUndefined();
  });

  test.each([
    ["weight gt 2", ["s-1"]],
    ["weight lt 10", ["S-1"]],
    ["slots ge 3 and slots le 19", ["S-1"]],
    ["online eq true", ["S-1"]],
    ["online eq false", ["s-1"]],
    ['builtAt gt "2026-01-31T08:30:00+01:00"', ["S-1"]],
    ['builtAt lt "2026-01-31T08:30:00+01:00"', []],
    ['serial eq "S-1"', ["S-1"]],
    ['label eq "PROBE"', ["S-1"]],
    ['tags eq "a"', ["S-1"]],
    ["tags pr", ["S-1"]],
    ['not (tags eq "a")', ["s-1"]],
    ["ports eq 443", ["S-1"]],
    ["ports gt 500", []],
    ['size.unit eq "cm"', ["S-1"]],
    ["size pr", ["S-1"]],
    ['sensors[type eq "heat" and range gt 4]', ["S-1"]],
    ['sensors[type eq "heat" and range gt 6]', []],
    ['sensors[type eq "light"].value sw "l"', ["S-1"]],
    [`${LEASE}:contract eq "c-1"`, ["S-1"]],
    ["contract pr", ["S-1"]],
    ['manual co "example.test"', ["S-1"]],
  ])("RFC 7644 §3.4.2.2: the filter %s compares by type", async (filter, serials) => {
    expect(await search(filter)).toEqual(serials);
  });

  test("RFC 7644 §3.4.2.3: numbers are sorted by size, and what has no value comes last", async () => {
    await send(gateway, "POST", "/Gadgets", { serial: "none" });
    const sorted = async (query: string) =>
      (await send(gateway, "GET", `/Gadgets?${query}`)).json.Resources.map((each: { serial: string }) => each.serial);
    expect(await sorted("sortBy=weight")).toEqual(["S-1", "s-1", "none"]);
    expect(await sorted("sortBy=weight&sortOrder=descending")).toEqual(["none", "s-1", "S-1"]);
    expect(await sorted("sortBy=sensors.range")).toEqual(["S-1", "s-1", "none"]);
    const { json } = await send(gateway, "GET", '/Gadgets?filter=serial eq "none"');
    await send(gateway, "DELETE", `/Gadgets/${json.Resources[0].id}`);
  });

  test("RFC 7643 §2.2: an immutable value stays, and is kept by a PUT that does not name it", async () => {
    const put = (body: object) => send(gateway, "PUT", `/Gadgets/${id}`, body);
    expect(await put({ ...whole, origin: "Bergen" })).toMatchObject({ status: 400, json: { scimType: "mutability" } });
    const { origin: _, ...others } = whole;
    expect((await put(others)).json).toMatchObject(whole);
  });

  test("RFC 7644 §3.5.1: a PUT clears what it leaves out", async () => {
    const made = (await send(gateway, "POST", "/Gadgets", { ...whole, serial: "put" })).json;
    const { json } = await send(gateway, "PUT", `/Gadgets/${made.id}`, { serial: "put", label: "L" });
    for (const name of ["weight", "slots", "tags", "size", "sensors", LEASE]) expect(json[name], name).toBeUndefined();
    await send(gateway, "DELETE", `/Gadgets/${made.id}`);
  });

  test("RFC 7643 §3: an extension that is used must have what it requires", async () => {
    const answer = await send(gateway, "POST", "/Gadgets", {
      serial: "x",
      [LEASE]: { endsAt: "2027-01-31T08:00:00Z" },
    });
    expect(answer).toMatchObject({ status: 400, json: { scimType: "invalidValue" } });
    expect(answer.json.detail).toContain("contract");
  });

  test("RFC 7643 §7: it is discovered with all its characteristics", async () => {
    expect((await send(gateway, "GET", "/ResourceTypes/Gadget")).json).toMatchObject({
      endpoint: "/Gadgets",
      schema: GADGET,
      schemaExtensions: [{ schema: LEASE, required: false }],
    });
    const { json } = await send(gateway, "GET", `/Schemas/${GADGET}`);
    const named = (name: string) => json.attributes.find((each: { name: string }) => each.name === name);
    expect(named("serial")).toMatchObject({ type: "string", required: true, caseExact: true, uniqueness: "server" });
    expect(named("origin")).toMatchObject({ mutability: "immutable", returned: "default", multiValued: false });
    expect(named("pin")).toMatchObject({ mutability: "writeOnly", returned: "never" });
    expect(named("ports")).toMatchObject({ type: "integer", multiValued: true });
    expect(named("owner")).toBeUndefined();
    expect(named("sensors").subAttributes.map((each: { name: string }) => each.name)).toEqual([
      "value",
      "type",
      "range",
    ]);
  });

  test("RFC 7643 §6: a route without users or groups answers searches for them with nothing", async () => {
    for (const path of ["/Users", "/Groups"])
      expect(await send(gateway, "GET", `${path}?filter=${encodeURIComponent('displayName eq "x"')}`)).toMatchObject({
        status: 200,
        json: { totalResults: 0, Resources: [] },
      });
    expect((await send(gateway, "GET", "/Users/1")).status).toBe(404);
  });

  test.each(patchCases.filter(({ on, type }) => on === "sqlite" && type === "Gadget"))(
    "RFC 7644 §3.5.2: $name, in the database",
    async ({ before, patch, after, error }) => {
      const made = (await send(gateway, "POST", "/Gadgets", { ...before, serial: `p${Math.random()}` })).json;
      const answer = await send(gateway, "PATCH", `/Gadgets/${made.id}`, { Operations: patch });
      const { json } = await send(gateway, "GET", `/Gadgets/${made.id}`);
      if (error === undefined) expect(answer.status, answer.text).toBe(200);
      else expect(answer).toMatchObject({ status: 400, json: { scimType: error } });
      const expected = error === undefined ? after! : before;
      expect(holds(json, expected), JSON.stringify(json)).toBe(true);
      for (const name of Object.keys(before)) if (!(name in expected)) expect(json[name], name).toBeUndefined();
      await send(gateway, "DELETE", `/Gadgets/${made.id}`);
    },
  );
});
