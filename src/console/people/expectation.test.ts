import { describe, expect, test } from "vitest";
import type { JournalLine } from "../../journal/store.ts";
import type { GuardFact, Now } from "../api/people.ts";
import { clientOf, expectedOf, type Facts } from "./expectation.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const AT = Date.parse("2026-11-26T12:00:00Z");
const RULES = {
  cycleMs: 40 * MINUTE,
  nextAttempt: (failures: number, at: number) => at + failures * 60 * MINUTE,
  givenUpAfterMs: 28 * DAY,
};

const line = (action: string, at: number, more: Partial<JournalLine> = {}): JournalLine => ({
  id: String(at),
  at,
  replica: "a",
  route: "/scim",
  caller: "entra",
  source: "",
  requestId: "r",
  action,
  type: "User",
  resource: "7",
  display: "ann",
  status: 200,
  result: "success",
  sentence: "",
  ms: 5,
  backendMs: 3,
  attributes: [],
  ...more,
});
const failed = (action: string, at: number, status: number) => line(action, at, { status, result: "failure" });
const there = (resource: Record<string, unknown> = { active: true }): Now => ({ is: "there", resource, name: "ann" });
const factsOf = (more: Partial<Facts>): Facts => ({
  ...{ now: there(), lines: [], hasMore: false, guard: [], syncs: [], mayEntra: true, at: AT + MINUTE },
  isEntra: (caller) => caller === "entra",
  ...more,
});
const expected = (now: Now, lines: readonly JournalLine[], hasMore = false, guard: readonly GuardFact[] = []) =>
  expectedOf(factsOf({ now, lines, hasMore, guard }), RULES);
/** A deletion that the guard stopped. */
const guarded = (at: number, caller = "entra") => ({
  ...failed("delete", at, 503),
  ...{ caller, isStopped: true as const },
});

describe("what Entra is expected to do", () => {
  test("nothing, after a write that was successful; of what was never written nothing is known", () => {
    expect(expected(there(), [line("get", AT), line("patch", AT - 1)])).toMatchObject([
      { is: "settled", last: { action: "patch" } },
    ]);
    expect(expected(there(), [line("get", AT)])).toEqual([{ is: "untold" }]);
  });

  test("to retry what failed, later each time, until 28 days after the first failure", () => {
    const lines = [failed("patch", AT, 400), failed("patch", AT - DAY, 400), line("create", AT - 2 * DAY)];
    expect(expected(there(), lines)).toMatchObject([
      { is: "retry", why: "refused", failures: 2, isAtLeast: false, next: AT + 120 * MINUTE, givenUp: AT + 27 * DAY },
    ]);
    expect(expected(there(), lines.slice(0, 2), true)).toMatchObject([{ failures: 2, isAtLeast: true }]);
  });

  test("to send again what the guard stopped: it stays stopped until it is released, and then passes", () => {
    const stopped = { is: "stopped", danger: "deletes", since: AT - DAY, at: AT, caller: "entra" } as const;
    const released = { is: "released", danger: "deletes", at: AT, until: AT + DAY, by: "ada", reason: "left" } as const;
    const deletion = guarded(AT);
    const tries = [deletion, guarded(AT - 60 * MINUTE), guarded(AT - DAY)];
    // By the same growing intervals as what failed otherwise.
    const next = AT + 180 * MINUTE;
    const told = { ...stopped, next, isLate: false, last: deletion };
    expect(expected(there(), tries, false, [stopped])).toEqual([told]);
    expect(expectedOf(factsOf({ lines: tries, guard: [stopped], at: AT + DAY }), RULES)).toEqual([
      { ...told, isLate: true },
    ]);
    // Without the journal, and while the backend is away, the guard knows it all the same: of two tries at least.
    expect(expectedOf(factsOf({ lines: undefined, guard: [stopped] }), RULES)).toMatchObject([
      { next: AT + 120 * MINUTE },
    ]);
    expect(expected({ is: "unknown", problem: "away" }, tries, false, [stopped])).toEqual([told]);
    expect(expected(there(), [line("patch", AT + 1), deletion], false, [stopped])).toHaveLength(1);
    expect(expected(there(), [failed("patch", AT + 1, 400), deletion], false, [stopped])).toMatchObject([
      { is: "stopped" },
      { is: "retry", why: "refused" },
    ]);
    expect(expected(there(), [deletion], false, [released])).toEqual([released]);
    expect(expected({ is: "gone" }, [line("delete", AT)], false, [])).toMatchObject([{ is: "gone" }]);
  });

  test("to send again what the guard stopped and no longer lists, because it was dismissed", () => {
    expect(expected(there(), [guarded(AT)])).toMatchObject([{ is: "retry", why: "guard", next: AT + 60 * MINUTE }]);
  });

  test("to retry what failed while the backend can't be asked, too; what succeeded says nothing then", () => {
    const away = { is: "unknown", problem: "busy" } as const;
    expect(expected(away, [failed("patch", AT, 503)])).toMatchObject([{ is: "retry", why: "later" }]);
    expect(expected(away, [line("patch", AT)])).toEqual([]);
  });

  test("nothing with what it never wrote: a sync says what it does, and of others nothing is known", () => {
    const held = {
      sync: "badges",
      key: "1",
      status: "ok",
      kind: "disables",
      isHeld: true,
      reason: "",
      isFailed: false,
    };
    const bySync = factsOf({ lines: [line("patch", AT, { caller: "sync:badges" })], syncs: [held] });
    expect([clientOf(bySync), expectedOf(bySync, RULES)]).toEqual([
      { is: "sync", name: "badges" },
      [{ is: "sync", ...held }],
    ]);
    const stopped = { is: "stopped", danger: "deletes", since: AT, at: AT, caller: "reception" } as const;
    const byReception = factsOf({ lines: [guarded(AT, "reception")], guard: [stopped] });
    expect([clientOf(byReception), expectedOf(byReception, RULES)]).toMatchObject([
      { is: "other", name: "reception" },
      [{ is: "stopped", next: undefined, isLate: false }],
    ]);
    const lines = [{ ...failed("patch", AT, 503), caller: "reception" }];
    expect(expectedOf(factsOf({ lines }), RULES)).toEqual([{ is: "other", last: lines[0], isDone: false }]);
    const nobody = factsOf({ mayEntra: false });
    expect([clientOf(nobody), expectedOf(nobody, RULES)]).toEqual([{ is: "other", name: "" }, []]);
  });

  test("not to notice what another caller deleted", () => {
    const deletion = line("delete", AT, { status: 204, caller: "reception" });
    const lines = [deletion, line("patch", AT - 1)];
    expect(clientOf(factsOf({ lines }))).toEqual({ is: "entra" });
    expect(expected({ is: "gone" }, lines)).toEqual([{ is: "lost", by: deletion }]);
  });

  test("to have sent it again already, or to have given up", () => {
    const of = (at: number) => expectedOf(factsOf({ lines: [failed("patch", AT, 400)], at }), RULES);
    expect([AT, AT + DAY, AT + 29 * DAY].map((at) => of(at)[0])).toMatchObject([
      { state: "due" },
      { state: "late" },
      { state: "over" },
    ]);
  });

  test("a deletion of what isn't there is as good as done", () => {
    expect(expected({ is: "gone" }, [failed("delete", AT, 404), line("patch", AT - 1)])).toMatchObject([
      { is: "gone", by: { action: "delete" } },
    ]);
  });

  test.each([
    ["patch", 503, "later"],
    ["patch", 429, "later"],
    ["patch", 403, "credentials"],
    ["patch", 404, "missing"],
    ["create", 409, "refused"],
  ])("a %s that was answered with %i is tried again: %s", (action, status, why) => {
    const lines = [failed(action, AT, status), failed(action, AT - 60 * MINUTE, status)];
    expect(expected(there(), lines)).toMatchObject([{ is: "retry", why, next: AT + 120 * MINUTE }]);
  });

  test("to delete a disabled person 30 days after it was disabled, if the journal knows when", () => {
    const disabled = line("patch", AT - DAY, { attributes: ["active"] });
    const lines = [line("patch", AT, { attributes: ["title"] }), disabled];
    expect(expected(there({ active: false }), lines)).toEqual([{ is: "disabled", by: disabled, due: AT + 29 * DAY }]);
    expect(expected(there({ active: false }), lines.slice(0, 1))).toMatchObject([{ is: "disabled", by: undefined }]);
  });

  test("nothing with what it deleted; to fail on what somebody else deleted", () => {
    const deletion = line("delete", AT, { status: 204 });
    expect(expected({ is: "gone" }, [deletion])).toEqual([{ is: "gone", by: deletion }]);
    expect(expected({ is: "gone" }, [line("patch", AT)])).toEqual([{ is: "lost", by: undefined }]);
    expect(expected({ is: "gone" }, [failed("patch", AT, 404), line("patch", AT - 1)])).toMatchObject([
      { is: "retry", why: "missing" },
      { is: "lost", by: undefined },
    ]);
  });

  test("not to notice what was changed in the backend since", () => {
    const resource = { meta: { lastModified: new Date(AT + 5 * MINUTE).toISOString() } };
    expect(expected(there(resource), [line("patch", AT)])).toMatchObject([
      { is: "changedElsewhere", at: AT + 5 * MINUTE },
      { is: "settled" },
    ]);
    const own = { meta: { lastModified: new Date(AT + 1000).toISOString() } };
    expect(expected(there(own), [line("patch", AT)])).toMatchObject([{ is: "settled" }]);
  });
});
