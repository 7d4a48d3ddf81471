import pino from "pino";

/** A log, by pino's levels. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;

/** The log: JSON lines on standard output, written behind the requests' backs. */
export function createLog(level: string): Log & { flush: () => void } {
  const destination = pino.destination({ sync: false, minLength: 0 });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return Object.assign(log, { flush: () => destination.flushSync() });
}
