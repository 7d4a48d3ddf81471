import { expect, test } from "vitest";
import { createReadiness } from "./health.ts";

test.each([
  [false, ["hr"]],
  [true, []],
])("a probe that fails while the gateway stops (%s) tells nothing of its system", async (stops, expected) => {
  const failed: string[] = [];
  let isStopping = false;
  const probe = async (): Promise<string> => {
    isStopping = stops;
    throw new Error("closed");
  };
  const { ask } = createReadiness(
    [{ name: "hr", probe }],
    () => isStopping,
    (name) => failed.push(name),
  );
  await ask();
  expect(failed).toEqual(expected);
});
