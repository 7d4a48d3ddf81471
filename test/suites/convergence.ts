import fc from "fast-check";
import { expect } from "vitest";
import { syncNamed } from "../../src/compose/syncs/syncs.ts";
import { ENTERPRISE_USER, type Resource } from "../../src/scim/schema.ts";
import type { SyncStore } from "../../src/state/syncs.ts";
import { liveEngine } from "../../src/sync/engines/live.ts";
import { runSync, type Sync } from "../../src/sync/run.ts";
import { TargetError } from "../../src/sync/target.ts";
import { routeTarget } from "../../src/sync/targets/route.ts";
import type { HrRow, Syncing } from "../servers/syncing.ts";

/** What happens between two runs. */
type Step =
  | { readonly is: "hr"; readonly row: HrRow }
  | { readonly is: "leaves"; readonly number: string }
  | { readonly is: "twice"; readonly number: string }
  | { readonly is: "target"; readonly number: string; readonly edit: "title" | "disable" | "delete" | "manager" }
  | { readonly is: "day"; readonly days: number }
  | { readonly is: "crash"; readonly after: number; readonly isDone: boolean }
  | { readonly is: "flaky"; readonly every: number; readonly isDone: boolean }
  | { readonly is: "run" };

const number = fc.integer({ min: 1, max: 9 }).map(String);
const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-03-${String(n).padStart(2, "0")}`);
const row: fc.Arbitrary<HrRow> = fc.record({
  number,
  given: fc.constantFrom("Ada", "Bob", "Zoë", "O'Neil"),
  family: fc.constantFrom("Lee", "Stone", "van der Berg"),
  title: fc.option(fc.constantFrom("Clerk", "Chef", "Ünïcode 😀"), { nil: null }),
  department: fc.option(fc.constantFrom("Sales", "Maths"), { nil: null }),
  hired: fc.option(day, { nil: null }),
  ended: fc.option(day, { nil: null }),
  manager: fc.option(number, { nil: null }),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: row.map((each): Step => ({ is: "hr", row: each })) },
    { weight: 2, arbitrary: number.map((each): Step => ({ is: "leaves", number: each })) },
    { weight: 1, arbitrary: number.map((each): Step => ({ is: "twice", number: each })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(number, fc.constantFrom("title" as const, "disable" as const, "delete" as const, "manager" as const))
        .map(([each, edit]): Step => ({ is: "target", number: each, edit })),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }).map((days): Step => ({ is: "day", days })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 120 }), fc.boolean())
        .map(([after, isDone]): Step => ({ is: "crash", after, isDone })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 12 }), fc.boolean())
        .map(([every, isDone]): Step => ({ is: "flaky", every, isDone })),
    },
    { weight: 2, arbitrary: fc.constant<Step>({ is: "run" }) },
  ),
  { minLength: 1, maxLength: 25 },
);

/** The process is gone: nothing that it would have done is done. */
class Killed extends Error {}

/** Calls functions until one of them is the last: it is made or not, and nothing after it. */
function killedAfter(count: number, isDone: boolean) {
  let left = count;
  const through =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (left <= 0) throw new Killed();
      left--;
      if (left === 0 && !isDone) throw new Killed();
      const result = await call(...args);
      if (left <= 0) throw new Killed();
      return result;
    };
  return through;
}

const EPOCH = Date.parse("2026-03-01T12:00:00Z");
const DAY = 86_400_000;

/**
 * The law of convergence: whatever happened on both sides, and wherever runs were killed, a run that compares everything brings the target
 * to what the rules say, and the next one makes no change. No account is there twice, and none is lost.
 */
export async function convergence(open: () => Promise<Syncing>, options: fc.Parameters<[Step[]]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const syncing = await open();
      try {
        await play(syncing, all);
      } finally {
        await syncing.close();
      }
    }),
    options,
  );
}

async function play(syncing: Syncing, all: readonly Step[]): Promise<void> {
  const { hr } = syncing;
  let now = EPOCH;
  // Who has been read once, and whose account a run may have seen, is nobody that a run forgets.
  for (const step of all) {
    switch (step.is) {
      case "hr":
        syncing.hire(step.row);
        break;
      case "leaves":
        syncing.fire(step.number);
        break;
      case "twice":
        hr.prepare(
          "insert into people (id, number, given, family) select 'twin' || number, number, 'Twin', 'Twin' from people where number = ? limit 1 on conflict do nothing",
        ).run(step.number);
        break;
      case "target":
        await edit(syncing, step.number, step.edit);
        break;
      case "day":
        now += step.days * DAY;
        break;
      case "crash":
        await crash(syncing, step, now);
        break;
      case "flaky":
        await flaky(syncing, step, now);
        break;
      case "run":
        await syncing.run({ at: now, acceptsShrink: true });
    }
  }
  const before = await syncing.accounts();
  await retryAll(syncing);
  const report = await syncing.run({ at: now, isReconciling: true, acceptsShrink: true });
  expect(report, report.error).toMatchObject({ outcome: "done" });
  const after = await syncing.accounts();
  const expected = expectedOf(syncing, before, after, now);
  expect(shown(after)).toEqual(expected);
  const idle = await syncing.run({ at: now, isReconciling: true, acceptsShrink: true });
  expect(idle).toMatchObject({ outcome: "done", counts: {} });
}

async function edit({ accounts, ask, context }: Syncing, which: string, what: string): Promise<void> {
  const account = (await accounts()).get(which);
  if (!account) return;
  const common = { type: "User", id: String(account.id), context: context() };
  if (what === "delete") return void (await ask({ name: "delete", ...common }));
  const operations: Record<string, object> = {
    title: { op: "replace", path: "title", value: "Edited" },
    disable: { op: "replace", path: "active", value: false },
    manager: { op: "remove", path: `${ENTERPRISE_USER}:manager` },
  };
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
  await ask({ name: "patch", ...common, body: { schemas, Operations: [operations[what]] }, query: {} });
}

/** A sync whose calls of the target go through something, and of the store, too, where that is to be as well. */
function syncThrough(
  syncing: Syncing,
  through: <A extends unknown[], R>(call: (...args: A) => Promise<R>) => (...args: A) => Promise<R>,
  {
    isStore,
    calls,
  }: {
    readonly isStore: boolean;
    readonly calls: readonly ("create" | "update" | "remove" | "strip" | "read" | "find")[];
  },
): { readonly sync: Sync; readonly signal: AbortSignal } {
  const { signal } = new AbortController();
  const sync = syncNamed("people", syncing.parts, signal);
  const store = isStore
    ? (Object.fromEntries(
        Object.entries(sync.store).map(([name, call]) => [name, through(call as never)]),
      ) as unknown as SyncStore)
    : sync.store;
  const target = { ...routeTarget(syncing.target, "User", sync.asking) };
  for (const name of calls) target[name] = through(target[name] as never) as never;
  const engineFor: Sync["engineFor"] = (work, given) =>
    liveEngine({ ...work, store, target, deliver: undefined }, given);
  return { sync: { ...sync, store, engineFor }, signal };
}

async function crash(syncing: Syncing, { after, isDone }: Extract<Step, { is: "crash" }>, now: number): Promise<void> {
  const through = killedAfter(after, isDone);
  const calls = ["create", "update", "remove", "strip"] as const;
  const { sync, signal } = syncThrough(syncing, through, { isStore: true, calls });
  const options = { cause: "test", isFirst: true, acceptsShrink: true, now: () => now, signal };
  await runSync(sync, options).catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
}

/**
 * A run into a target that fails each of so many calls, before it has done what it was asked, or after that. Where the run says that it is
 * done nevertheless, everybody is as the rules say.
 */
async function flaky(syncing: Syncing, { every, isDone }: Extract<Step, { is: "flaky" }>, now: number): Promise<void> {
  let calls = 0;
  const through =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const isBusy = ++calls % every === 0;
      if (isBusy && !isDone) throw new TargetError("unavailable", "busy", { retryAfter: 0 });
      const result = await call(...args);
      if (isBusy) throw new TargetError("unavailable", "busy", { retryAfter: 0 });
      return result;
    };
  const before = await syncing.accounts();
  const all = ["create", "update", "remove", "strip", "read", "find"] as const;
  const { sync, signal } = syncThrough(syncing, through, { isStore: false, calls: all });
  const options = { cause: "test", isFirst: true, isReconciling: true, acceptsShrink: true, now: () => now, signal };
  await retryAll(syncing);
  const { outcome } = await runSync(sync, options);
  if (outcome !== "done") return;
  const after = await syncing.accounts();
  expect(shown(after)).toEqual(expectedOf(syncing, before, after, now));
}

/** What `postern sync retry` does: who failed does not wait for the time at which that is tried again. */
async function retryAll({ store }: Syncing): Promise<void> {
  for (const status of ["failed", "stopped"])
    await store.save((await store.listed({ status }, "", 100)).map((person) => ({ ...person, next: 0 })));
}

type Shown = Record<string, unknown>;

const shown = (accounts: ReadonlyMap<string, Resource>): Map<string, Shown> => {
  const keys = new Map([...accounts].map(([key, { id }]) => [id, key]));
  return new Map(
    [...accounts]
      .map(([key, account]): [string, Shown] => {
        const { department, manager } = (account[ENTERPRISE_USER] ?? {}) as {
          department?: string;
          manager?: { value: string };
        };
        const { name, title, active } = account as {
          name?: { givenName?: string; familyName?: string };
          title?: string;
          active?: boolean;
        };
        return [
          key,
          {
            given: name?.givenName,
            family: name?.familyName,
            title,
            active,
            department,
            manager: manager && keys.get(manager.value),
          },
        ];
      })
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
};

/** What the target is to hold, worked out again without the engine. */
function expectedOf(
  { hr }: Syncing,
  before: ReadonlyMap<string, Resource>,
  after: ReadonlyMap<string, Resource>,
  now: number,
): Map<string, Shown> {
  const today = new Date(now).toISOString().slice(0, 10);
  const tomorrow = new Date(now + DAY).toISOString().slice(0, 10);
  const rows = hr.prepare("select * from people order by number").all() as unknown as (HrRow & { number: string })[];
  const byNumber = Map.groupBy(rows, (each) => each.number);
  const expected = new Map<string, Shown>();
  const kept = shown(before);
  const circles = (start: string): boolean => {
    const seen = new Set<string>();
    for (let at: string | null | undefined = start; at != null && !seen.has(at); at = byNumber.get(at)?.[0]?.manager) {
      seen.add(at);
      if (byNumber.get(at)?.[0]?.manager === start) return true;
    }
    return false;
  };
  for (const [key, of] of byNumber) {
    if (of.length > 1) continue;
    const [person] = of;
    const { given, family, title, department, hired, ended, manager } = person!;
    const isActive = hired != null && hired <= tomorrow && (ended == null || ended >= today);
    // Whom nobody knows, or who has no account, leaves the reference as it is.
    const isKnown = manager != null && after.has(manager) && manager !== key && !circles(key);
    expected.set(key, {
      given: given ?? undefined,
      family: family ?? undefined,
      title: title ?? undefined,
      active: isActive,
      department: department ?? undefined,
      manager: isKnown ? manager : manager == null || manager === key || circles(key) ? undefined : "?",
    });
  }
  // Who left keeps the account, disabled; what two records say is not used.
  for (const [key, account] of kept) {
    if (expected.has(key)) continue;
    expected.set(key, { ...account, ...(!byNumber.has(key) && { active: false }) });
  }
  // A reference that cannot be told stays as it was.
  const final = shown(after);
  for (const [key, each] of expected) if (each.manager === "?") each.manager = final.get(key)?.manager;
  for (const each of expected.values())
    if (each.manager !== undefined && !after.has(String(each.manager))) each.manager = undefined;
  return new Map([...expected].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
