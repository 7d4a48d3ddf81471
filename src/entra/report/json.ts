import { findingOf } from "../findings/index.ts";
import type { Job, ReportData } from "./data.ts";

/** The report as JSON, for scripts: all collected data, and the texts of the findings. */
export function jsonReport(report: ReportData, job: Job): string {
  const findings = report.findings.map((found) => ({ ...findingOf(found.id), ...found }));
  return `${JSON.stringify({ job, ...report, findings }, undefined, 2)}\n`;
}
