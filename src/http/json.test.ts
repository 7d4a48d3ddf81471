import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExactJson } from "./json.ts";

describe("JSON of an API", () => {
  test("keeps numbers that JavaScript would round, and gives them back as numbers", () => {
    const json = createExactJson();
    const text =
      '{"id":9007199254740993,"roles":[9007199254740992,1,18446744073709551615],"in":{"rate":0.12345678901234567890},"phone":"9007199254740993"}';
    const value = json.parse(text) as Record<string, unknown>;
    expect(value).toEqual({
      id: "9007199254740993",
      roles: ["9007199254740992", 1, "18446744073709551615"],
      in: { rate: "0.12345678901234567890" },
      phone: "9007199254740993",
    });
    expect(json.stringify(value)).toBe(text);
  });

  test("leaves text of digits alone in properties that hold text", () => {
    const json = createExactJson();
    json.parse('{"id":9007199254740993}');
    const body = { phone: "9007199254740993", id: "not a number", name: "007" };
    expect(json.stringify(body)).toBe(JSON.stringify(body));
  });

  test("drawn: whatever is parsed is written as it was", () => {
    const whole = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String);
    const object = fc.letrec<{ text: string }>((tie) => ({
      text: fc.oneof(
        { depthSize: "small" },
        whole,
        fc.string({ unit: "binary" }).map((each) => JSON.stringify(each)),
        fc.array(tie("text"), { maxLength: 4 }).map((each) => `[${each.join(",")}]`),
        // Each property holds numbers, or what is no text of digits.
        fc
          .dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie("text"), { maxKeys: 4 })
          .map((each) => `{${Object.entries(each).map(([name, inner]) => `${JSON.stringify(name)}:${inner}`)}}`),
      ),
    })).text;
    fc.assert(
      fc.property(object, (inner) => {
        const text = `{"x":${inner}}`;
        const { parse, stringify } = createExactJson();
        fc.pre(!/"-?\d+"/.test(text) && !text.includes("-0") && !text.includes("__proto__"));
        expect(stringify(parse(text))).toBe(text);
      }),
      { numRuns: 3000 },
    );
  });
});
