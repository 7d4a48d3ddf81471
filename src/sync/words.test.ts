import { expect, test } from "vitest";
import { counted, isOrAre, people } from "./words.ts";

test("one of something is told in the singular", () => {
  expect([0, 1, 2].map((count) => counted(count, "record"))).toEqual(["0 records", "1 record", "2 records"]);
  expect([1, 2].map((count) => `${people(count)} ${isOrAre(count)}`)).toEqual(["1 person is", "2 people are"]);
});
