import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { trailTo } from "../../src/sink/trail.ts";
import { type AuditOptions, openAudit } from "./log.ts";
import { headIn } from "./record.ts";
import { verifyAudit } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-audit-"));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;
const newFile = () => join(folder, `audit${++made}.log`);
/** Where processes of their own import it from. */
const TRAIL = new URL("../../src/sink/trail.ts", import.meta.url).href;
const open = (file: string, more: Partial<AuditOptions> = {}) =>
  trailTo(openAudit({ file, maxBytes: 1e9, sync: false, ...more }), more.warn);
/** The log as `audit verify` reads it, with the files that were put aside. */
const judge = (file: string, key?: string) => {
  const names = readdirSync(folder).map((name) => join(folder, name));
  const older = names.filter(
    (name) => name.startsWith(`${file}.`) && /^\d{12}(\.\d+)?$/.test(name.slice(file.length + 1)),
  );
  const text = [...older.sort(), file].map((name) => readFileSync(name, "utf8")).join("");
  return verifyAudit(text, { head: headIn(readFileSync(`${file}.head`, "utf8"), key), key });
};
const events = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).event);

describe("an audit file", () => {
  test("is its owner's alone, a new one and one that is there", async () => {
    const file = newFile();
    writeFileSync(file, "", { mode: 0o644 });
    const log = open(file);
    await log.intent({ event: "intent" });
    for (const each of [file, `${file}.head`]) expect(statSync(each).mode & 0o777).toBe(0o600);
    await log.close();
  });

  test("goes on where it ended; half a record that a crash left is cut off, and that is recorded", async () => {
    const file = newFile();
    const first = open(file);
    for (let n = 0; n < 3; n++) await first.intent({ event: "intent", n });
    await first.close();
    truncateSync(file, readFileSync(file).length - 20);
    // The head file knows of the record that is gone.
    const second = open(file);
    await second.intent({ event: "intent", n: 3 });
    await second.close();
    expect(events(file)).toEqual([
      "opened",
      "intent",
      "intent",
      "intent",
      "torn record cut off",
      "records are missing",
      "opened",
      "intent",
      "closed",
    ]);
    expect(judge(file)).toMatchObject({ ok: false, problem: expect.stringContaining("records are missing") });
  });

  test.each([
    ["a database", Buffer.from("SQLite format 3\0and some\nlines of it\n")],
    ["a configuration", Buffer.from("server: { port: 1 }\n")],
    ["bytes without a line", Buffer.alloc(3_000_000, 7)],
    ["half a line", Buffer.from("no record")],
  ])("that is %s is left as it is", (_, content) => {
    const file = newFile();
    writeFileSync(file, content, { mode: 0o644 });
    expect(() => open(file)).toThrow(/is not an audit log/);
    expect(readFileSync(file)).toEqual(content);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  test("whose last record was altered, or has another key, is not gone on with", async () => {
    const file = newFile();
    const key = "a-key-of-the-tests-of-at-least-32-characters";
    const log = open(file, { key });
    await log.intent({ event: "intent", caller: "ann" });
    await log.close();
    expect(() => open(file)).toThrow(/was altered or has another key/);
    expect(judge(file, key)).toMatchObject({ ok: true });
    writeFileSync(file, readFileSync(file, "utf8").replace(/closed/, "opened"));
    expect(() => open(file, { key })).toThrow(/was altered/);
  });

  test("is one process's: another one is refused, and one that was killed has left it", async () => {
    const file = newFile();
    const source = `
      const { openAudit } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
      const { trailTo } = await import(${JSON.stringify(TRAIL)});
      const log = trailTo(openAudit({ file: ${JSON.stringify(file)}, maxBytes: 1e9, sync: false }));
      await log.intent({ event: "intent" });
      console.log("open");
      // What nothing holds would be collected, and its lock with it.
      setInterval(() => log, 1000);`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => other.stdout.once("data", resolve));
    expect(() => open(file)).toThrow(/another process writes this audit log/);
    other.kill("SIGKILL");
    await new Promise((resolve) => other.once("exit", resolve));
    const log = open(file);
    await log.intent({ event: "intent" });
    await log.close();
    expect(events(file)).toEqual(["opened", "intent", "opened", "intent", "closed"]);
    expect(judge(file)).toMatchObject({ ok: true, questions: [{ seq: 2 }, { seq: 4 }] });
  });

  test("holds a record once that was written and could not be brought to the disk, and says first how hashes are made", async () => {
    const file = newFile();
    let fails = 0;
    const failing = (call: () => void) => {
      if (fails-- > 0) throw new Error("EIO");
      return call();
    };
    const files = {
      ...fs,
      writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
        let written = 0;
        failing(() => {
          written = fs.writeSync(...args);
        });
        return written;
      }) as typeof fs.writeSync,
      fdatasyncSync: (descriptor: number) => failing(() => fs.fdatasyncSync(descriptor)),
    };
    fails = 1;
    const log = open(file, { sync: true, files });
    await log.intent({ event: "intent" });
    fails = 1;
    const real = files.writeSync;
    files.writeSync = fs.writeSync;
    await log.outcome({ event: "outcome", n: 1 });
    files.writeSync = real;
    await log.intent({ event: "intent" });
    await log.close();
    expect(events(file)).toEqual(["opened", "intent", "outcome", "intent", "closed"]);
    expect(judge(file)).toMatchObject({ ok: true });
  });

  test("that is moved away is begun anew, as one log; one that was replaced by another file is not written", async () => {
    const file = newFile();
    const log = open(file);
    await log.intent({ event: "intent" });
    renameSync(file, `${file}.000000000002`);
    await log.intent({ event: "intent" });
    expect(events(file)).toEqual(["the file was removed or replaced", "intent"]);
    expect(judge(file)).toMatchObject({ ok: true, records: 4 });
    renameSync(file, `${file}.000000000004`);
    writeFileSync(file, "somebody else's\n");
    await expect(log.intent({ event: "intent" })).rejects.toThrow(/is not an audit log/);
    rmSync(file);
    await log.intent({ event: "intent" });
    await log.close();
    expect(judge(file)).toMatchObject({ ok: true });
  });

  test("holds records of any length, and goes on behind them", async () => {
    const file = newFile();
    const log = open(file);
    await log.outcome({ event: "outcome", before: { photo: "x".repeat(3_000_000) } });
    await log.close();
    const next = open(file);
    await next.intent({ event: "intent" });
    await next.close();
    expect(judge(file)).toMatchObject({ ok: true, records: 6 });
  });
});

describe("a log between two starts", () => {
  const KEY = "a-key-that-only-the-gateway-has-32";
  const written = async (file: string, key: string | undefined, count: number) => {
    const log = open(file, { key });
    for (let n = 0; n < count; n++) await log.intent({ event: "intent", n });
    await log.close();
  };

  test("that somebody wrote anew without the key is not gone on with, however long it is", async () => {
    const file = newFile();
    await written(file, KEY, 3);
    rmSync(file);
    renameSync(`${file}.head`, `${file}.kept`);
    await written(file, undefined, 9);
    renameSync(`${file}.kept`, `${file}.head`);
    const forged = readFileSync(file);
    expect(() => open(file, { key: KEY })).toThrow(/without a key/);
    expect(readFileSync(file)).toEqual(forged);
  });

  test("whose head file is gone, or is another, says so in the log, and verifying shows it", async () => {
    for (const [content, event] of [
      ["", "the head file was missing"],
      [
        `{"seq":2,"hash":"${"a".repeat(64)}","mac":"${"b".repeat(64)}"}`,
        "the head file was altered, or had another key",
      ],
    ] as const) {
      const file = newFile();
      await written(file, KEY, 4);
      writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(0, 2).join("\n").concat("\n"));
      writeFileSync(`${file}.head`, content);
      await written(file, KEY, 1);
      expect(judge(file, KEY)).toMatchObject({ ok: true, notes: [{ seq: 3, about: event }] });
    }
  });

  test("whose head file is of an earlier record says so, too", async () => {
    const file = newFile();
    await written(file, KEY, 1);
    const head = readFileSync(`${file}.head`);
    await written(file, KEY, 4);
    writeFileSync(`${file}.head`, head);
    await written(file, KEY, 1);
    expect(judge(file, KEY)).toMatchObject({
      ok: true,
      notes: [{ about: "the head file is of an earlier record" }],
    });
  });

  test("that has half a record and no key is not given a key: another log begins", async () => {
    const file = newFile();
    await written(file, undefined, 2);
    truncateSync(file, readFileSync(file).length - 9);
    expect(() => open(file, { key: KEY })).toThrow(/without a key/);
  });

  test("does not write over a file that is no head file, nor over itself", () => {
    const file = newFile();
    const precious = join(folder, "precious.db");
    writeFileSync(precious, "SQLite format 3\0 and much more");
    expect(() => open(file, { head: precious })).toThrow(/is not the head file/);
    expect(readFileSync(precious, "utf8")).toContain("and much more");
    expect(() => open(file, { head: file })).toThrow(/the same/);
  });

  test("is one process's by whatever name, and is no pipe", async () => {
    const file = newFile();
    const log = open(file);
    fs.symlinkSync(file, `${file}.link`);
    expect(() => open(`${file}.link`, { head: `${file}.other` })).toThrow(/another process/);
    await log.close();
    spawnSync("mkfifo", [`${file}.pipe`]);
    expect(() => open(`${file}.pipe`)).toThrow(/pipe/);
  });

  test("keeps a record of any size within its bound, and starts again behind it", async () => {
    const file = newFile();
    const log = open(file);
    const entries = Array.from({ length: 50_000 }, (_, n) => ({ key: `key ${n}`, caller: "x".repeat(60) }));
    await log.outcome({ event: "released", entries });
    await log.close();
    for (const line of readFileSync(file, "utf8").split("\n")) expect(line.length).toBeLessThan(300_000);
    await written(file, undefined, 1);
    expect(judge(file)).toMatchObject({ ok: true });
  });
});

/** The file system, with a call that fails as long as it is told to. */
function failing(
  call: keyof NonNullable<AuditOptions["files"]>,
  code: string,
  isHit: (...args: never[]) => boolean = () => true,
) {
  const state = { isFailing: false };
  const files = {
    ...fs,
    [call]: (...args: never[]) => {
      if (state.isFailing && isHit(...args)) throw Object.assign(new Error(`${code}: it failed`), { code });
      // biome-ignore lint/performance/noDynamicNamespaceImportAccess: which call fails is what the tests vary.
      return (fs[call] as (...all: unknown[]) => unknown)(...args);
    },
  } as unknown as NonNullable<AuditOptions["files"]>;
  return { files, state };
}

describe("where the file system fails", () => {
  const calls = [
    ["writeSync", "ENOSPC"],
    ["writeSync", "EIO"],
    ["fdatasyncSync", "EIO"],
    ["fstatSync", "EIO"],
    ["statSync", "EACCES"],
  ] as const;
  test.each(calls)(
    "at %s with %s, intents are refused, outcomes are kept, and the chain stays whole",
    async (call, code) => {
      const { files, state } = failing(call, code);
      const file = newFile();
      const log = open(file, { files, sync: true });
      const intent = await log.intent({ event: "intent", n: 1 });
      state.isFailing = true;
      await log.outcome({ event: "outcome", intent, n: 2 });
      await expect(log.intent({ event: "intent", n: 3 })).rejects.toThrow("it failed");
      state.isFailing = false;
      await log.intent({ event: "intent", n: 4 });
      await log.close();
      const numbers = readFileSync(file, "utf8").match(/"n":\d/g)!;
      expect(numbers).toContain('"n":2');
      expect(numbers.indexOf('"n":2')).toBeLessThan(numbers.lastIndexOf('"n":4'));
      expect(judge(file)).toMatchObject({ ok: true });
    },
  );

  test("in the middle of a record, what was written of it is taken back before the next", async () => {
    const file = newFile();
    let left = Number.POSITIVE_INFINITY;
    const files = {
      ...fs,
      writeSync: (descriptor: number, bytes: Buffer, at = 0, ...rest: [number?, number?]) => {
        if (rest.length > 0) return fs.writeSync(descriptor, bytes, at, ...rest);
        if (left <= 0) throw Object.assign(new Error("ENOSPC: it failed"), { code: "ENOSPC" });
        const length = Math.min(left, 40, bytes.length - at);
        left -= length;
        return fs.writeSync(descriptor, bytes, at, length);
      },
    } as unknown as NonNullable<AuditOptions["files"]>;
    const log = open(file, { files });
    await log.intent({ event: "intent", n: 1 });
    left = 60;
    await expect(log.intent({ event: "intent", n: 2 })).rejects.toThrow("it failed");
    left = Number.POSITIVE_INFINITY;
    await log.intent({ event: "intent", n: 3 });
    await log.close();
    expect(events(file)).toEqual(["opened", "intent", "intent", "closed"]);
    expect(judge(file)).toMatchObject({ ok: true, torn: false });
  });

  test.each([
    ["renameSync", () => true],
    ["openSync", (_: string, flags: string) => flags === "ax+"],
  ] as const)(
    "at %s, a file that cannot be rotated grows on, and no other descriptor is touched",
    async (call, isHit) => {
      const file = newFile();
      const { files, state } = failing(call, "EACCES", isHit as never);
      const notes: string[] = [];
      const log = open(file, { files, maxBytes: 500, warn: (_, message) => notes.push(message) });
      await log.intent({ event: "intent", n: 0 });
      state.isFailing = true;
      for (let n = 1; n < 5; n++) await log.intent({ event: "intent", n });
      // Descriptors are given out anew: one that was closed twice would be somebody else's.
      const others = Array.from({ length: 5 }, () => fs.openSync(file, "r"));
      for (let n = 5; n < 10; n++) await log.intent({ event: "intent", n });
      for (const each of others) fs.fstatSync(each);
      state.isFailing = false;
      await log.intent({ event: "intent", n: 10 });
      await log.close();
      for (const each of others) fs.closeSync(each);
      expect(notes.filter((each) => each.includes("cannot be rotated"))).toHaveLength(1);
      expect(readdirSync(folder).some((name) => join(folder, name).startsWith(`${file}.0`))).toBe(true);
      expect(judge(file)).toMatchObject({ ok: true });
    },
  );
});

test("a reader of standard output that stalls makes writes fail, and never holds up the process", async () => {
  const source = `
    const { openAudit } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
    const { trailTo } = await import(${JSON.stringify(TRAIL)});
      const log = trailTo(openAudit({ file: undefined, maxBytes: 1e9, sync: false }));
    let ticks = 0;
    setInterval(() => ticks++, 10);
    let failure;
    for (let n = 0; n < 5000 && !failure; n++)
      failure = await log.intent({ event: "intent", n, filler: "x".repeat(500) }).then(() => undefined, (error) => error);
    console.error(failure?.message, ticks > 50);
    process.exit(0);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  // Nobody reads its output.
  child.stdout.pause();
  let said = "";
  child.stderr.on("data", (part) => {
    said += part;
  });
  await Promise.race([new Promise((resolve) => child.once("exit", resolve)), sleep(30_000)]);
  child.kill("SIGKILL");
  expect(said).toContain("the reader of standard output has stalled true");
});

test("a process that is killed at any moment leaves a log that is whole, with what it was about to do", () => {
  const file = newFile();
  for (let round = 0; round < 5; round++) {
    const source = `
      const { openAudit } = await import(${JSON.stringify(new URL("./log.ts", import.meta.url).href)});
      const { trailTo } = await import(${JSON.stringify(TRAIL)});
      const log = trailTo(openAudit({ file: ${JSON.stringify(file)}, maxBytes: 4000, sync: false }));
      setTimeout(() => process.kill(process.pid, "SIGKILL"), ${20 + round * 13});
      for (let n = 0; ; n++) {
        await log.outcome({ event: "outcome", intent: await log.intent({ event: "intent", n }) });
        await new Promise(setImmediate);
      }`;
    spawnSync(process.execPath, ["--input-type=module", "-e", source], { timeout: 20_000 });
    const verdict = judge(file);
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict.ok && verdict.questions.length).toBeLessThanOrEqual(round + 1);
  }
});
