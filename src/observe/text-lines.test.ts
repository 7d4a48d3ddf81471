import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { textLine } from "./text-lines.ts";

const pipe = new PassThrough() as unknown as NodeJS.WriteStream;
const time = "2026-11-26T12:00:00.123Z";

/** What follows the time of day, which is that of the machine. */
const shown = (record: object) => textLine({ time, ...record } as Record<string, unknown>, pipe).replace(/^\S+ /, "");

describe("a line of the log as text", () => {
  test.each([
    [{ level: "info", msg: "configuration reloaded" }, "INFO  configuration reloaded"],
    [{ level: "warn", msg: "slow", connector: "hr", ms: 12 }, "WARN  slow connector=hr ms=12"],
    [{ level: "error", msg: "failed", reason: "no such table" }, 'ERROR failed reason="no such table"'],
    [{ level: "warn", msg: "failed", at: { line: 1 } }, 'WARN  failed at={"line":1}'],
    [{ level: "warn", msg: "none", reason: "" }, 'WARN  none reason=""'],
  ])("has the level, the message and the fields: %j", (record, line) => {
    expect(shown(record)).toBe(line);
  });

  test("begins with the local time of day", () => {
    expect(textLine({ time, level: "info", msg: "x" }, pipe)).toMatch(/^\d\d:\d\d:00\.123 INFO/);
  });

  test("never writes control characters of a caller's, in names, words or messages", () => {
    const hostile = "a\u001b[31m\u009b1m\u202e\nb";
    const line = textLine({ time, level: "warn", msg: hostile, [hostile]: hostile, list: [hostile] }, pipe);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
