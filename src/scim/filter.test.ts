import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScimError } from "./error.ts";
import { type Filter, type PathSyntax, parseFilter, parsePath } from "./filter.ts";

/** A filter without positions, to compare. */
function bare(filter: Filter<PathSyntax>): unknown {
  if ("filters" in filter) return [filter.op, ...filter.filters.map(bare)];
  if ("filter" in filter) return ["not", bare(filter.filter)];
  const { text, selector, sub } = filter.path;
  const path = selector ? [text, bare(selector), ...(sub ? [sub] : [])] : text;
  return "value" in filter ? [filter.op, path, filter.value] : [filter.op, path];
}

describe("the filter grammar of RFC 7644", () => {
  test.each([
    ['userName eq "bjensen"', ["eq", "userName", "bjensen"]],
    ['UserName Eq "bjensen"', ["eq", "UserName", "bjensen"]],
    ["title pr", ["pr", "title"]],
    ['a eq "1" or b eq "2" and c eq "3"', ["or", ["eq", "a", "1"], ["and", ["eq", "b", "2"], ["eq", "c", "3"]]]],
    [
      '(a eq "1" or b eq "2") and not (c pr)',
      ["and", ["or", ["eq", "a", "1"], ["eq", "b", "2"]], ["not", ["pr", "c"]]],
    ],
    [
      'emails[type eq "work" and value co "@x"]',
      ["pr", ["emails", ["and", ["eq", "type", "work"], ["co", "value", "@x"]]]],
    ],
    ['emails[type eq "work"].value eq "a"', ["eq", ["emails", ["eq", "type", "work"], "value"], "a"]],
    [
      'urn:ietf:params:scim:schemas:core:2.0:User:name.familyName co "O\'M"',
      ["co", "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "O'M"],
    ],
    ["externalId eq jyoung", ["eq", "externalId", "jyoung"]],
    [
      "a eq true and b eq 7 and c eq null and d eq 007",
      ["and", ["eq", "a", true], ["eq", "b", 7], ["eq", "c", null], ["eq", "d", "007"]],
    ],
    ['a eq "x\\"y\\\\z\\u00e9"', ["eq", "a", 'x"y\\zé']],
    ['not eq "x"', ["eq", "not", "x"]],
  ])("%s", (text, expected) => expect(bare(parseFilter(text))).toEqual(expected));

  test.each([
    ["", 1],
    ["userName", 9],
    ['userName xx "a"', 10],
    ['userName eq "a', 13],
    ['userName eq "a" and', 20],
    ['(userName eq "a"', 17],
    ['emails[type eq "a"', 19],
    ['userName eq "a" b', 17],
    ['userName eq "\\u0000"', 13],
  ])("%j is refused at position %i", (text, position) => {
    expect(() => parseFilter(text)).toThrow(new RegExp(`position ${position}:`));
  });

  test("is bounded in depth and in length, and nothing else than an answer or a ScimError comes out", () => {
    expect(() => parseFilter(`${"(".repeat(50_000)}a pr${")".repeat(50_000)}`)).toThrow("nested more");
    expect(() => parseFilter(Array(5000).fill("a pr").join(" or "))).toThrow("more than 500 terms");
    const piece = fc.constantFrom(
      "a",
      " eq ",
      '"x"',
      "(",
      ")",
      "[",
      "]",
      " and ",
      " or ",
      "not ",
      ".",
      '"',
      "\\",
      "pr",
      " ",
      "é",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        try {
          parseFilter(pieces.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
        }
      }),
    );
  });

  test("a path splits a URN at its last colon", () => {
    expect(parsePath("urn:a:2.0:User:name.givenName")).toMatchObject({
      urn: "urn:a:2.0:User",
      attribute: "name",
      sub: "givenName",
    });
  });
});
