import { randomUUID } from "node:crypto";
import type { AuditEvent, Sink } from "./sink.ts";

/** The audit trail of a gateway: records of what is about to be done, and of what became of it. */
export interface AuditLog {
  /** Records what is about to be done; gives the record's id. Rejects where it cannot be recorded: then it is not to be done. */
  readonly intent: (fields: AuditEvent) => Promise<string>;
  /** Records what has happened. What cannot be recorded now is kept, and recorded before the next intent. */
  readonly outcome: (fields: AuditEvent) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Outcomes that are kept while nothing can be recorded: no more than there can be writes under way, and refusals. */
const MAX_KEPT = 10_000;
const RETRY_MS = 2000;

/** Makes an audit trail of a sink; `warn` is told when nothing can be recorded, and when it can again. */
export function trailTo(sink: Sink, warn: (fields: object, message: string) => void = () => {}): AuditLog {
  const kept: AuditEvent[] = [];
  let flushing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isBroken = false;

  const append = async (event: AuditEvent): Promise<void> => {
    try {
      await sink.append(event);
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
      for (let event = kept[0]; event; event = kept[0]) {
        await append(event);
        kept.shift();
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
    retry = setTimeout(() => flush().catch(() => {}), RETRY_MS).unref();
  };
  const keep = (event: AuditEvent): void => {
    if (kept.length < MAX_KEPT) kept.push(event);
    later();
  };

  return {
    intent: async (fields) => {
      const id = randomUUID();
      if (kept.length > 0) await flush();
      await append({ ...fields, id });
      return id;
    },
    // It has happened, whether it can be recorded or not.
    outcome: (fields) =>
      (kept.length > 0 ? flush().then(() => append(fields)) : append(fields)).catch(() => keep(fields)),
    close: async () => {
      clearTimeout(retry);
      await flush().catch(() => {});
      clearTimeout(retry);
      await sink.close();
    },
  };
}
