import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What differs from run to run, and stands for any of its kind: ids, times, tokens. The first that fits is taken. */
const MASKS: Readonly<Record<string, RegExp>> = {
  uuid: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/i,
  time: /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z\b|[+-]\d\d:?\d\d)?/,
  clock: /\b\d\d:\d\d:\d\d(?:\.\d+)?\b/,
  etag: /W\/\\?"[^"\\]+\\?"/,
  // One in two hundred random tokens has no digit: where a token is announced, it needs none.
  token: /(?<=Bearer |own\): |secret: |sha256:)[\w-]{28,}|(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-zA-Z])[\w-]{28,}(?![\w-])/,
  duration: /\b\d+(?:\.\d+)? ?(?:ms|µs|s|seconds?|minutes?)\b/,
  version: /\b(?<![\d.]|\d\.)v?\d+\.\d+\.\d+\b(?!\.\d)/,
  pid: /(?<="pid":)\d+/,
  port: /(?<=(?:127\.0\.0\.1|localhost):)(?:[3-6]\d{4})\b/,
};
const ANY = new RegExp(
  Object.entries(MASKS)
    .map(([name, { source }]) => `(?<${name}>${source})`)
    .join("|"),
  "gi",
);
/** Those that a later command may name: an id that was created, a token that was made. */
const LEARNT = ["uuid", "etag", "token", "port"];

interface Masked {
  readonly text: string;
  readonly values: readonly { readonly kind: string; readonly value: string }[];
}

function masked(line: string): Masked {
  const values: { kind: string; value: string }[] = [];
  const text = line.trimEnd().replace(ANY, (value, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined)!;
    values.push({ kind, value });
    return `‹${kind}›`;
  });
  return { text, values };
}

/** Stands for any lines, and within a line for anything. */
const REST = "...";

function fits(expected: string, actual: string): boolean {
  const [wanted, got] = [masked(expected).text, masked(actual).text];
  if (wanted === got) return true;
  if (!wanted.includes(REST)) return false;
  const parts = wanted.split(REST).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(got);
}

/** The lines of the output that each line of a page shows; undefined where the two do not go together. */
function aligned(expected: readonly string[], actual: readonly string[]): (readonly [number, number])[] | undefined {
  const failed = new Set<string>();
  const from = (i: number, j: number): (readonly [number, number])[] | undefined => {
    if (i === expected.length) return j === actual.length ? [] : undefined;
    if (failed.has(`${i} ${j}`)) return undefined;
    const isRest = expected[i]!.trim() === REST;
    if (!isRest && j < actual.length && fits(expected[i]!, actual[j]!)) {
      const rest = from(i + 1, j + 1);
      if (rest) return [[i, j], ...rest];
    }
    if (isRest)
      for (let next = j; next <= actual.length; next++) {
        const rest = from(i + 1, next);
        if (rest) return rest;
      }
    failed.add(`${i} ${j}`);
    return undefined;
  };
  return from(0, 0);
}

/** What came of a comparison: what later commands must say in place of what the page shows, or the difference. */
export type Compared = { readonly learnt: ReadonlyMap<string, string> } | { readonly difference: string };

export function compare(expected: readonly string[], actual: readonly string[]): Compared {
  const [wanted, got] = [trimmed(expected), trimmed(actual)];
  const pairs = aligned(wanted, got);
  if (!pairs) return { difference: difference(wanted, got) };
  const learnt = new Map<string, string>();
  for (const [i, j] of pairs) {
    const [shown, real] = [masked(wanted[i]!), masked(got[j]!)];
    if (shown.values.length !== real.values.length) continue;
    shown.values.forEach(({ kind, value }, index) => {
      if (LEARNT.includes(kind) && value !== real.values[index]!.value) learnt.set(value, real.values[index]!.value);
    });
  }
  return { learnt };
}

/** Without the empty lines around it. */
export function trimmed(lines: readonly string[]): string[] {
  const text = lines.map((line) => line.trimEnd()).join("\n");
  return text.trim() === "" ? [] : text.replace(/^\n+|\n+$/g, "").split("\n");
}

/** Lines that a page shows as they were, where only what is masked differs. */
export function kept(expected: readonly string[], actual: readonly string[]): string[] {
  return trimmed(actual).map((line) => expected.find((each) => !each.includes(REST) && fits(each, line)) ?? line);
}

function difference(expected: readonly string[], actual: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-diff-"));
  const write = (name: string, lines: readonly string[]) => {
    // What fits is no difference, however it is spelt.
    writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(""));
    return join(folder, name);
  };
  const like = actual.map((line) => expected.find((each) => each.trim() !== REST && fits(each, line)) ?? line);
  const { stdout } = spawnSync("diff", ["-U3", write("page", expected), write("output", like)], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return stdout.split("\n").slice(3).join("\n").trimEnd();
}
