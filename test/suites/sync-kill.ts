import { spawn } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { ROOT } from "../servers/gateway.ts";
import type { HrRow, Syncing } from "../servers/syncing.ts";
import { type Draws, drawsFrom } from "./draws.ts";

/** An account as the target itself has it, read beside the gateway. */
export interface RawAccount {
  readonly key: string;
  readonly name: string;
  /** The key of the manager. */
  readonly manager: string | undefined;
}

/** The target of a sync, seen beside the gateway. */
export interface Seen {
  readonly accounts: () => readonly RawAccount[];
  /** Changes with every write to the target. */
  readonly version: () => string;
}

/** How often runs are killed, over how many people. */
export interface Kills {
  readonly people: number;
  readonly kills: number;
  readonly seed: number;
  /** A run that is killed by time is killed within so many milliseconds of its start. */
  readonly withinMs: number;
  /** Whether the lease of a run that was killed is waited for once, for as long as an administrator would wait. */
  readonly waitsForLease: boolean;
}

/** What was seen on the way. */
export interface KillReport {
  /** What an administrator reads who starts the next run at once. */
  readonly busy: string;
  /** How long it took until a run could start behind one that was killed, in seconds. */
  readonly leaseSeconds: number | undefined;
  /** Runs that were killed, and those that were over before. */
  readonly killed: number;
  readonly over: number;
  /** Accounts whose creation was found to have happened in a run that was killed before it could note it. */
  readonly adopted: number;
  readonly seconds: number;
  /** The kills, in words: after how many accounts, or how many milliseconds. */
  readonly moments: string;
}

/** Three people share a name; the manager is nearer the top, but of every tenth the next one in the order of keys that is not hired yet. */
export const joiner = (n: number, people: number): HrRow => ({
  number: keyOf(n),
  given: `Given${n % Math.ceil(people / 3)}`,
  family: "Family",
  title: `Title ${n}`,
  department: `Department ${n % 40}`,
  hired: "2026-01-01",
  manager: managerOf(n, people) ?? null,
});

const keyOf = (n: number): string => String(n).padStart(6, "0");

function managerOf(n: number, people: number): string | undefined {
  if (n === 1) return undefined;
  if (n % 10 === 0 && n + 7 <= people) return keyOf(n + 7);
  return keyOf(Math.max(1, Math.floor(n / 10)));
}

/** One kill: when so many accounts are linked and some milliseconds are over, or some milliseconds behind the start. */
interface Moment {
  readonly linked: number;
  readonly ms: number;
}

function momentsOf(draws: Draws, { people, kills, withinMs }: Kills): Moment[] {
  const moments = Array.from({ length: kills }, (): Moment => {
    const ms = draws.next();
    return draws.isTrue(0.3) ? { linked: 0, ms: ms * withinMs } : { linked: draws.below(people), ms: ms * 15 };
  });
  // Ever later: a run goes on where the one before it was killed.
  const later = moments.flatMap(({ linked }) => (linked > 0 ? [linked] : [])).toSorted((a, b) => a - b);
  return moments.map(({ linked, ms }) => (linked > 0 ? { linked: later.shift()!, ms } : { linked, ms }));
}

/**
 * The law of kill -9: a first run of the command line's is killed at random moments and begun again each time; one that nobody kills
 * brings everything to its end, as if no run had been killed, and the next has nothing to do.
 */
export async function killedOften(syncing: Syncing, seen: Seen, kills: Kills): Promise<KillReport> {
  const begun = performance.now();
  const { people } = kills;
  syncing.hire(...Array.from({ length: people }, (_, index) => joiner(index + 1, people)));
  const state = new DatabaseSync(join(syncing.folder, "state.db"), { timeout: 4000 });
  const progress = state.prepare(
    "select (select count(*) from leases) as running, (select count(*) from sync_people where target is not null) as linked",
  );
  let [killed, over, busy, leaseSeconds] = [0, 0, "", undefined as number | undefined];
  const shown: string[] = [];
  try {
    for (const { linked, ms } of momentsOf(drawsFrom(kills.seed), kills)) {
      const run = command(syncing.file);
      for (;;) {
        const now = progress.get() as { running: number; linked: number };
        if (run.isOver() || (now.running === 1 && now.linked >= linked)) break;
        await sleep(2);
      }
      await Promise.race([sleep(ms), run.ended]);
      if (run.isOver()) over++;
      else killed++;
      run.kill();
      await run.ended;
      const now = progress.get() as { running: number; linked: number };
      shown.push(`${now.linked}${linked === 0 ? ` (${Math.round(ms)} ms)` : ""}`);
      if (now.running === 0) continue;
      if (busy === "") {
        const next = command(syncing.file);
        expect(await next.ended).toBe(1);
        busy = next.output();
        expect(busy).toContain("is already running");
        if (kills.waitsForLease) leaseSeconds = await waitForLease(state);
      }
      // As if the half minute were over in which the store holds the place of a run that was killed.
      state.exec("delete from leases");
    }
    const last = command(syncing.file);
    expect(await last.ended, last.output()).toBe(0);
    expect(last.output()).toContain("people: done");
    expectWhole(seen.accounts(), people);
    const version = seen.version();
    for (const isReconciling of [false, true])
      expect(await syncing.run({ isReconciling })).toMatchObject({ outcome: "done", counts: {} });
    expect(seen.version()).toBe(version);
    const adopted = state
      .prepare(
        "select count(*) as n from sync_people where memory like '%the account already exists%' or memory like '%the account was found by%'",
      )
      .get() as { n: number };
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { busy, leaseSeconds, killed, over, adopted: adopted.n, seconds, moments: shown.join(", ") };
  } finally {
    state.close();
  }
}

/** Every key is there once, each name too, and everybody has the right manager. */
function expectWhole(accounts: readonly RawAccount[], people: number): void {
  const all = Array.from({ length: people }, (_, index) => index + 1);
  expect(accounts.map(({ key }) => key).toSorted()).toEqual(all.map(keyOf));
  expect(new Set(accounts.map(({ name }) => name.toLowerCase())).size).toBe(people);
  const managers = new Map(accounts.map(({ key, manager }) => [key, manager]));
  const wrong = all.filter((n) => managers.get(keyOf(n)) !== managerOf(n, people)).map(keyOf);
  expect(wrong).toEqual([]);
}

/** Waits until the store has forgotten a run that was killed; gives the seconds. */
async function waitForLease(state: DatabaseSync): Promise<number> {
  const begun = performance.now();
  const held = state.prepare("select count(*) as n from leases where until > ?");
  while ((held.get(Date.now()) as { n: number }).n > 0) await sleep(100);
  return Math.round((performance.now() - begun) / 1000);
}

/** The command line, as an administrator starts it, in a process of its own. */
function command(file: string) {
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "sync", "run", "people", "--first", "-c", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  let isOver = false;
  const ended = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  child.once("exit", () => (isOver = true));
  return { ended, isOver: () => isOver, kill: () => child.kill("SIGKILL"), output: () => output };
}
