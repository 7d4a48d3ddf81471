import { styleText } from "node:util";

/** Where lines are written: colours are for terminals only, and for those who did not say NO_COLOR. */
type Target = NodeJS.WriteStream;

const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

/**
 * A record of the log as people read it, on one line: the time of day, the level, the message, then the fields. Callers choose parts of
 * some fields, and a terminal obeys control characters: none is written.
 */
export function textLine(record: Readonly<Record<string, unknown>>, target: Target): string {
  const { time, level, msg = "", ...fields } = record;
  const colour = COLOURS[level as keyof typeof COLOURS] ?? "gray";
  const paint = (format: "dim" | (typeof COLOURS)[keyof typeof COLOURS], text: string) =>
    styleText(format, text, { stream: target });
  const named = Object.entries(fields).map(
    ([name, value]) => `${paint("dim", `${visible(name)}=`)}${valueText(value)}`,
  );
  return [
    paint("dim", timeOfDay(String(time))),
    paint(colour, String(level).toUpperCase().padEnd(5)),
    visible(String(msg)),
    ...named,
  ].join(" ");
}

/** The local time of day, with milliseconds. */
function timeOfDay(time: string): string {
  const at = new Date(time);
  const two = (value: number, digits = 2) => String(value).padStart(digits, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

/** A value: a plain word as it is, everything else as JSON. */
function valueText(value: unknown): string {
  const isWord = typeof value === "string" && /^[^\s"'{}[\]=]+$/.test(value);
  return visible(isWord ? value : (JSON.stringify(value) ?? ""));
}

/** A text without what a terminal obeys: control characters, and those that turn the direction of writing, as `\u001b`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (each) => `\\u${each.codePointAt(0)!.toString(16).padStart(4, "0")}`);
