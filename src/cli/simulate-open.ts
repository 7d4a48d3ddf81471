import { createHash } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StartError } from "../compose/routes.ts";
import type { Send } from "../entra/conversation.ts";
import { DEFAULT_JOB_SCHEMA } from "../entra/default-job.ts";
import type { Dialect } from "../entra/dialects.ts";
import type { Behaviour } from "../entra/engine.ts";
import { findingOf } from "../entra/findings/index.ts";
import { compileJob, type Job, JobError } from "../entra/job.ts";
import { guid } from "../entra/probe.ts";
import { QUARANTINE_LIMITS } from "../entra/quarantine.ts";
import { type Collector, type CollectorSnapshot, createCollector } from "../entra/report/collector.ts";
import type { ReportData, Job as ReportedJob } from "../entra/report/data.ts";
import { htmlReport } from "../entra/report/html.ts";
import { jsonReport } from "../entra/report/json.ts";
import { junitReport } from "../entra/report/junit.ts";
import { provisioningLog } from "../entra/report/log.ts";
import { summary } from "../entra/report/summary.ts";
import type { Exchange, Trace } from "../entra/report-data.ts";
import { openSimulation, type Simulation } from "../entra/simulation.ts";
import { openStore, type Store, StoreError } from "../entra/store.ts";
import { EXIT } from "./exit.ts";
import { jsonIn, UsageError } from "./given.ts";
import { startProgress, wipeProgress } from "./progress.ts";
import { isFailure, openEndpoint, type ScimEndpoint } from "./scim-endpoint.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** A simulation as commands use it: its state in a folder, its log and reports beside. */
export interface Opened {
  readonly simulation: Simulation;
  readonly store: Store;
  /** Aborted by Ctrl+C: what is under way is finished, and nothing else begun. */
  readonly signal: AbortSignal;
  /** Tells something on the terminal, behind what shows the progress. */
  readonly say: (line: string) => void;
  /** Shows what is going on, on a terminal. */
  readonly show: (text: string) => void;
  /** What this command has found so far. */
  readonly found: () => ReportData;
  /** The exit status, by what this command found. */
  readonly status: () => number;
  /** Writes the reports on all that the folder has seen, and prints a summary of what this command did. */
  readonly report: () => void;
  readonly close: () => Promise<void>;
}

const FLAG = "aadOptscim062020";

/** Opens a simulation. Throws a `UsageError` for what cannot be used: the schema, the folder, credentials. */
export async function openSimulated(options: SimulateOptions): Promise<Opened> {
  const schema = schemaIn(options.schema);
  const endpoint = usable(() => openEndpoint({ ...options, url: options.endpoint }));
  const folder = usable(() => folderFor(options));
  const store = usable(() => openStore(folder.path));
  const reported = reportedJob(store, endpoint);
  refuseOther(store, endpoint, options.state);
  const whole = usable(() => collectorIn(folder.path));
  const run = createCollector();
  const progress = toldOn(process.stderr);
  const log = logIn(join(folder.path, "provisioning-log.jsonl"), reported);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, onSignal);
  let unreachable = false;
  const simulation = openSimulation({
    store,
    job: schema.job,
    behaviour: behaviourOf(options),
    send: options.dryRun ? withoutWrites(sendTo(endpoint)) : sendTo(endpoint),
    rate: options.rate,
    wait: (ms) => sleep(Math.min(ms, MAX_WAIT_MS), undefined, { signal: stop.signal }).catch(() => {}) as Promise<void>,
    seed: options.seed,
    defaultDomain: options.domain,
    signal: stop.signal,
    listeners: {
      exchange: (exchange) => {
        const { purpose, failure, method, path, body } = exchange;
        unreachable ||= failure !== undefined && (purpose === "probe" || purpose === "discover");
        if (options.dryRun && method !== "GET") {
          wipeProgress();
          console.log(`would send ${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
        } else for (const each of [whole, run]) each.exchange(exchange);
        progress.step(exchange);
      },
      trace: (trace) => {
        for (const each of [whole, run]) each.trace(trace);
        log.write(trace);
      },
      observation: (observation) => {
        for (const each of [whole, run]) each.observation(observation);
      },
      cycle: (cycle) => {
        if (cycle.kind !== "on demand") store.set("cycled", true);
        for (const each of [whole, run]) each.cycle(cycle);
      },
      quarantine: (quarantine) => {
        for (const each of [whole, run]) each.quarantine(quarantine);
      },
    },
  });
  if (store.setting("schema", schema.text) !== schema.text) {
    progress.say(
      "The schema is another one than before: this cycle looks at everything, as after a change in the portal.",
    );
    simulation.renew();
  }
  store.set("schema", schema.text);
  return {
    simulation,
    store,
    signal: stop.signal,
    say: progress.say,
    show: progress.show,
    found: run.report,
    status: () => (unreachable ? EXIT.unreachable : isClean(run) ? EXIT.fine : EXIT.findings),
    report: () => {
      progress.end();
      log.flush();
      if (!options.dryRun) {
        writeReports(folder.path, whole, reported);
        console.error(`The log and the reports are in ${folder.path}.`);
      }
      process.stdout.write(summary(run.report(), { color: process.stdout.isTTY === true }));
    },
    close: async () => {
      progress.end();
      log.flush();
      for (const name of ["SIGINT", "SIGTERM"] as const) process.removeListener(name, onSignal);
      await endpoint.close();
      store.close();
      folder.close();
    },
  };
}

/** The longest time that a timer takes. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** What cannot be used of the command line is told as that. */
function usable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StartError || error instanceof StoreError || isSystemError(error))
      throw new UsageError((error as Error).message);
    throw error;
  }
}

const isSystemError = (error: unknown): boolean => typeof (error as { syscall?: unknown }).syscall === "string";

/** The ids of one endpoint are nothing in another: what is linked there would be written to strangers here. */
function refuseOther(store: Store, { url }: ScimEndpoint, folder: string): void {
  const known = store.setting("endpoint", url);
  if (known !== url && store.countLinks() > 0)
    throw new UsageError(
      `the folder ${folder} holds a simulation before ${known}, and what it knows of accounts there is of no use before ${url}. Name another folder with --state, or delete this one`,
    );
  store.set("endpoint", url);
}

/** The log of what was done for each object, written a few lines at a time. */
function logIn(file: string, job: ReportedJob) {
  let lines: string[] = [];
  const flush = () => {
    if (lines.length > 0) appendFileSync(file, lines.join(""));
    lines = [];
  };
  return {
    write: (trace: Trace) => {
      lines.push(`${JSON.stringify(provisioningLog(trace, job))}\n`);
      if (lines.length >= 50) flush();
    },
    flush,
  };
}

function behaviourOf(options: SimulateOptions): Behaviour {
  const dialect: Dialect = options.endpoint.toLowerCase().includes(FLAG.toLowerCase()) ? "compliant" : "legacy";
  return {
    dialect,
    scope: options.syncAll ? "all" : "assigned",
    membersPerRequest: options.membersPerRequest ?? (dialect === "legacy" ? 1 : 100),
    skipsOutOfScopeDeletions: options.skipOutOfScopeDeletions === true,
    deletionThreshold: options.deletionThreshold,
    lanes: Math.floor(options.parallel ?? 1),
    verifies: options.verify && !options.dryRun,
    quarantine: { ...QUARANTINE_LIMITS, ...(options.quarantineFrom !== undefined && { from: options.quarantineFrom }) },
  };
}

/** The job's schema, compiled, and as a text that tells whether it is another one. Throws a `UsageError` with the place of what is wrong. */
function schemaIn(file: string | undefined): { readonly job: Job; readonly text: string } {
  const given = file === undefined ? DEFAULT_JOB_SCHEMA : jsonIn(`@${file}`, "--schema");
  try {
    return { job: compileJob(given), text: createHash("sha256").update(JSON.stringify(given)).digest("hex") };
  } catch (error) {
    if (error instanceof JobError) throw new UsageError(`--schema: ${file}: ${error.message}`);
    throw error;
  }
}

/** The folder of the state; for a dry run a copy of it, which is removed at the end. */
function folderFor({ state, dryRun }: SimulateOptions): { readonly path: string; readonly close: () => void } {
  if (!dryRun) {
    mkdirSync(state, { recursive: true });
    return { path: state, close: () => {} };
  }
  const path = mkdtempSync(join(tmpdir(), "entra-simulation-"));
  for (const name of ["simulation.db", "simulation.db-wal"])
    if (existsSync(join(state, name))) copyFileSync(join(state, name), join(path, name));
  return { path, close: () => rmSync(path, { recursive: true }) };
}

/** The names and ids that the log calls the job by. They are made once for a folder. */
function reportedJob(store: Store, endpoint: ScimEndpoint): ReportedJob {
  const fresh = () => guid(Math.random);
  const made = store.setting("job", { tenantId: fresh(), jobId: fresh(), servicePrincipalId: fresh() });
  store.set("job", made);
  const jobId = `scim.${made.tenantId.replaceAll("-", "")}.${made.jobId}`;
  return { ...made, jobId, name: new URL(endpoint.url).host, endpoint: endpoint.url };
}

const sendTo =
  (endpoint: ScimEndpoint): Send =>
  async ({ method, path, body }) => {
    const answer = await endpoint.send(method, path, body);
    return isFailure(answer) ? answer : { ...answer, text: answer.text.slice(0, 65_536) };
  };

/** Reads are sent. Writes are answered as an endpoint without faults would, and nobody is found who was not really made. */
function withoutWrites(send: Send): Send {
  const mark = `dry-run-${guid(Math.random).slice(0, 8)}`;
  let made = 0;
  return async (request) => {
    const { method, path, body } = request;
    const headers = { "content-type": "application/scim+json" };
    if (method === "GET") {
      if (!path.includes(mark)) return send(request);
      const json = { schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], totalResults: 0, Resources: [] };
      return { status: 200, headers, text: JSON.stringify(json), json };
    }
    if (method !== "POST") return { status: 204, headers: {}, text: "" };
    const json = { ...(body as object), id: `${mark}-${++made}` };
    return { status: 201, headers, text: JSON.stringify(json), json };
  };
}

const SNAPSHOT = "collector.json";

/** The collector that goes on where the folder's last command ended. */
function collectorIn(folder: string): Collector {
  const file = join(folder, SNAPSHOT);
  if (!existsSync(file)) return createCollector();
  try {
    return createCollector(JSON.parse(readFileSync(file, "utf8")) as CollectorSnapshot);
  } catch (error) {
    throw new StartError(
      `${file} cannot be used: ${(error as Error).message}. Delete it: only the report begins anew.`,
    );
  }
}

function writeReports(folder: string, collector: Collector, job: ReportedJob): void {
  const report = collector.report();
  const files: Readonly<Record<string, string>> = {
    [SNAPSHOT]: JSON.stringify(collector.snapshot()),
    "report.html": htmlReport(report, job),
    "report.json": jsonReport(report, job),
    "junit.xml": junitReport(report, job),
  };
  // Each is there whole, or as it was.
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

/** Whether nothing failed, and no fault was found. */
function isClean(collector: Collector): boolean {
  const { findings, cycles } = collector.report();
  return (
    !findings.some(({ id }) => findingOf(id)?.severity === "fault") &&
    cycles.every(({ state }) => state === "Succeeded")
  );
}

/** What is told on the way: how far it is, and lines that stay. */
function toldOn(stream: NodeJS.WriteStream) {
  const began = performance.now();
  const progress = startProgress("starting", stream);
  let requests = 0;
  return {
    show: progress.show,
    step: ({ method, path }: Exchange) => {
      requests++;
      const rate = Math.round((requests * 1000) / (performance.now() - began));
      progress.show(`${requests} requests, ${rate} a second; ${method} ${path}`);
    },
    say: (line: string) => {
      wipeProgress();
      stream.write(`${line}\n`);
    },
    end: progress.end,
  };
}
