import { describe, expect, test } from "vitest";
import type { Config } from "./format.ts";
import { loosened } from "./loosened.ts";

const route = "/scim/v2";
const config = (safety: object | undefined, routes: object = { [route]: {} }) =>
  ({ safety: safety === undefined ? {} : { [route]: safety }, routes }) as unknown as Config;

describe("what a configuration takes away of the safety of the one before", () => {
  const guard = { deletes: 50, percent: 5 };
  const protect = { User: { entries: 'userName sw "svc-"', attributes: ["a", "b"] } };
  const cases: [string, object, object | undefined, string[]][] = [
    ["the whole of it", { guard }, undefined, ["safety./scim/v2"]],
    ["a guard", { guard, readOnly: true }, { readOnly: true }, ["safety./scim/v2.guard"]],
    ["one limit of a guard", { guard }, { guard: { deletes: 50 } }, ["safety./scim/v2.guard.percent"]],
    [
      "protected entries",
      { protect },
      { protect: { User: { attributes: ["a", "b"] } } },
      ["safety./scim/v2.protect.User.entries"],
    ],
    [
      "a protected attribute",
      { protect },
      { protect: { User: { ...protect.User, attributes: ["b"] } } },
      ["safety./scim/v2.protect.User.attributes: a"],
    ],
    ["readOnly, by leaving it out", { readOnly: true }, {}, ["safety./scim/v2.readOnly"]],
    ["nothing: readOnly is said to be false", { readOnly: true }, { readOnly: false }, []],
    ["nothing: another limit is an intention", { guard }, { guard: { deletes: 500, percent: 5 } }, []],
    ["nothing: what is more", { guard: { deletes: 1 } }, { guard, protect }, []],
  ];
  test.each(cases)("%s", (_, before, after, expected) =>
    expect(loosened(config(before), config(after))).toEqual(expected),
  );

  test("nothing of a route that is no longer served", () =>
    expect(loosened(config({ guard }), config(undefined, {}))).toEqual([]));
});
