import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AskedCall, PlayInput, Trial } from "../../src/console/api/mappings.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { send } from "../clients/replay.ts";
import { type SignedIn, signedInTo } from "../servers/console.ts";
import { startGateway, type TestGateway } from "../servers/gateway.ts";
import type { Behind } from "../servers/playing.ts";
import { drawnFilter, drawnUser, resourceOf } from "./filters.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Json = any;
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const text = fc.constantFrom("ann", "Ann Lee", "é", "日本 Ω", "o'x", 'q"q', "a%n", "10", "x y");
const single = fc.constantFrom("title", "displayName", "name.givenName", "externalId", "nickName");
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom("replace", "Add", "add"), path: single, value: text }),
  fc.record({
    op: fc.constantFrom("remove", "Remove"),
    path: fc.constantFrom("title", "name.givenName", "phoneNumbers"),
  }),
  fc.record({
    op: fc.constant("Replace"),
    path: fc.constant("active"),
    value: fc.constantFrom("False", "True", false),
  }),
  fc.record({
    op: fc.constantFrom("replace", "add"),
    path: fc.constant('emails[type eq "work"].value'),
    value: fc.constantFrom("ann@x.test", "BO@x.test"),
  }),
  fc.record({
    op: fc.constantFrom("replace", "add"),
    path: fc.constantFrom('phoneNumbers[type eq "mobile"].value', 'phoneNumbers[type eq "work"].value'),
    value: fc.constantFrom("1", "+47 22 33"),
  }),
  fc.record({ op: fc.constant("replace"), value: fc.record({ title: text, displayName: text }) }),
);
const operations = fc.array(operation, { minLength: 1, maxLength: 3 });

/** How many of each are drawn. */
export interface Draws {
  readonly users: number;
  readonly filters: number;
  readonly patches: number;
  readonly seed: number;
}

const FEW: Draws = { users: 6, filters: 24, patches: 16, seed: Number(process.env.SEED ?? 5) };

/** The law of the playground: what it shows of a request is what that request asks of the backend, word for word, and what it answers. */
export function playLaw(backend: string, start: () => Promise<Behind>, draws = FEW): void {
  describe(`the playground on ${backend}`, () => {
    let behind: Behind;
    let gateway: TestGateway;
    let operator: SignedIn;
    const made: string[] = [];
    const { seed } = draws;
    const route = "/scim/v2";

    beforeAll(async () => {
      behind = await start();
      gateway = await startGateway({
        ...behind.config,
        operations: { port: 0 },
        console: {},
        state: { url: "sqlite:state.db" },
        journal: { values: true, reads: true },
      });
      operator = await signedInTo(gateway);
    });
    afterAll(async () => {
      await gateway.stop();
      await behind.stop?.();
    });

    const ask = async (path: string, body: object): Promise<Json> => {
      const url = `${gateway.operations}/console/api/mappings/${path}`;
      const answer = await operator.send(url, {
        method: "POST",
        headers: operator.headers,
        body: JSON.stringify(body),
      });
      const json = await answer.json();
      expect(answer.status, JSON.stringify(json)).toBe(200);
      return json;
    };
    const tried = async (input: PlayInput): Promise<Trial> => {
      const { trial, problems } = await ask("play", { route, type: "User", input, live: true });
      expect(problems.filter(({ severity }: Json) => severity === "error")).toEqual([]);
      return trial;
    };
    /** Sends a request, and notes it beside its trial. */
    const done = async (what: string, trial: Trial, [method, path, body]: readonly [string, string, unknown?]) => {
      const requestId = `law-${crypto.randomUUID()}`;
      const answer = await send(gateway, method, path, body, { "x-request-id": requestId });
      expect(trial.answer.status, `${what}: ${answer.text}`).toBe(answer.status);
      if (answer.status < 300 && method !== "GET") expect(said(trial.answer.body), what).toEqual(said(answer.json));
      return { what, trial, requestId, answer };
    };
    /** What the journal, which is written behind the answers, has of a request. */
    const journaled = async (requestId: string): Promise<JournalEntry> => {
      const read = async (path: string) => (await fetch(`${gateway.operations}/journal${path}`)).json() as Json;
      for (const until = Date.now() + 5000; Date.now() < until; await sleep(20)) {
        const [entry] = (await read(`?requestId=${requestId}`)).entries;
        if (entry) return read(`/${entry.id}`);
      }
      throw new Error(`the journal does not have ${requestId}`);
    };
    /** Compares trials with what was asked of the backend. */
    const agree = async (all: readonly Awaited<ReturnType<typeof done>>[]) => {
      for (const { what, trial, requestId } of all) {
        const { steps } = await journaled(requestId);
        const asked = steps.flatMap(({ native }) => (native === undefined ? [] : [native]));
        expect(trial.asked.flatMap(nativeOf), what).toEqual(asked.map(withoutRequestKey));
      }
    };
    test("a POST is asked and answered as it is shown", async () => {
      const all = [];
      for (const [n, drawn] of fc.sample(drawnUser.map(resourceOf), { numRuns: draws.users, seed }).entries()) {
        const resource = { ...drawn, userName: `law${n}`, displayName: `Law ${n}` };
        const trial = await tried({ kind: "resource", resource });
        all.push(await done(JSON.stringify(resource), trial, ["POST", "/Users", resource]));
        made.push(all.at(-1)!.answer.json.id);
      }
      await agree(all);
    });

    test("a filter is divided and asked as it is shown", async () => {
      const all = [];
      for (const filter of fc.sample(drawnFilter, { numRuns: draws.filters, seed })) {
        const trial = await tried({ kind: "filter", filter });
        all.push(await done(filter, trial, ["GET", `/Users?${new URLSearchParams({ filter })}`]));
      }
      await agree(all);
    });

    test("a PATCH of the live entry is asked and answered as it is shown", async () => {
      const all = [];
      for (const [n, Operations] of fc.sample(operations, { numRuns: draws.patches, seed }).entries()) {
        const id = made[n % made.length]!;
        const patch = { schemas: [PATCH_OP], Operations };
        const { entry } = await ask("entry", { route, type: "User", id });
        const trial = await tried({ kind: "patch", patch, entry });
        all.push(await done(JSON.stringify(Operations), trial, ["PATCH", `/Users/${encodeURIComponent(id)}`, patch]));
      }
      await agree(all);
    });

    test("the attributes that the backend publishes have those that the mapping names", async () => {
      const get = async (path: string): Promise<Json> =>
        (await operator.get(`${gateway.operations}/console/api/mappings${path}`)).json();
      const { mappings } = await get("");
      const { kind, rows } = mappings.find((each: Json) => each.type === "User");
      const { attributes } = await get(`/attributes?${new URLSearchParams({ route, type: "User", kind })}`);
      if (attributes.length === 0) return expect(["entries in memory", "a REST API"]).toContain(backend);
      // Servers do not describe what every resource has, and that one has no passwords.
      const named = rows.filter(({ name }: Json) => !/^(id|externalId|password|meta\.\w+)$/.test(name));
      const of = (text: string) => text.replace(/ -> .*/, "").replace(/\[.*\]/, "");
      const known = new Set(attributes.map(({ name }: Json) => name));
      expect(named.map(({ backend }: Json) => of(backend)).filter((each: string) => !known.has(each))).toEqual([]);
    });

    test("an entry is read as it is shown", async () => {
      const [id = ""] = made;
      const { entry } = await ask("entry", { route, type: "User", id });
      const trial = await tried({ kind: "entry", entry });
      const real = await done(id, trial, ["GET", `/Users/${encodeURIComponent(id)}`]);
      expect(said(trial.answer.body)).toEqual(said(real.answer.json));
      await agree([real]);
    });
  });
}

/** A resource without what the backend alone gives to it. */
const said = ({ id: _, meta: __, ...resource }: Json) => resource;

/** How much of a call's own words the journal keeps, in characters. */
const MAX_NATIVE = 4000;

/** A call in the backend's own words. The key that tells repeats of a request is another one each time. */
const nativeOf = ({ native }: AskedCall): string[] =>
  native === "" ? [] : [withoutRequestKey(native.slice(0, MAX_NATIVE))];
const withoutRequestKey = (native: string): string => native.replace(/"requestKey": "[^"]*"/, '"requestKey": "…"');
