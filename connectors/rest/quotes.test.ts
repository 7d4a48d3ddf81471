import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinsBare, type Quote, quoted } from "./quotes.ts";

/** How each language reads its own text: what stands after the closing quote is not part of it. */
const readers: Readonly<Record<Quote, (text: string) => { value: string; rest: string }>> = {
  json: (text) => {
    const end = /^"(?:[^"\\]|\\.)*"/s.exec(text)![0];
    return { value: JSON.parse(end), rest: text.slice(end.length) };
  },
  odata: (text) => {
    const [whole, inner] = /^'((?:[^']|'')*)'/s.exec(text)!;
    return { value: inner!.replaceAll("''", "'"), rest: text.slice(whole.length) };
  },
  backslash: (text) => {
    const [whole, inner] = /^'((?:[^'\\]|\\.)*)'/s.exec(text)!;
    return { value: inner!.replace(/\\(.)/gs, "$1"), rest: text.slice(whole.length) };
  },
  lucene: (text) => {
    const [whole, inner] = /^"((?:[^"\\]|\\.)*)"/s.exec(text)!;
    return { value: inner!.replace(/\\(.)/gs, "$1"), rest: text.slice(whole.length) };
  },
};

describe("values in an API's query language", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom("'", "''", '"', "\\", "\\'", " or 1 eq 1", "\n", "*", ")", "x"))
      .map((parts) => parts.join("")),
  );
  test.each(Object.keys(readers) as Quote[])(
    "%s: any text stays one text, and is the same when it is read",
    (quote) => {
      fc.assert(
        fc.property(hostile, (value) => {
          const { value: read, rest } = readers[quote](`${quoted(value, quote)} and true`);
          expect(rest).toBe(" and true");
          expect(read).toBe(quote === "lucene" ? value.replace(/[\r\n]+/g, " ") : value);
        }),
        { numRuns: 1000 },
      );
    },
  );

  test.each([
    ["name:' & $value", `"name:" & $value`],
    ["in a part of it", `"q=" & ($exists($value) ? "x" & $value : "")`],
    ["joined from a list", `$join(["name eq '", $value, "'"])`],
    ["through a function that quotes nothing", `"name eq '" & $lowercase($value) & "'"`],
    ["encoded, which leaves quotes as they are", `"name eq '" & $encodeUrlComponent($value) & "'"`],
    ["through $string", `"name:" & $string($value)`],
  ])("a value that is joined bare is seen: %s", (_, source) => {
    expect(joinsBare(source, ["value"])).toBe(true);
  });

  test.each([
    ["quoted by the rule of the language", `"name eq " & $quoted`],
    ["in JSON", `{ "op": "eq", "value": $value }`],
    ["compared", `$value = "x" ? "a" & "b" : "c"`],
  ])("a value that cannot end its text is not: %s", (_, source) => {
    expect(joinsBare(source, ["value"])).toBe(false);
  });
});
