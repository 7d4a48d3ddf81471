import { describe, expect, test } from "vitest";
import { createThrottle } from "./throttle.ts";

describe("a throttle", () => {
  test("holds back a source that failed more than ten times, a hundred answers at a time, and turns away what is more", async () => {
    const { heldBack } = createThrottle();
    const outcomes: boolean[] = [];
    const all = Array.from({ length: 115 }, () => heldBack("192.0.2.1").then((each) => outcomes.push(each)));
    await new Promise(setImmediate);
    expect(outcomes.filter((each) => each)).toHaveLength(10);
    expect(outcomes.filter((each) => !each)).toHaveLength(5);
    // Another source is answered at once.
    expect(await heldBack("192.0.2.2")).toBe(true);
    expect(outcomes).toHaveLength(15);
    await Promise.all(all);
    expect(outcomes.filter((each) => each)).toHaveLength(110);
  });

  test("lets a caller ask as often in a second as its rate says, each caller for itself", async () => {
    const { isWithinRate } = createThrottle();
    const ask = async (name: string, rate?: number) => isWithinRate({ name, may: {}, rate });
    expect(await Promise.all([ask("a", 2), ask("a", 2), ask("a", 2), ask("b", 2)])).toEqual([true, true, false, true]);
    expect(await ask("c")).toBe(true);
  });
});
