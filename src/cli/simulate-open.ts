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
import type { Send } from "../entra/conversation.ts";
import { DEFAULT_JOB_SCHEMA } from "../entra/default-job.ts";
import type { Dialect } from "../entra/dialects.ts";
import type { Behaviour } from "../entra/engine.ts";
import { findingOf } from "../entra/findings/index.ts";
import { compileJob, type Job, JobError } from "../entra/job.ts";
import { guid } from "../entra/probe.ts";
import { QUARANTINE_LIMITS } from "../entra/quarantine.ts";
import { type Collector, type CollectorSnapshot, createCollector } from "../entra/report/collector.ts";
import type { Job as ReportedJob } from "../entra/report/data.ts";
import { htmlReport } from "../entra/report/html.ts";
import { jsonReport } from "../entra/report/json.ts";
import { junitReport } from "../entra/report/junit.ts";
import { provisioningLog } from "../entra/report/log.ts";
import { summary } from "../entra/report/summary.ts";
import type { Exchange } from "../entra/report-data.ts";
import { openSimulation, type Simulation } from "../entra/simulation.ts";
import { openStore, type Store } from "../entra/store.ts";
import { StartError } from "../routes.ts";
import { isFailure, openEndpoint, type ScimEndpoint } from "./scim-endpoint.ts";
import type { SimulateOptions } from "./simulate-options.ts";

/** A simulation as commands use it: its state in a folder, its log and reports beside. */
export interface Opened {
  readonly simulation: Simulation;
  readonly store: Store;
  /** Tells something on the terminal, behind what shows the progress. */
  readonly say: (line: string) => void;
  /** The exit status, by what was found. */
  readonly status: () => number;
  /** Writes the reports, and prints the summary. */
  readonly report: () => void;
  readonly close: () => Promise<void>;
}

const FLAG = "aadOptscim062020";

/** Opens a simulation. Throws a `StartError` for what cannot be used: the schema, the folder, credentials. */
export async function openSimulated(options: SimulateOptions): Promise<Opened> {
  const job = jobIn(options.schema);
  const endpoint = openEndpoint({ ...options, url: options.endpoint });
  const folder = folderFor(options);
  const store = openStore(folder.path);
  const reported = reportedJob(store, endpoint);
  const collector = createCollector(snapshotIn(folder.path));
  const progress = progressOn(process.stderr);
  const logFile = join(folder.path, "provisioning-log.jsonl");
  let lines: string[] = [];
  const flush = () => {
    if (lines.length > 0) appendFileSync(logFile, lines.join(""));
    lines = [];
  };
  let unreachable = false;
  const simulation = openSimulation({
    store,
    job,
    behaviour: behaviourOf(options),
    send: options.dryRun ? withoutWrites(sendTo(endpoint)) : sendTo(endpoint),
    rate: options.rate,
    wait: sleep as (ms: number) => Promise<void>,
    seed: options.seed,
    defaultDomain: options.domain,
    listeners: {
      exchange: (exchange) => {
        unreachable ||= exchange.purpose === "probe" && exchange.failure !== undefined;
        collector.exchange(exchange);
        progress.step(exchange);
      },
      trace: (trace) => {
        collector.trace(trace);
        lines.push(`${JSON.stringify(provisioningLog(trace, reported))}\n`);
        if (lines.length >= 500) flush();
      },
      observation: collector.observation,
      cycle: (cycle) => {
        store.set("cycled", true);
        collector.cycle(cycle);
      },
      quarantine: collector.quarantine,
    },
  });
  return {
    simulation,
    store,
    say: progress.say,
    status: () => (unreachable ? 3 : isClean(collector) ? 0 : 1),
    report: () => {
      progress.end();
      writeReports(folder.path, collector, reported);
      process.stdout.write(summary(collector.report(), { color: process.stdout.isTTY === true }));
      if (!options.dryRun) console.error(`The log and the reports are in ${folder.path}.`);
    },
    close: async () => {
      progress.end();
      flush();
      await endpoint.close();
      store.close();
      folder.close();
    },
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
    lanes: options.parallel,
    verifies: options.verify && !options.dryRun,
    quarantine: { ...QUARANTINE_LIMITS, ...(options.quarantineFrom !== undefined && { from: options.quarantineFrom }) },
  };
}

function jobIn(file: string | undefined): Job {
  if (file === undefined) return compileJob(DEFAULT_JOB_SCHEMA);
  try {
    return compileJob(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof JobError || error instanceof SyntaxError)
      throw new StartError(`--schema: ${file}: ${error.message}`, { cause: error });
    throw new StartError(`--schema: ${file} cannot be read: ${(error as Error).message}`, { cause: error });
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

/** Reads are sent. Writes are told, and answered as an endpoint without faults would. */
function withoutWrites(send: Send): Send {
  let made = 0;
  return async (request) => {
    const { method, path, body } = request;
    if (method === "GET") return path.includes("dry-run-") ? { status: 404, headers: {}, text: "" } : send(request);
    console.log(`would send ${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
    if (method !== "POST") return { status: 204, headers: {}, text: "" };
    const json = { ...(body as object), id: `dry-run-${++made}` };
    return { status: 201, headers: { "content-type": "application/scim+json" }, text: JSON.stringify(json), json };
  };
}

const SNAPSHOT = "collector.json";

function snapshotIn(folder: string): CollectorSnapshot | undefined {
  const file = join(folder, SNAPSHOT);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CollectorSnapshot) : undefined;
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

/** Whether the last cycle failed nowhere, and no fault is known. */
function isClean(collector: Collector): boolean {
  const { findings, cycles } = collector.report();
  const last = cycles.at(-1);
  return (
    !findings.some(({ id }) => findingOf(id)?.severity === "fault") &&
    (last === undefined || last.state === "Succeeded")
  );
}

/** Shows on a terminal, once a second at most, how far it is; in a pipe it shows nothing. */
function progressOn(stream: NodeJS.WriteStream) {
  const began = performance.now();
  let [requests, shown] = [0, began];
  const clear = () => stream.isTTY && stream.write("\r\x1b[K");
  return {
    step: ({ method, path }: Exchange) => {
      requests++;
      const now = performance.now();
      if (!stream.isTTY || now - shown < 1000) return;
      shown = now;
      const line = `${requests} requests, ${Math.round((requests * 1000) / (now - began))} a second; ${method} ${path}`;
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    },
    say: (line: string) => {
      clear();
      stream.write(`${line}\n`);
    },
    end: clear,
  };
}
