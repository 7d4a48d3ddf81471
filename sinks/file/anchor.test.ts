import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Anchor, ChainEnd } from "../../src/sink/sink.ts";
import fileSink from "./index.ts";
import { openAudit } from "./log.ts";

/** What a store knows of a chain, and what the log says of that. */
function anchorAt(end: ChainEnd | undefined) {
  let holds: ((stored: ChainEnd) => boolean) | undefined;
  const kept: ChainEnd[] = [];
  const anchor: Anchor = {
    end,
    begin: (given) => {
      holds = given;
    },
    keep: (given) => kept.push(given),
    close: async () => {},
  };
  return { anchor, kept, holds: (stored: ChainEnd) => holds!(stored) };
}

describe("an anchored audit log", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "postern-anchor-"));
    file = join(folder, "audit.log");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const records = () =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { seq: number; hash: string; event: string; chain?: string });
  /** Leaves the first five records, and no head file. */
  const cutBehindFive = () => {
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, `${lines.slice(0, 5).join("\n")}\n`);
    rmSync(`${file}.head`);
  };
  const signal = AbortSignal.timeout(10_000);
  /** Writes some events; gives what is asked of the log while it is open. */
  async function written<T>(
    count: number,
    {
      end,
      maxBytes = 1e9,
      ask,
    }: { end?: ChainEnd; maxBytes?: number; ask?: (holds: (stored: ChainEnd) => boolean) => T } = {},
  ) {
    const { anchor, kept, holds } = anchorAt(end);
    const log = openAudit({ file, maxBytes, sync: false, anchored: { chain: "one", anchor } });
    for (let n = 0; n < count; n++) await log.append({ event: "intent", n }, signal);
    const answer = ask?.(holds);
    await log.close();
    return { kept, answer };
  }

  test("names its chain in each record, and tells where it ends behind each", async () => {
    const { kept } = await written(3);
    expect(records().map(({ chain }) => chain)).toEqual(Array(5).fill("one"));
    expect(kept).toEqual(records().map(({ seq, hash }) => ({ seq, hash })));
  });

  test("is not anchored where it is a device, which begins a chain with each process", async () => {
    const asked: string[] = [];
    const anchor = async (chain: string) => {
      asked.push(chain);
      return anchorAt(undefined).anchor;
    };
    const services = { folder, log: { warn: () => {} }, anchor };
    const sink = await fileSink.open(fileSink.config.parse({ file: "/dev/null", chain: "one" }), services);
    await sink.append({ event: "intent" }, signal);
    await sink.close();
    expect(asked).toEqual([]);
  });

  test("has what the store knows, of whichever of its files", async () => {
    const { kept } = await written(300, { maxBytes: 10_000 });
    const known = [kept[0]!, kept[150]!, kept.at(-1)!];
    const { answer } = await written(1, { end: kept.at(-1)!, ask: (holds) => known.map(holds) });
    expect(answer).toEqual([true, true, true]);
  });

  test("that another one has taken the place of does not, however long that is", async () => {
    const { kept } = await written(5);
    const stored = kept[3]!;
    for (const end of ["", ".head"]) rmSync(file + end);
    // A log of the same records at the same times would be the same log.
    await sleep(5);
    await written(20);
    const { answer, kept: after } = await written(1, { end: stored, ask: (holds) => holds(stored) });
    expect(answer).toBe(false);
    expect(records().map(({ event }) => event)).toContain("a record is another than the store says");
    expect(after.length).toBeGreaterThan(0);
  });

  test("whose end was cut while the store was away does not", async () => {
    const { kept } = await written(10);
    const stored = kept.at(-1)!;
    cutBehindFive();
    const { answer } = await written(1, { ask: (holds) => holds(stored) });
    expect(answer).toBe(false);
    expect(records().map(({ event }) => event)).toContain("records are missing, the store says");
  });

  test("whose end was cut goes on behind what is missing, where the store can be asked", async () => {
    const { kept } = await written(10);
    const stored = kept.at(-1)!;
    cutBehindFive();
    const { answer } = await written(1, { end: stored, ask: (holds) => holds(stored) });
    expect(answer).toBe(true);
    expect(records()[5]).toMatchObject({ seq: stored.seq + 1, previous: stored.hash });
  });
});
