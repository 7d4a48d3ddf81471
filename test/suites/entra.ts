import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEndpoint, type ScimEndpoint } from "../../src/cli/scim-endpoint.ts";
import { checks } from "../../src/validate/checks/index.ts";
import { runCheck } from "../../src/validate/run.ts";
import { openSession, type Session } from "../../src/validate/session.ts";
import { send } from "../clients/replay.ts";
import type { TestGateway } from "../servers/gateway.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;

/** The checks of `postern validate` for Entra: its ways, and the rows of its two validators. */
const entraChecks = checks.filter(({ profile }) => profile === "entra" || profile === "entra-gallery");

/**
 * What Microsoft Entra ID does, beyond its life cycle, and what Microsoft's validators check: the checks of `postern validate`, and what
 * is expected of Postern besides. `differs` has the checks that the backend cannot pass, with what they find.
 */
export function entraSuite(
  backend: string,
  start: () => Promise<TestGateway>,
  differs: Readonly<Record<string, RegExp>> = {},
): void {
  describe(`Entra on ${backend}`, () => {
    let gateway: TestGateway;
    let endpoint: ScimEndpoint;
    let session: Session;
    beforeAll(async () => {
      gateway = await start();
      endpoint = openEndpoint({ url: gateway.base, token: gateway.token, timeout: 30 });
      session = await openSession({ transport: endpoint, joining: { User: "userName", Group: "displayName" } });
    });
    afterAll(async () => {
      await endpoint?.close();
      await gateway?.stop();
    });

    describe("the checks of postern validate", () => {
      test.each(entraChecks.map((check) => [check.id, check.title, check] as const))("%s: %s", async (id, _, check) => {
        const { status, message = "" } = await runCheck(check, session);
        if (differs[id]) return expect(message).toMatch(differs[id]);
        if (status === "skipped") return expect(message).toMatch(/^(Run it with --token-url|The endpoint publishes)/);
        expect(message).toBe("");
        expect(status).toBe("passed");
      });

      test("everything that they made is deleted", async () => {
        expect(await session.cleanUp()).toEqual([]);
      });
    });

    let turn = 0;
    const fresh = (name: string) => `${name}${++turn}@entra.test`;
    const call = (method: string, path: string, body?: unknown) => send(gateway, method, path, body);
    const get = (path: string) => call("GET", path);
    const patch = async (path: string, ...Operations: object[]) => {
      const answer = await call("PATCH", path, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations,
      });
      expect([200, 204], answer.text).toContain(answer.status);
      return (await get(path)).json as Json;
    };
    const createUser = async (more: object = {}): Promise<Json> => {
      const answer = await call("POST", "/Users", { userName: fresh("user"), active: true, displayName: "U", ...more });
      expect(answer.status, answer.text).toBe(201);
      return answer.json;
    };
    const byFilter = async (path: string, filter: string) =>
      (await get(`${path}?filter=${encodeURIComponent(filter)}`)).json;

    describe("what is expected of Postern besides", () => {
      test("rules 1 and 2: the probe of a mapping that nobody has edited yet, PLACEHOLDER, finds nothing", async () => {
        for (const path of [
          '/Groups?excludedAttributes=members&filter=externalId eq "none"',
          '/Users?filter=PLACEHOLDER eq "x"',
        ]) {
          const answer = await get(encodeURI(path));
          expect(answer).toMatchObject({ status: 200, json: { schemas: [LIST], totalResults: 0, Resources: [] } });
        }
      });

      test("rule 16: blanks may be +, and quotes unescaped or escaped, and @ either", async () => {
        const { id, userName } = await createUser();
        for (const query of [
          `filter=userName+eq+%22${userName}%22`,
          `filter=userName%20eq%20%22${encodeURIComponent(userName)}%22`,
          `filter=userName+eq+"${userName}"`,
          `aadOptscim062020&filter=userName+eq+${userName}`,
        ])
          expect(
            (await get(`/Users?${query}`)).json.Resources.map((each: Json) => each.id),
            query,
          ).toEqual([id]);
      });

      test("rule 8: a manager that does not exist is no error", async () => {
        const { id } = await createUser();
        for (const value of ["00000000-0000-4000-8000-000000000000", "random text"])
          expect(
            (await patch(`/Users/${id}`, { op: "Add", path: `${ENTERPRISE}:manager`, value }))[ENTERPRISE]?.manager,
          ).toBeUndefined();
      });

      test("rule 15: any mapped attribute can be the matching one", async () => {
        const mark = fresh("match");
        const { id } = await createUser({
          externalId: mark,
          displayName: mark,
          emails: [{ type: "work", value: mark }],
          [ENTERPRISE]: { employeeNumber: mark },
        });
        for (const path of [
          "externalId",
          "displayName",
          "emails.value",
          'emails[type eq "work"].value',
          `${ENTERPRISE}:employeeNumber`,
        ])
          expect(
            (await byFilter("/Users", `${path} eq "${mark}"`)).Resources.map((each: Json) => each.id),
            path,
          ).toEqual([id]);
      });

      test("account discovery pages through all users, each once", async () => {
        for (let n = 0; n < 12; n++) await createUser();
        const seen: string[] = [];
        for (let startIndex = 1, total = 1; startIndex <= total; startIndex += 5) {
          const { json } = await get(`/Users?startIndex=${startIndex}&count=5`);
          total = json.totalResults;
          seen.push(...json.Resources.map((each: Json) => each.id));
          if (startIndex > total) break;
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length).toBe((await get("/Users?count=0")).json.totalResults);
      });

      test("of many attributes that are added at once, those that are not mapped are passed over", async () => {
        const { json } = await call("POST", "/Users", { userName: fresh("minimal"), displayName: "M" });
        const add = (path: string, value: unknown) => ({ op: "add", path, value });
        const user = await patch(
          `/Users/${json.id}`,
          add('emails[type eq "work"].value', "m@entra.test"),
          add('emails[type eq "work"].primary', true),
          add("name.givenName", "G"),
          add("preferredLanguage", "fr"),
          add('roles[primary eq "True"].display', "RD"),
          add('roles[primary eq "True"].value', "RV"),
          add('roles[primary eq "True"].type', "RT"),
          add('addresses[type eq "work"].locality', "Lund"),
          add('phoneNumbers[type eq "fax"].value', "9"),
          add("timezone", "America/Argentina/Cordoba"),
          add("locale", "xx-random"),
          add("nickName", "N"),
          add(`${ENTERPRISE}:costCenter`, "CC"),
          add(`${ENTERPRISE}:department`, "DD"),
        );
        expect(user).toMatchObject({
          emails: [{ type: "work", value: "m@entra.test", primary: true }],
          name: { givenName: "G" },
          preferredLanguage: "fr",
          [ENTERPRISE]: { department: "DD" },
        });
        // A backend that has a place for it gives all of it back.
        if (user.roles) expect(user.roles).toEqual([{ display: "RD", value: "RV", type: "RT", primary: true }]);
        if (user.addresses) expect(user.addresses).toEqual([{ type: "work", locality: "Lund" }]);
        const { json: schema } = await get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User");
        for (const name of ["roles", "addresses", "nickName", "timezone", "locale"]) {
          const isMapped = schema.attributes.some((each: Json) => each.name === name);
          expect(user[name] !== undefined, name).toBe(isMapped);
        }
      });
    });
  });
}
