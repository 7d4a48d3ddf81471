import pino from "pino";
import { textLine } from "./text-lines.ts";

/** A log with pino's levels. */
export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;

/** The forms of the log's lines. */
export const LOG_FORMATS = ["json", "text"] as const;

/** Which records are written, and how. */
interface LogSettings {
  readonly level: string;
  /** By default `text` on a terminal, and `json` elsewhere. */
  readonly format?: (typeof LOG_FORMATS)[number] | undefined;
}

/** The log, on standard output. JSON lines are written behind the requests' backs; text is for people, and written at once. */
export function createLog({ level, format = formatFor(process.stdout) }: LogSettings): Log & { flush: () => void } {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (format === "text") {
    const write = (line: string) => process.stdout.write(`${textLine(JSON.parse(line), process.stdout)}\n`);
    return Object.assign(pino(options, { write }), { flush: () => {} });
  }
  const destination = pino.destination({ sync: false, minLength: 0 });
  return Object.assign(pino(options, destination), { flush: () => destination.flushSync() });
}

const formatFor = ({ isTTY }: NodeJS.WriteStream) => (isTTY ? "text" : "json");
