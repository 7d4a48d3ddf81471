import type { AuditEvent } from "../sink/sink.ts";
import type { AuditTrail } from "../sink/trail.ts";

/** The audit log cannot be written, so an operator's act was refused. */
export class UnrecordedError extends Error {
  override name = "UnrecordedError";
}

/** Records an operator's act before it is done, and returns the record's ID. Rejects with an `UnrecordedError`: then it must not be done. */
export async function recordBefore(audit: AuditTrail | undefined, event: AuditEvent): Promise<string | undefined> {
  try {
    return await audit?.intent(event);
  } catch (error) {
    throw new UnrecordedError(
      `The audit log cannot be written, so nothing was done: ${(error as Error).message}. Try again later.`,
      { cause: error },
    );
  }
}
