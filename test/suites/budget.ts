import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Budget, Limit } from "../../src/graph/budget.ts";

/**
 * The laws of a `Budget`, for each store that keeps one. `open` gives a budget with some limits under which nothing was taken; `reopen` stands for a restart,
 * where a store outlives one.
 */
export function budgetLaws(
  name: string,
  open: (limits: readonly Limit[]) => Promise<Budget>,
  { runs = 100, reopen }: { readonly runs?: number; readonly reopen?: (budget: Budget) => Promise<Budget> } = {},
): void {
  const limits = fc.tuple(
    fc.record({ requests: fc.integer({ min: 1, max: 5 }), ms: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ requests: fc.integer({ min: 1, max: 10 }), ms: fc.integer({ min: 100, max: 1000 }) }),
  );
  const waits = fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 40 });

  describe(`the budget of ${name}`, () => {
    test("never gives more than a limit's requests in any period of its length", async () => {
      await fc.assert(
        fc.asyncProperty(limits, waits, async (both, pauses) => {
          const budget = await open(both);
          const given: number[] = [];
          let now = 1_000_000;
          for (const pause of pauses) {
            now += pause;
            if ((await budget.take("tenant", now)).ok) given.push(now);
          }
          for (const { requests, ms } of both)
            for (const start of given)
              expect(given.filter((at) => at >= start && at < start + ms).length).toBeLessThanOrEqual(requests);
        }),
        { numRuns: runs },
      );
    });

    test("says exactly when the next request is possible", async () => {
      await fc.assert(
        fc.asyncProperty(limits, waits, async (both, pauses) => {
          const budget = await open(both);
          let now = 1_000_000;
          for (const pause of pauses) {
            now += pause;
            const permit = await budget.take("tenant", now);
            if (permit.ok) continue;
            expect(permit.until).toBeGreaterThan(now);
            expect(await budget.take("tenant", permit.until - 1)).toEqual(permit);
            now = permit.until;
            expect(await budget.take("tenant", now)).toEqual({ ok: true });
          }
        }),
        { numRuns: runs },
      );
    });

    test("counts each tenant by itself", async () => {
      const budget = await open([{ requests: 1, ms: 1000 }]);
      expect(await budget.take("a", 5000)).toEqual({ ok: true });
      expect(await budget.take("b", 5000)).toEqual({ ok: true });
      expect(await budget.take("a", 5000)).toEqual({ ok: false, until: 6000 });
    });

    test("gives the last place to one of those who ask at the same time", async () => {
      const budget = await open([{ requests: 3, ms: 1000 }]);
      const permits = await Promise.all(Array.from({ length: 10 }, () => budget.take("tenant", 5000)));
      expect(permits.filter(({ ok }) => ok).length).toBe(3);
    });

    test("delays nobody for longer than a period when the clock is set back", async () => {
      const budget = await open([{ requests: 1, ms: 1000 }]);
      await budget.take("tenant", 9_000_000);
      expect(await budget.take("tenant", 5000)).toEqual({ ok: false, until: 6000 });
      expect(await budget.take("tenant", 6000)).toEqual({ ok: true });
    });

    test.runIf(reopen)("outlives a restart", async () => {
      const budget = await open([{ requests: 2, ms: 1000 }]);
      await budget.take("tenant", 5000);
      await budget.take("tenant", 5001);
      expect(await (await reopen!(budget)).take("tenant", 5002)).toEqual({ ok: false, until: 6000 });
    });
  });
}
