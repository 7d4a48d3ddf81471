import { expect, test } from "vitest";
import { ConnectorError, type ConnectorErrorKind } from "../error.ts";
import { readTwice } from "./retry.ts";

/** A read that fails so often, and then gives how often it was made. */
function failing(times: number, kind: ConnectorErrorKind) {
  let made = 0;
  return async () => {
    made++;
    if (made <= times) throw new ConnectorError(kind, `failure ${made}`);
    return made;
  };
}
const signal = new AbortController().signal;

test("a read that found the system away is made once more, and no third time", async () => {
  expect(await readTwice(failing(0, "unavailable"), signal)).toBe(1);
  expect(await readTwice(failing(1, "unavailable"), signal)).toBe(2);
  await expect(readTwice(failing(2, "unavailable"), signal)).rejects.toThrow("failure 2");
});

test.each(["notFound", "timeout", "busy", "denied", "invalid"] as const)(
  "what failed as %s is told at once",
  async (kind) => {
    await expect(readTwice(failing(1, kind), signal)).rejects.toThrow("failure 1");
  },
);

test("nothing is made once more for a request that has ended", async () => {
  await expect(readTwice(failing(1, "unavailable"), AbortSignal.abort())).rejects.toThrow("failure 1");
});
