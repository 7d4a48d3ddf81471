import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import type { Validation } from "../run.ts";
import { jsonReport } from "./json.ts";
import { htmlReport, junitReport } from "./markup.ts";
import { coloured, endText, plain, resultText } from "./text.ts";

const EVIL = `<script>alert("1")</script>&]]>\u0000\u001b]0;title\u0007\ud800'`;
const check = {
  id: "entra-9",
  profile: "entra",
  area: "PATCH /Users",
  title: "A user is disabled",
  rule: { says: "It is found.", source: "RFC" },
  severity: "must",
  fix: "Keep it.",
} as const;
const exchange = { method: "GET", path: `/Users/${EVIL}`, status: 500, contentType: EVIL, answer: EVIL, tookMs: 3 };
const validation: Validation = {
  url: "https://scim.example.com",
  startedAt: "2026-01-31T08:00:00.000Z",
  tookMs: 12,
  results: [
    { check, status: "passed", exchanges: [], tookMs: 1 },
    { check, status: "failed", message: EVIL, exchanges: [exchange], tookMs: 2 },
    { check, status: "warned", message: EVIL, exchanges: [exchange], tookMs: 3 },
    { check, status: "skipped", message: EVIL, exchanges: [], tookMs: 4 },
  ],
  left: [{ endpoint: "/Users", id: EVIL, why: EVIL }],
};

describe("reports of what a foreign endpoint said", () => {
  test("JUnit XML is well formed, and counts", () => {
    const seen: Record<string, number> = {};
    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("opentag", ({ name }) => {
      seen[name] = (seen[name] ?? 0) + 1;
    });
    parser.write(junitReport(validation)).close();
    expect(seen).toEqual({ testsuites: 1, testsuite: 1, testcase: 4, failure: 1, "system-out": 1, skipped: 1 });
  });

  test("HTML has no element of the endpoint's", () => {
    const html = htmlReport(validation);
    expect(html).not.toContain("<script");
    expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;]]&gt;");
  });

  test("a terminal is sent no control characters but our colours", () => {
    const text = validation.results.map((result) => resultText(result, plain)).join("") + endText(validation);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    const inColour = resultText(validation.results[1]!, coloured);
    expect(inColour.replace(/\u001b\[(31|0)m|\n/g, "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(endText(validation).trimEnd().split("\n").at(-1)).toBe(
      "https://scim.example.com does not do all that was asked: 1 passed, 1 failed, 1 warned, 1 skipped.",
    );
  });

  test("an endpoint cannot hide text on a terminal, turn it round, or say lines in our name", () => {
    const said = "a\u001b[08mb\u001b[30mc\u202ed\u200be\u2028f\npass  entra-1 All is well\r\ng";
    const of = { ...validation.results[1]!, message: said, exchanges: [{ ...exchange, answer: said }] };
    const shown = "a?[08mb?[30mc?d?e?f pass  entra-1 All is well g";
    for (const paint of [plain, coloured]) {
      const text = resultText(of, paint);
      expect(text.split("\n").filter((line) => line.includes(shown))).toHaveLength(2);
      expect(text).not.toMatch(/^pass/m);
    }
    const left = [{ endpoint: "/Users", id: said, why: said }];
    expect(
      endText({ ...validation, left, stopped: said })
        .trimEnd()
        .split("\n"),
    ).toHaveLength(3);
  });

  test("JSON says the same", () => {
    expect(JSON.parse(jsonReport(validation))).toMatchObject({
      success: false,
      counts: { passed: 1, failed: 1, warned: 1, skipped: 1 },
      checks: [{ id: "entra-9", status: "passed" }, { message: EVIL }, {}, {}],
    });
  });
});
