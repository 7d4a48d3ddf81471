import { describe, expect, test } from "vitest";
import { createThrottle, type Verdict } from "./throttle.ts";

describe("a throttle", () => {
  const judge =
    (throttle: ReturnType<typeof createThrottle>) =>
    async (source: string, connection: object | undefined, verdict: Verdict): Promise<boolean> =>
      (await throttle.judge(source, connection, async () => ({ verdict }))) !== undefined;
  /** One whose sources have failed so often. */
  const failing = async (times: number, ...sources: string[]) => {
    const look = judge(createThrottle());
    for (const source of sources) for (let n = 0; n < times; n++) await look(source, undefined, "failed");
    return look;
  };
  const settled = async () => {
    for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  };

  test("holds back all requests of a source that failed ten times, twenty at a time, and turns away what is more", async () => {
    const look = await failing(10, "192.0.2.1");
    const outcomes: boolean[] = [];
    const all = Array.from({ length: 30 }, () =>
      look("192.0.2.1", undefined, "proven").then((each) => outcomes.push(each)),
    );
    await settled();
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => false));
    // Another source is answered at once.
    expect(await look("192.0.2.2", undefined, "proven")).toBe(true);
    expect(outcomes).toHaveLength(10);
    await Promise.all(all);
    expect(outcomes.filter((each) => each)).toHaveLength(20);
  });

  test("looks at no more than ten guesses of a source that come at once before they wait", async () => {
    const { judge: look } = createThrottle();
    let looked = 0;
    const guess = async () => {
      looked++;
      await new Promise(setImmediate);
      return { verdict: "failed" as const };
    };
    const all = Array.from({ length: 400 }, () => look("192.0.2.1", undefined, guess));
    await settled();
    expect(looked).toBe(10);
    await Promise.all(all);
    expect(looked).toBe(30);
  });

  test("looks at any number of right credentials that come at once, none of them slowed", async () => {
    const look = judge(createThrottle());
    const all = await Promise.all(Array.from({ length: 400 }, (_, n) => look("192.0.2.1", { n }, "proven")));
    expect(all.filter((each) => each)).toHaveLength(400);
  });

  test("takes the addresses of an IPv6 network for one source", async () => {
    const { judge: look } = createThrottle();
    let looked = 0;
    const guess = async () => {
      looked++;
      return { verdict: "failed" as const };
    };
    for (let n = 0; n < 10; n++) await look(`2001:db8:0:1:${n}::${n}`, undefined, guess);
    const more = Promise.all([
      look("2001:db8::1:0:0:0:77", undefined, guess),
      look("2001:DB8:0:2::1", undefined, guess),
    ]);
    await settled();
    expect(looked).toBe(11);
    await more;
  });

  test("does not hold back a connection that has proven itself for that source, until it fails", async () => {
    const look = await failing(10, "192.0.2.9");
    const [connection, other] = [{}, {}];
    expect(await look("192.0.2.1", connection, "proven")).toBe(true);
    for (let n = 0; n < 10; n++) await look("192.0.2.1", undefined, "failed");
    let isOtherAdmitted = false;
    const waiting = look("192.0.2.1", other, "proven").then(() => {
      isOtherAdmitted = true;
    });
    expect(await look("192.0.2.1", connection, "proven")).toBe(true);
    expect(isOtherAdmitted).toBe(false);
    // A proxy's connection that is proven for one client proves nothing for another.
    let isNinthAdmitted = false;
    const ninth = look("192.0.2.9", connection, "nothing").then(() => {
      isNinthAdmitted = true;
    });
    // Of many that are sent on it at once the first that fails ends that.
    let pipelined = 0;
    const rest = Promise.all(
      Array.from({ length: 20 }, () => look("192.0.2.1", connection, "failed").then(() => pipelined++)),
    );
    await settled();
    expect(isNinthAdmitted).toBe(false);
    expect(pipelined).toBeLessThanOrEqual(2);
    await Promise.all([waiting, ninth, rest]);
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
