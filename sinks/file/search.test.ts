import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headBeside } from "./head-file.ts";
import { linesIn, withOlder } from "./lines.ts";
import { openAudit } from "./log.ts";
import type { AuditRecord } from "./record.ts";
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
    const { records, next } = await searchBackwards(file, filter, place, bounds);
    found.push(...records);
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
  ["an entry's key", { resource: "17" }, ({ backend }) => (backend as { key: number } | undefined)?.key === 17],
  ["a key among others", { resource: "x" }, ({ entries }) => entries !== undefined],
  ["a route", { route: "/b" }, ({ route }) => route === "/b"],
  ["acts", { kind: "acts" }, ({ event }) => event === "release"],
  ["what happened to the log itself", { kind: "log" }, ({ event }) => event === "opened" || event === "closed"],
  ["nobody", { by: "caller" }, () => false],
])("finds by %s", async (_, filter, isMeant) => {
  expect(await all(filter, { limit: 50, maxBytes: 1e6 })).toEqual(expected(isMeant));
});

test("a search of a stretch of time reads no more than that stretch", async () => {
  const [from, until] = [START + 1000 * MINUTE, START + 1100 * MINUTE];
  const { records, next } = await searchBackwards(file, { from, until }, undefined, { limit: 1000, maxBytes: 60_000 });
  expect(records.map(({ time }) => Date.parse(time as string)).toReversed()).toEqual(
    Array.from({ length: 100 }, (__, n) => from + n * MINUTE),
  );
  expect(next).toBeUndefined();
});

test("a record is found by its number in any file", () => {
  for (const seq of [1, 2, 777, 2500, COUNT, written.length])
    expect(JSON.parse(recordLine(file, seq)!)).toMatchObject({ seq });
  expect(recordLine(file, written.length + 1)).toBeUndefined();
  expect(recordLine(file, 0)).toBeUndefined();
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
