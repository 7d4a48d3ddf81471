import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holds, send } from "../clients/replay.ts";
import type { TestGateway } from "../servers/gateway.ts";
import { type PatchCase, patchCases } from "../tables/patch.ts";

const MESSAGES = "urn:ietf:params:scim:api:messages:2.0";
const CORE = "urn:ietf:params:scim:schemas:core:2.0";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** The extensions that a resource holds, in its order. */
const extensionsIn = (resource: object): string[] => Object.keys(resource).filter((name) => name.startsWith("urn:"));

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;

/** What every backend answers alike: the two RFCs as a client sees them, over a real socket. */
export function scimSuite(backend: string, start: () => Promise<TestGateway>): void {
  describe(`SCIM on ${backend}`, () => {
    let gateway: TestGateway;
    beforeAll(async () => {
      gateway = await start();
    });
    afterAll(() => gateway.stop());

    let turn = 0;
    const fresh = (name: string) => `${name}${++turn}`;
    const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      send(gateway, method, path, body, headers);
    const get = (path: string, headers?: Record<string, string>) => call("GET", path, undefined, headers);
    const query = (path: string, parameters: Record<string, string>) =>
      get(`${path}?${new URLSearchParams(parameters)}`);
    const createUser = async (more: object = {}): Promise<Json> =>
      (await call("POST", "/Users", { userName: fresh("user"), displayName: "U", ...more })).json;
    const createGroup = async (more: object = {}): Promise<Json> =>
      (await call("POST", "/Groups", { displayName: fresh("group"), ...more })).json;
    const patch = (path: string, ...Operations: object[]) =>
      call("PATCH", path, { schemas: [`${MESSAGES}:PatchOp`], Operations });

    describe("creating", () => {
      test("RFC 7644 §3.3: a POST answers 201 with the resource, its Location and its ETag", async () => {
        const answer = await call("POST", "/Users", {
          schemas: [`${CORE}:User`],
          userName: fresh("made"),
          displayName: "M",
        });
        expect(answer.status).toBe(201);
        expect(answer.headers.get("content-type")).toMatch(/^application\/scim\+json/);
        expect(answer.headers.get("location")).toBe(`${gateway.base}/Users/${answer.json.id}`);
        expect(answer.headers.get("etag")).toBe(answer.json.meta.version);
        expect(answer.json.meta).toMatchObject({ resourceType: "User", location: answer.headers.get("location") });
        expect(Date.parse(answer.json.meta.created)).not.toBeNaN();
        expect(Date.parse(answer.json.meta.lastModified)).not.toBeNaN();
      });

      test("RFC 7644 §3.3: readOnly attributes in a POST are passed over", async () => {
        const user = await createUser({
          id: "mine",
          meta: { created: "2001-01-01T00:00:00Z" },
          groups: [{ value: "1" }],
        });
        expect(user.id).not.toBe("mine");
        expect(user.meta.created).not.toContain("2001");
        expect(user.groups).toBeUndefined();
      });

      test("RFC 7644 §3.3.1: a second resource of the same name is 409 uniqueness, in another case too", async () => {
        const user = await createUser();
        for (const userName of [user.userName, user.userName.toUpperCase()])
          expect(await call("POST", "/Users", { userName, displayName: "D" })).toMatchObject({
            status: 409,
            json: { schemas: [`${MESSAGES}:Error`], status: "409", scimType: "uniqueness" },
          });
      });

      test("RFC 7643 §2.4: a required attribute that is missing is 400 invalidValue", async () => {
        for (const body of [{ displayName: "D" }, { userName: "" }, { userName: null }])
          expect(await call("POST", "/Users", body)).toMatchObject({ status: 400, json: { scimType: "invalidValue" } });
        expect((await call("POST", "/Groups", {})).status).toBe(400);
      });

      test("RFC 7643 §2.1: attribute names are matched without regard to case", async () => {
        const name = fresh("Case");
        const { json } = await call("POST", "/Users", { USERNAME: name, DisplayName: "D", NAME: { GIVENNAME: "G" } });
        expect(json).toMatchObject({ userName: name, displayName: "D", name: { givenName: "G" } });
      });

      test("RFC 7643 §3: schemas lists the extensions that the resource holds, and no others", async () => {
        const bare = await createUser({ schemas: [`${CORE}:User`, ENTERPRISE] });
        expect(bare.schemas).toEqual([`${CORE}:User`, ...extensionsIn(bare)]);
        expect(bare.schemas).not.toContain(ENTERPRISE);
        const full = await createUser({ [ENTERPRISE]: { department: "D" } });
        expect(full.schemas).toEqual([`${CORE}:User`, ...extensionsIn(full)]);
        expect(full.schemas).toContain(ENTERPRISE);
      });

      test("RFC 7643 §2.5: null and empty values are the same as none", async () => {
        const user = await createUser({ title: null, emails: [], phoneNumbers: null, preferredLanguage: "" });
        for (const name of ["title", "emails", "phoneNumbers", "preferredLanguage"])
          expect(user[name], name).toBeUndefined();
      });
    });

    describe("reading", () => {
      test("RFC 7644 §3.4.1: what is not there is 404 in SCIM's form", async () => {
        const { id } = await createUser();
        for (const path of ["/Users/none", `/Groups/${id}`, `/Users/${"9".repeat(2000)}`])
          expect(await get(path)).toMatchObject({
            status: 404,
            json: { schemas: [`${MESSAGES}:Error`], status: "404" },
          });
      });

      test("RFC 7644 §3.9: attributes names what is returned, beside what always is", async () => {
        const { id, userName } = await createUser({ title: "T", name: { givenName: "G", familyName: "F" } });
        const { json } = await query(`/Users/${id}`, { attributes: "userName,name.givenName" });
        expect(json).toEqual({ schemas: [`${CORE}:User`], id, userName, name: { givenName: "G" } });
      });

      test("RFC 7644 §3.9: excludedAttributes names what is not, and never what always is", async () => {
        const { id } = await createUser({ title: "T", name: { givenName: "G", familyName: "F" } });
        const { json } = await query(`/Users/${id}`, { excludedAttributes: "id,title,name.familyName,schemas" });
        const schemas = [`${CORE}:User`, ...extensionsIn(json)];
        expect(json).toMatchObject({ id, schemas, displayName: "U", name: { givenName: "G" } });
        expect(json.title).toBeUndefined();
        expect(json.name.familyName).toBeUndefined();
      });

      test("RFC 7644 §3.10: attributes takes URNs, whole extensions and any case", async () => {
        const { id } = await createUser({ title: "T", [ENTERPRISE]: { department: "D", employeeNumber: "7" } });
        const by = async (attributes: string) => (await query(`/Users/${id}`, { attributes })).json;
        expect(await by(`${ENTERPRISE}:department`)).toMatchObject({ [ENTERPRISE]: { department: "D" } });
        expect((await by(`${ENTERPRISE}:department`))[ENTERPRISE].employeeNumber).toBeUndefined();
        expect((await by(ENTERPRISE))[ENTERPRISE]).toEqual({ department: "D", employeeNumber: "7" });
        expect((await by(`${CORE}:User:TITLE`)).title).toBe("T");
      });

      test("RFC 7644 §3.9: attributes applies to what writes answer, too", async () => {
        const made = await call("POST", "/Users?attributes=userName", { userName: fresh("cut"), displayName: "D" });
        expect(Object.keys(made.json).sort()).toEqual(["id", "schemas", "userName"]);
        const patched = await call("PATCH", `/Users/${made.json.id}?attributes=title`, {
          Operations: [{ op: "add", path: "title", value: "T" }],
        });
        expect(patched.json).toEqual({ schemas: [`${CORE}:User`], id: made.json.id, title: "T" });
      });

      test("RFC 7643 §4.1: a password is never returned", async () => {
        const user = await createUser({ password: "pass-Word-1" });
        expect(JSON.stringify(user)).not.toContain("pass-Word-1");
        const { text } = await query(`/Users/${user.id}`, { attributes: "password,userName" });
        expect(text).not.toContain("pass-Word-1");
        expect(text).not.toContain('"password"');
      });

      test("RFC 7644 §3.14: If-None-Match of the version that there is answers 304 without a body", async () => {
        const { id, meta } = await createUser();
        const same = await get(`/Users/${id}`, { "If-None-Match": meta.version });
        expect([same.status, same.text]).toEqual([304, ""]);
        expect((await get(`/Users/${id}`, { "If-None-Match": 'W/"other"' })).status).toBe(200);
      });
    });

    describe("finding", () => {
      test("RFC 7644 §3.4.2: nothing found is 200 and an empty ListResponse", async () => {
        expect((await query("/Users", { filter: 'userName eq "nobody-at-all"' })).json).toEqual({
          schemas: [`${MESSAGES}:ListResponse`],
          totalResults: 0,
          startIndex: 1,
          itemsPerPage: 0,
          Resources: [],
        });
      });

      test("RFC 7644 §3.4.2.2: and, or, not, groups and value paths are honoured with their precedence", async () => {
        const mark = fresh("P");
        const make = (title: string, more: object = {}) => createUser({ title, preferredLanguage: mark, ...more });
        await make("A", { emails: [{ type: "work", value: `${mark}@a.test` }] });
        await make("B", {
          phoneNumbers: [
            { type: "work", value: "1" },
            { type: "mobile", value: "2" },
          ],
        });
        await make("C", { name: { givenName: "Carl", familyName: "F" }, [ENTERPRISE]: { department: "Dep" } });
        const titles = async (filter: string) => {
          const answer = await query("/Users", { filter: `preferredLanguage eq "${mark}" and (${filter})` });
          expect(answer.status, answer.text).toBe(200);
          return answer.json.Resources.map((each: Json) => each.title)
            .sort()
            .join("");
        };
        const cases: [string, string][] = [
          ['title eq "a"', "A"],
          ['title ne "A"', "BC"],
          ['title eq "A" or title eq "B" and title eq "C"', "A"],
          ['(title eq "A" or title eq "B") and not (title eq "A")', "B"],
          ['not (title eq "A" or title eq "B")', "C"],
          ['TITLE EQ "A" OR Title Eq "C"', "AC"],
          ['title gt "A" and title le "C"', "BC"],
          ['title ge "B" and title lt "C"', "B"],
          ["emails pr", "A"],
          ["not (emails pr)", "BC"],
          [`emails.value eq "${mark}@A.test"`, "A"],
          [`emails eq "${mark}@a.test"`, "A"],
          [`emails[type eq "work" and value co "@a."]`, "A"],
          [`emails[type eq "home"]`, ""],
          ['phoneNumbers[type eq "work" and value eq "2"]', ""],
          ['phoneNumbers[type eq "mobile" and value eq "2"]', "B"],
          ['phoneNumbers[type eq "mobile"].value eq "2"', "B"],
          ['phoneNumbers[type eq "work"].value eq "2"', ""],
          ['phoneNumbers[not (type eq "work")]', "B"],
          ['name.givenName sw "ca"', "C"],
          ['name.givenName ew "rl" and name.givenName co "ar"', "C"],
          [`${CORE}:User:title eq "B"`, "B"],
          [`${ENTERPRISE}:department eq "dep"`, "C"],
          [`${ENTERPRISE}:department pr or title eq "A"`, "AC"],
          ["title eq A", "A"],
          ["title eq null", ""],
          ["title ne null", "ABC"],
          ["active eq true", "ABC"],
          ['active eq "True"', "ABC"],
          ["active ne true", ""],
          ['meta.resourceType eq "User"', "ABC"],
          ['meta.created gt "2020-01-01T00:00:00+02:00"', "ABC"],
          ['meta.created lt "2020-01-01T00:00:00Z"', ""],
        ];
        for (const [filter, expected] of cases) expect(await titles(filter), filter).toBe(expected);
      });

      test.each([
        "userName",
        "userName eq",
        'userName eq "x',
        'userName eq "x" and',
        'userName foo "x"',
        '(userName eq "x"',
        'userName eq "x")',
        "not userName pr",
        'emails[type eq "work"',
        'userName eq "\\x"',
        'shoeSize eq "9"',
        "name.shoe pr",
        'active gt "true"',
        'meta.created eq "yesterday"',
        'name eq "x"',
        "[]",
        "\0",
      ])("RFC 7644 §3.12: the filter %s is 400 invalidFilter", async (filter) => {
        const answer = await query("/Users", { filter });
        expect(answer).toMatchObject({ status: 400, json: { scimType: "invalidFilter" } });
        expect(answer.json.detail.length).toBeGreaterThan(10);
      });

      test("RFC 7644 §3.4.2.2: a filter finds references by id, and by the manager's id without its URN", async () => {
        const [boss, user] = [await createUser(), await createUser()];
        const group = await createGroup({ members: [{ value: user.id }] });
        await patch(`/Users/${user.id}`, { op: "add", path: `${ENTERPRISE}:manager`, value: boss.id });
        const found = async (path: string, filter: string) =>
          (await query(path, { filter })).json.Resources.map((each: Json) => each.id);
        for (const filter of [
          `members eq "${user.id}"`,
          `members.value eq "${user.id}"`,
          `members[value eq "${user.id}"]`,
        ])
          expect(await found("/Groups", `id eq "${group.id}" and ${filter}`)).toEqual([group.id]);
        expect(await found("/Groups", `id eq "${group.id}" and members eq "${boss.id}"`)).toEqual([]);
        for (const filter of [`manager eq "${boss.id}"`, `${ENTERPRISE}:manager.value eq "${boss.id}"`])
          expect(await found("/Users", `id eq "${user.id}" and ${filter}`)).toEqual([user.id]);
      });

      test("RFC 7644 §3.4.3: a search by POST answers as the GET does, on an endpoint and at the root", async () => {
        const user = await createUser();
        const body = {
          schemas: [`${MESSAGES}:SearchRequest`],
          filter: `userName eq "${user.userName}"`,
          attributes: ["userName"],
          startIndex: 1,
          count: 5,
        };
        for (const path of ["/Users/.search", "/.search"]) {
          const { status, json } = await call("POST", path, body);
          expect(status).toBe(200);
          expect(json).toMatchObject({ schemas: [`${MESSAGES}:ListResponse`], totalResults: 1 });
          expect(json.Resources).toEqual([{ schemas: [`${CORE}:User`], id: user.id, userName: user.userName }]);
        }
        expect((await call("POST", "/Users/.search", [])).status).toBe(400);
        expect((await call("POST", "/Users/.search", { filter: 7 })).json.scimType).toBe("invalidValue");
      });

      test("RFC 7644 §3.4.2.1: a query at the root goes over all types", async () => {
        const name = fresh("both");
        const [user, group] = [await createUser({ displayName: name }), await createGroup({ displayName: name })];
        const { json } = await query("", { filter: `displayName eq "${name}"` });
        expect(json.Resources.map((each: Json) => [each.meta.resourceType, each.id])).toEqual([
          ["User", user.id],
          ["Group", group.id],
        ]);
        expect((await query("", { filter: 'shoeSize eq "1"' })).json.scimType).toBe("invalidFilter");
        const second = await query("", { filter: `displayName eq "${name}"`, startIndex: "2", count: "1" });
        expect(second.json).toMatchObject({
          totalResults: 2,
          startIndex: 2,
          itemsPerPage: 1,
          Resources: [{ id: group.id }],
        });
      });

      test("RFC 9865 §2: pages of all types by cursor hold each resource once, whatever is deleted behind them", async () => {
        const name = fresh("all");
        const made = [];
        for (let n = 0; n < 9; n++) made.push(await createUser({ displayName: name }));
        for (let n = 0; n < 3; n++) made.push(await createGroup({ displayName: `${name} ${n}` }));
        const filter = `displayName sw "${name}"`;
        const ids: string[] = [];
        for (let cursor: string | undefined = ""; cursor !== undefined; ) {
          const page: Json = await query("", { filter, count: "4", cursor });
          expect(page.json.totalResults).toBeGreaterThanOrEqual(made.length - ids.length);
          ids.push(...page.json.Resources.map((each: Json) => each.id));
          const [shown] = page.json.Resources;
          await call("DELETE", `/${shown.meta.resourceType}s/${shown.id}`);
          cursor = page.json.nextCursor;
        }
        expect(ids.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
        const { json } = await query("", { filter, count: "2", cursor: "x" });
        expect(json.scimType).toBe("invalidCursor");
      });
    });

    describe("pages and order", () => {
      const mark = "paged";
      const count = 23;
      const filter = `preferredLanguage eq "${mark}"`;
      const titleOf = (each: Json) => each.title;
      beforeAll(async () => {
        for (let n = 0; n < count; n++)
          await createUser({ preferredLanguage: mark, ...(n % 5 !== 4 && { title: `${"bAcDe"[n % 5]}${n % 7}` }) });
      });

      test.each([
        [{ startIndex: "1", count: "5" }, 1, 5],
        [{ startIndex: "21", count: "5" }, 21, 3],
        [{ startIndex: "24", count: "5" }, 24, 0],
        [{ startIndex: "100000000", count: "5" }, 100000000, 0],
        [{ startIndex: "0", count: "5" }, 1, 5],
        [{ startIndex: "-7", count: "5" }, 1, 5],
        [{ count: "0" }, 1, 0],
        [{ count: "-1" }, 1, 0],
        [{ count: "1000000" }, 1, count],
        [{}, 1, count],
      ])("RFC 7644 §3.4.2.4: %j starts at %i and holds %i", async (page, startIndex, itemsPerPage) => {
        const { status, json } = await query("/Users", { filter, ...page } as Record<string, string>);
        expect(status).toBe(200);
        expect(json).toMatchObject({ totalResults: count, startIndex, itemsPerPage });
        expect(json.Resources.length).toBe(itemsPerPage);
      });

      test("RFC 7644 §3.4.2.4: pages by index hold each resource once", async () => {
        const ids: string[] = [];
        for (let startIndex = 1; startIndex <= count; startIndex += 4)
          ids.push(
            ...(await query("/Users", { filter, startIndex: String(startIndex), count: "4" })).json.Resources.map(
              (each: Json) => each.id,
            ),
          );
        expect([ids.length, new Set(ids).size]).toEqual([count, count]);
      });

      test.each(["x", "1.5", "1e3", " "])("RFC 7644 §3.12: the count %j is 400", async (bad) => {
        expect((await query("/Users", { count: bad })).status).toBe(400);
        expect((await query("/Users", { count: bad, cursor: "" })).json.scimType).toBe("invalidCount");
      });

      async function byCursor(parameters: Record<string, string>, between = async () => {}): Promise<Json[]> {
        const seen: Json[] = [];
        for (let cursor: string | undefined = ""; cursor !== undefined; ) {
          const { status, json }: Json = await query("/Users", { filter, count: "4", ...parameters, cursor });
          expect(status).toBe(200);
          expect(json.totalResults).toBeGreaterThanOrEqual(count);
          expect(json.startIndex).toBeUndefined();
          seen.push(...json.Resources);
          cursor = json.nextCursor;
          await between();
        }
        return seen;
      }

      test("RFC 9865 §2: pages by cursor hold each resource once, and the last has no nextCursor", async () => {
        const seen = await byCursor({});
        expect([seen.length, new Set(seen.map((each) => each.id)).size]).toEqual([count, count]);
      });

      test("RFC 9865 §2: pages by cursor in an order hold each resource once, in that order", async () => {
        const seen = await byCursor({ sortBy: "title", attributes: "title" });
        expect(new Set(seen.map((each) => each.id)).size).toBe(count);
        const titles = seen.map(titleOf);
        expect(titles).toEqual(titles.toSorted(lastIfAbsent));
      });

      test("RFC 9865 §2: pages by cursor stay whole while others write", async () => {
        const others: string[] = [];
        const seen = await byCursor({}, async () => {
          others.push((await createUser({ preferredLanguage: `${mark}-not` })).id);
        });
        expect(seen.length).toBe(count);
        for (const id of others) await call("DELETE", `/Users/${id}`);
      });

      test("RFC 9865 §2.1: a cursor of another query, or none, is 400 invalidCursor, one that leads nowhere expiredCursor", async () => {
        const { json } = await query("/Users", { filter, count: "4", cursor: "" });
        const next = { cursor: json.nextCursor, count: "4" };
        expect((await query("/Users", { filter, ...next })).status).toBe(200);
        for (const wrong of [{ filter, cursor: "abc" }, { ...next }, { filter, ...next, sortBy: "title" }])
          expect(await query("/Users", wrong as Record<string, string>)).toMatchObject({
            status: 400,
            json: { scimType: "invalidCursor" },
          });
        expect((await query("/Users", { filter, ...next, startIndex: "1" })).status).toBe(400);
        const [mark, total] = JSON.parse(Buffer.from(json.nextCursor, "base64url").toString());
        const cursor = Buffer.from(JSON.stringify([mark, total, true])).toString("base64url");
        expect((await query("/Users", { filter, count: "4", cursor })).json.scimType).toBe("expiredCursor");
      });

      /** Texts in order, letters' case aside; what is absent last. */
      const lastIfAbsent = (a: string | undefined, b: string | undefined) =>
        a === undefined || b === undefined
          ? Number(a === undefined) - Number(b === undefined)
          : Buffer.compare(Buffer.from(a.toLowerCase()), Buffer.from(b.toLowerCase()));

      test("RFC 7644 §3.4.2.3: sortBy orders without regard to case, absent values last, descending the other way", async () => {
        const sorted = async (parameters: Record<string, string>) =>
          (await query("/Users", { filter, sortBy: "title", ...parameters })).json.Resources.map(titleOf);
        const up = await sorted({});
        expect(up).toEqual(up.toSorted(lastIfAbsent));
        expect(up.filter((each: unknown) => each === undefined).length).toBe(4);
        const down = await sorted({ sortOrder: "descending" });
        expect(down).toEqual(up.toReversed());
        expect(
          (await query("/Users", { filter, sortBy: "title", startIndex: "3", count: "2" })).json.Resources.map(titleOf),
        ).toEqual(up.slice(2, 4));
      });

      test("RFC 7644 §3.4.2.3: sortBy takes sub-attributes, URNs, and what only the gateway can order", async () => {
        const tag = fresh("sort");
        for (const [givenName, mail] of [
          ["B", "1"],
          ["C", "2"],
          ["A", "3"],
        ])
          await createUser({
            preferredLanguage: tag,
            name: { givenName, familyName: "F" },
            emails: [{ type: "work", value: `${mail}@x.test` }],
          });
        const order = async (sortBy: string) => {
          const answer = await query("/Users", { filter: `preferredLanguage eq "${tag}"`, sortBy });
          expect(answer.status, answer.text).toBe(200);
          return answer.json.Resources.map((each: Json) => each.name.givenName).join("");
        };
        expect(await order("name.givenName")).toBe("ABC");
        expect(await order(`${CORE}:User:name.givenName`)).toBe("ABC");
        expect(await order("emails")).toBe("BCA");
        expect(await order("emails.value")).toBe("BCA");
        expect((await query("/Users", { sortBy: "shoeSize" })).json.scimType).toBe("invalidPath");
        expect((await query("/Users", { sortBy: "title", sortOrder: "sideways" })).json.scimType).toBe("invalidValue");
      });
    });

    describe("changing", () => {
      const cases = patchCases.filter(({ on }) => on === "all");
      test.each(cases)("RFC 7644 §3.5.2: $name", async ({ before, patch: Operations, after, error }: PatchCase) => {
        const user = await createUser({ displayName: undefined, ...before, userName: fresh("patched") });
        const answer = await patch(`/Users/${user.id}`, ...Operations);
        const { json } = await get(`/Users/${user.id}`);
        const expected = (error === undefined ? after! : before) as Json;
        const { userName: _, ...wanted } = expected;
        expect(holds(json, wanted), JSON.stringify(json)).toBe(true);
        for (const name of Object.keys({ ...before, ...after })) {
          if (name === "displayName" || name === "userName" || name in wanted) continue;
          expect(json[name], name).toBeUndefined();
        }
        if (error === undefined) expect(answer, answer.text).toMatchObject({ status: 200, json });
        else expect(answer, answer.text).toMatchObject({ status: 400, json: { scimType: error, status: "400" } });
      });

      test("RFC 7644 §3.5.2: a repeated PATCH succeeds and changes nothing", async () => {
        const { id } = await createUser();
        const operations = [
          { op: "Add", path: 'emails[type eq "work"].value', value: "r@x.test" },
          { op: "Replace", path: "active", value: "False" },
        ];
        const { meta: _, ...first } = (await patch(`/Users/${id}`, ...operations)).json;
        const { meta: __, ...second } = (await patch(`/Users/${id}`, ...operations)).json;
        expect(second).toEqual(first);
      });

      test("RFC 7644 §3.5.1: a PUT replaces, clears what it leaves out, passes over what is readOnly", async () => {
        const user = await createUser({ title: "T", preferredLanguage: "en", [ENTERPRISE]: { department: "D" } });
        const { status, json } = await call("PUT", `/Users/${user.id}`, {
          id: "other",
          userName: user.userName,
          displayName: "New",
          meta: { created: "2001-01-01T00:00:00Z" },
        });
        expect(status).toBe(200);
        expect(json).toMatchObject({ id: user.id, displayName: "New", meta: { created: user.meta.created } });
        for (const name of ["title", "preferredLanguage", ENTERPRISE]) expect(json[name], name).toBeUndefined();
        expect((await call("PUT", `/Users/${user.id}`, { displayName: "N" })).json.scimType).toBe("invalidValue");
        expect((await call("PUT", "/Users/none", { userName: "x" })).status).toBe(404);
      });

      test("RFC 7644 §3.5.1: a PUT of a group replaces its members, be there one, many or none", async () => {
        const [a, b, c] = [await createUser(), await createUser(), await createUser()];
        const group = await createGroup();
        for (const members of [[a], [b], [b, c], [a], [a, b, c], []]) {
          const value = members.map(({ id }: Json) => ({ value: id }));
          const answer = await call("PUT", `/Groups/${group.id}`, { displayName: group.displayName, members: value });
          expect(answer.status, answer.text).toBe(200);
          const ids = (answer.json.members ?? []).map((each: Json) => each.value);
          expect(ids.toSorted()).toEqual(members.map(({ id }: Json) => id).toSorted());
        }
      });

      test("RFC 7644 §3.14: If-Match lets a write through for the version that there is, and 412 for another", async () => {
        const user = await createUser({ title: "1" });
        const write = (version: string, title: string) =>
          call(
            "PATCH",
            `/Users/${user.id}`,
            { Operations: [{ op: "replace", path: "title", value: title }] },
            { "If-Match": version },
          );
        expect((await write(user.meta.version, "2")).status).toBe(200);
        expect((await write(user.meta.version, "3")).status).toBe(412);
        expect((await write("*", "4")).status).toBe(200);
        expect(
          (await call("PUT", `/Users/${user.id}`, { userName: user.userName }, { "If-Match": user.meta.version }))
            .status,
        ).toBe(412);
        expect((await call("DELETE", `/Users/${user.id}`, undefined, { "If-Match": user.meta.version })).status).toBe(
          412,
        );
        expect((await get(`/Users/${user.id}`)).json.title).toBe("4");
      });

      test("RFC 7644 §3.6: a DELETE answers 204, and then there is nothing to read, change or delete", async () => {
        const { id } = await createUser();
        const gone = await call("DELETE", `/Users/${id}`);
        expect([gone.status, gone.text]).toEqual([204, ""]);
        expect((await get(`/Users/${id}`)).status).toBe(404);
        expect((await call("DELETE", `/Users/${id}`)).status).toBe(404);
        expect((await patch(`/Users/${id}`, { op: "add", path: "title", value: "T" })).status).toBe(404);
        expect((await call("PUT", `/Users/${id}`, { userName: "x" })).status).toBe(404);
      });

      test("RFC 7644 §3.6: the name of what was deleted is free again", async () => {
        const { id, userName } = await createUser();
        await call("DELETE", `/Users/${id}`);
        const again = await call("POST", "/Users", { userName, displayName: "U" });
        expect(again.status).toBe(201);
        expect(again.json.id).not.toBe(id);
      });

      test("RFC 7643 §4.2: members are added, listed with their URI, replaced and removed", async () => {
        const [a, b, c] = [await createUser(), await createUser(), await createUser()];
        const group = await createGroup({ members: [{ value: a.id }] });
        const members = async () =>
          ((await get(`/Groups/${group.id}`)).json.members ?? []).map((each: Json) => each.value).sort();
        expect((await get(`/Groups/${group.id}`)).json.members).toEqual([
          { value: a.id, $ref: `${gateway.base}/Users/${a.id}`, type: "User" },
        ]);
        await patch(`/Groups/${group.id}`, { op: "Add", path: "members", value: [{ value: b.id }, { value: a.id }] });
        expect(await members()).toEqual([a.id, b.id].sort());
        await patch(`/Groups/${group.id}`, {
          op: "replace",
          path: "members",
          value: [{ value: c.id }, { value: b.id }],
        });
        expect(await members()).toEqual([b.id, c.id].sort());
        await patch(`/Groups/${group.id}`, { op: "Remove", path: "members", value: [{ $ref: null, value: c.id }] });
        await patch(`/Groups/${group.id}`, { op: "remove", path: `members[value eq "${a.id}"]` });
        expect(await members()).toEqual([b.id]);
        await patch(`/Groups/${group.id}`, { op: "remove", path: "members" });
        expect(await members()).toEqual([]);
        expect((await query(`/Groups/${group.id}`, { excludedAttributes: "members" })).json.members).toBeUndefined();
      });
    });

    describe("asking", () => {
      test("RFC 7643 §3: a body that says by its schemas that it is something else is 400", async () => {
        const { id } = await createUser();
        const Operations = [{ op: "replace", path: "title", value: "T" }];
        const user = { userName: fresh("user"), displayName: "D" };
        for (const [method, path, body] of [
          ["POST", "/Users", { ...user, schemas: [`${CORE}:Group`] }],
          ["POST", "/Users", { ...user, schemas: "x" }],
          ["PUT", `/Users/${id}`, { ...user, schemas: [ENTERPRISE] }],
          ["PATCH", `/Users/${id}`, { schemas: [`${CORE}:User`], Operations }],
          ["PATCH", `/Users/${id}`, { schemas: ["x"], Operations }],
        ] as const)
          expect(await call(method, path, body), `${method} ${JSON.stringify(body)}`).toMatchObject({
            status: 400,
            json: { scimType: "invalidSyntax" },
          });
        expect((await call("PATCH", `/Users/${id}`, { schemas: [`${MESSAGES}:patchop`], Operations })).status).toBe(
          200,
        );
      });

      test("RFC 7644 §3.4.2.2: a filter by schemas finds those that have attributes of an extension", async () => {
        const [plain, employee] = [await createUser(), await createUser({ [ENTERPRISE]: { department: "Sales" } })];
        const found = async (filter: string) => {
          const ids = [plain, employee].map(({ id }) => `id eq "${id}"`).join(" or ");
          const { json, text } = await query("/Users", { filter: `(${ids}) and ${filter}` });
          expect(json.Resources, `${filter}: ${text}`).toBeDefined();
          return json.Resources.map(({ id }: Json) => [plain.id, employee.id].indexOf(id)).sort();
        };
        expect(await found(`schemas eq "${CORE}:User"`)).toEqual([0, 1]);
        expect(await found(`schemas eq "${ENTERPRISE}"`)).toEqual([1]);
        expect(await found(`schemas ne "${ENTERPRISE}"`)).toEqual([0]);
        expect(await found(`not (schemas co "extension:enterprise")`)).toEqual([0]);
        expect(await found("schemas pr")).toEqual([0, 1]);
        expect(await found('schemas eq "urn:none"')).toEqual([]);
      });

      test.each(["foo 12", "2020", "12", "2020-13-01", "2020-01-01 00:00", "now"])(
        "RFC 7643 §2.3.5: %s is no date-time",
        async (value) =>
          expect(await query("/Users", { filter: `meta.created gt "${value}"` })).toMatchObject({
            status: 400,
            json: { scimType: "invalidFilter" },
          }),
      );

      test("RFC 7644 §3.9: parts of elements that no attribute holds are shown, and what is left of elements is kept", async () => {
        const user = await createUser({ emails: [{ type: "work", value: "w@x.test" }] });
        const group = await createGroup({ members: [{ value: user.id }] });
        const shown = async (path: string, parameters: Record<string, string>) => (await query(path, parameters)).json;
        expect((await shown(`/Users/${user.id}`, { attributes: "emails.type" })).emails).toEqual([{ type: "work" }]);
        const { emails } = await shown(`/Users/${user.id}`, { excludedAttributes: "emails.value" });
        expect(emails).toEqual([expect.objectContaining({ type: "work" })]);
        expect(emails[0].value).toBeUndefined();
        expect((await shown(`/Groups/${group.id}`, { attributes: "members.$ref" })).members).toEqual([
          { $ref: `${gateway.base}/Users/${user.id}` },
        ]);
      });

      test("RFC 7643 §2.3.1: true is no text, and an empty text no complex value", async () => {
        const user = await createUser({ name: { familyName: "F" } });
        for (const operation of [
          { op: "replace", path: "title", value: true },
          { op: "replace", path: "name", value: "" },
          { op: "replace", path: "name", value: "F" },
        ])
          expect(await patch(`/Users/${user.id}`, operation), JSON.stringify(operation)).toMatchObject({
            status: 400,
            json: { scimType: "invalidValue" },
          });
        expect((await get(`/Users/${user.id}`)).json.name.familyName).toBe("F");
      });

      test("RFC 7644 §3.5.2.3: a replace of what its selector does not find is 400 noTarget, and changes nothing", async () => {
        const user = await createUser({ emails: [{ type: "work", value: "w@x.test" }] });
        for (const path of [
          'emails[type eq "work" and value eq "other@x.test"].value',
          'emails[value eq "other@x.test"].value',
          'emails[value ew "none"].value',
        ])
          expect(await patch(`/Users/${user.id}`, { op: "replace", path, value: "new@x.test" }), path).toMatchObject({
            status: 400,
            json: { scimType: "noTarget" },
          });
        expect((await get(`/Users/${user.id}`)).json.emails).toEqual([
          expect.objectContaining({ type: "work", value: "w@x.test" }),
        ]);
        const found = { op: "replace", path: 'emails[value eq "w@x.test"].value', value: "n@x.test" };
        expect((await patch(`/Users/${user.id}`, found)).json.emails[0].value).toBe("n@x.test");
        const gone = await patch(`/Users/${user.id}`, { op: "remove", path: 'emails[value eq "n@x.test"]' });
        expect(gone.json.emails).toBeUndefined();
      });

      test("RFC 7643 §8.7.1: what a member refers to is immutable", async () => {
        const [one, other] = [await createUser(), await createUser()];
        const group = await createGroup({ members: [{ value: one.id }] });
        const path = `members[value eq "${one.id}"].value`;
        expect(await patch(`/Groups/${group.id}`, { op: "replace", path, value: other.id })).toMatchObject({
          status: 400,
          json: { scimType: "mutability" },
        });
      });
    });

    describe("bulk", () => {
      const bulk = (Operations: object[], more: object = {}) =>
        call("POST", "/Bulk", { schemas: [`${MESSAGES}:BulkRequest`], ...more, Operations });
      const user = (bulkId: string, more: object = {}) => ({
        method: "POST",
        path: "/Users",
        bulkId,
        data: { userName: fresh("bulk"), displayName: "B", ...more },
      });

      test("RFC 7644 §3.7: operations are carried out, each with its status, location and version", async () => {
        const made = await createUser();
        const { status, json } = await bulk([
          user("one"),
          {
            method: "PATCH",
            path: `/Users/${made.id}`,
            data: { Operations: [{ op: "add", path: "title", value: "T" }] },
          },
          { method: "PUT", path: `/Users/${made.id}`, data: { userName: made.userName, title: "U" } },
          { method: "DELETE", path: `/Users/${made.id}` },
          { method: "DELETE", path: "/Users/none" },
        ]);
        expect(status).toBe(200);
        expect(json.schemas).toEqual([`${MESSAGES}:BulkResponse`]);
        expect(json.Operations.map((each: Json) => [each.method, each.status])).toEqual([
          ["POST", "201"],
          ["PATCH", "200"],
          ["PUT", "200"],
          ["DELETE", "204"],
          ["DELETE", "404"],
        ]);
        expect(json.Operations[0]).toMatchObject({
          bulkId: "one",
          location: expect.stringContaining(`${gateway.base}/Users/`),
          version: expect.stringMatching(/^W\//),
        });
        expect(json.Operations[4].response).toMatchObject({ status: "404", schemas: [`${MESSAGES}:Error`] });
      });

      test("RFC 7644 §3.7.2: a bulkId stands for what another operation makes, in any order", async () => {
        const { json } = await bulk([
          {
            method: "POST",
            path: "/Groups",
            bulkId: "g",
            data: { displayName: fresh("team"), members: [{ value: "bulkId:u" }] },
          },
          user("u", { [ENTERPRISE]: { manager: { value: "bulkId:m" } } }),
          user("m"),
        ]);
        expect(json.Operations.map((each: Json) => each.status)).toEqual(["201", "201", "201"]);
        const ids = json.Operations.map((each: Json) => each.location.split("/").at(-1));
        expect((await get(`/Groups/${ids[0]}`)).json.members).toMatchObject([{ value: ids[1] }]);
        expect((await get(`/Users/${ids[1]}`)).json[ENTERPRISE].manager.value).toBe(ids[2]);
      });

      test("RFC 7644 §3.7.1: operations that refer to one another in a circle are 409, the others are carried out", async () => {
        const { json } = await bulk([
          user("a", { [ENTERPRISE]: { manager: { value: "bulkId:b" } } }),
          user("b", { [ENTERPRISE]: { manager: { value: "bulkId:a" } } }),
          user("c"),
          {
            method: "POST",
            path: "/Groups",
            bulkId: "g",
            data: { displayName: fresh("g"), members: [{ value: "bulkId:nobody" }] },
          },
        ]);
        expect(json.Operations.map((each: Json) => each.status)).toEqual(["409", "409", "201", "400"]);
      });

      test("RFC 7644 §3.7: failOnErrors ends the work after so many failures", async () => {
        const bad = { method: "DELETE", path: "/Users/none" };
        const { json } = await bulk([user("1"), bad, user("2"), bad, user("3")], { failOnErrors: 2 });
        expect(json.Operations.map((each: Json) => each.status)).toEqual(["201", "404", "201", "404"]);
      });

      test("RFC 7644 §3.7.4: more operations than are advertised are 413", async () => {
        const { bulk: limits } = (await get("/ServiceProviderConfig")).json;
        const answer = await bulk(
          Array.from({ length: limits.maxOperations + 1 }, () => ({ method: "DELETE", path: "/Users/none" })),
        );
        expect(answer).toMatchObject({ status: 413, json: { status: "413" } });
        const large = await call("POST", "/Bulk", "x".repeat(limits.maxPayloadSize + 1));
        expect(large.status).toBe(413);
      });

      test.each<[string, unknown]>([
        ["no list of operations", { schemas: [`${MESSAGES}:BulkRequest`] }],
        ["no schemas", { Operations: [] }],
        ["a bulkId that comes twice", { schemas: [`${MESSAGES}:BulkRequest`], Operations: [user("x"), user("x")] }],
        ["failOnErrors 0", { schemas: [`${MESSAGES}:BulkRequest`], failOnErrors: 0, Operations: [] }],
      ])("RFC 7644 §3.7: a bulk request with %s is 400", async (_, body) => {
        expect((await call("POST", "/Bulk", body)).status).toBe(400);
      });

      test.each<[string, object]>([
        ["an unknown method", { method: "GET", path: "/Users/1" }],
        ["no method", { path: "/Users/1" }],
        ["a POST without a bulkId", { method: "POST", path: "/Users", data: {} }],
        ["a path that is none", { method: "DELETE", path: "Users" }],
        ["no data", { method: "PATCH", path: "/Users/1" }],
      ])("RFC 7644 §3.7.3: an operation with %s is 400 by itself, and the others are done", async (name, operation) => {
        const body = {
          schemas: [`${MESSAGES}:BulkRequest`],
          Operations: [operation, user(`beside ${name}`)],
        };
        const { status, json } = await call("POST", "/Bulk", body);
        expect(status).toBe(200);
        expect(json.Operations.map((each: { status: string }) => each.status)).toEqual(["400", "201"]);
        expect(json.Operations[0].response.scimType).toBe("invalidSyntax");
      });
    });

    describe("the protocol", () => {
      test("RFC 7644 §4: the service says what it can do, and no more than is true", async () => {
        const { json } = await get("/ServiceProviderConfig");
        expect(json).toMatchObject({
          schemas: [`${CORE}:ServiceProviderConfig`],
          patch: { supported: true },
          bulk: { supported: true },
          filter: { supported: true, maxResults: 100 },
          sort: { supported: true },
          etag: { supported: true },
          pagination: { cursor: true, index: true, maxPageSize: 100 },
          authenticationSchemes: [{ type: "oauthbearertoken" }],
        });
      });

      test("RFC 7644 §4: a password can be changed where it is mapped, and only there", async () => {
        const { changePassword } = (await get("/ServiceProviderConfig")).json;
        const { attributes } = (await get(`/Schemas/${CORE}:User`)).json;
        expect(changePassword.supported).toBe(attributes.some((each: Json) => each.name === "password"));
        const { id } = await createUser();
        expect((await patch(`/Users/${id}`, { op: "replace", path: "password", value: "new-Word-2" })).status).toBe(
          200,
        );
      });

      test("RFC 7644 §4: types and schemas are listed, and found by id", async () => {
        for (const path of ["/ResourceTypes", "/Schemas"]) {
          const { json } = await get(path);
          expect(json.totalResults).toBe(json.Resources.length);
          for (const each of json.Resources) expect((await get(`${path}/${each.id}`)).json).toEqual(each);
          expect((await get(`${path}/none`)).status).toBe(404);
        }
      });

      test("RFC 7643 §7: every attribute of a schema has all its characteristics", async () => {
        const check = (attribute: Json) => {
          for (const name of ["name", "type", "multiValued", "description", "required", "mutability", "returned"])
            expect(attribute[name], `${attribute.name}.${name}`).toBeDefined();
          if (attribute.type === "string") expect(attribute.caseExact, attribute.name).toBeTypeOf("boolean");
          for (const sub of attribute.subAttributes ?? []) check(sub);
        };
        for (const schema of (await get("/Schemas")).json.Resources) for (const each of schema.attributes) check(each);
      });

      test("RFC 7644 §4: a filter on a discovery endpoint is 403", async () => {
        for (const path of ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
          expect((await query(path, { filter: 'id eq "User"' })).status).toBe(403);
      });

      test("RFC 9110 §15.5.6: a method that an address does not have is 405 with Allow", async () => {
        for (const [method, path, allow] of [
          ["DELETE", "/Users", "GET, POST, HEAD, OPTIONS"],
          ["POST", "/Users/1", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"],
          ["POST", "/Schemas", "GET, HEAD, OPTIONS"],
          ["GET", "/Bulk", "POST, OPTIONS"],
          ["PUT", "/.search", "POST, OPTIONS"],
        ] as const) {
          const answer = await call(method, path, method === "GET" ? undefined : {});
          expect([answer.status, answer.headers.get("allow")], path).toEqual([405, allow]);
          expect(answer.json.schemas).toEqual([`${MESSAGES}:Error`]);
          const options = await call("OPTIONS", path);
          expect([options.status, options.headers.get("allow")]).toEqual([204, allow]);
        }
      });

      test("RFC 9110 §9.3.2: HEAD answers as GET does, without the body", async () => {
        const { id, meta } = await createUser();
        const { status, text, headers } = await call("HEAD", `/Users/${id}`);
        expect([status, text, headers.get("etag")]).toEqual([200, "", meta.version]);
        expect((await call("HEAD", "/Users/none")).status).toBe(404);
      });

      test("RFC 7644 §3.11: there is no /Me here, and it says so with 501", async () => {
        for (const method of ["GET", "PATCH", "DELETE"])
          expect((await call(method, "/Me", method === "GET" ? undefined : {})).status).toBe(501);
      });

      test("RFC 7644 §3.1: endpoints are found in any case and with a slash behind", async () => {
        const { id } = await createUser();
        for (const path of [
          "/users",
          "/USERS/",
          "//Users",
          `//users/${id}`,
          `/users/${id}`,
          `/Users/${id}/`,
          "/schemas",
          "/serviceproviderconfig",
        ])
          expect((await get(path)).status, path).toBe(200);
      });

      test("RFC 7644 §3.8: application/json is taken as application/scim+json is", async () => {
        const body = JSON.stringify({ userName: fresh("plain"), displayName: "P" });
        const plain = await call("POST", "/Users", body, { "Content-Type": "application/json; charset=utf-8" });
        expect(plain.status).toBe(201);
        expect(plain.headers.get("content-type")).toMatch(/^application\/scim\+json/);
      });

      test("RFC 7644 §3.12: every failure has SCIM's form", async () => {
        for (const answer of [
          await get("/nothing/here"),
          await call("POST", "/Users", "{"),
          await get("/Users?count=x"),
        ]) {
          expect(answer.headers.get("content-type")).toMatch(/^application\/scim\+json/);
          expect(answer.json).toMatchObject({
            schemas: [`${MESSAGES}:Error`],
            status: String(answer.status),
            detail: expect.any(String),
          });
        }
      });
    });
  });
}
