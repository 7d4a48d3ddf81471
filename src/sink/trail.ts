import { randomUUID } from "node:crypto";
import type { AuditEvent, Sink } from "./sink.ts";

/** Where records go of what is about to be done, and of what became of it. */
export interface AuditTrail {
  /** Records what is about to be done; gives the record's id. Rejects where it cannot be recorded: then it is not to be done. */
  readonly intent: (event: AuditEvent) => Promise<string>;
  /** Records what has happened. What cannot be recorded now is kept, and recorded before the next intent. */
  readonly outcome: (event: AuditEvent) => Promise<void>;
}

/** The audit trail of a gateway, which ends with it. */
export interface AuditLog extends AuditTrail {
  readonly close: () => Promise<void>;
}

/** Outcomes that are kept while nothing can be recorded: no more than there can be writes under way, and refusals. */
const MAX_KEPT = 10_000;
const RETRY_MS = 2000;
/** How many of them are recorded at once, by a sink that takes several. */
const AT_ONCE = 100;
/** How long a sink may take, in milliseconds: less than a request has. */
const APPEND_MS = 4000;
const HANGS = `nothing was heard of it for ${APPEND_MS / 1000} seconds`;

/** Makes an audit trail of a sink; `warn` is told when nothing can be recorded, and when it can again. */
export function trailTo(sink: Sink, warn: (fields: object, message: string) => void = () => {}): AuditLog {
  let kept: AuditEvent[] = [];
  let flushing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isBroken = false;
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
      if (!isBroken) warn({ reason: (error as Error).message }, "the audit log cannot be written: writes are refused");
      isBroken = true;
      throw error;
    }
    if (isBroken) warn({}, "the audit log can be written again");
    isBroken = false;
  };
  /** Records what is kept, in its order. Rejects where it still cannot, and is tried again later. */
  const flush = (): Promise<void> => {
    const all = async () => {
      if (!sink.takesSeveral) {
        for (let event = kept[0]; event; event = kept[0]) {
          await append(event);
          kept.shift();
        }
        return;
      }
      // The first one alone shows whether anything can be recorded.
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
    else warn({ event: event.event }, "an audit record is lost: it could not be written, and cannot be kept");
    later();
  };
  const flushed = async (): Promise<void> => {
    while (kept.length > 0) await flush();
  };

  return {
    intent: async (fields) => {
      const id = randomUUID();
      if (kept.length > 0) await inTime("records of what was done before still wait to be written", flushed);
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
        warn({ records: kept.length }, "audit records are lost: they could not be written to the end");
      await inTime(HANGS, sink.close).catch((error: Error) =>
        warn({ reason: error.message }, "the audit log did not close"),
      );
    },
  };
}

const now = (): string => new Date().toISOString();

/** Ends what takes longer than it may: a sink that hangs holds nobody up. */
async function inTime(reason: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const late = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  const timer = setTimeout(() => controller.abort(new Error(reason)), APPEND_MS);
  return Promise.race([work(controller.signal), late]).finally(() => clearTimeout(timer));
}
