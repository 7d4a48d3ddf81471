import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createOverloadManager } from "./overload.ts";

test("one long turn of the event loop is no overload, the first one after the start neither", async () => {
  const manager = createOverloadManager({ heap: 1, delay: 50 });
  const block = (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  block(400);
  await sleep(1);
  expect(manager.isOverloaded()).toBe(false);
  expect(manager.isLate()).toBe(true);
  // It is when turn after turn is long.
  for (let turn = 0; turn < 6; turn++) {
    block(250);
    await sleep(1);
  }
  expect(manager.isOverloaded()).toBe(true);
  manager.stop();
});
