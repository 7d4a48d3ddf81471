import { describe, expect, test } from "vitest";
import { ConnectorError } from "../connector/error.ts";
import { createReach } from "./reach.ts";

const hr = { connector: "hr", type: "sql", address: "staff at db.example.com" };

describe("what is told of connectors that cannot be reached", () => {
  const told = () => {
    const lines: object[] = [];
    return {
      lines,
      reach: createReach({ warn: (fields: object, msg?: string) => void lines.push({ ...fields, msg }) } as never),
    };
  };

  test.each([
    ["unavailable", "connector cannot be reached"],
    ["timeout", "connector cannot be reached"],
    ["denied", "connector is refused by its system"],
  ] as const)("names what is %s, and what to do", (kind, msg) => {
    const { lines, reach } = told();
    reach.failed(
      hr,
      new ConnectorError(kind, "It is down. A write may or may not have happened: read before repeating it."),
    );
    expect(lines).toEqual([{ ...hr, reason: "It is down.", next: expect.any(String), msg }]);
  });

  test("is told once, and again only after it was reachable", () => {
    const { lines, reach } = told();
    const error = new ConnectorError("unavailable", "It is down.");
    reach.answered("hr");
    for (let each = 0; each < 3; each++) reach.failed(hr, error);
    for (let each = 0; each < 3; each++) reach.answered("hr");
    reach.failed(hr, error);
    expect(lines.map((each) => (each as { msg: string }).msg)).toEqual([
      "connector cannot be reached",
      "connector can be reached again",
      "connector cannot be reached",
    ]);
  });
});
