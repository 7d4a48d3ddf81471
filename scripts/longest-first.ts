import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The folder of the repository. */
export const ROOT = join(import.meta.dirname, "..");

/**
 * How long test files take, in seconds, by their path; those of a few seconds are left out. `WRITE_DURATIONS=1 npm test` writes it, by
 * `summary-reporter.ts`.
 */
export const DURATIONS = join(ROOT, "test/durations.json");

/** What a file in `test` is taken for that is not listed. */
const UNKNOWN_SECONDS = 15;

/** Starts the longest test files first: one that starts last would keep a core busy alone. Files that are not known come before short ones. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = JSON.parse(readFileSync(DURATIONS, "utf8")) as Readonly<Record<string, number>>;
    const of = ({ moduleId }: TestSpecification) =>
      seconds[relative(ROOT, moduleId)] ?? (relative(ROOT, moduleId).startsWith("test/") ? UNKNOWN_SECONDS : 0);
    return files.toSorted((one, other) => of(other) - of(one));
  }
}
