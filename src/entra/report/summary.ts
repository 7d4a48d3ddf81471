import { styleText } from "node:util";
import { findingOf, findingOfObservation } from "../findings/index.ts";
import type { Found, ReportData } from "./data.ts";
import { count, counted, duration, ofSeverity, rate, verdict } from "./words.ts";

/** Maximum columns of a line. */
const WIDTH = 96;
/** Maximum number of faults shown with what to change; the rest is in the report. */
const FAULTS = 8;
/** Maximum number of attributes shown for a fault. */
const ATTRIBUTES = 4;

/**
 * The terminal output at the end of a run. The last line is the verdict. Use `color` if the output is a terminal. Control characters from
 * outside are removed.
 */
export function summary(report: ReportData, { color }: { readonly color: boolean }): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const faults = ofSeverity(report, "fault");
  const others = report.findings.length - faults.length;
  const lines = [
    ...cycleLines(report),
    ...requestLines(report),
    ...(report.status.quarantine
      ? [
          "",
          paint(["bold", "red"], `In quarantine: ${clean(report.status.quarantine.reason)}`),
          ...wrap(clean(report.status.quarantine.error.message), "  "),
        ]
      : []),
    ...faults.slice(0, FAULTS).flatMap((found) => ["", ...faultLines(found, report, paint)]),
    ...failureLines(report, paint),
    ...(faults.length > FAULTS ? ["", `${counted(faults.length - FAULTS, "more fault")} in the report.`] : []),
    ...(others > 0 && faults.length > 0
      ? ["", `${counted(others, "warning or note", "warnings and notes")} in the report.`]
      : []),
    "",
    paint(faults.length > 0 ? ["bold", "red"] : ["bold", "green"], verdict(report)),
  ];
  return `${lines.join("\n")}\n`;
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

function cycleLines({ cycles, cyclesLeftOut, objects }: ReportData): string[] {
  const done = Object.entries(objects.counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, number]) => `${clean(what)} ${count(number)}`);
  const last = cycles.at(-1);
  if (!last) return ["No cycle was run."];
  return [
    `${counted(cycles.length + cyclesLeftOut, "cycle")}; the last one, ${last.kind}, ${last.state}${last.error ? `: ${clean(last.error.code)}` : ""}`,
    ...(done.length > 0 ? wrap(`${counted(objects.total, "object")}: ${done.join(", ")}`, "") : []),
  ];
}

function requestLines({ total }: ReportData): string[] {
  if (total.requests === 0) return [];
  const times = `p50 ${duration(total.p50Ms)}, p95 ${duration(total.p95Ms)}, p99 ${duration(total.p99Ms)}`;
  return [
    `${counted(total.requests, "request")}, ${rate(total.perSecond)} a second, ${count(total.failures)} failed; ${times}`,
  ];
}

/** Maximum number of failure codes shown. */
const CODES = 5;

/** Failed objects by code, most frequent first. */
function failureLines({ objects }: ReportData, paint: Paint): string[] {
  const byCode = Map.groupBy(
    objects.traces.filter(({ error }) => error),
    ({ error }) => error!.code,
  );
  return [...byCode]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, CODES)
    .flatMap(([code, [first, ...others]]) => [
      "",
      paint("bold", `${clean(code)} (${counted(others.length + 1, "attempt")})`),
      ...wrap(`such as ${first!.type} "${clean(first!.displayName)}": ${clip(clean(first!.error!.reason))}`, "  "),
    ]);
}

function faultLines({ id, count: times, example }: Found, { observations }: ReportData, paint: Paint): string[] {
  const { title = id, change = "" } = findingOf(id) ?? {};
  const request = example && `${example.method} ${example.path} -> ${example.status ?? example.failure ?? "no answer"}`;
  const about = observations.filter(({ kind, attribute }) => attribute && findingOfObservation(kind) === id);
  const attributes = about
    .slice(0, ATTRIBUTES)
    .map(({ attribute = "", count: number }) => `${attribute} (${count(number)})`);
  return [
    paint("bold", `${title} (${counted(times, "time")})`),
    ...(request ? [paint("dim", `  such as ${clip(clean(request))}`)] : []),
    ...(attributes.length > 0 ? [`  ${clip(clean(attributes.join(", ")))}`] : []),
    ...wrap(change.replaceAll("`", ""), "  "),
  ];
}

const clip = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);

/** Replaces characters that a terminal would interpret with U+FFFD. */
const clean = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\uFFFD");

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > WIDTH && line.trim() !== "") {
      lines.push(line);
      line = indent;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
