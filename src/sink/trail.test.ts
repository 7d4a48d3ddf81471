import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AuditEvent, Sink } from "./sink.ts";
import { trailTo } from "./trail.ts";

/** A sink that fails when it is told to. */
function sinkThat(fails: () => boolean, takesSeveral = false) {
  const events: AuditEvent[] = [];
  const sink: Sink = {
    append: async (event) => {
      await Promise.resolve();
      if (fails()) throw new Error("full");
      events.push(event);
    },
    close: async () => {},
    ...(takesSeveral && { takesSeveral }),
  };
  return { events, sink };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([false, true])(
  "nothing that has happened is lost or told twice, and what was not recorded was not to be done: takesSeveral %s",
  async (takesSeveral) => {
    const step = fc.record({ isIntent: fc.boolean(), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let isFailing = false;
        const { events, sink } = sinkThat(() => isFailing, takesSeveral);
        const trail = trailTo(sink);
        const expected: number[] = [];
        for (const [n, { isIntent, fails }] of steps.entries()) {
          isFailing = fails;
          if (isIntent) {
            const id = await trail.intent({ event: "intent", n }).catch(() => undefined);
            expect(id === undefined).toBe(fails);
            if (id !== undefined) expected.push(n);
          } else {
            await trail.outcome({ event: "outcome", n });
            expected.push(n);
          }
        }
        isFailing = false;
        await vi.advanceTimersByTimeAsync(10_000);
        // What has happened is recorded before the next intent: the order is the one in which it was told.
        expect(events.map(({ n }) => n)).toEqual(expected);
        await trail.close();
      }),
    );
  },
);

test("who asks for records is told once that there are none, and once that there are again", async () => {
  let isFailing = true;
  const { events, sink } = sinkThat(() => isFailing);
  const said: string[] = [];
  const trail = trailTo(sink, (_, message) => said.push(message));
  for (let n = 0; n < 3; n++) await trail.outcome({ event: "outcome", n });
  await expect(trail.intent({ event: "intent" })).rejects.toThrow("full");
  isFailing = false;
  await vi.advanceTimersByTimeAsync(2000);
  expect(events).toHaveLength(3);
  expect(said).toEqual(["audit log cannot be written: writes are refused", "audit log can be written again"]);
  // What is left is recorded at the end.
  isFailing = true;
  await trail.outcome({ event: "outcome", n: 3 });
  isFailing = false;
  await trail.close();
  expect(events).toHaveLength(4);
});

test("many at once are each recorded once, behind what was kept", async () => {
  let isFailing = true;
  const { events, sink } = sinkThat(() => isFailing);
  const trail = trailTo(sink);
  await Promise.all([1, 2, 3].map((n) => trail.outcome({ event: "outcome", n })));
  isFailing = false;
  const ids = await Promise.all([4, 5, 6].map((n) => trail.intent({ event: "intent", n })));
  expect(new Set(ids).size).toBe(3);
  expect(events.slice(0, 3).map(({ n }) => n)).toEqual([1, 2, 3]);
  expect(events.map(({ n }) => n).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a sink that hangs holds up neither a write, which is refused, nor the end", async () => {
  const said: string[] = [];
  const never = () => new Promise<void>(() => {});
  const trail = trailTo({ append: never, close: never }, (_, message) => said.push(message));
  const intent = expect(trail.intent({ event: "intent" })).rejects.toThrow("no response within 4 seconds");
  await vi.advanceTimersByTimeAsync(4000);
  await intent;
  const outcome = trail.outcome({ event: "outcome" });
  await vi.advanceTimersByTimeAsync(4000);
  await outcome;
  const closed = trail.close();
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
  expect(said).toEqual([
    "audit log cannot be written: writes are refused",
    "audit records lost: they could not be written before the end",
    "audit log could not be closed",
  ]);
});
