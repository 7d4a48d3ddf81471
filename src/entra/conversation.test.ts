import { expect, test } from "vitest";
import { conversationsOver, refusal, type Send } from "./conversation.ts";
import type { Exchange } from "./report-data.ts";

const open = (send: Send, rate?: number) => {
  const waits: number[] = [];
  const told: Exchange[] = [];
  const begin = conversationsOver({
    send,
    now: () => 0,
    wait: async (ms) => {
      waits.push(Math.round(ms));
    },
    rate,
    redacted: (exchange) => exchange,
    onExchange: (exchange) => told.push(exchange),
  });
  return { conversation: begin("User"), waits, told };
};
const answering = (...answers: readonly [status: number, after?: string][]): Send => {
  let turn = 0;
  return async () => {
    const [status, after] = answers[Math.min(turn++, answers.length - 1)]!;
    const headers: Record<string, string> = after === undefined ? {} : { "retry-after": after };
    return { status, headers, text: "" };
  };
};
const REQUEST = { method: "GET", path: "/Users" } as const;

test.each([
  ["429 with seconds", answering([429, "3"], [200]), [3000], 200],
  ["429 without", answering([429], [200]), [1000], 200],
  ["503 with seconds", answering([503, "2"], [200]), [2000], 200],
  ["503 without is an answer", answering([503], [200]), [], 503],
  ["no longer than a minute", answering([429, "9999999"], [200]), [60_000], 200],
  ["a fraction or a negative number is no time", answering([429, "3.5"], [429, "-5"], [200]), [1000, 1000], 200],
  ["four times at most", answering([429, "1"]), [1000, 1000, 1000], 429],
] as const)("a refusal for now is waited for: %s", async (_, send, waited, status) => {
  const { conversation, waits } = open(send);
  expect((await conversation.ask("read", REQUEST)).status).toBe(status);
  expect(waits).toEqual(waited);
});

test("requests are spaced by the rate", async () => {
  const { conversation, waits } = open(answering([200]), 10);
  for (let turn = 0; turn < 4; turn++) await conversation.ask("read", REQUEST);
  expect(waits).toHaveLength(3);
  expect(waits.at(-1)).toBeGreaterThan(250);
});

test.each([
  ["No answer within 30 seconds.", "Timeout"],
  ["No answer: ECONNREFUSED.", "WebExceptionProtocolError"],
])("%s is %s", async (failure, code) => {
  const { conversation } = open(async () => ({ failure }));
  await expect(conversation.ask("read", REQUEST)).rejects.toMatchObject({ code });
});

test("of a long conversation the first and the last exchanges are kept, without the values that were read", async () => {
  const { conversation, told } = open(async () => ({ status: 200, headers: {}, text: "{}", json: {} }));
  for (let turn = 0; turn < 100; turn++) await conversation.ask("read", { method: "GET", path: `/Users/${turn}` });
  expect(told).toHaveLength(100);
  const paths = conversation.exchanges.map(({ path }) => path);
  expect(paths).toHaveLength(20);
  expect([paths[0], paths.at(-1)]).toEqual(["/Users/0", "/Users/99"]);
  expect(conversation.exchanges.every(({ answer }) => answer?.json === undefined)).toBe(true);
});

test("a refusal has Microsoft's code, and what the endpoint says of it", () => {
  const answer = (status: number, text: string) => ({ status, headers: {}, text });
  const scim = JSON.stringify({ scimType: "uniqueness", detail: "userName is taken" });
  expect(refusal("The creation", answer(409, scim))).toMatchObject({
    code: "EntryConflict",
    message: "The creation was answered with 409: uniqueness: userName is taken",
  });
  expect(refusal("The read", answer(502, "<html>"))).toMatchObject({
    code: "InternalServerError",
    message: "The read was answered with 502: <html>",
  });
});
