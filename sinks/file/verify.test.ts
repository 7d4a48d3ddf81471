import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Head, headIn, headText, type Link, lineOf, MAX_RECORD, ORIGIN, recordIn } from "./record.ts";
import { verifyAudit } from "./verify.ts";

const KEY = "a-key-of-the-tests-of-at-least-32-characters";

/** A log of some writes, with what its head file says. */
function logOf(count: number, key?: string): { lines: string[]; head: Head } {
  let link: Link = ORIGIN;
  const opened = { event: "opened", log: "postern-audit", integrity: key === undefined ? "sha256" : "hmac-sha256" };
  const fields = [
    opened,
    ...Array.from({ length: count }, (_, n) => ({ event: "outcome", caller: "ann", n: `${n}é\\"` })),
  ];
  const lines = fields.map((each) => {
    const made = lineOf(each, link, key);
    link = made.link;
    return made.line;
  });
  return { lines, head: link };
}
const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

describe.each([
  ["by SHA-256", undefined],
  ["by a key", KEY],
])("a log whose records are chained %s", (_, key) => {
  const { lines, head } = logOf(8, key);
  const anchors = { head, key };
  const text = textOf(lines);

  test("is whole as it was written", () =>
    expect(verifyAudit(text, anchors)).toMatchObject({ ok: true, records: 9, first: 1, last: 9, torn: false }));

  test("every single byte that is changed, put in or taken out is found", () => {
    const bytes = Buffer.from(text);
    const places = fc.integer({ min: 0, max: bytes.length - 1 });
    const byte = fc.integer({ min: 0, max: 255 });
    const change = fc.constantFrom("change", "insert", "remove");
    fc.assert(
      fc.property(places, byte, change, (at, value, how) => {
        const middle = how === "remove" ? [] : [value, ...(how === "insert" ? [bytes[at]!] : [])];
        const altered = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), bytes.subarray(at + 1)]);
        fc.pre(!altered.equals(bytes));
        const verdict = verifyAudit(altered.toString("utf8"), anchors);
        // What stands behind the last line break is half a record, as a crash leaves it, and no part of the log.
        const isBehind = verdict.ok && verdict.torn && altered.subarray(0, bytes.length).equals(bytes);
        expect(verdict.ok && !isBehind).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test("every record that is cut, copied or swapped is found, at the head, in the middle and at the tail", () => {
    const index = fc.integer({ min: 0, max: lines.length - 1 });
    fc.assert(
      fc.property(index, index, fc.constantFrom("cut", "copy", "swap", "head", "tail"), (a, b, how) => {
        const changed =
          how === "cut"
            ? lines.toSpliced(a, 1)
            : how === "copy"
              ? lines.toSpliced(b, 0, lines[a]!)
              : how === "swap"
                ? lines.with(a, lines[b]!).with(b, lines[a]!)
                : how === "head"
                  ? lines.slice(a + 1)
                  : lines.slice(0, a);
        fc.pre(textOf(changed) !== text);
        expect(verifyAudit(textOf(changed), anchors).ok).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("fields behind the hash, or a field twice, make a line no record", () => {
    const line = lines[2]!;
    for (const altered of [
      line.replace(/\}$/, ',"caller":"eve"}'),
      line.replace('"caller":"ann"', '"caller":"eve","caller":"ann"'),
      line.replace('"caller"', ' "caller"'),
      line.replace('"n"', '"\\u006e"'),
    ]) {
      expect(altered).not.toBe(line);
      expect(recordIn(altered)).toBeUndefined();
      expect(verifyAudit(textOf(lines.with(2, altered)), anchors)).toMatchObject({ ok: false, line: 3 });
    }
  });

  test("a tail that is cut is found although its hash stands in half a record, and an empty log is no log", () => {
    const torn = `${textOf(lines.slice(0, 5))}{"seq":6,"hash":"${head.hash}"`;
    expect(verifyAudit(torn, { key, last: head.hash })).toMatchObject({ ok: false });
    expect(verifyAudit("", anchors)).toMatchObject({ ok: false, problem: "the log contains no record" });
    expect(verifyAudit(text, { key })).toMatchObject({ ok: false, problem: expect.stringContaining("nothing says") });
  });
});

test("a hash that no record has is told from what is wrong with the log", () => {
  const last = "f".repeat(64);
  const { lines, head } = logOf(8);
  expect(verifyAudit(textOf(lines), { last, head })).toMatchObject({ ok: false, isOnlyLast: true });
  expect(verifyAudit(textOf(lines.slice(0, -1)), { last, head })).not.toHaveProperty("isOnlyLast");
});

describe("a key", () => {
  test("keeps who can write the file from making a log of its own", () => {
    const forged = logOf(3);
    expect(verifyAudit(textOf(forged.lines), { key: KEY, head: forged.head })).toMatchObject({
      ok: false,
      problem: expect.stringContaining("without the key"),
    });
    const other = logOf(3, `${KEY} but another one`);
    expect(verifyAudit(textOf(other.lines), { key: KEY, head: other.head })).toMatchObject({ ok: false, line: 1 });
    expect(headIn(headText(forged.head, undefined), KEY)).toBeUndefined();
    expect(headIn(headText(forged.head, KEY), KEY)).toEqual(forged.head);
  });

  test("is a log's from its first record on: nobody makes a beginning, or an end, without it", () => {
    const { lines, head } = logOf(3);
    const opened = lineOf({ event: "opened", integrity: "hmac-sha256" }, head, KEY);
    const keyed = textOf([...lines, opened.line]);
    expect(verifyAudit(keyed, { key: KEY, head: opened.link })).toMatchObject({ ok: false, line: 1 });
    const own = logOf(3, KEY);
    expect(verifyAudit(textOf(own.lines), { head: own.head })).toMatchObject({
      ok: false,
      line: 1,
      problem: expect.stringContaining("--key-file"),
    });
    const back = lineOf({ event: "opened", integrity: "sha256" }, own.head, undefined);
    expect(verifyAudit(textOf([...own.lines, back.line]), { key: KEY, head: back.link })).toMatchObject({
      ok: false,
      line: own.lines.length + 1,
    });
  });
});

test("a write without an outcome is a question, and one with it is none", () => {
  let link = ORIGIN;
  const lines = [
    { event: "intent", action: "delete", type: "User", backend: { key: "4711" } },
    { event: "intent", action: "create", type: "Group" },
    { event: "outcome", intent: 2, result: "ok" },
  ].map((fields) => {
    const made = lineOf(fields, link, undefined);
    link = made.link;
    return made.line;
  });
  expect(verifyAudit(textOf(lines), { head: link })).toMatchObject({
    ok: true,
    questions: [{ seq: 1, about: "delete User 4711" }],
  });
});

test("a record that would be too long is shortened, says so, and is read again", () => {
  const values = { login: "x".repeat(2 * MAX_RECORD) };
  const attributes = Array.from({ length: 5000 }, (_, n) => `attribute${n}`);
  const { line, link } = lineOf({ event: "outcome", attributes, before: values, after: values }, ORIGIN, undefined);
  expect(line.length).toBeLessThan(MAX_RECORD);
  expect(recordIn(line)).toMatchObject({ seq: link.seq, event: "outcome", omitted: expect.any(Number) });
});
