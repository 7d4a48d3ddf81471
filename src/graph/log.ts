import type { Answer } from "../connector/http.ts";
import { type Call, reading } from "./call.ts";
import { type Clock, SKEW_MS } from "./clock.ts";
import { UploadError } from "./error.ts";
import { type ProvisioningRecord, readRecord } from "./record.ts";

/** Records per page: Graph gives 1,000 at most, and allows few requests; a record has up to 10 kilobytes, and a page is held in memory. */
const PAGE = 500;
/** Maximum number of pages that one reading follows. */
const MAX_PAGES = 10_000;
/** Attempts per page where Graph is throttled or away. */
const MAX_ATTEMPTS = 5;
/** The first of the growing waits between them, and the longest, in milliseconds. */
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 120_000;

/** What is read of the log. */
export interface LogQuery {
  readonly graph: string;
  readonly job: string;
  readonly since: Date;
}

/** The address of the first page of a job's records since a time, and a little before it: `SKEW_MS`. */
export function logAddress({ graph, job, since }: LogQuery, top: number = PAGE): string {
  const url = new URL(`${graph}/v1.0/auditLogs/provisioning`);
  const from = new Date(Math.floor((since.getTime() - SKEW_MS) / 1000) * 1000).toISOString().replace(".000", "");
  // `job` holds no quote: the settings see to that.
  url.searchParams.set("$filter", `jobid eq '${job}' and activityDateTime ge ${from}`);
  url.searchParams.set("$top", String(top));
  return url.href;
}

/** Reads the log page by page. Reads a page again where Graph was throttled or away. */
export async function* readLog(
  query: LogQuery,
  call: Call,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ProvisioningRecord> {
  const { origin } = new URL(query.graph);
  const purpose = { what: "the reading of the provisioning log", permission: "ProvisioningLog.Read.All" };
  let next: string | undefined = logAddress(query);
  for (let page = 0; next !== undefined; page++) {
    if (page === MAX_PAGES)
      throw unreadable(`has more than ${MAX_PAGES} pages; read it more often, or since a later time`);
    const address: string = next;
    const { body } = await patiently(() => call(reading(address), purpose, signal), clock, signal);
    const { value, "@odata.nextLink": link } = (body ?? {}) as { value?: unknown; "@odata.nextLink"?: unknown };
    if (!Array.isArray(value))
      throw unreadable("came without a list of records; check `graph` and `proxy` in the configuration");
    yield* value.map(readRecord).filter((record) => record !== undefined);
    next = typeof link === "string" ? link : undefined;
    // The next page gets the token, too.
    if (next !== undefined && (URL.parse(next)?.origin !== origin || next === address))
      throw unreadable("leads to a page of another host, or to itself, which is not followed");
  }
}

const unreadable = (what: string) => new UploadError("unavailable", `The provisioning log ${what}.`);

/** Tries again with growing waits, with chance in them, or when Graph says. */
async function patiently(request: () => Promise<Answer>, clock: Clock, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const isPassing = error instanceof UploadError && error.kind === "unavailable";
      if (!isPassing || attempt === MAX_ATTEMPTS || signal.aborted) throw error;
      const own = FIRST_WAIT_MS * 2 ** (attempt - 1) * (1 + Math.random());
      const wait = error.retryAfter === undefined ? own : error.retryAfter * 1000;
      if (wait > LONGEST_WAIT_MS) throw error;
      await clock.sleep(wait, signal).catch(() => Promise.reject(error));
    }
  }
}
