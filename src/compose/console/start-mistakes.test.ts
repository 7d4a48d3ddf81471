import { expect, test } from "vitest";
import type { Diagnostic } from "../../config/diagnostic.ts";
import type { Loaded } from "../../config/load.ts";
import { oneAtATime } from "./start-mistakes.ts";

const next = {} as Loaded;
const mistake = { message: "no such file" } as Diagnostic;

test("connectors are opened for one configuration at a time, and once while its files stay the same", async () => {
  const events: string[] = [];
  const found: Diagnostic[] = [];
  const look = oneAtATime(async () => {
    events.push("begin");
    await new Promise((done) => setImmediate(done));
    events.push("end");
    return [...found];
  });
  await Promise.all([look("one", next), look("one", next), look("two", next)]);
  expect(events).toEqual(["begin", "end", "begin", "end"]);
  await look("two", next);
  expect(events.length).toBe(4);
  found.push(mistake);
  expect(await look("three", next)).toEqual([mistake]);
  found.pop();
  expect(await look("three", next)).toEqual([]);
});
