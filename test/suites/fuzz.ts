import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ROOT, TOKEN } from "../servers/gateway.ts";

const SIDE_BY_SIDE = 8;
const HANG_MS = 10_000;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly type: string;
  readonly body: string | undefined;
}

const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const anything = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(null, "", 0, -1, 1e308, true, [], {}, [[]], "\u0000", "__proto__", "constructor"),
);
const segment = fc.oneof(
  fc.constantFrom(
    "Users",
    "Groups",
    "Schemas",
    "ResourceTypes",
    "ServiceProviderConfig",
    "Bulk",
    "Me",
    ".search",
    "1",
    "2",
    "users",
    "..",
    "%2e%2e",
    "%00",
    "%",
    "%ff",
    "*",
  ),
  fc.string(),
);
const path = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      "/Users",
      "/Groups",
      "/Users/1",
      "/Users/2",
      "/Groups/1",
      "/Users/.search",
      "/.search",
      "/Bulk",
      "/Me",
      "/Schemas",
      "/ResourceTypes/User",
      "/ServiceProviderConfig",
      "",
    ),
    weight: 4,
  },
  { arbitrary: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`), weight: 1 },
);
const token = fc.constantFrom(
  "userName",
  "emails",
  "[",
  "]",
  "(",
  ")",
  "eq",
  "ne",
  "co",
  "pr",
  "and",
  "or",
  "not",
  '"x"',
  '"',
  "\\",
  "type",
  ".",
  ":",
  "value",
  "true",
  "null",
  "1e999",
  "manager",
  "members",
  `${ENTERPRISE}:department`,
  "meta.created",
  '"2026-01-01T00:00:00Z"',
  " ",
  "+",
  "%20",
);
const filter = fc.oneof(
  fc.array(token, { maxLength: 12 }).map((parts) => parts.join(" ")),
  fc.string(),
  fc.integer({ min: 1, max: 5000 }).map((deep) => `${"(".repeat(deep)}userName pr${")".repeat(deep)}`),
  fc.integer({ min: 1, max: 3000 }).map((deep) => `${"not (".repeat(deep)}userName pr${")".repeat(deep)}`),
  fc.integer({ min: 1, max: 3000 }).map((many) => Array.from({ length: many }, () => 'userName eq "x"').join(" or ")),
);
const query = fc.oneof(
  { arbitrary: fc.constant(""), weight: 2 },
  {
    arbitrary: fc
      .dictionary(
        fc.constantFrom(
          "filter",
          "sortBy",
          "sortOrder",
          "startIndex",
          "count",
          "cursor",
          "attributes",
          "excludedAttributes",
          "other",
        ),
        fc.oneof(
          filter,
          fc.string(),
          fc.constantFrom("0", "-1", "99999999999999999999", "userName", "descending", "id,,userName.,"),
        ),
      )
      .map((each) => `?${new URLSearchParams(each)}`),
    weight: 4,
  },
  { arbitrary: fc.string().map((each) => `?filter=${each.replace(/[\s#\u0000-\u001f]/g, "")}`), weight: 1 },
);
const operation = fc.oneof(
  fc.record(
    {
      op: fc.oneof(fc.constantFrom("add", "Replace", "remove"), anything),
      path: fc.oneof(
        filter,
        anything,
        fc.array(token, { maxLength: 6 }).map((parts) => parts.join("")),
      ),
      value: anything,
    },
    { requiredKeys: [] },
  ),
  anything,
);
const user = fc.dictionary(
  fc.constantFrom(
    "userName",
    "emails",
    "name",
    "active",
    "groups",
    "schemas",
    "meta",
    "id",
    ENTERPRISE,
    "members",
    "displayName",
    "roles",
    "USERNAME",
    "__proto__",
  ),
  anything,
);
const bulk = fc.record(
  {
    schemas: fc.constant(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]),
    failOnErrors: anything,
    Operations: fc.array(
      fc.oneof(
        anything,
        fc.record(
          {
            method: fc.oneof(fc.constantFrom("POST", "PUT", "PATCH", "DELETE"), anything),
            path: fc.oneof(fc.constantFrom("/Users", "/Users/bulkId:a", "/Users/1", "/x"), anything),
            bulkId: fc.oneof(fc.constantFrom("a", "b"), anything),
            data: fc.oneof(user, anything),
          },
          { requiredKeys: [] },
        ),
      ),
      { maxLength: 5 },
    ),
  },
  { requiredKeys: ["schemas", "Operations"] },
);
const json = fc
  .oneof(
    user,
    fc.record({
      schemas: fc.constant([PATCH_OP]),
      Operations: fc.oneof(fc.array(operation, { maxLength: 4 }), anything),
    }),
    bulk,
    fc.dictionary(
      fc.constantFrom("filter", "count", "startIndex", "sortBy", "attributes", "schemas", "cursor"),
      anything,
    ),
    anything,
  )
  .map((each) => JSON.stringify(each) ?? "");
const body = fc.oneof(
  { arbitrary: json, weight: 8 },
  { arbitrary: fc.tuple(json, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))), weight: 2 },
  {
    arbitrary: fc.integer({ min: 1, max: 60_000 }).map((deep) => `${'{"a":['.repeat(deep)}${"]}".repeat(deep)}`),
    weight: 1,
  },
  { arbitrary: fc.string({ unit: "binary" }), weight: 1 },
);
const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"),
  path,
  query,
  type: fc.oneof(
    { arbitrary: fc.constant("application/scim+json"), weight: 8 },
    { arbitrary: fc.constantFrom("application/json", "text/plain", "x", ""), weight: 1 },
  ),
  body,
});

/** A configuration's connectors and routes, and how to end what is behind them. */
export interface Backend {
  readonly config: object;
  readonly stop: () => Promise<void>;
}

/** Throws what is malformed at every endpoint of a gateway that is a process of its own. `npm run test:long` does it for a minute. */
export function fuzzSuite(name: string, start: () => Promise<Backend>, most = 5): void {
  const seconds = Number(process.env.FUZZ_SECONDS ?? most);
  describe(`what is malformed, thrown at every endpoint on ${name}`, () => {
    let backend: Backend;
    let gateway: ChildProcess;
    let folder: string;
    let base: string;
    const answerOf = () =>
      new Promise<Record<string, number>>((resolve) =>
        gateway.once("message", (each) => resolve(each as Record<string, number>)),
      );
    const live = async () => {
      gateway.send("memory");
      return (await answerOf()).live!;
    };

    beforeAll(async () => {
      backend = await start();
      folder = mkdtempSync(join(tmpdir(), "postern-fuzz-"));
      const file = join(folder, "gateway.config.yaml");
      const auth = [{ type: "bearer", tokens: [{ name: "fuzz", token: TOKEN }] }];
      writeFileSync(file, stringify({ server: { port: 0 }, log: { level: "error" }, auth, ...backend.config }));
      gateway = fork(join(ROOT, "test/servers/process.ts"), [file], {
        execArgv: ["--expose-gc"],
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      });
      gateway.stdout!.resume();
      base = `http://127.0.0.1:${(await answerOf()).port}/scim/v2`;
    });
    afterAll(async () => {
      gateway.disconnect();
      await backend.stop();
      rmSync(folder, { recursive: true });
    });

    /** Sends it; what the URL's or fetch's own rules refuse was never sent. */
    async function attempt({ method, path, query, type, body }: Request): Promise<number | undefined> {
      const hasBody = method !== "GET" && method !== "HEAD";
      try {
        const url = new URL(base + path + query);
        const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": type };
        const signal = AbortSignal.timeout(HANG_MS);
        const answer = await fetch(url, { method, headers, signal, ...(hasBody && { body: body ?? "" }) });
        await answer.arrayBuffer();
        return answer.status;
      } catch (error) {
        if (error instanceof DOMException && error.name === "TimeoutError") throw error;
        return undefined;
      }
    }

    test(`RFC 7644 §3.12: for ${seconds} s there is no 5xx, no hang and no growth`, {
      timeout: (seconds + 60) * 1000,
    }, async () => {
      const wrong: string[] = [];
      let sent = 0;
      async function throwFor(milliseconds: number) {
        const end = Date.now() + milliseconds;
        for (let seed = Number(process.env.SEED ?? 1); Date.now() < end && wrong.length === 0; seed++) {
          const requests = fc.sample(request, { numRuns: SIDE_BY_SIDE * 8, seed: seed + sent });
          for (let from = 0; from < requests.length; from += SIDE_BY_SIDE) {
            await Promise.all(
              requests.slice(from, from + SIDE_BY_SIDE).map(async (each) => {
                const status = await attempt(each);
                if (status !== undefined) sent++;
                // 501 is /Me, which says that there is none.
                if (status !== undefined && status >= 500 && status !== 501)
                  wrong.push(`${status} ${JSON.stringify(each).slice(0, 2000)}`);
              }),
            );
          }
        }
      }
      await throwFor(seconds * 250);
      const before = await live();
      await throwFor(seconds * 750);
      const after = await live();
      expect(wrong).toEqual([]);
      expect(sent).toBeGreaterThan(seconds * 10);
      // What stays is bounded: caches fill, and the drawn requests create a few users.
      expect(after - before).toBeLessThan(24 * 1024 * 1024);
    });
  });
}
