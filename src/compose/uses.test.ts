import { expect, test } from "vitest";
import { createUses } from "./uses.ts";

test("a thing is waited for until the last of those who use it has ended, each of them once", async () => {
  const uses = createUses();
  const [pool, other] = [{}, {}];
  const [first, second] = [uses.begin([pool, other]), uses.begin([pool])];
  let isOver = false;
  const over = uses.ended(pool).then(() => {
    isOver = true;
  });
  first();
  first();
  await uses.ended(other);
  expect(isOver).toBe(false);
  second();
  await over;
  await uses.ended({});
});
