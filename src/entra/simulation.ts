import { type Conversation, conversationsOver, type Send } from "./conversation.ts";
import { type CycleOptions, type CycleResult, linkObject, runCycle } from "./cycle.ts";
import type { Edit, ObjectType } from "./directory.ts";
import { type Account, discover } from "./discover.ts";
import type { Behaviour, Engine } from "./engine.ts";
import type { Job } from "./job.ts";
import { randomOf } from "./population/random.ts";
import { probe } from "./probe.ts";
import { provision } from "./provision.ts";
import { isDisabled, nextQuarantine } from "./quarantine.ts";
import { redactionOf } from "./redaction.ts";
import type { CycleSummary, Exchange, Observation, Quarantine, Trace } from "./report-data.ts";
import { CYCLE_MS } from "./retries.ts";
import type { Store } from "./store.ts";

/** What a simulation needs. */
export interface SimulationParts {
  readonly store: Store;
  readonly job: Job;
  readonly behaviour: Behaviour;
  readonly send: Send;
  /** Maximum requests per second; undefined for no limit. */
  readonly rate?: number | undefined;
  readonly wait: (ms: number) => Promise<void>;
  /** Seed for GUIDs and random texts. */
  readonly seed: number;
  readonly defaultDomain: string;
  readonly listeners: Listeners;
  /** Aborted to stop the running work. */
  readonly signal: AbortSignal;
}

/** Callbacks for progress and results. */
export interface Listeners {
  readonly exchange: (exchange: Exchange) => void;
  readonly trace: (trace: Trace) => void;
  readonly observation: (observation: Observation) => void;
  readonly cycle: (summary: CycleSummary) => void;
  readonly quarantine: (quarantine: Quarantine | undefined) => void;
}

/** The available kinds of cycles. */
export const CYCLES = ["initial", "incremental", "restart", "restart in full"] as const;
/** A kind of cycle. */
export type CycleKind = (typeof CYCLES)[number];

/** A job of Entra's provisioning service, between a tenant and an endpoint. It does one thing at a time. */
export interface Simulation {
  /** Changes the source. The next cycle sees the changes. */
  readonly apply: (edits: Iterable<Edit>) => void;
  /**
   * Runs a cycle. The job's clock advances by 40 minutes between cycles, or to the attempt that a quarantine permits. `allowsDeletions`
   * sends deletions that are held.
   */
  readonly cycle: (kind: CycleKind, allowsDeletions?: boolean) => Promise<CycleSummary>;
  /** Provisions one object now, including all members of a group. Entra's watermark stays. */
  readonly onDemand: (type: ObjectType, objectId: string) => Promise<CycleSummary>;
  /** Reports a changed job schema: the next cycle processes everything, as after saving a change in the portal. */
  readonly renew: () => void;
  /** Lists the accounts of the target and their owners. */
  readonly discover: () => AsyncGenerator<Account>;
  readonly quarantine: () => Quarantine | undefined;
}

/** Opens a simulation on its state. */
export function openSimulation(parts: SimulationParts): Simulation {
  const { store, job, listeners } = parts;
  const clock = () => store.setting<number>("clock", Date.now());
  const quarantine = () => store.setting<Quarantine | null>("quarantine", null) ?? undefined;
  const setQuarantine = (value: Quarantine | undefined) => {
    store.set("quarantine", value ?? null);
    listeners.quarantine(value);
  };

  /** Runs work as a cycle of its own, counted and summarised. */
  const counted = async (
    kind: CycleSummary["kind"],
    work: (engine: Engine) => Promise<CycleResult>,
  ): Promise<CycleSummary> => {
    const cycle = store.setting("cycle", 0) + 1;
    store.set("cycle", cycle);
    const began = clock();
    const real = performance.now();
    const now = () => began + Math.round(performance.now() - real);
    const tally = tallying(listeners);
    const engine = engineOf(parts, cycle, now, tally.listeners);
    const result = await work(engine);
    const summary = tally.summary({ cycle, kind, timeBegan: began, timeEnded: now() }, result, store);
    store.set("clock", now());
    listeners.cycle(summary);
    return summary;
  };

  const cycle = async (kind: CycleKind, allowsDeletions = false): Promise<CycleSummary> => {
    const before = quarantine();
    const allowed = kind === "incremental" ? (before?.nextAttempt ?? 0) : 0;
    if (store.setting("cycle", 0) > 0) store.set("clock", Math.max(clock() + CYCLE_MS, allowed));
    // An interrupted full cycle is still due, and the links it made are kept.
    const isOwed = store.setting("owed", false);
    if (kind !== "incremental" && !(kind === "initial" && isOwed)) forget(store, kind);
    const options: CycleOptions = { isWhole: kind !== "incremental" || isOwed, allowsDeletions };
    return counted(kind, async (engine) => {
      if (isDisabled(before, engine.now()) && kind === "incremental") return disabled(before!);
      const result = await runCycle(engine, options);
      if (result.imported > 0 || !result.reason) store.set("owed", false);
      setQuarantine(nextQuarantine(kind === "incremental" ? before : undefined, result.reason, engine.now()));
      return result;
    });
  };

  const onDemand = (type: ObjectType, objectId: string): Promise<CycleSummary> =>
    counted("on demand", async (engine) => {
      const flow = job.flows.find((each) => each.type === type);
      const object = store.object(type, objectId);
      if (!flow) throw new Error(`the job does not provision objects of type ${type}`);
      if (!object) throw new Error(`there is no ${type} with the objectId ${objectId} in the source`);
      await probe(engine, flow);
      const isEntitled = await provision(engine, flow, object, { isStaged: false, isOnDemand: true, since: 0 });
      await linkObject(engine, flow, objectId, 0);
      return { imported: 1, entitled: Number(isEntitled) };
    });

  return {
    apply: (edits) =>
      store.together(() => {
        for (const edit of edits) store.apply(edit);
      }),
    cycle,
    onDemand,
    renew: () => store.set("owed", true),
    discover: () => {
      const users = job.flows.find(({ type }) => type === "User");
      if (!users) throw new Error("the job does not provision users");
      return discover(engineOf(parts, store.setting("cycle", 0), clock, listeners), users);
    },
    quarantine,
  };
}

/** What a restart forgets: the watermark, failures and the quarantine; a full restart also forgets links. */
function forget(store: Store, kind: CycleKind): void {
  store.together(() => {
    store.set("owed", true);
    store.clearEscrows();
    if (kind === "restart in full" || kind === "initial") store.clearLinks();
  });
}

const disabled = ({ error }: Quarantine): CycleResult => ({
  imported: 0,
  entitled: 0,
  reason: {
    reason: "EncounteredQuarantineException",
    error: { code: "Disabled", message: `the job was disabled after four weeks in quarantine: ${error.message}` },
  },
});

/** The resolution of random numbers between 0 and 1. */
const RANDOM_STEPS = 2 ** 31 - 1;

function engineOf(
  { store, job, behaviour, send, rate, wait, seed, defaultDomain, signal }: SimulationParts,
  cycle: number,
  now: () => number,
  listeners: Listeners,
): Engine {
  const conversation: (type: ObjectType) => Conversation = conversationsOver({
    send,
    now,
    wait,
    rate,
    redacted: redactionOf(job),
    onExchange: listeners.exchange,
  });
  const { below } = randomOf("cycle", seed, cycle);
  const random = () => below(RANDOM_STEPS) / RANDOM_STEPS;
  const { trace: traced, observation: observed } = listeners;
  const alone = keyedLocks();
  return { store, job, behaviour, cycle, now, random, defaultDomain, signal, alone, conversation, traced, observed };
}

/** Serialises work with the same key. */
function keyedLocks(): Engine["alone"] {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const mine = (async () => {
      await before?.catch(() => {});
      return work();
    })();
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}

/** Counts what listeners receive. */
function tallying(listeners: Listeners) {
  const counts: Record<string, number> = {};
  const sums = { exports: 0, exported: 0, requests: 0 };
  const heard: Listeners = {
    ...listeners,
    exchange: (exchange) => {
      if (exchange.purpose !== "verify") sums.requests++;
      if (exchange.method !== "GET") sums.exports++;
      listeners.exchange(exchange);
    },
    trace: (trace) => {
      const name = `${trace.action} ${trace.status}`;
      counts[name] = (counts[name] ?? 0) + 1;
      if (trace.status === "success") sums.exported++;
      listeners.trace(trace);
    },
  };
  type Times = Pick<CycleSummary, "cycle" | "kind" | "timeBegan" | "timeEnded">;
  const summary = (times: Times, { imported, entitled, reason }: CycleResult, store: Store): CycleSummary => {
    const escrows = store.countEscrows();
    const failed = Object.keys(counts).some((name) => name.endsWith(" failure"));
    const isStopped = reason !== undefined && imported === 0;
    return {
      ...times,
      state: isStopped ? "Failed" : failed || reason ? "EntryLevelErrors" : "Succeeded",
      countImported: imported,
      countEntitled: entitled,
      countExported: sums.exported,
      countExports: sums.exports,
      countEscrowed: escrows.export,
      countEscrowedRaw: escrows.export + escrows.reference,
      requests: sums.requests,
      counts,
      ...(reason && { error: reason.error }),
    };
  };
  return { listeners: heard, summary };
}
