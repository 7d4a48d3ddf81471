import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headBeside } from "./head-file.ts";
import { linesIn, withOlder } from "./lines.ts";
import { openAudit } from "./log.ts";
import type { Paired } from "./pairs.ts";
import { ACTS, type AuditRecord } from "./record.ts";
import { type LogPlace, type RecordFilter, recordLine, searchBackwards } from "./search.ts";
import { openSegments } from "./segments.ts";
import { verifying } from "./whole.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-search-"));
const file = join(folder, "audit.log");
let written: AuditRecord[];

const START = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const COUNT = 4000;

beforeAll(async () => {
  const log = openAudit({ file, maxBytes: 300_000, sync: false });
  const { signal } = new AbortController();
  for (let n = 0; n < COUNT; n++) {
    const time = new Date(START + n * MINUTE).toISOString();
    const about = { time, route: n % 3 ? "/a" : "/b", caller: `caller ${n % 7}`, id: `id-${n}` };
    const event =
      n % 10
        ? { event: "outcome", backend: { key: n % 100 } }
        : { event: "release", by: "ann", entries: [{ key: "x" }] };
    await log.append({ ...about, ...event, text: "ü".repeat(n % 50) }, signal);
  }
  await log.close();
  written = withOlder(file)
    .flatMap((each) => readFileSync(each, "utf8").trimEnd().split("\n"))
    .map((line) => JSON.parse(line) as AuditRecord);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All that a search finds, in pieces. */
async function all(filter: RecordFilter, bounds = { limit: 7, maxBytes: 20_000 }) {
  const found: AuditRecord[] = [];
  for (let [place, isFirst] = [undefined as LogPlace | undefined, true]; isFirst || place; isFirst = false) {
    const { rows, next } = await searchBackwards(file, filter, place, bounds);
    found.push(...rows.map(({ record }) => record));
    place = next;
  }
  return found.map(({ seq }) => seq).toReversed();
}
const expected = (isMeant: (record: AuditRecord) => boolean) => written.filter(isMeant).map(({ seq }) => seq);

test("pieces of a search have each record of all rotated files once, newest first, whatever the bounds", async () => {
  expect(withOlder(file).length).toBeGreaterThan(3);
  expect(await all({})).toEqual(written.map(({ seq }) => seq));
  expect(await all({}, { limit: 1000, maxBytes: 1 })).toEqual(written.map(({ seq }) => seq));
});

test.each<[string, RecordFilter, (record: AuditRecord) => boolean]>([
  ["a caller", { by: "caller 3" }, ({ caller }) => caller === "caller 3"],
  ["an operator", { by: "ann" }, ({ by }) => by === "ann"],
  [
    "an entry's key",
    { resources: ["17", "nobody"] },
    ({ backend }) => (backend as { key: number } | undefined)?.key === 17,
  ],
  ["a key among others", { resources: ["x"] }, ({ entries }) => entries !== undefined],
  ["a route", { route: "/b" }, ({ route }) => route === "/b"],
  ["acts", { kind: "acts" }, ({ event }) => event === "release"],
  ["what happened to the log itself", { kind: "log" }, ({ event }) => event === "opened" || event === "closed"],
  ["nobody", { by: "caller" }, () => false],
])("finds by %s", async (_, filter, isMeant) => {
  expect(await all(filter, { limit: 50, maxBytes: 1e6 })).toEqual(expected(isMeant));
});

test("a search of a stretch of time reads no more than that stretch", async () => {
  const [from, until] = [START + 1000 * MINUTE, START + 1100 * MINUTE];
  const { rows, next } = await searchBackwards(file, { from, until }, undefined, { limit: 1000, maxBytes: 60_000 });
  expect(rows.map(({ record: { time } }) => Date.parse(time as string)).toReversed()).toEqual(
    Array.from({ length: 100 }, (__, n) => from + n * MINUTE),
  );
  expect(next).toBeUndefined();
});

test("a record is found by its number in any file", async () => {
  for (const seq of [1, 2, 777, 2500, COUNT, written.length])
    expect(JSON.parse((await recordLine(file, seq))!)).toMatchObject({ seq });
  expect(await recordLine(file, written.length + 1)).toBeUndefined();
  expect(await recordLine(file, 0)).toBeUndefined();
});

describe("writes", () => {
  const writes = join(folder, "writes.log");
  const WRITES = 60;
  const at = (n: number) => START + n * MINUTE;
  const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
  /** Every seventh has no outcome, every fifth has it three writes later, and every ninth fails. */
  beforeAll(() => {
    const events: object[] = [];
    const late: { n: number; event: object }[] = [];
    for (let n = 0; n < WRITES; n++) {
      const about = { route: "/a", caller: "entra", action: n % 2 ? "patch" : "create", backend: { key: `k${n}` } };
      const time = new Date(at(n)).toISOString();
      events.push({ time, event: "intent", ...about, id: idOf(n) });
      const outcome = { event: "outcome", ...about, intent: idOf(n), result: n % 9 ? "ok" : "409" };
      if (n % 7 !== 0) n % 5 === 0 ? late.push({ n: n + 3, event: outcome }) : events.push({ time, ...outcome });
      events.push(...late.filter((each) => each.n === n).map(({ event }) => ({ time, ...event })));
    }
    writeFileSync(writes, events.map((each, n) => `${JSON.stringify({ seq: n + 1, ...each })}\n`).join(""));
  });
  const rowsOf = async (filter: RecordFilter, bounds = { limit: 1000, maxBytes: 1e6 }) => {
    const found: Paired[] = [];
    for (let [place, isFirst] = [undefined as LogPlace | undefined, true]; isFirst || place; isFirst = false) {
      const { rows, next } = await searchBackwards(writes, filter, place, bounds);
      found.push(...rows);
      place = next;
    }
    return found;
  };
  const numbersOf = (rows: readonly Paired[]) =>
    rows.map(({ record: { backend } }) => Number((backend as { key: string }).key.slice(1))).toSorted((a, b) => a - b);
  const all = Array.from({ length: WRITES }, (_, n) => n);

  test.each([1000, 7, 1])(
    "are one row each in pages of %i: an outcome with its intent, or an intent of which the outcome is unknown",
    async (limit) => {
      const rows = await rowsOf({}, { limit, maxBytes: 1e6 });
      expect(numbersOf(rows)).toEqual(all);
      expect(numbersOf(rows.filter(({ open }) => open === "unknown"))).toEqual(all.filter((n) => n % 7 === 0));
      expect(rows.every(({ record, open }) => (record.event === "intent") === (open !== undefined))).toBe(true);
    },
  );

  test("are found by how they ended and by what was done", async () => {
    const settled = all.filter((n) => n % 7 !== 0);
    expect(numbersOf(await rowsOf({ result: "unknown" }))).toEqual(all.filter((n) => n % 7 === 0));
    expect(numbersOf(await rowsOf({ result: "failed" }))).toEqual(settled.filter((n) => n % 9 === 0));
    expect(numbersOf(await rowsOf({ result: "ok", action: "patch" }))).toEqual(settled.filter((n) => n % 9 && n % 2));
    const rows = await rowsOf({ resources: ["k8"] });
    expect(rows).toMatchObject([{ record: { event: "outcome" }, intent: { at: at(8) } }]);
  });

  test.each<[RecordFilter["result"], Partial<AuditRecord>[]]>([
    [
      "ok",
      [
        { event: "outcome", result: "ok" },
        { event: "ran", result: "done" },
        { event: "ran", result: "held" },
        { event: "ran", result: "planned" },
        { event: "compared", result: "done" },
        { event: "verified", result: "whole" },
        { event: "released", intent: idOf(1) },
      ],
    ],
    [
      "failed",
      [
        { event: "outcome", result: "409" },
        { event: "outcome", result: "500" },
        { event: "ran", result: "incomplete" },
        { event: "ran", result: "cancelled" },
        { event: "ran", result: "failed" },
        { event: "compared", result: "failed" },
        { event: "probed", result: "failed" },
        { event: "verified", result: "broken" },
        { event: "verified", result: "unconfirmed" },
        { event: "verified", result: "failed" },
      ],
    ],
    [
      "refused",
      [
        { event: "refused", result: "403" },
        { event: "reloaded", result: "refused" },
      ],
    ],
  ])("and acts with each result that is recorded anywhere are found where it belongs: %s", async (result, records) => {
    const results = join(folder, `${result}.log`);
    const time = new Date(START).toISOString();
    writeFileSync(
      results,
      records.map((each, n) => `${JSON.stringify({ seq: n + 1, time, by: "ann", ...each })}\n`).join(""),
    );
    for (const each of ["ok", "failed", "refused", "unknown"] as const) {
      const { rows } = await searchBackwards(results, { result: each }, undefined, { limit: 100, maxBytes: 1e6 });
      expect(rows.map(({ record: { seq } }) => seq).toReversed()).toEqual(
        each === result ? records.map((_, n) => n + 1) : [],
      );
    }
  });

  test("that ended after a stretch of time are not taken for unknown ones", async () => {
    const [last] = await rowsOf({ until: at(55) + 1 });
    expect(last).toMatchObject({ record: { event: "intent", backend: { key: "k55" } }, open: "later" });
    const unknown = await rowsOf({ until: at(55) + 1, result: "unknown" });
    expect(numbersOf(unknown)).toEqual(all.filter((n) => n % 7 === 0 && n < 55));
  });

  test.each([...ACTS])(
    "of operators (%s) are found by what they are called, also while nobody knows how they ended",
    async (begun, ended) => {
      const acts = join(folder, `${ended}.log`);
      const record = (seq: number, more: object) =>
        JSON.stringify({ seq, time: new Date(START).toISOString(), by: "ann", ...more });
      const lines = [
        record(1, { event: begun, id: "one" }),
        record(2, { event: ended, intent: "one" }),
        record(3, { event: begun, id: "two" }),
        record(4, { event: "probed" }),
      ];
      writeFileSync(acts, lines.map((line) => `${line}\n`).join(""));
      const { rows } = await searchBackwards(acts, { action: ended }, undefined, { limit: 100, maxBytes: 1e6 });
      expect(rows).toMatchObject([
        { record: { seq: 3 }, open: "unknown" },
        { record: { seq: 2 }, intent: { seq: 1 } },
      ]);
    },
  );
});

describe("damaged lines", () => {
  const damaged = join(folder, "damaged.log");
  const timeOf = (seq: number) => START + seq * MINUTE;
  /** Lines of records with these numbers, as search reads them. */
  const linesTo = (count: number) =>
    Array.from({ length: count }, (_, n) => {
      const time = new Date(timeOf(n + 1)).toISOString();
      return JSON.stringify({ seq: n + 1, time, event: "outcome", text: "x".repeat(n % 200) });
    });
  const found = async (filter: RecordFilter, limit = 1e6) => {
    const { rows, unreadable } = await searchBackwards(damaged, filter, undefined, { limit, maxBytes: 1e9 });
    return { seqs: rows.map(({ record: { seq } }) => seq), unreadable };
  };
  const numberIn = async (seq: number) => {
    const line = await recordLine(damaged, seq);
    return line === undefined ? undefined : (JSON.parse(line) as AuditRecord).seq;
  };
  test("hide no record behind them", async () => {
    writeFileSync(damaged, `${linesTo(20_000).toSpliced(10_000, 0, "garbage line").join("\n")}\n`);
    for (const seq of [1, 9999, 10_000, 10_001, 10_002, 20_000]) expect(await numberIn(seq)).toBe(seq);
    writeFileSync(damaged, `${linesTo(20_000).toSpliced(18_000, 0, "garbage line").join("\n")}\n`);
    expect(await found({ until: timeOf(18_501) }, 2)).toMatchObject({ seqs: [18_500, 18_499] });
  });

  test("wherever they are, searches and look-ups give what a linear reading gives", async () => {
    const whole = linesTo(4000);
    const damage = fc.record({
      at: fc.nat(whole.length),
      // One line, a stretch of them, and one that is too long to be a record.
      text: fc.oneof(
        fc.constantFrom("garbage line", "", '{"seq":7', '{"seq":7,"time":"never","event":"x"}', "\0".repeat(5000)),
        fc.nat(3000).map((count) => "garbage\n".repeat(count)),
        fc.integer({ min: 250_000, max: 300_000 }).map((length) => "g".repeat(length)),
      ),
      instead: fc.nat(2),
    });
    const seq = fc.integer({ min: 0, max: whole.length + 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { maxLength: 6 }),
        fc.constantFrom("", '{"seq":4001,"time":"2026-01-03T18:41:00.000Z","event":"x"}', "half a li"),
        fc.array(seq, { minLength: 1, maxLength: 3 }),
        async (damages, tail, numbers) => {
          const lines = damages.reduce((all, { at, text, instead }) => all.toSpliced(at, instead, text), whole);
          writeFileSync(damaged, `${lines.join("\n")}\n${tail}`);
          const read = readFileSync(damaged, "utf8").split("\n").slice(0, -1);
          const records = read.filter((line) => /^\{"seq":\d+,"time":"2026/.test(line));
          const there = records.map((line) => (JSON.parse(line) as AuditRecord).seq).toReversed();
          expect(await found({})).toEqual({ seqs: there, unreadable: read.length - records.length });
          for (const number of numbers) {
            expect(await numberIn(number)).toBe(there.includes(number) ? number : undefined);
            const until = there.filter((each) => each < number);
            expect((await found({ until: timeOf(number) })).seqs).toEqual(until);
            const from = there.filter((each) => each >= number - 50 && each < number);
            expect((await found({ from: timeOf(number - 50), until: timeOf(number) })).seqs).toEqual(from);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test("a line that is too long for a record hides none", async () => {
    writeFileSync(damaged, `${linesTo(4000).toSpliced(2000, 0, "g".repeat(9_000_000)).join("\n")}\n`);
    for (const seq of [1, 2000, 2001, 4000]) expect(await numberIn(seq)).toBe(seq);
    expect(await found({ until: timeOf(2003) }, 4)).toMatchObject({ seqs: [2002, 2001, 2000, 1999] });
  });

  test("a last line without its line break is not yet a record", async () => {
    writeFileSync(damaged, linesTo(3).join("\n"));
    expect(await found({})).toEqual({ seqs: [2, 1], unreadable: 0 });
    expect(await found({ until: timeOf(9) })).toEqual({ seqs: [2, 1], unreadable: 0 });
    expect(await numberIn(3)).toBeUndefined();
    writeFileSync(damaged, linesTo(1).join("\n"));
    expect(await found({})).toEqual({ seqs: [], unreadable: 0 });
  });
});

test("a log that is written and rotated meanwhile is verified as far as it went", async () => {
  const growing = join(folder, "growing.log");
  const log = openAudit({ file: growing, maxBytes: 10_000, sync: false });
  const { signal } = new AbortController();
  const write = async () => {
    for (let n = 0; n < 100; n++) await log.append({ event: "outcome", n }, signal);
  };
  await write();
  const head = headBeside(`${growing}.head`, undefined);
  const { segments, close } = openSegments(growing);
  await write();
  await log.close();
  const files = segments.map(({ path, descriptor, size }) => ({ name: path, lines: () => linesIn(descriptor, size) }));
  const work = verifying(files, { head });
  let step = work.next();
  while (!step.done) step = work.next();
  close();
  expect(withOlder(growing).length).toBeGreaterThan(segments.length);
  expect(step.value.verdict).toMatchObject({ ok: true, last: 101, torn: false });
});
