import { expect, test } from "vitest";
import { createBatches } from "./guard-batches.ts";

const MINUTE = 60_000;
const change = { type: "User", danger: "deletes", caller: "entra" };

test("changes that were stopped without a longer pause are one batch; other clients and other changes have their own", () => {
  const batches = createBatches();
  for (const minute of [70, 0, 12, 25, 71]) batches.add({ ...change, since: minute * MINUTE });
  batches.add({ ...change, caller: "okta", since: 12 * MINUTE });
  expect(batches.all()).toEqual([
    { ...change, count: 3, first: 0, last: 25 * MINUTE },
    { ...change, caller: "okta", count: 1, first: 12 * MINUTE, last: 12 * MINUTE },
    { ...change, count: 2, first: 70 * MINUTE, last: 71 * MINUTE },
  ]);
});

test("there are never more than people look at, and none of the changes is left out", () => {
  const batches = createBatches();
  for (let hour = 0; hour < 15_000; hour++) batches.add({ ...change, since: hour * 60 * MINUTE });
  const found = batches.all();
  expect(found.length).toBeLessThanOrEqual(20);
  expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(15_000);
});
