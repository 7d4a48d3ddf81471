import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startProgress, wipeProgress } from "./progress.ts";

/** A terminal of so many columns, and all that was written to it. */
function terminal(columns: number, isTTY = true) {
  let written = "";
  const stream = Object.assign(new PassThrough(), { columns, isTTY }) as unknown as NodeJS.WriteStream;
  stream.on("data", (data) => {
    written += data;
  });
  /** The line as it stands. */
  const line = () => written.split("\r\x1b[K").at(-1)!;
  return { stream, line, written: () => written };
}

describe("progress", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    vi.stubEnv("TERM", "xterm");
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  test("shows nothing of what takes less than a second", () => {
    const { stream, written } = terminal(80);
    const progress = startProgress("asking hr", stream);
    vi.advanceTimersByTime(900);
    progress.show("asking ad");
    progress.end();
    expect(written()).toBe("");
  });

  test("shows what takes longer, on one line with its seconds, and wipes it at the end", () => {
    const { stream, line, written } = terminal(80);
    const progress = startProgress("asking hr", stream);
    vi.advanceTimersByTime(1400);
    expect(line()).toBe("asking hr (1 s)");
    progress.show("asking ad");
    vi.advanceTimersByTime(1000);
    expect(line()).toBe("asking ad (2 s)");
    progress.end();
    vi.advanceTimersByTime(1000);
    expect(line()).toBe("");
    expect(written()).not.toContain("\n");
  });

  test("is drawn five times a second at most, however often it is told", () => {
    const { stream, written } = terminal(80);
    const progress = startProgress("0", stream);
    for (let each = 1; each <= 2000; each++) {
      vi.advanceTimersByTime(1);
      progress.show(String(each));
    }
    expect(written().split("\r\x1b[K").length).toBeLessThanOrEqual(8);
    progress.end();
  });

  test("never goes beyond the line of a narrow terminal, and obeys no control characters", () => {
    const { stream, line } = terminal(20);
    const progress = startProgress("a\u001b[2Jlong name of a\nconnector", stream);
    vi.advanceTimersByTime(1200);
    expect(line()).toHaveLength(19);
    expect(line()).toMatch(/^a \[2Jlong name of …$/);
    progress.end();
  });

  test("gives way to a line that is written", () => {
    const { stream, line } = terminal(80);
    const progress = startProgress("reading", stream);
    vi.advanceTimersByTime(1200);
    wipeProgress();
    expect(line()).toBe("");
    progress.end();
  });

  test.each([
    ["a pipe", false, "xterm"],
    ["a terminal that cannot move the cursor", true, "dumb"],
  ])("shows nothing in %s", (_, isTTY, term) => {
    vi.stubEnv("TERM", term);
    const { stream, written } = terminal(80, isTTY);
    const progress = startProgress("asking hr", stream);
    vi.advanceTimersByTime(5000);
    progress.end();
    expect(written()).toBe("");
  });
});
