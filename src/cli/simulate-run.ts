import { setTimeout as sleep } from "node:timers/promises";
import type { Edit, ObjectType } from "../entra/directory.ts";
import { CYCLE_MS } from "../entra/engine.ts";
import { ExpressionError, evaluate, parseExpression } from "../entra/expression/index.ts";
import { drawEdits, drawPopulation, PopulationFileError, readEdits } from "../entra/population/index.ts";
import type { CycleSummary } from "../entra/report-data.ts";
import type { CycleKind } from "../entra/simulation.ts";
import { StartError } from "../routes.ts";
import { type Opened, openSimulated } from "./simulate-open.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** Runs a cycle. Gives the exit status: 0, 1 where something was found, 3 where the endpoint could not be asked. */
export const simulateCycle = (options: SimulateOptions, kind: CycleKind | undefined): Promise<number> =>
  simulated(options, async (opened) => {
    await fill(opened, options);
    await edit(opened, options, 1);
    await opened.simulation.cycle(kind ?? nextKind(opened), options.allowDeletes === true);
  });

/** Runs cycles until the process is told to end, or there were enough. Gives the exit status. */
export const simulateWatch = (
  options: SimulateOptions & { readonly speed: number; readonly cycles?: number },
): Promise<number> =>
  simulated(options, async (opened) => {
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    await fill(opened, options);
    for (let cycle = 1; !stop.signal.aborted; cycle++) {
      if (nextKind(opened) !== "initial") await edit(opened, options, cycle);
      const summary = await opened.simulation.cycle(nextKind(opened));
      opened.say(lineOf(summary));
      if (cycle === options.cycles) return;
      await sleep(CYCLE_MS / options.speed, undefined, { signal: stop.signal }).catch(() => {});
    }
  });

/** Provisions one object. Gives the exit status. */
export const simulateOnDemand = (options: SimulateOptions, who: string): Promise<number> =>
  simulated({ ...options, endpoint: withoutFlag(options.endpoint) }, async (opened) => {
    await fill(opened, options);
    const { type, objectId } = opened.store.named(who) ?? missing(who);
    await opened.simulation.onDemand(type, objectId);
  });

/** Lists accounts. Gives the exit status. */
export const simulateDiscovery = (options: SimulateOptions): Promise<number> =>
  simulated(options, async (opened) => {
    await fill(opened, options);
    const counts = { local: 0, unassigned: 0, assigned: 0 };
    for await (const { id, name, status } of opened.simulation.discover()) {
      counts[status]++;
      console.log(`${status.padEnd(10)} ${id} ${name}`);
    }
    opened.say(`${counts.assigned} assigned, ${counts.unassigned} unassigned, ${counts.local} local`);
  });

/** Evaluates an expression. Gives the exit status: 0, or 2 for an expression that is wrong. */
export function simulateExpression(text: string, attributes: readonly string[]): number {
  const named = new Map(attributes.map((each) => [each.split("=", 1)[0]!, each.slice(each.indexOf("=") + 1)]));
  try {
    const value = evaluate(parseExpression(text), {
      attribute: (name) => named.get(name),
      now: new Date(),
      random: Math.random,
      defaultDomain: "contoso.example",
    });
    console.log(
      value === undefined ? "(no value)" : typeof value === "string" ? value : JSON.stringify(value, null, 2),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    console.error(`${error.message}\n  ${text}\n  ${" ".repeat(error.position)}^`);
    return 2;
  }
}

async function simulated(options: SimulateOptions, work: (opened: Opened) => Promise<void>): Promise<number> {
  const opened = await openSimulated(options);
  try {
    await work(opened);
    opened.report();
  } finally {
    await opened.close();
  }
  return opened.status();
}

const nextKind = ({ store }: Opened): CycleKind => (store.setting("cycled", false) ? "incremental" : "initial");

/** Fills the source: what is drawn only where it is empty, what is read from files each time. */
async function fill(opened: Opened, { people, groups, seed, domain }: SimulateOptions): Promise<void> {
  const { simulation, store, say } = opened;
  const isEmpty = store.count("User") + store.count("Group") === 0;
  const drawn = { people: numberIn(people), groups: numberIn(groups) };
  if (isEmpty && people === undefined && groups === undefined)
    throw new StartError(
      "The source is empty. Give people with --people, and groups with --groups: a number to draw them, or a file.",
    );
  if (isEmpty && (drawn.people !== undefined || drawn.groups !== undefined)) {
    simulation.apply(drawPopulation({ people: drawn.people ?? 0, groups: drawn.groups ?? 0, seed, domain }));
    say(`Drew ${store.count("User")} people and ${store.count("Group")} groups.`);
  }
  if (people !== undefined && drawn.people === undefined) await read(opened, people, "User");
  if (groups !== undefined && drawn.groups === undefined) await read(opened, groups, "Group");
}

/** Makes the edits that are asked for before a cycle: files are read before the first one alone. */
async function edit(opened: Opened, options: SimulateOptions, turn: number): Promise<void> {
  const { simulation, store } = opened;
  const { edits, groupEdits, seed } = options;
  if (groupEdits !== undefined && turn === 1) await read(opened, groupEdits, "Group");
  if (edits === undefined) return;
  const share = edits === true ? 0.01 : Number(edits);
  if (Number.isNaN(share)) {
    if (turn === 1) await read(opened, String(edits), "User");
    return;
  }
  if (!(share > 0 && share <= 1))
    throw new StartError(`--edits: ${edits} is no share of the tenant: it is above 0, and at most 1`);
  simulation.apply([...drawEdits(store, { share, seed, cycle: store.setting("cycle", 0) + 1 })]);
}

const BATCH = 1000;

async function read({ simulation, store, say }: Opened, file: string, type: ObjectType): Promise<void> {
  const batch: Edit[] = [];
  const resolve = (name: string) => store.named(name, "User")?.objectId;
  try {
    for await (const each of readEdits(file, type, { resolve, note: say })) {
      batch.push(each);
      if (batch.length === BATCH) simulation.apply(batch.splice(0));
    }
  } catch (error) {
    if (error instanceof PopulationFileError) throw new StartError(error.message, { cause: error });
    throw error;
  }
  simulation.apply(batch);
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : undefined;

/** On demand, Entra does not look at the flag for the compliant form. */
const withoutFlag = (endpoint: string): string => endpoint.replace(/aadOptscim062020&?/i, "").replace(/[?&]$/, "");

function missing(who: string): never {
  throw new StartError(`The source has nobody with the objectId, userPrincipalName or displayName "${who}".`);
}

const lineOf = ({ cycle, kind, state, requests, counts }: CycleSummary): string => {
  const done = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  return `cycle ${cycle}, ${kind}: ${state}, ${requests} requests${done.length > 0 ? `; ${done.join(", ")}` : ""}`;
};
