import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checks } from "./checks/index.ts";
import { validate } from "./run.ts";
import { openSession } from "./session.ts";
import type { Transport } from "./transport.ts";

const joining = { User: "userName", Group: "displayName" };

describe("a run", () => {
  test("never breaks, whatever the endpoint answers", async () => {
    const status = fc.constantFrom(200, 201, 204, 302, 400, 404, 409, 500);
    const resource = fc.record({
      id: fc.oneof(fc.string(), fc.anything()),
      // Not even convertible to text.
      userName: fc.oneof(fc.anything(), fc.constant({ toString: 1, valueOf: 1 })),
      schemas: fc.anything(),
    });
    const list = fc.record({
      schemas: fc.constant(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]),
      totalResults: fc.oneof(fc.nat(), fc.anything()),
      Resources: fc.oneof(fc.array(fc.oneof(resource, fc.anything())), fc.anything()),
    });
    const answer = fc.tuple(status, fc.oneof(resource, list, fc.anything()));
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 12 }), async (answers) => {
        let turn = 0;
        const send: Transport["send"] = async () => {
          const [code, json] = answers[turn++ % answers.length]!;
          return { status: code, headers: {}, text: String(JSON.stringify(null)), json, tookMs: 0 };
        };
        const session = await openSession({ transport: { url: "https://scim.example.com", send }, joining });
        const { results } = await validate(checks, session);
        expect(results).toHaveLength(checks.length);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test("goes on after an answer that is nested deeper than the stack", async () => {
    const json = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    const send: Transport["send"] = async () => ({ status: 200, headers: {}, text: "[", json, tookMs: 0 });
    const session = await openSession({ transport: { url: "https://scim.example.com", send }, joining });
    expect((await validate(checks, session)).results).toHaveLength(checks.length);
  });

  test("has checks whose ids are unique, each with a rule, a source and what to do", () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    for (const { id, rule, fix, title } of checks)
      for (const text of [rule.says, rule.source, fix, title]) expect(text, id).not.toBe("");
  });
});
