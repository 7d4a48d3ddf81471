import { describe, expect, test } from "vitest";
import { createAccount } from "./account.ts";

describe("an account whose secret is wrong", () => {
  const refused = new Error("invalid credentials");
  const start = () => {
    let time = 0;
    const account = createAccount(
      {
        isRefusal: (error) => error === refused,
        reasonOf: () => "The directory refused the account: its password has expired.",
      },
      () => time,
    );
    let attempts = 0;
    let running = 0;
    let most = 0;
    const attempt = (isRight: boolean) => async () => {
      attempts++;
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      if (!isRight) throw refused;
      return "bound";
    };
    return {
      prove: (isRight: boolean) => account.prove(attempt(isRight)),
      attempts: () => attempts,
      most: () => most,
      pass: (seconds: number) => {
        time += seconds * 1000;
      },
    };
  };
  const DAY = 24 * 60 * 60;

  test("is tried once by any number of requests, and they are told why", async () => {
    const { prove, attempts } = start();
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => prove(false)));
    expect(attempts()).toBe(1);
    expect(all.every(({ status }) => status === "rejected")).toBe(true);
    expect((all.at(-1) as PromiseRejectedResult).reason).toMatchObject({
      kind: "denied",
      message: expect.stringMatching(/refused the account: its password has expired\. .* 10 seconds/),
    });
  });

  test("is tried no more than five times in any half an hour, in which directories count", async () => {
    const { prove, attempts, pass } = start();
    const at: number[] = [];
    for (let second = 0; second < DAY; second += 5) {
      const before = attempts();
      await prove(false).catch(() => {});
      if (attempts() > before) at.push(second);
      pass(5);
    }
    for (const from of at) expect(at.filter((each) => each >= from && each < from + 1800).length).toBeLessThan(5);
    expect(at.length).toBeGreaterThan(20);
  });

  test("is used by all at once when it has proven itself, and again after it was mended", async () => {
    const { prove, attempts, most, pass } = start();
    await prove(true);
    await Promise.all(Array.from({ length: 10 }, () => prove(true)));
    expect(most()).toBe(10);
    await expect(prove(false)).rejects.toBe(refused);
    await expect(prove(true)).rejects.toMatchObject({ kind: "denied" });
    expect(attempts()).toBe(12);
    pass(11);
    expect(await prove(true)).toBe("bound");
    expect(await prove(true)).toBe("bound");
  });
});
