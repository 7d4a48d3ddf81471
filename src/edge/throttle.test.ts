import { describe, expect, test } from "vitest";
import { createThrottle } from "./throttle.ts";

describe("a throttle", () => {
  const failing = (times: number, source: string) => {
    const throttle = createThrottle();
    for (let n = 0; n < times; n++) throttle.failed(source, undefined);
    return throttle;
  };

  test("holds back all requests of a source that failed ten times, twenty at a time, and turns away what is more", async () => {
    const { admit } = failing(10, "192.0.2.1");
    const outcomes: boolean[] = [];
    const all = Array.from({ length: 30 }, () => admit("192.0.2.1", undefined).then((each) => outcomes.push(each)));
    await new Promise(setImmediate);
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => false));
    // Another source is answered at once.
    expect(await admit("192.0.2.2", undefined)).toBe(true);
    expect(outcomes).toHaveLength(10);
    await Promise.all(all);
    expect(outcomes.filter((each) => each)).toHaveLength(20);
  });

  test("does not hold back a connection that has proven itself for that source, until it fails", async () => {
    const throttle = failing(10, "192.0.2.1");
    const [connection, other] = [{}, {}];
    throttle.proven("192.0.2.1", connection);
    let isOtherAdmitted = false;
    const waiting = throttle.admit("192.0.2.1", other).then(() => {
      isOtherAdmitted = true;
    });
    expect(await throttle.admit("192.0.2.1", connection)).toBe(true);
    expect(isOtherAdmitted).toBe(false);
    // A proxy's connection that is proven for one client proves nothing for another.
    for (let n = 0; n < 10; n++) throttle.failed("192.0.2.9", undefined);
    let isNinthAdmitted = false;
    const ninth = throttle.admit("192.0.2.9", connection).then(() => {
      isNinthAdmitted = true;
    });
    throttle.failed("192.0.2.1", connection);
    await new Promise(setImmediate);
    expect(isNinthAdmitted).toBe(false);
    await Promise.all([waiting, ninth]);
  });

  test("lets a caller do as much in a second as its rate says, each caller for itself, each operation of many", async () => {
    const { isWithinRate } = createThrottle();
    const ask = async (name: string, rate?: number, operations?: number) =>
      isWithinRate({ name, may: {}, rate }, operations);
    expect(await Promise.all([ask("a", 2), ask("a", 2), ask("a", 2), ask("b", 2)])).toEqual([true, true, false, true]);
    expect(await ask("c")).toBe(true);
    expect(await Promise.all([ask("d", 5, 3), ask("d", 5, 3)])).toEqual([true, false]);
  });
});
