import { setTimeout as sleep } from "node:timers/promises";
import { ProvisioningError } from "../entra/conversation.ts";
import type { Edit, ObjectType, SourceObject } from "../entra/directory.ts";
import { InterruptedError } from "../entra/engine.ts";
import { ExpressionError, evaluate, parseExpression } from "../entra/expression/index.ts";
import { drawEdits, drawPopulation, PopulationFileError, readEdits } from "../entra/population/index.ts";
import type { CycleSummary } from "../entra/report-data.ts";
import { CYCLE_MS } from "../entra/retries.ts";
import type { CycleKind } from "../entra/simulation.ts";
import { EXIT } from "./exit.ts";
import { UsageError } from "./given.ts";
import { wipeProgress } from "./progress.ts";
import { type Opened, openSimulated } from "./simulate-open.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** Runs a cycle. Gives the exit status: 0, 1 where something was found, 3 where the endpoint could not be asked. */
export const simulateCycle = (options: SimulateOptions, kind: CycleKind | undefined): Promise<number> =>
  simulated(options, async (opened) => {
    await fill(opened, options);
    await readEditFiles(opened, options);
    drawn(opened, options);
    await opened.simulation.cycle(kind ?? nextKind(opened), options.allowDeletes === true);
  });

/** Runs cycles until the process is told to end, or there were enough. Gives the exit status. */
export const simulateWatch = (
  options: SimulateOptions & { readonly speed: number; readonly cycles?: number },
): Promise<number> =>
  simulated(options, async (opened) => {
    const { signal } = opened;
    await fill(opened, options);
    await readEditFiles(opened, options);
    for (let cycle = 1; !signal.aborted; cycle++) {
      if (nextKind(opened) !== "initial") drawn(opened, options);
      const summary = await opened.simulation.cycle(nextKind(opened));
      opened.say(lineOf(summary));
      if (cycle === options.cycles) return;
      opened.show("waiting for the next cycle");
      await sleep(Math.min(CYCLE_MS / options.speed, 2 ** 31 - 1), undefined, { signal }).catch(() => {});
    }
  });

/** Provisions one object, and says step by step what was done. Gives the exit status. */
export const simulateOnDemand = (options: SimulateOptions, who: string): Promise<number> =>
  simulated({ ...options, endpoint: withoutFlag(options.endpoint) }, async (opened) => {
    await fill(opened, options);
    const { type, objectId } = theOne(opened, who);
    await opened.simulation.onDemand(type, objectId);
    for (const { action, status, skipReason, error, steps, modified } of opened.found().objects.traces) {
      for (const step of steps) console.log(`${step.type.padEnd(20)} ${step.status.padEnd(8)} ${step.description}`);
      for (const { name, newValue = "" } of modified) console.log(`${"".padEnd(29)} ${name}: ${newValue}`);
      console.log(`${action}: ${status}${skipReason ? `, ${skipReason}` : ""}${error ? `, ${error.code}` : ""}`);
    }
  });

function theOne({ store }: Opened, who: string): SourceObject {
  const [first, other] = store.named(who);
  if (!first)
    throw new UsageError(`The source has nobody with the objectId, userPrincipalName or displayName "${who}".`);
  if (other && first.objectId !== who)
    throw new UsageError(
      `Several objects are called "${who}", such as ${first.objectId} and ${other.objectId}: give an objectId.`,
    );
  return first;
}

/** Lists accounts. Gives the exit status. */
export const simulateDiscovery = (options: SimulateOptions): Promise<number> =>
  simulated(options, async (opened) => {
    await fill(opened, options);
    const counts = { local: 0, unassigned: 0, assigned: 0 };
    for await (const { id, name, status } of opened.simulation.discover()) {
      counts[status]++;
      wipeProgress();
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

/** The exit status of a process that was told to end. */
const INTERRUPTED = 130;

async function simulated(options: SimulateOptions, work: (opened: Opened) => Promise<void>): Promise<number> {
  const opened = await openSimulated(options);
  try {
    try {
      await work(opened);
    } catch (error) {
      if (!(error instanceof InterruptedError || error instanceof ProvisioningError)) throw error;
      opened.report();
      console.error(error instanceof ProvisioningError ? `${error.code}: ${error.message}` : error.message);
      return error instanceof InterruptedError ? INTERRUPTED : opened.status() || EXIT.findings;
    }
    opened.report();
    return opened.status();
  } finally {
    await opened.close();
  }
}

const nextKind = ({ store }: Opened): CycleKind => (store.setting("cycled", false) ? "incremental" : "initial");

/** Fills the source: what is drawn only where it is empty, what is read from files each time. */
async function fill(opened: Opened, options: SimulateOptions): Promise<void> {
  const { people, groups, seed, domain } = options;
  const { simulation, store, say } = opened;
  shareOf(options);
  const isEmpty = store.count("User") + store.count("Group") === 0;
  const numbers = { people: numberIn(people), groups: numberIn(groups) };
  const isDrawn = numbers.people !== undefined || numbers.groups !== undefined;
  if (isEmpty && people === undefined && groups === undefined)
    throw new UsageError(
      "The source is empty. Give people with --people, and groups with --groups: a number to draw them, or a file.",
    );
  if (isEmpty && isDrawn) {
    simulation.apply(drawPopulation({ people: numbers.people ?? 0, groups: numbers.groups ?? 0, seed, domain }));
    say(`Drew ${store.count("User")} people and ${store.count("Group")} groups.`);
  } else if (isDrawn)
    say(`Nothing was drawn: the folder already has ${store.count("User")} people and ${store.count("Group")} groups.`);
  if (people !== undefined && numbers.people === undefined) await read(opened, people, "User");
  if (groups !== undefined && numbers.groups === undefined) await read(opened, groups, "Group");
}

/** Reads edits from files. */
async function readEditFiles(opened: Opened, options: SimulateOptions): Promise<void> {
  const { edits, groupEdits } = options;
  if (edits !== undefined && shareOf(options) === undefined) await read(opened, String(edits), "User");
  if (groupEdits !== undefined) await read(opened, groupEdits, "Group");
}

/** Draws the edits of a cycle, if they are to be drawn. */
function drawn({ simulation, store }: Opened, options: SimulateOptions): void {
  const share = shareOf(options);
  if (share === undefined) return;
  simulation.apply([...drawEdits(store, { share, seed: options.seed, cycle: store.setting("cycle", 0) + 1 })]);
}

/** The share of the tenant that is edited; undefined where edits come from a file, or from nowhere. */
function shareOf({ edits }: SimulateOptions): number | undefined {
  if (edits === undefined) return undefined;
  const share = edits === true ? 0.01 : Number(edits);
  if (Number.isNaN(share)) return undefined;
  if (!(share > 0 && share <= 1))
    throw new UsageError(`--edits: ${edits} is no share of the tenant: a share is above 0, and at most 1`);
  return share;
}

const BATCH = 1000;

async function read({ simulation, store, say, show }: Opened, file: string, type: ObjectType): Promise<void> {
  const batch: Edit[] = [];
  let count = 0;
  const resolve = (name: string) => store.named(name, "User")[0]?.objectId;
  try {
    for await (const each of readEdits(file, type, { resolve, note: say })) {
      batch.push(each);
      show(`reading ${file}: ${++count} records`);
      if (batch.length === BATCH) simulation.apply(batch.splice(0));
    }
  } catch (error) {
    if (error instanceof PopulationFileError) throw new UsageError(error.message);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined)
      throw new UsageError(code === "ENOENT" ? `there is no file ${file}` : (error as Error).message);
    throw error;
  }
  simulation.apply(batch);
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : undefined;

/** On demand, Entra does not look at the flag for the compliant form. */
function withoutFlag(endpoint: string): string {
  if (!URL.canParse(endpoint)) return endpoint;
  const url = new URL(endpoint);
  for (const name of [...url.searchParams.keys()]) if (/^aadOptscim062020$/i.test(name)) url.searchParams.delete(name);
  return url.href;
}

const lineOf = ({ cycle, kind, state, requests, counts }: CycleSummary): string => {
  const done = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  return `cycle ${cycle}, ${kind}: ${state}, ${requests} requests${done.length > 0 ? `; ${done.join(", ")}` : ""}`;
};
