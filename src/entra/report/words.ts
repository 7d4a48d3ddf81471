import { findingOf, type Severity } from "../findings/index.ts";
import type { Found, ReportData } from "./data.ts";

const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** A whole number with thousands separators. */
export const count = (value: number): string => numbers.format(value);

/** `1 person`, `12 people`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A rate, with a decimal if it is small. */
export const rate = (value: number): string => (value >= 100 ? count(value) : tenths.format(value));

/** A duration in a suitable unit: `4.2 ms`, `1.3 s`, `12 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${tenths.format(ms)} ms`;
  if (ms < 1000) return `${count(ms)} ms`;
  if (ms < 120_000) return `${tenths.format(ms / 1000)} s`;
  return ms < 7_200_000 ? `${count(ms / 60_000)} min` : `${tenths.format(ms / 3_600_000)} h`;
}

/** A time of the job's clock, `2026-11-26 13:40:05 UTC`; unchanged if it is not a time. */
export function time(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The findings of a severity. */
export const ofSeverity = (report: ReportData, severity: Severity): readonly Found[] =>
  report.findings.filter(({ id }) => findingOf(id)?.severity === severity);

/** The verdict in one sentence. */
export function verdict(report: ReportData): string {
  const [faults, warnings, notes] = (["fault", "warning", "note"] as const).map(
    (each) => ofSeverity(report, each).length,
  ) as [number, number, number];
  if (report.total.requests === 0) return "No requests were sent.";
  const { failed } = report.objects;
  const failures = failed > 0 ? ` ${counted(failed, "attempt")} to provision an object failed.` : "";
  if (faults + warnings + notes === 0) return `No faults were found.${failures}`;
  const others = [warnings && counted(warnings, "warning"), notes && counted(notes, "note")].filter(
    (each) => each !== 0,
  );
  const besides = others.length > 0 ? ` (${others.join(", ")})` : "";
  return `${faults === 0 ? "No faults were found" : `${counted(faults, "fault")} found`}${besides}.${failures}`;
}
