import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Bookmark, Connector } from "../../src/connector/connector.ts";
import { lent } from "../../test/servers/lent.ts";
import { type SftpServer, startSshd } from "../../test/servers/sshd.ts";
import file from "./index.ts";

const signal = () => AbortSignal.timeout(10_000);
const people = (...names: string[]) => ["id,name", ...names.map((name, n) => `${n + 1},${name}`)].join("\n");
const unavailable = (message: RegExp) => ({
  kind: "unavailable",
  isAnswered: true,
  message: expect.stringMatching(message),
});

/** A drop folder of a test's own, and connectors on it. */
interface TestDrop {
  readonly folder: string;
  readonly settings: object;
  readonly give: () => void;
  readonly services: ReturnType<typeof lent>;
}

function dropTests(make: () => TestDrop) {
  let drop: TestDrop;
  let opened: Connector[];
  beforeEach(() => {
    drop = make();
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
  });

  const open = (more: object = {}): Connector => {
    const config = file.config.parse({
      folder: { path: drop.folder, pattern: "people-*.csv" },
      ...{ settle: 0, kinds: { person: { key: "id" } } },
      ...drop.settings,
      ...more,
    });
    const connector = file.open(config, drop.services);
    opened.push(connector);
    return connector;
  };
  let clock = 1_700_000_000;
  const put = (name: string, text: string | Uint8Array, seconds = ++clock) => {
    writeFileSync(join(drop.folder, name), text);
    utimesSync(join(drop.folder, name), seconds, seconds);
    drop.give();
  };
  const inDrop = (...path: string[]) =>
    readdirSync(join(drop.folder, ...path))
      .filter((name) => name.startsWith("people"))
      .sort();
  const search = (connector: Connector, more: object = {}) =>
    connector.search({ kind: "person", attrs: ["id", "name"], limit: 100, count: true, signal: signal(), ...more });
  const names = async (connector: Connector) => (await search(connector)).entries.map(({ name }) => name);
  const get = (connector: Connector, key = "1") =>
    connector.get({ kind: "person", key, attrs: ["name"], signal: signal() });
  const bad = (ids = "1") => `id,name\n${ids},Ann,too,many\n`;

  test("serves nothing while no file has come, and says which it waits for", async () => {
    const connector = open();
    await expect(search(connector)).rejects.toMatchObject(unavailable(/people-\*\.csv/));
    await expect(get(connector)).rejects.toMatchObject(unavailable(/people-\*\.csv/));
    put("other.csv", people("Nobody"));
    put(".people-2024-01-01.csv", people("Hidden"));
    await expect(search(connector)).rejects.toMatchObject(unavailable(/no file matches/));
    put("people-2024-01-01.csv", people("Ann", "Bo"));
    expect(await names(connector)).toEqual(["Ann", "Bo"]);
  });

  test("takes the newest file by the date in its name, whenever it was written, and passes over older ones", async () => {
    const connector = open();
    put("people-2024-03-01.csv", people("March"), 1000);
    put("people-2024-01-01.csv", people("January"), 2000);
    expect(await names(connector)).toEqual(["March"]);
    put("people-2024-02-28.csv", people("February"), 3000);
    expect(await names(connector)).toEqual(["March"]);
    put("people-2024-03-02.csv", people("Later"), 500);
    expect(await names(connector)).toEqual(["Later"]);
  });

  test("takes the newest file by when it was written, where that is said or no name has a date", async () => {
    put("people-b.csv", people("First"), 1000);
    put("people-a.csv", people("Second"), 2000);
    expect(await names(open())).toEqual(["Second"]);
    put("people-2030-01-01.csv", people("Third"), 1500);
    const settings = { folder: { path: drop.folder, pattern: "people-*.csv", newest: "modified" } };
    expect(await names(open(settings))).toEqual(["Second"]);
  });

  test("never takes a file older than the last one, not even after a restart when the last one was moved away", async () => {
    put("people-2024-03-01.csv", people("March"));
    expect(await names(open({ processed: "processed" }))).toEqual(["March"]);
    put("people-2024-02-01.csv", people("February"));
    const again = open({ processed: "processed" });
    expect(await names(again)).toEqual(["March"]);
    expect(await again.probe(signal())).toMatch(/people-2024-02-01\.csv is older than people-2024-03-01\.csv/);
    expect(inDrop()).toEqual(["people-2024-02-01.csv"]);
    expect(inDrop("processed")).toEqual(["people-2024-03-01.csv"]);
  });

  test("never takes the same content twice: a second copy is moved away, and nothing is loaded anew", async () => {
    const connector = open({ processed: "processed" });
    put("people-2024-03-01.csv", people("March", "Bo"));
    const first = await search(connector, { limit: 1 });
    put("people-2024-03-02.csv", people("March", "Bo"));
    const second = await search(connector, { limit: 1 });
    expect(second.next).toEqual(first.next);
    expect(inDrop()).toEqual([]);
    expect(inDrop("processed")).toEqual(["people-2024-03-01.csv", "people-2024-03-02.csv"]);
  });

  test("keeps files of the same name apart in the processed folder", async () => {
    const settings = { folder: { path: drop.folder, pattern: "people.csv" }, processed: "processed" };
    const connector = open(settings);
    put("people.csv", people("One"));
    expect(await names(connector)).toEqual(["One"]);
    put("people.csv", people("Two"));
    expect(await names(connector)).toEqual(["Two"]);
    expect(inDrop("processed")).toHaveLength(2);
    expect(await names(open(settings))).toEqual(["Two"]);
  });

  test("reads no file without its companion, where one is asked for, and moves both away", async () => {
    const connector = open({ done: ".done", processed: "processed" });
    put("people-2024-03-01.csv", people("March"));
    await expect(search(connector)).rejects.toMatchObject(unavailable(/\.done/));
    put("people-2024-03-01.csv.done", "");
    expect(await names(connector)).toEqual(["March"]);
    expect(inDrop()).toEqual([]);
    put("people-2024-03-02.csv", people("Later"));
    put("people-2024-03-01.done", "");
    expect(await names(connector)).toEqual(["March"]);
    put("people-2024-03-02.done", "");
    expect(await names(connector)).toEqual(["Later"]);
  });

  test("reads no file that is still being written, and goes on with the last one meanwhile", async () => {
    const connector = open({ settle: 0.2 });
    put("people-2024-03-01.csv", people("March"));
    expect(await names(connector)).toEqual(["March"]);
    put("people-2024-03-02.csv", "id,name\n1,La");
    let isWriting = true;
    const path = join(drop.folder, "people-2024-03-02.csv");
    const writing = (async () => {
      while (isWriting) {
        appendFileSync(path, "x");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    expect(await names(connector)).toEqual(["March"]);
    expect(await connector.probe(signal())).toMatch(/people-2024-03-02\.csv is still being written/);
    isWriting = false;
    await writing;
    expect((await names(connector))[0]).toMatch(/^Lax+$/);
  });

  test("fails reads while the newest file is refused, and says which and why", async () => {
    const connector = open();
    put("people-2024-03-01.csv", people("March", "Bo"));
    const { next } = await search(connector, { limit: 1 });
    put("people-2024-03-02.csv", bad());
    const refusal = unavailable(/people-2024-03-02\.csv was refused: line 2, column 3/);
    await expect(search(connector)).rejects.toMatchObject(refusal);
    await expect(get(connector)).rejects.toMatchObject(refusal);
    await expect(search(connector, { bookmark: next })).rejects.toMatchObject(refusal);
    expect(await connector.probe(signal())).toMatch(/STALE: people-2024-03-02\.csv.*people-2024-03-01\.csv: 2 rows/);
    const again = open();
    await expect(search(again)).rejects.toMatchObject(refusal);
    await expect(get(again)).rejects.toMatchObject(refusal);
  });

  test("goes on once a corrected file has come, by whatever name", async () => {
    const connector = open({ failed: "failed", processed: "processed" });
    put("people-2024-03-01.csv", people("March"));
    await search(connector);
    put("people-2024-03-02.csv", bad());
    await expect(search(connector)).rejects.toMatchObject(unavailable(/refused/));
    expect(inDrop("failed")).toEqual(["people-2024-03-02.csv"]);
    expect(inDrop()).toEqual([]);
    await expect(search(connector)).rejects.toMatchObject(unavailable(/refused/));
    put("people-2024-03-02.csv", people("Corrected"));
    expect(await names(connector)).toEqual(["Corrected"]);
    expect(await get(connector)).toEqual({ name: "Corrected" });
    expect(await names(open({ failed: "failed", processed: "processed" }))).toEqual(["Corrected"]);
  });

  test("goes on with the file before it once an operator has deleted the refused one", async () => {
    const connector = open({ failed: "failed" });
    put("people-2024-03-01.csv", people("March"));
    await search(connector);
    put("people-2024-03-02.csv", "");
    await expect(search(connector)).rejects.toMatchObject(
      unavailable(/the file is empty.*delete failed\/people-2024-03-02\.csv/),
    );
    unlinkSync(join(drop.folder, "failed/people-2024-03-02.csv"));
    expect(await names(connector)).toEqual(["March"]);
    expect(await names(open({ failed: "failed" }))).toEqual(["March"]);
  });

  test("tries a refused file again after a restart, because the settings may have been put right", async () => {
    const settings = { failed: "failed", processed: "processed" };
    put("people-2024-03-02.csv", "id|name\n1|Ann|x\n2|Bo\n");
    await expect(search(open(settings))).rejects.toMatchObject(unavailable(/refused/));
    expect(inDrop("failed")).toHaveLength(1);
    const again = open({ ...settings, header: ["id", "name", "more"], separator: "|" });
    await expect(search(again)).rejects.toMatchObject(unavailable(/refused/));
    put("people-2024-03-02.csv", "id|name\n1|Ann\n");
    expect(await names(open({ ...settings, separator: "|" }))).toEqual(["Ann"]);
  });

  test("serves the last good file after a restart, from where it is", async () => {
    for (const more of [{}, { processed: "processed" }]) {
      put("people-2024-03-01.csv", people("March"));
      expect(await names(open(more))).toEqual(["March"]);
      expect(await get(open(more))).toEqual({ name: "March" });
    }
    unlinkSync(join(drop.folder, "processed/people-2024-03-01.csv"));
    await expect(search(open({ processed: "processed" }))).rejects.toMatchObject(
      unavailable(/people-2024-03-01\.csv, the last accepted file, is no longer/),
    );
  });

  test("ends a listing on the version that it began on, while a newer one is served to others", async () => {
    const connector = open();
    put("people-2024-03-01.csv", people("a1", "a2", "a3"));
    const page = (bookmark?: Bookmark) => search(connector, { limit: 1, ...(bookmark && { bookmark }) });
    const first = await page();
    put("people-2024-03-02.csv", people("b1", "b2", "b3"));
    expect(await names(connector)).toEqual(["b1", "b2", "b3"]);
    const second = await page(first.next);
    const third = await page(second.next);
    expect([first, second, third].map(({ entries }) => entries[0]!.name)).toEqual(["a1", "a2", "a3"]);
    for (const n of [3, 4, 5]) {
      put(`people-2024-03-0${n}.csv`, people(`c${n}`));
      await search(connector);
    }
    await expect(page(first.next)).rejects.toMatchObject({ kind: "expired" });
  });

  test("moves a file that was taken and not yet moved when the process was killed, and takes it no second time", async () => {
    put("people-2024-03-01.csv", people("March"));
    expect(await names(open())).toEqual(["March"]);
    expect(inDrop()).toEqual(["people-2024-03-01.csv"]);
    const again = open({ processed: "processed" });
    expect(await names(again)).toEqual(["March"]);
    expect(inDrop()).toEqual([]);
    expect(await names(open({ processed: "processed" }))).toEqual(["March"]);
  });

  test("loads a file once, however many ask for it at the same time", async () => {
    const warnings: object[] = [];
    drop = { ...drop, services: { ...drop.services, log: { warn: (fields) => warnings.push(fields) } } };
    const connector = open({ processed: "processed" });
    put("people-2024-03-01.csv", "id,name\n1,Ann\n,Bo\n");
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? names(connector) : get(connector))));
    expect(all).toEqual(Array.from({ length: 20 }, (_, n) => (n % 2 ? ["Ann"] : { name: "Ann" })));
    expect(warnings).toHaveLength(1);
  });

  test("says how many rows have problems, share a key, or have none, and warns of them when the file is taken", async () => {
    const warnings: object[] = [];
    drop = { ...drop, services: { ...drop.services, log: { warn: (fields) => warnings.push(fields) } } };
    const connector = open({ columns: { hired: { as: "date" } } });
    put("people-2024-03-01.csv", "id,name,hired\n1,Ann,soon\n2,Bo,\n2,Bo,\n,Cy,\n");
    expect(await names(connector)).toEqual(["Ann", "Bo"]);
    expect(await connector.probe(signal())).toMatch(
      /^people-2024-03-01\.csv: 4 rows, 1 of them with problems, 1 keys shared by several rows, 1 without a key, which are skipped, utf-8/,
    );
    expect(warnings).toEqual([{ file: "people-2024-03-01.csv", withoutKey: 1, problems: 1, repeated: 1 }]);
  });

  test("leaves nothing behind when it is closed", async () => {
    const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`postern-file-${process.pid}-`));
    put("people-2024-03-01.csv", people("March"));
    const before = mine();
    const connector = open();
    await search(connector);
    expect(mine().length).toBe(before.length + 1);
    await connector.close();
    opened = opened.filter((each) => each !== connector);
    expect(mine()).toEqual(before);
  });
}

describe("a drop folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "postern-drop-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  dropTests(() => ({ folder, settings: {}, give: () => {}, services: lent(folder) }));

  test("is told of by its path where it is missing", async () => {
    const settings = { folder: { path: "nowhere", pattern: "*.csv" }, kinds: { person: { key: "id" } } };
    const connector = file.open(file.config.parse(settings), lent(folder));
    const request = { kind: "person", attrs: [], limit: 1, count: false, signal: signal() };
    await expect(connector.search(request)).rejects.toMatchObject(unavailable(/nowhere: no such folder/));
    await connector.close();
  });

  test("is never left without a memory: a state file that is damaged is told, and not passed over", async () => {
    writeFileSync(join(folder, "people.csv"), people("Ann"));
    writeFileSync(join(folder, "state.json"), '{"taken": {');
    const settings = { path: "people.csv", stateFile: "state.json", settle: 0, kinds: { person: { key: "id" } } };
    const connector = file.open(file.config.parse(settings), lent(folder));
    const request = { kind: "person", attrs: [], limit: 1, count: false, signal: signal() };
    await expect(connector.search(request)).rejects.toMatchObject(unavailable(/state\.json is damaged/));
    await connector.close();
  });
});

describe("a drop folder on a real OpenSSH server", () => {
  let server: SftpServer;
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(server.folder, `${++count}-`));
    server.give();
  });
  const sftp = () => {
    const { host, port, user, privateKey, hostKey } = server;
    return { host, port, user, privateKey, hostKey, every: 0 };
  };
  const stateFile = () => join(tmpdir(), `postern-state-${process.pid}-${count}.json`);
  afterEach(() => rmSync(stateFile(), { force: true }));
  dropTests(() => ({
    folder,
    settings: { sftp: sftp(), stateFile: stateFile() },
    give: server.give,
    services: lent("/"),
  }));

  const open = (more: object) =>
    file.open(
      file.config.parse({
        path: `${folder}/people.csv`,
        ...{ settle: 0, stateFile: stateFile(), kinds: { person: { key: "id" } } },
        sftp: { ...sftp(), ...more },
      }),
      lent("/"),
    );
  const request = () => ({ kind: "person", attrs: ["id"], limit: 10, count: true, signal: signal() });

  test("is not spoken to where its key is another's, and the key that it has is told", async () => {
    const connector = open({ hostKey: `SHA256:${"A".repeat(43)}` });
    await expect(connector.search(request())).rejects.toMatchObject(
      unavailable(new RegExp(`the server's key ${server.hostKey.replace(/[+/]/g, "\\$&")}`)),
    );
    await connector.close();
  });

  test("refuses another account's key, without telling it", async () => {
    const other = mkdtempSync(join(tmpdir(), "postern-key-"));
    writeFileSync(
      join(other, "key"),
      "-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n-----END OPENSSH PRIVATE KEY-----\n",
    );
    const connector = open({ privateKey: join(other, "key") });
    const error = await connector.search(request()).catch((each: Error) => each);
    expect(error).toMatchObject({ kind: "unavailable" });
    expect((error as Error).message).not.toContain("nonsense");
    await connector.close();
    rmSync(other, { recursive: true });
  });

  test("is given up where it says nothing more, and reached again once it does", async () => {
    writeFileSync(join(folder, "people.csv"), people("Ann"));
    server.give();
    const connector = open({ seconds: 1 });
    expect((await connector.search(request())).total).toBe(1);
    server.signal("SIGSTOP");
    try {
      await expect(connector.search(request())).rejects.toMatchObject({ kind: "unavailable" });
    } finally {
      server.signal("SIGCONT");
    }
    expect((await connector.search(request())).total).toBe(1);
    await connector.close();
  });

  test("is reached again after it was away", async () => {
    writeFileSync(join(folder, "people.csv"), people("Ann"));
    server.give();
    const connector = open({});
    expect((await connector.search(request())).total).toBe(1);
    await server.kill();
    await expect(connector.search(request())).rejects.toMatchObject({ kind: "unavailable" });
    await server.restart();
    expect((await connector.search(request())).total).toBe(1);
    expect(existsSync(join(folder, "people.csv"))).toBe(true);
    await connector.close();
  });
});
