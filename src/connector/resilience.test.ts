import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Condition, Connector, SearchRequest } from "./connector.ts";
import { ConnectorError, isOwnFault } from "./error.ts";
import { resilienceConfig, resilient } from "./resilience.ts";

const quiet = {
  called: () => {},
  breaker: () => {},
  traced: <T>(_: string, __: string, call: () => Promise<T>) => call(),
};
const named: Condition = { op: "eq", attr: "uid", value: "ann" };
const dear: readonly (Condition | undefined)[] = [
  undefined,
  { op: "pr", attr: "uid" },
  { op: "sw", attr: "uid", value: "a" },
  { op: "not", condition: named },
  { op: "or", conditions: [named, { op: "pr", attr: "uid" }] },
  { op: "and", conditions: [] },
];
const cheap: readonly Condition[] = [
  named,
  { op: "or", conditions: [named, named] },
  { op: "and", conditions: [{ op: "pr", attr: "uid" }, named] },
];

/** A connector whose searches do as they are told, and whose look-ups answer. */
function made(search: (request: SearchRequest) => Promise<{ entries: [] }>, settings: object = {}) {
  const connector = { search, get: async () => ({ uid: "ann" }) } as unknown as Connector;
  return resilient(connector, "directory", resilienceConfig.parse({ concurrency: 8, queue: 2, ...settings }), quiet);
}
const ask = (where?: Condition, signal = AbortSignal.timeout(5000)): SearchRequest => ({
  kind: "user",
  attrs: [],
  limit: 10,
  count: true,
  signal,
  ...(where && { where }),
});
const get = { kind: "user", key: "1", attrs: [], signal: AbortSignal.timeout(5000) };
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof ConnectorError ? error.kind : "unforeseen"),
  );

describe("listings", () => {
  test.each(dear.map((where) => [JSON.stringify(where), where] as const))(
    "such as %s have half of the places, so that look-ups have the others",
    async (_, where) => {
      let running = 0;
      const { search, get: lookUp } = made(async () => {
        running++;
        await sleep(50);
        return { entries: [] };
      });
      const listed = Array.from({ length: 8 }, () => outcome(search(ask(where))));
      await sleep(10);
      expect(running).toBe(4);
      expect(await Promise.all(Array.from({ length: 4 }, () => outcome(lookUp(get))))).toEqual(Array(4).fill("ok"));
      expect((await Promise.all(listed)).sort()).toEqual(["busy", "busy", "ok", "ok", "ok", "ok", "ok", "ok"]);
    },
  );

  test.each(cheap.map((where) => [JSON.stringify(where), where] as const))(
    "are not what names its entries by a value: %s",
    async (_, where) => {
      const { search } = made(async () => {
        await sleep(20);
        return { entries: [] };
      });
      const found = await Promise.all(Array.from({ length: 8 }, () => outcome(search(ask(where)))));
      expect(found).toEqual(Array(8).fill("ok"));
    },
  );

  test("that fail again and again keep nobody from looking up", async () => {
    const { search, get: lookUp } = made(async () => {
      throw new ConnectorError("timeout", "it takes too long");
    });
    for (let n = 0; n < 40; n++) expect(["timeout", "unavailable"]).toContain(await outcome(search(ask())));
    expect(await outcome(search(ask()))).toBe("unavailable");
    expect(await outcome(lookUp(get))).toBe("ok");
    expect(await outcome(search(ask(named)))).toBe("timeout");
  });
});

describe("a fault of the program's own", () => {
  const faults = [new RangeError("Maximum call stack size exceeded"), new TypeError("x is not a function")];
  test.each(faults)("%s is thrown as it is, and says nothing of the system behind", async (fault) => {
    const { search } = made(async () => {
      throw fault;
    });
    for (let n = 0; n < 40; n++) await expect(search(ask(named))).rejects.toBe(fault);
  });

  test("is told from what the network, or a library, says", () => {
    for (const fault of faults) expect(isOwnFault(fault)).toBe(true);
    const others = [
      new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }),
      Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL" }),
      new Error("Connection terminated unexpectedly"),
      new SyntaxError("Unexpected token"),
      "a text",
    ];
    for (const other of others) expect(isOwnFault(other)).toBe(false);
  });
});
