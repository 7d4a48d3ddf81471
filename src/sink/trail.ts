import { randomUUID } from "node:crypto";
import type { AuditEvent, Sink } from "./sink.ts";

/** Records what is about to be done, and the outcomes. */
export interface AuditTrail {
  /** Records what is about to be done. Returns the record's ID. Rejects if it cannot be recorded, and then it must not be done. */
  readonly intent: (event: AuditEvent) => Promise<string>;
  /** Records what has happened. If that fails, the record is kept and written before the next intent. */
  readonly outcome: (event: AuditEvent) => Promise<void>;
}

/** A gateway's audit trail, closed with it. */
export interface AuditLog extends AuditTrail {
  /** Since when nothing can be recorded, in milliseconds since 1970, and why; undefined while records are written. */
  readonly broken: () => { readonly since: number; readonly reason: string } | undefined;
  readonly close: () => Promise<void>;
}

/** Maximum number of outcomes kept while nothing can be recorded: more than the possible concurrent writes and refusals. */
const MAX_KEPT = 10_000;
const RETRY_MS = 2000;
/** How many of them are recorded at once, if the sink supports it. */
const AT_ONCE = 100;
/** Time limit of a sink in milliseconds, shorter than a request's. */
const APPEND_MS = 4000;
const HANGS = `no response within ${APPEND_MS / 1000} seconds`;

/** Makes an audit trail from a sink. Calls `warn` when records fail, and when they succeed again. */
export function trailTo(sink: Sink, warn: (fields: object, message: string) => void = () => {}): AuditLog {
  let kept: AuditEvent[] = [];
  let flushing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let broken: ReturnType<AuditLog["broken"]>;
  let isClosed = false;

  let last: Promise<unknown> = Promise.resolve();
  const append = (event: AuditEvent): Promise<void> => {
    if (sink.takesSeveral) return appended(event);
    const turn = last.then(() => appended(event));
    last = turn.catch(() => {});
    return turn;
  };
  const appended = async (event: AuditEvent): Promise<void> => {
    try {
      await inTime(HANGS, (signal) => sink.append(event, signal));
    } catch (error) {
      const reason = (error as Error).message;
      if (!broken) warn({ reason }, "audit log cannot be written: writes are refused");
      broken = { since: broken?.since ?? Date.now(), reason };
      throw error;
    }
    if (broken) warn({}, "audit log can be written again");
    broken = undefined;
  };
  /** Writes the kept records in order. Rejects if that still fails; it is tried again later. */
  const flush = (): Promise<void> => {
    const all = async () => {
      if (!sink.takesSeveral) {
        for (let event = kept[0]; event; event = kept[0]) {
          await append(event);
          kept.shift();
        }
        return;
      }
      // The first one shows whether anything can be recorded.
      for (let count = 1; kept.length > 0; count = AT_ONCE) {
        const events = kept.slice(0, count);
        const outcomes = await Promise.allSettled(events.map(append));
        const left = events.filter((_, index) => outcomes[index]!.status === "rejected");
        kept = [...left, ...kept.slice(events.length)];
        const failed = outcomes.find((each) => each.status === "rejected");
        if (failed) throw failed.reason;
      }
    };
    clearTimeout(retry);
    flushing ??= all()
      .catch((error) => {
        later();
        throw error;
      })
      .finally(() => {
        flushing = undefined;
      });
    return flushing;
  };
  const later = (): void => {
    clearTimeout(retry);
    if (!isClosed) retry = setTimeout(() => flush().catch(() => {}), RETRY_MS).unref();
  };
  const keep = (event: AuditEvent): void => {
    if (kept.length < MAX_KEPT && !isClosed) kept.push(event);
    else warn({ event: event.event }, "audit record lost: it could not be written, and the buffer is full");
    later();
  };
  const flushed = async (): Promise<void> => {
    while (kept.length > 0) await flush();
  };

  return {
    broken: () => broken,
    intent: async (fields) => {
      const id = randomUUID();
      if (kept.length > 0) await inTime("records of earlier writes are still waiting to be stored", flushed);
      await append({ time: now(), ...fields, id });
      return id;
    },
    // It has happened, whether it can be recorded or not.
    outcome: (fields) => {
      const event = { time: now(), ...fields };
      return (kept.length > 0 ? flushed().then(() => append(event)) : append(event)).catch(() => keep(event));
    },
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      await flushed().catch(() => {});
      if (kept.length > 0)
        warn({ records: kept.length }, "audit records lost: they could not be written before the end");
      await inTime(HANGS, sink.close).catch((error: Error) =>
        warn({ reason: error.message }, "audit log could not be closed"),
      );
    },
  };
}

const now = (): string => new Date().toISOString();

/** Ends work that exceeds its time limit, so that a hanging sink blocks nobody. */
async function inTime(reason: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const late = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  const timer = setTimeout(() => controller.abort(new Error(reason)), APPEND_MS);
  return Promise.race([work(controller.signal), late]).finally(() => clearTimeout(timer));
}
