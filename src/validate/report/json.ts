import { countOf, isSuccess, type Validation } from "../run.ts";

/** A run as JSON, for programs. Properties are only ever added. */
export function jsonReport(validation: Validation): string {
  const { url, startedAt, tookMs, results, left, stopped } = validation;
  const report = {
    url,
    startedAt,
    tookMs,
    success: isSuccess(validation),
    counts: countOf(validation),
    ...(stopped !== undefined && { stopped }),
    left,
    checks: results.map(({ check, status, message, isBlocked, exchanges, tookMs: took }) => ({
      id: check.id,
      profile: check.profile,
      area: check.area,
      title: check.title,
      severity: check.severity,
      status,
      ...(message !== undefined && { message }),
      ...(isBlocked && { blocked: true }),
      rule: check.rule,
      ...(check.fix !== undefined && { fix: check.fix }),
      ...(check.postern !== undefined && { postern: check.postern }),
      tookMs: took,
      exchanges,
    })),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
