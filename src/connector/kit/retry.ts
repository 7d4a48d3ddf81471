import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "../error.ts";

/** Minimum delay before a read is repeated, in milliseconds; up to twice as long. */
const RETRY_MS = 50;

/**
 * Repeats a read once if the backend was unreachable, for example because an idle connection was closed. Reading twice is harmless.
 * Connectors use this for all reads, including those within writes; nothing above them repeats.
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
