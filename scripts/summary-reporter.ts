import type { Reporter } from "vitest/node";

/** The last line of a test run, plain: how many tests passed and failed. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: Parameters<NonNullable<Reporter["onTestRunEnd"]>>[0]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => !module.ok()).length;
    const failed = Math.max(count("failed"), broken);
    const skipped = count("skipped");
    process.stdout.write(`\n${count("passed")} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`);
  }
}
