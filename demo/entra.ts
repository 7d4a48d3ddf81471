import { isFailure, openEndpoint } from "../src/cli/scim-endpoint.ts";
import type { Send } from "../src/entra/conversation.ts";
import { DEFAULT_JOB_SCHEMA } from "../src/entra/default-job.ts";
import type { Edit } from "../src/entra/directory.ts";
import { compileJob } from "../src/entra/job.ts";
import { drawEdits } from "../src/entra/population/index.ts";
import { randomOf } from "../src/entra/population/random.ts";
import { QUARANTINE_LIMITS } from "../src/entra/quarantine.ts";
import type { CycleSummary } from "../src/entra/report-data.ts";
import { openSimulation } from "../src/entra/simulation.ts";
import { openStore, type Store } from "../src/entra/store.ts";
import { DOMAIN, isEmployed, SEED, tidied } from "./company.ts";
import { occasion } from "./faults.ts";
import { pause } from "./process.ts";

/** What each part of the demo needs. */
export interface Part {
  /** How many times faster than a person can watch. */
  readonly pace: number;
  /** Tells what happens, in a sentence. */
  readonly say: (line: string) => void;
  /** Aborted when the demo ends. */
  readonly signal: AbortSignal;
}

/** Time between two requests, and between two cycles, in milliseconds. */
const REQUEST_MS = 900;
const CYCLE_MS = 4000;
/** Objects that are edited before each cycle. */
const EDITS = 7;
/** How many people a script deletes by mistake: more than the change guard lets pass. */
const BURST = 12;

/** Runs cycles of Entra's provisioning service until the demo ends: joiners, movers, leavers, groups; and now and then a mistake. */
export async function runEntra(
  { endpoint: url, token, company }: { endpoint: string; token: string; company: readonly Edit[] },
  { pace, say, signal }: Part,
): Promise<void> {
  const endpoint = openEndpoint({ url: `${url}?aadOptscim062020`, token, timeout: 30 }, {});
  const store = openStore(undefined);
  const start = Date.now();
  const mistakes = mistakesIn(store, say);
  let gap = 0;
  const send: Send = async ({ method, path, body }) => {
    await pause(gap * (0.4 + 1.2 * Math.random()), signal);
    const answer = await endpoint.send(method, path, body, { signal });
    if (isFailure(answer)) return answer;
    // What fails is tried again in the next cycle. Waiting here would leave nothing to watch.
    const { "retry-after": _, ...headers } = answer.headers;
    return { ...answer, headers, text: answer.text.slice(0, 65_536) };
  };
  const ignore = () => {};
  const simulation = openSimulation({
    store,
    job: compileJob(withoutCountry(DEFAULT_JOB_SCHEMA)),
    behaviour: {
      dialect: "compliant",
      scope: "assigned",
      membersPerRequest: 100,
      skipsOutOfScopeDeletions: false,
      lanes: 1,
      verifies: false,
      quarantine: QUARANTINE_LIMITS,
    },
    send,
    wait: (ms) => pause(ms / pace, signal),
    seed: SEED,
    defaultDomain: DOMAIN,
    signal,
    listeners: { exchange: ignore, trace: ignore, observation: ignore, cycle: ignore, quarantine: ignore },
  });
  try {
    simulation.apply(company);
    const first = await simulation.cycle("initial");
    if (!signal.aborted) say(lineOf(first));
    gap = REQUEST_MS / pace;
    for (let cycle = 1; !signal.aborted; cycle++) {
      await pause(CYCLE_MS / pace, signal);
      simulation.apply([...drawnEdits(store, cycle), ...mistakes(cycle, ((Date.now() - start) / 1000) * pace)]);
      const summary = await simulation.cycle("incremental");
      if (!signal.aborted) say(lineOf(summary));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await endpoint.close();
    store.close();
  }
}

/** inetOrgPerson has no attribute for a country, so the job does not send it. */
function withoutCountry(schema: typeof DEFAULT_JOB_SCHEMA): unknown {
  const isKept = ({ targetAttributeName }: { targetAttributeName: string }) => !/\.country$/.test(targetAttributeName);
  return {
    ...schema,
    synchronizationRules: schema.synchronizationRules.map((rule) => ({
      ...rule,
      objectMappings: rule.objectMappings.map((mapping) => ({
        ...mapping,
        attributeMappings: mapping.attributeMappings.filter(isKept),
      })),
    })),
  };
}

/** What happens in a company in a few minutes. Nobody is deleted for good: what the guard counts comes by mistake. */
function drawnEdits(store: Store, cycle: number): Edit[] {
  const share = EDITS / (store.count("User") + store.count("Group"));
  return [...tidied(drawEdits(store, { share, seed: SEED, cycle }))].filter(
    ({ type, purged, assigned }) => !purged && !(type === "Group" && assigned === false),
  );
}

/** A value that the directory refuses, which is corrected three cycles later, and a script that deletes people: by the clock, in seconds. */
function mistakesIn(store: Store, say: Part["say"]): (cycle: number, seconds: number) => readonly Edit[] {
  const isNote = occasion({ first: 0, every: 180 });
  const isScript = occasion({ first: 90, every: 600 });
  let noted: number | undefined;
  const phones = (key: number, mobile: string) =>
    somePeople(store, key, 1).map(({ objectId }): Edit => ({ type: "User", objectId, attributes: { mobile } }));
  return (cycle, seconds) => {
    const edits: Edit[] = [];
    if (noted !== undefined && cycle === noted + 3) {
      edits.push(...phones(noted, "+41 44 123 45 67"));
      noted = undefined;
    }
    if (noted === undefined && isNote(seconds)) {
      say("Entra: somebody types a note into a phone number, which the directory refuses.");
      edits.push(...phones(cycle, "+41 44 123 – ask Zoë"));
      noted = cycle;
    }
    if (isScript(seconds)) {
      say(`Entra: a script deletes ${BURST} people by mistake. The change guard lets 5 pass in an hour.`);
      const people = somePeople(store, -cycle, BURST);
      edits.push(...people.map(({ objectId }): Edit => ({ type: "User", objectId, purged: true })));
    }
    return edits;
  };
}

function somePeople(store: Store, key: number, count: number) {
  const { below } = randomOf(SEED, "mistake", key);
  const all = store.count("User");
  const start = below(all);
  const people = Array.from({ length: all }, (_, index) => store.at("User", (start + index) % all));
  return people.filter((each) => each !== undefined && isEmployed(each)).slice(0, count) as Edit[];
}

function lineOf({ kind, counts, error }: CycleSummary): string {
  const done = Object.entries(counts).map(([what, count]) => `${count} × ${what}`);
  return `Entra: ${kind} cycle: ${error?.message ?? (done.length > 0 ? done.join(", ") : "no change")}`;
}
