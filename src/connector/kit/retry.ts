import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "../error.ts";

/** How long a read waits before it is tried again, in milliseconds, and up to as long again. */
const RETRY_MS = 50;

/**
 * Makes a read once more where it found the system away, as behind a connection that was closed while nobody used it: to read twice
 * does no harm. Connectors make their reads by this, those within a write as well, and nothing above them does it again.
 */
export async function readTwice<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isAway(error)) throw error;
    if (!signal.aborted) await sleep(RETRY_MS * (1 + Math.random()));
    if (signal.aborted) throw error;
    return read();
  }
}

const isAway = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "unavailable";
