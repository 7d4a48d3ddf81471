import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../src/connector/error.ts";
import type { Call } from "../../src/http/call.ts";
import { apiOf } from "./api.ts";
import { compileStep } from "./calls.ts";
import { judgeBy } from "./failures.ts";

/** Makes calls in turn against an API that answers each path with a status; gives what was asked of it, and the failure. */
async function inTurn(statuses: Record<string, number>, steps: object[]) {
  const asked: string[] = [];
  const client = {
    clean: (text: string) => text,
    observe: () => ({ pools: [], peers: [] }),
    close: async () => {},
    call: async ({ method, path }: Call) => {
      asked.push(`${method} ${path}`);
      const status = statuses[`${method} ${path}`] ?? 200;
      return { status, headers: {}, cookies: {}, body: { of: path } };
    },
  };
  const compiled = steps.map((step) => compileStep({ query: {}, headers: {}, ...step } as never));
  const turn = { input: {}, variables: { value: "1" } };
  const failure = await apiOf(client, judgeBy([], client.clean))
    .inTurn(compiled, turn, AbortSignal.timeout(1000))
    .then(
      () => undefined,
      (error: ConnectorError) => error,
    );
  return { asked, failure };
}

const undoing = (path: string) => ({ method: "DELETE", path, query: {}, headers: {} });
const add = (path: string, more: object = {}) => ({ method: "POST", path, undo: undoing(path), ...more });

describe("calls in turn, of which one fails", () => {
  test("are taken back, the last first", async () => {
    const { asked, failure } = await inTurn({ "POST /c": 400 }, [add("/a"), add("/b"), add("/c")]);
    expect(asked).toEqual(["POST /a", "POST /b", "POST /c", "DELETE /b", "DELETE /a"]);
    expect(failure).toBeInstanceOf(ConnectorError);
    expect(failure!.message).toMatch(/This was call 3 of several; the previous calls were undone\.$/);
  });

  test("leave alone what was there already, what only looked, and what was not made", async () => {
    const { asked, failure } = await inTurn({ "POST /a": 409, "POST /c": 400 }, [
      add("/a", { accept: "$status = 409" }),
      { method: "GET", path: "/look" },
      add("/never", { when: "$value = '2'" }),
      add("/c"),
    ]);
    expect(asked).toEqual(["POST /a", "GET /look", "POST /c"]);
    expect(failure!.message).not.toContain("several");
  });

  test("say which could not be taken back, and why", async () => {
    const { failure } = await inTurn({ "POST /c": 400, "DELETE /a": 500 }, [
      add("/a"),
      { method: "PUT", path: "/b" },
      add("/c"),
    ]);
    expect(failure!.message).toMatch(
      /earlier changes remain: call 2 has no undo; call 1 could not be undone: The API refused DELETE \/a, status 500/,
    );
  });
});
