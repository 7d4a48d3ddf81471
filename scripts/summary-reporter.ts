import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter } from "vitest/node";
import { DURATIONS, ROOT } from "./longest-first.ts";

/** Files that take less are not listed, in seconds. */
const LEAST_SECONDS = 3;

/**
 * The last line of a test run, plain: how many tests passed and failed. With WRITE_DURATIONS=1 it also notes how long the files took that ran.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: Modules): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => !module.ok()).length;
    const failed = Math.max(count("failed"), broken);
    const skipped = count("skipped");
    process.stdout.write(`\n${count("passed")} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`);
    if (process.env.WRITE_DURATIONS) writeDurations(modules);
  }
}

type Modules = Parameters<NonNullable<Reporter["onTestRunEnd"]>>[0];

function writeDurations(modules: Modules): void {
  const all = JSON.parse(readFileSync(DURATIONS, "utf8")) as Record<string, number>;
  for (const module of modules) {
    const { duration, collectDuration } = module.diagnostic();
    all[relative(ROOT, module.moduleId)] = Math.round((duration + collectDuration) / 1000);
  }
  const listed = Object.entries(all).filter(([, seconds]) => seconds >= LEAST_SECONDS);
  const sorted = Object.fromEntries(listed.sort(([, one], [, other]) => other - one));
  writeFileSync(DURATIONS, `${JSON.stringify(sorted, null, 2)}\n`);
}
