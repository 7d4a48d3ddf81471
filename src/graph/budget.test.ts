import { expect, test } from "vitest";
import { budgetLaws } from "../../test/suites/budget.ts";
import { counting, limitsOf, memoryBudget } from "./budget.ts";

budgetLaws("one process", async (limits) => memoryBudget(limits));

test("Entra's limits are kept with some room: 40 in more than 5 seconds, the licence's in more than a day", async () => {
  const limits = limitsOf({ requestsPerDay: 2000 });
  expect(limits.map(({ requests }) => requests)).toEqual([40, 2000]);
  for (const [index, ms] of [5000, 86_400_000].entries()) expect(limits[index]!.ms).toBeGreaterThan(ms);
});

test("what is remembered does not grow: requests older than the longest period no longer count", () => {
  const limits = [
    { requests: 1, ms: 10 },
    { requests: 5, ms: 100 },
  ];
  expect(counting([800, 900, 901, 999, 5000], limits, 1000)).toEqual([901, 999, 1000]);
});
