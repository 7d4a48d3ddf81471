import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CycleSummary, Exchange, Observation, Quarantine, Trace } from "../report-data.ts";
import { createCollector } from "./collector.ts";
import { cut, HIDDEN } from "./kept.ts";
import { POINTS } from "./timeline.ts";
import { KEPT } from "./traces.ts";

const exchange = (more: Partial<Exchange> = {}): Exchange => ({
  purpose: "match",
  type: "User",
  at: 1000,
  tookMs: 10,
  method: "GET",
  path: "/Users?filter=userName%20eq%20%22a%22",
  answer: { status: 404, headers: { "content-type": "application/scim+json" }, text: "" },
  ...more,
});
const trace = (more: Partial<Trace> = {}): Trace => ({
  cycle: 1,
  type: "User",
  objectId: "o1",
  displayName: "Ada",
  action: "create",
  status: "success",
  at: 0,
  tookMs: 10,
  source: {},
  steps: [],
  modified: [],
  exchanges: [],
  ...more,
});
const cycle = (more: Partial<CycleSummary> = {}): CycleSummary => ({
  ...{
    cycle: 1,
    kind: "initial",
    state: "Succeeded",
    timeBegan: 0,
    timeEnded: 60_000,
    countImported: 3,
    countEntitled: 2,
  },
  ...{ countExported: 2, countExports: 2, countEscrowed: 0, countEscrowedRaw: 0, requests: 4, counts: {}, ...more },
});
const quarantine: Quarantine = {
  ...{
    reason: "EncounteredQuarantineException",
    currentBegan: 5000,
    seriesBegan: 5000,
    seriesCount: 1,
    nextAttempt: 9000,
  },
  error: { code: "InvalidCredentials", message: "401" },
};
/** A clock that goes on by so many milliseconds each time it is read. */
const ticking = (ms: number) => {
  let now = 0;
  return () => {
    now += ms;
    return now;
  };
};
/** How many values there are in plain data, all levels counted. */
const sizeOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 1)
    : 1;

describe("requests", () => {
  test("are counted by purpose, with percentiles and statuses", () => {
    const collector = createCollector();
    for (const tookMs of [10, 20, 30, 1000]) collector.exchange(exchange({ tookMs }));
    collector.exchange({
      ...exchange({ purpose: "create", failure: "ECONNREFUSED" }),
      answer: undefined,
    } as unknown as Exchange);
    const { purposes, total } = collector.report();
    expect(
      purposes.map(({ purpose, requests, failures, statuses }) => [purpose, requests, failures, statuses]),
    ).toEqual([
      ["match", 4, 4, { 404: 4 }],
      ["create", 1, 1, { "no answer": 1 }],
    ]);
    expect(purposes[0]!.p50Ms).toBeCloseTo(20, 0);
    expect(purposes[0]!.maxMs).toBe(1000);
    expect(total.requests).toBe(5);
  });

  test("over time are counted in stretches whose number stays bounded, and none is lost", () => {
    const collector = createCollector(undefined, ticking(500));
    for (let index = 0; index < 10_000; index++) collector.exchange(exchange());
    const { timeline, total } = collector.report();
    expect(timeline.points.length).toBeLessThanOrEqual(POINTS);
    expect(timeline.points.reduce((sum, { requests }) => sum + requests, 0)).toBe(10_000);
    expect(total.perSecond).toBeCloseTo(2, 1);
    expect(timeline.points[3]!.perSecond).toBeCloseTo(2, 1);
  });

  test("go on after a pause between two commands as if there had been none", () => {
    const first = createCollector(undefined, ticking(1000));
    for (let index = 0; index < 10; index++) first.exchange(exchange());
    const second = createCollector(JSON.parse(JSON.stringify(first.snapshot())), ticking(1000));
    for (let index = 0; index < 10; index++) second.exchange(exchange());
    expect(second.report().total.requests).toBe(20);
    expect(second.report().total.seconds).toBeLessThan(21);
  });
});

describe("what was found", () => {
  test("is counted with the first example, faults first", () => {
    const collector = createCollector();
    collector.exchange(exchange({ tookMs: 6000, at: 7 }));
    collector.exchange(exchange({ at: 8 }));
    const { findings } = collector.report();
    expect(findings.map(({ id, count }) => [id, count])).toEqual([
      ["filter-answered-404", 2],
      ["slow", 1],
    ]);
    expect(findings[0]).toMatchObject({
      firstAt: 7,
      lastAt: 8,
      purposes: { match: 2 },
      example: { status: 404, at: 7 },
    });
  });

  test("observations are counted by attribute, and are findings", () => {
    const collector = createCollector();
    const observation: Observation = {
      kind: "endless update",
      cycle: 2,
      type: "User",
      objectId: "o",
      displayName: "Ada",
      attribute: "title",
    };
    for (let index = 0; index < 9; index++) collector.observation({ ...observation, objectId: `o${index}` });
    collector.observation({ ...observation, attribute: "userPassword", sent: "hunter2" });
    const { observations, findings } = collector.report();
    expect(observations.map(({ attribute, count, examples }) => [attribute, count, examples.length])).toEqual([
      ["title", 9, 3],
      ["userPassword", 1, 1],
    ]);
    expect(observations[1]!.examples[0]!.sent).toBe(HIDDEN);
    expect(findings).toMatchObject([{ id: "endless-update", count: 10 }]);
  });

  test("a quarantine that goes on counts once, and leaves the status when it is over", () => {
    const collector = createCollector();
    collector.cycle(cycle());
    collector.quarantine(quarantine);
    collector.quarantine({ ...quarantine, seriesCount: 2 });
    expect(collector.report().status).toMatchObject({
      code: "Quarantine",
      quarantine: { currentBegan: "1970-01-01T00:00:05.000Z", seriesCount: 2 },
    });
    collector.quarantine(undefined);
    const { status, quarantines, findings } = collector.report();
    expect(status).not.toHaveProperty("quarantine");
    expect(quarantines).toMatchObject([{ reason: "EncounteredQuarantineException", count: 1 }]);
    expect(findings).toMatchObject([{ id: "quarantine-exception", count: 1 }]);
  });
});

test("the status names the last cycle, the last successful one and the last one with exports", () => {
  const collector = createCollector();
  expect(collector.report().status.code).toBe("NotRun");
  collector.cycle(cycle({ timeEnded: 1000 }));
  collector.cycle(cycle({ timeEnded: 2000, kind: "incremental", countExports: 0 }));
  collector.cycle(cycle({ timeEnded: 3000, state: "Failed", error: { code: "Unauthorized", message: "401" } }));
  collector.cycle(cycle({ timeEnded: 4000, kind: "on demand" }));
  expect(collector.report().status).toMatchObject({
    code: "Active",
    countSuccessiveCompleteFailures: 1,
    lastExecution: { state: "Failed", timeEnded: "1970-01-01T00:00:03.000Z" },
    lastSuccessfulExecution: { timeEnded: "1970-01-01T00:00:02.000Z" },
    lastSuccessfulExecutionWithExports: { timeEnded: "1970-01-01T00:00:01.000Z" },
    steadyStateLastAchievedTime: "1970-01-01T00:00:02.000Z",
  });
});

describe("traces", () => {
  test("are kept while they are few, in order", () => {
    const collector = createCollector();
    for (let index = 0; index < 100; index++)
      collector.trace(trace({ objectId: `${index}`, tookMs: (index * 37) % 50 }));
    const { traces, leftOut } = collector.report().objects;
    expect(traces.map(({ objectId }) => Number(objectId))).toEqual([...Array(100).keys()]);
    expect(leftOut).toBe(0);
  });

  test("that failed come before the slowest, and those before a sample; how many are left out is told", () => {
    const collector = createCollector();
    for (let index = 0; index < 5000; index++)
      collector.trace(
        trace({
          objectId: `${index}`,
          status: index % 50 === 0 ? "failure" : "success",
          tookMs: index === 1234 ? 9000 : 10,
        }),
      );
    const { traces, leftOut, failed, failedLeftOut, total, counts } = collector.report().objects;
    expect(traces.filter(({ status }) => status === "failure")).toHaveLength(100);
    expect(traces.some(({ objectId }) => objectId === "1234")).toBe(true);
    expect({ failed, failedLeftOut, total, counts }).toEqual({
      failed: 100,
      failedLeftOut: 0,
      total: 5000,
      counts: { "create failure": 100, "create success": 4900 },
    });
    expect(leftOut + traces.length).toBe(5000);
  });

  test("hide passwords in requests, answers, sources and changes", () => {
    const collector = createCollector();
    const secret = "hunter2";
    const body = { userName: "ada", password: secret, Operations: [{ op: "Add", path: "password", value: secret }] };
    const answer = { status: 201, headers: { "set-cookie": secret }, text: JSON.stringify(body), json: body };
    collector.exchange(exchange({ purpose: "create", body, answer }));
    collector.trace(
      trace({
        source: { password: secret },
        modified: [{ name: "password", newValue: secret }],
        exchanges: [exchange({ body, answer })],
      }),
    );
    expect(JSON.stringify(collector.report())).not.toContain(secret);
    expect(JSON.stringify(collector.snapshot())).not.toContain(secret);
  });
});

test("law: a collector that was saved as JSON at any point reports the same as one that was not", () => {
  const times = fc.array(
    fc.record({
      tookMs: fc.integer({ min: 0, max: 30_000 }),
      isFailed: fc.boolean(),
      name: fc.string({ unit: "binary" }),
    }),
    { maxLength: 60 },
  );
  const feed = (
    collector: ReturnType<typeof createCollector>,
    some: readonly { tookMs: number; isFailed: boolean; name: string }[],
  ) => {
    for (const { tookMs, isFailed, name } of some) {
      collector.exchange(exchange({ tookMs }));
      collector.trace(trace({ tookMs, displayName: name, status: isFailed ? "failure" : "success" }));
      collector.cycle(cycle());
    }
  };
  fc.assert(
    fc.property(times, times, (first, second) => {
      const whole = createCollector(undefined, () => 0);
      feed(whole, first);
      const saved = createCollector(JSON.parse(JSON.stringify(whole.snapshot())), () => 0);
      feed(whole, second);
      feed(saved, second);
      const withoutTime = ({
        timeline: _,
        total: { seconds: __, perSecond: ___, peakPerSecond: ____, ...total },
        ...report
      }: ReturnType<typeof whole.report>) => ({ ...report, total });
      expect(withoutTime(saved.report())).toEqual(withoutTime(JSON.parse(JSON.stringify(whole.report()))));
    }),
  );
});

test("a snapshot of another version is refused, with what to do", () => {
  const snapshot = { ...createCollector().snapshot(), format: 99 };
  expect(() => createCollector(snapshot)).toThrow(/format 99.*new state folder/);
});

test("a million exchanges and traces are held in as little as ten thousand", () => {
  const collector = createCollector(undefined, ticking(3));
  const long = "x".repeat(1000);
  const feed = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const each = exchange({ tookMs: (index * 7919) % 30_000, at: index });
      collector.exchange(each);
      if (index % 10 === 0)
        collector.trace(
          trace({
            objectId: `${index}`,
            tookMs: index % 977,
            status: index % 100 === 0 ? "failure" : "success",
            displayName: long,
            exchanges: [each],
          }),
        );
      if (index % 100 === 0)
        collector.observation({
          kind: "sent but not returned",
          cycle: 1,
          type: "User",
          objectId: `${index}`,
          displayName: long,
          attribute: `attribute${index}`,
        });
      if (index % 1000 === 0) collector.cycle(cycle({ cycle: index }));
    }
  };
  feed(0, 100_000);
  const early = sizeOf(collector.snapshot());
  feed(100_000, 1_000_000);
  const late = sizeOf(collector.snapshot());
  expect(late).toBeLessThan(120_000);
  expect(late / early).toBeLessThan(1.8);
  const { objects, cycles, cyclesLeftOut, observations } = collector.report();
  expect(objects.traces.length).toBeLessThanOrEqual(KEPT.failed + KEPT.slowest + KEPT.others);
  expect([cycles.length, cyclesLeftOut]).toEqual([500, 500]);
  expect(observations.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
});

test("a text is cut between characters, and says how much is missing", () => {
  expect(cut("ab😀cd", 3)).toBe("ab\uFFFD… (3 more characters)");
  expect(cut("abc", 3)).toBe("abc");
});
