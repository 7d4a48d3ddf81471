import * as fs from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { isDevice } from "../../../sinks/file/file.ts";
import { isWhole, recordIn } from "../../../sinks/file/record.ts";
import { type LogPlace, LostPlaceError, recordLine, searchBackwards } from "../../../sinks/file/search.ts";
import { openSegments } from "../../../sinks/file/segments.ts";
import type { Verdict } from "../../../sinks/file/verify.ts";
import { DEFAULT_SINK } from "../../config/format.ts";
import type { Loaded } from "../../config/load.ts";
import type {
  AuditQuestions,
  AuditRecordView,
  AuditRow,
  AuditVerification,
  AuditVerified,
} from "../../console/api/audit.ts";
import type { AuditDeps } from "../../console/pages/audit.ts";
import { Refusal } from "../../console/refusal.ts";
import { isSharedState } from "../../state/state.ts";
import { createThread } from "../../thread/thread.ts";
import { auditNames, NOBODY } from "./audit-names.ts";
import type { VerifyAnswer, VerifyTask } from "./audit-thread.ts";
import type { ConsoleSources } from "./sources.ts";

/** How much of the log one search reads, in bytes: it goes on with the next. */
const MAX_BYTES = 32 * 1024 * 1024;
/** How many questions are shown, and how much of a damaged line, in characters. */
const SHOWN = 20;
const SHOWN_LINE = 4000;
/** How long a piece of the verification may take, in milliseconds, and the memory of its thread in megabytes. */
const PIECE_MS = 30_000;
const THREAD_MB = 256;

/** A log in a file that the console can read. */
interface Log {
  readonly file: string;
  readonly head: string;
  readonly key: string | undefined;
}

/** What the page on the audit log is handed. The log is the one that this gateway writes since it started. */
export function auditDeps(sources: ConsoleSources): AuditDeps {
  const { current, store, shared } = sources;
  const names = auditNames(sources);
  const { config, folder } = current().loaded;
  const log = logIn(config.audit, folder);
  const isAnchored = isSharedState(config.state.url);
  let verification: AuditVerification = { is: "none" };
  const readable = (): Log => {
    if (!log) throw new Refusal("missing", "There is no audit log in a file.");
    return log;
  };
  return {
    overview: async () => {
      if (!config.audit) return { why: "none", verification };
      if (!log) return { why: "elsewhere", sink: config.audit.type ?? DEFAULT_SINK, verification };
      const { segments, close } = openSegments(log.file);
      close();
      const bytes = segments.reduce((sum, { size }) => sum + size, 0);
      const about = { file: log.file, files: segments.length, bytes, isKeyed: log.key !== undefined, isAnchored };
      return { log: { ...about, replica: hostname() }, verification };
    },
    verify: async (by, known) => {
      const { file, head, key } = readable();
      if (verification.is === "running") return;
      const started = Date.now();
      verification = { is: "running", by, started, bytes: 0, total: 0, records: 0 };
      const work = async (): Promise<AuditVerification> => {
        const chains = isAnchored
          ? new Map((await store.state().chains.all()).map(({ chain, ...end }) => [chain, end]))
          : undefined;
        const found = await verified({ file, head, key, ...known, ...(chains && { chains }) }, (reached) => {
          verification = { is: "running", by, started, ...reached };
        });
        return resultOf(found, { by, ended: Date.now() }, known.last);
      };
      // Changes nothing, so it goes on if it cannot be recorded now.
      await shared.services.audit?.outcome({ event: "verify", by });
      void work()
        .catch((error: Error) => ({ is: "failed", by, ended: Date.now(), error: error.message }) as const)
        .then((result) => {
          verification = result;
          void shared.services.audit?.outcome({ event: "verified", by, result: result.is });
          if (result.is === "broken") shared.log.warn(result, "audit log is not whole");
          if (result.is === "unconfirmed") shared.log.warn(result, "no record of the audit log has the hash");
        });
    },
    search: async ({ next, limit, resource, ...filter }) => {
      const { file } = readable();
      const { people, hasMore } = resource === undefined ? NOBODY : await names.meant(resource);
      const resources = resource === undefined ? undefined : [resource, ...people.map(({ key }) => key)];
      try {
        const bounds = { limit, maxBytes: MAX_BYTES };
        const found = await searchBackwards(file, { ...filter, resources }, placeIn(next), bounds);
        const displays = await names.namesOf(found.rows);
        return {
          rows: found.rows.map((row, index) => ({
            ...row,
            display: displays[index]!,
          })) as unknown as readonly AuditRow[],
          people,
          hasMorePeople: hasMore,
          ...(found.next && { next: `${found.next.file}.${found.next.offset}` }),
          ...(found.reached !== undefined && { reached: found.reached }),
          unreadable: found.unreadable,
        };
      } catch (error) {
        if (error instanceof LostPlaceError) throw new Refusal("conflict", `${error.message} Search again.`);
        throw error;
      }
    },
    record: async (seq) => {
      const { file, key } = readable();
      const line = await recordLine(file, seq);
      if (line === undefined) return undefined;
      const record = recordIn(line);
      if (record) return { record: record as unknown as AuditRecordView, isWhole: isWhole(line, record, key) };
      const altered = parsed(line);
      return { ...(altered ? { record: { ...altered, seq } } : { line: line.slice(0, SHOWN_LINE) }), isWhole: false };
    },
  };
}

/** What a line that the log did not write says; undefined if it is not JSON. */
function parsed(line: string): AuditRecordView | undefined {
  try {
    return JSON.parse(line) as AuditRecordView;
  } catch {
    return undefined;
  }
}

/** The log's files, if its sink writes files. Undefined for standard output, devices and other sinks. */
function logIn(audit: Loaded["config"]["audit"], folder: string): Log | undefined {
  const { type = DEFAULT_SINK, file, head, key } = (audit ?? {}) as Partial<Record<string, string>>;
  if (type !== DEFAULT_SINK || file === undefined) return undefined;
  const path = resolve(folder, file);
  if (isDevice(path, fs)) return undefined;
  return { file: path, head: head === undefined ? `${path}.head` : resolve(folder, head), key };
}

/** Verifies a log on a thread of its own, and tells how far it is. */
async function verified(
  task: VerifyTask,
  tell: (reached: { readonly bytes: number; readonly total: number; readonly records: number }) => void,
): Promise<Extract<VerifyAnswer, { found: unknown }>["found"]> {
  const thread = createThread<VerifyTask | "continue", VerifyAnswer>({
    module: new URL(import.meta.url.replace(/\baudit(?=\.[jt]s$)/, "audit-thread")),
    maxMs: PIECE_MS,
    maxMb: THREAD_MB,
    maxWaiting: 1,
  });
  try {
    for (let answer = await thread.run(task); ; answer = await thread.run("continue")) {
      if ("found" in answer) return answer.found;
      const { bytes = 0, records = 0 } = answer.reached ?? {};
      tell({ bytes, records, total: answer.total });
    }
  } finally {
    await thread.end();
  }
}

function resultOf(
  { verdict, place }: { readonly verdict: Verdict; readonly place: string },
  verified: AuditVerified,
  known: string | undefined,
): AuditVerification {
  if (!verdict.ok && verdict.isOnlyLast) return { is: "unconfirmed", ...verified, last: known ?? "" };
  if (!verdict.ok) return { is: "broken", ...verified, place, problem: verdict.problem };
  const { records, first, last, hash, questions, notes } = verdict;
  const some = (all: typeof questions): AuditQuestions => ({ count: all.length, some: all.slice(0, SHOWN) });
  return { is: "whole", ...verified, records, first, last, hash, questions: some(questions), notes: some(notes) };
}

function placeIn(next: string | undefined): LogPlace | undefined {
  if (next === undefined) return undefined;
  const at = next.lastIndexOf(".");
  return { file: next.slice(0, at), offset: Number(next.slice(at + 1)) };
}
