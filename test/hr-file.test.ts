import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { start } from "../src/compose/compose.ts";
import { send } from "./clients/replay.ts";
import { HR_SAMPLE, hrSample } from "./data/hr-sample.ts";
import { ROOT, TOKEN } from "./servers/gateway.ts";
import { registry } from "./servers/registry.ts";
import { workbookOf } from "./servers/workbook.ts";

const postern = (...args: string[]) => {
  const env = { ...process.env, SCIM_TOKEN: TOKEN };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/main.ts"), ...args], {
    encoding: "utf8",
    env,
  });
  return { status, output: stdout + stderr };
};
const HR = "urn:postern:params:scim:schemas:extension:hr:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("an HR export of 1,000 rows with 624 people", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-hr-"));
  const out = join(folder, "drafted");
  const config = join(out, "gateway.config.yaml");
  const rows = hrSample()
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  let running: Awaited<ReturnType<typeof start>>;
  const client = () => ({ base: `${running.url}/hr`, token: TOKEN });
  beforeAll(() => writeFileSync(join(folder, "workers.csv"), hrSample()));
  afterAll(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true });
  });

  test("has the shape that is measured of Microsoft's", () => {
    const of = (id: string) => rows.filter((row) => row[0] === id);
    const ids = [...new Set(rows.map(([id]) => id!))];
    const several = ids.filter((id) => of(id).length > 1);
    const distinct = (id: string, column: number) => new Set(of(id).map((row) => row[column])).size;
    const managed = rows.filter((row) => ids.includes(row[8]!));
    const isAfter = (row: readonly string[]) =>
      row[8] !== row[0] && rows.findIndex(([id]) => id === row[8]) > rows.indexOf(row as string[]);
    expect({
      rows: rows.length,
      ids: ids.length,
      several: several.length,
      companies: several.filter((id) => distinct(id, 14) > 1).length,
      mixed: several.filter((id) => distinct(id, 1) > 1).length,
      inactive: rows.filter((row) => row[1] === "Inactive").length,
      uk: rows.filter((row) => row[19] === "UK").length,
      managed: managed.length,
      after: managed.filter(isAfter).length,
    }).toEqual(HR_SAMPLE);
  });

  test("is drafted by postern init file: the key, several rows a person, dates, words, and what it could not know", () => {
    const { status, output } = postern("init", "file", join(folder, "workers.csv"), "--out", out);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain("workers.csv: 1000 rows, 24 columns");
    expect(output).toContain("Key: WorkerID.");
    expect(output).toMatch(/Several rows have the same WorkerID.*takes the last by HireDate/);
    const settings = readFileSync(config, "utf8");
    expect(settings).toContain("HireDate: { as: date }");
    expect(settings).toContain("OnLeave: { as: boolean }");
    expect(settings).toContain("person: { rows: { by: WorkerID, order: [ HireDate ] } }");
    const mapping = readFileSync(join(out, "mappings/person.yaml"), "utf8");
    expect(mapping).toMatch(/# \? WorkerStatus has (Active, Inactive|Inactive, Active)\./);
    expect(mapping).toContain("# Not mapped: GenderPronoun, Custom01, Custom02");
  });

  test("passes the check against the file", () => {
    const checked = postern("check", "--connect", "--config", config);
    expect(checked).toMatchObject({ status: 0, output: expect.stringContaining("workers.csv: 1000 rows") });
  });

  test("is served as 624 people, each once, by cursors, with the row that was chosen", async () => {
    process.env.SCIM_TOKEN = TOKEN;
    writeFileSync(config, readFileSync(config, "utf8").replace("port: 8880", "port: 0"));
    running = await start(registry, config, { SCIM_TOKEN: TOKEN });
    const people = new Map<string, Record<string, unknown>>();
    for (let cursor = ""; ; ) {
      const { json } = await send(client(), "GET", `/Users?count=100&cursor=${encodeURIComponent(cursor)}`);
      for (const each of json.Resources) people.set(each.id, each);
      expect(json.totalResults).toBe(HR_SAMPLE.ids);
      if (json.nextCursor === undefined) break;
      cursor = json.nextCursor;
    }
    expect(people.size).toBe(HR_SAMPLE.ids);
    for (const [id, person] of people) {
      const own = rows.filter(([each]) => each === id).sort((a, b) => (a[9]! < b[9]! ? -1 : 1));
      const last = own.at(-1)!;
      expect(person).toMatchObject({
        ...{ id, externalId: id, userName: last[3], active: last[1] === "Active", displayName: last[6] },
        name: { givenName: last[4], familyName: last[5] },
        addresses: [{ type: "work", country: last[19] === "UK" ? "GB" : last[19], postalCode: last[23] }],
        [ENTERPRISE]: { department: last[11], manager: { value: last[8] } },
        [HR]: { hireDate: last[9], status: last[1], workerType: last[2], onLeave: last[10] === "True" },
      });
    }
  });

  test("fails as a whole once the file is replaced by a broken one, and goes on with the next good one", async () => {
    writeFileSync(join(folder, "workers.csv"), hrSample().slice(0, 5000));
    const refused = await send(client(), "GET", "/Users?count=1");
    expect(refused.status).toBe(503);
    expect((await send(client(), "GET", "/Users/1000")).status).toBe(503);
    writeFileSync(join(folder, "workers.csv"), hrSample().split("\n").slice(0, 11).join("\n"));
    const { status, json } = await send(client(), "GET", "/Users");
    expect({ status, total: json.totalResults }).toEqual({
      status: 200,
      total: new Set(rows.slice(0, 10).map(([id]) => id)).size,
    });
  });
});

describe("postern init file", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-init-file-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let count = 0;
  const draft = (name: string, content: string | Uint8Array, ...more: string[]) => {
    const out = join(folder, String(++count));
    writeFileSync(join(folder, name), content);
    const { status, output } = postern("init", "file", join(folder, name), "--out", out, ...more);
    const read = (path: string) => (status === 0 ? readFileSync(join(out, path), "utf8") : "");
    const connected =
      status === 0 ? postern("check", "--connect", "--config", join(out, "gateway.config.yaml")) : undefined;
    return { status, output, settings: read("gateway.config.yaml"), mapping: read("mappings/person.yaml"), connected };
  };

  test("guesses a German export: separator, encoding, a title line, dates, zeros, words for nothing, a trailer", () => {
    const text = [
      "Personalstamm;;;;;;",
      "Personalnummer;Vorname;Nachname;Eintritt;Austritt;Vorgesetzter;Status",
      "00001234;Jörg;Groß;01.02.2020;31.12.9999;00000007;aktiv",
      "00000007;Änne;Öhler;28.02.1999;30.06.2024;;inaktiv",
      "00000008;Bo;Ek;15.02.1999;N/A;00000007;Elternzeit",
      "Summe;3;;;;;",
    ].join("\r\n");
    const { status, output, settings, mapping, connected } = draft("stamm.csv", Buffer.from(text, "latin1"));
    expect({ status, output }).toMatchObject({ status: 0 });
    for (const line of [
      "encoding: windows-1252",
      "header: 2",
      "trailer: ^Summe;(\\d+)$",
      "Eintritt: { as: date, format: dd.mm.yyyy }",
      "ids: { columns: [ Personalnummer, Vorgesetzter ], pad: 8 }",
      "person: { key: Personalnummer }",
    ])
      expect(settings).toContain(line);
    expect(settings).toMatch(/Austritt: \{ as: date, format: dd\.mm\.yyyy, nulls: \[ 31\.12\.9999 \] \}/);
    expect(mapping).toMatch(/Nobody here knows Elternzeit/);
    expect(mapping).toContain('Status in ["aktiv"]');
    expect(connected).toMatchObject({ status: 0, output: expect.stringContaining("stamm.csv: 3 rows") });
  });

  test("says what may be two ways, and takes a key that is told", () => {
    const text = "Badge No,Name,Start_Date\nA,Ann,01/02/2020\nB,Bo,03/04/2020\n";
    const { settings, output } = draft("staff.csv", text, "--key", "badge no");
    expect(settings).toContain("# ? Start_Date: the dates may be dd/mm/yyyy or mm/dd/yyyy.");
    expect(output).toContain("Key: Badge No.");
    expect(draft("staff.csv", text).output).toContain("Key: Badge No, a guess");
  });

  test("gives a type to dates whose first rows are empty, and to a column for dates that is empty so far, as other dates are written", () => {
    const people = Array.from({ length: 30 }, (_, index) => `${index},Ann,${index < 25 ? "" : "01.02.2020"},,`);
    const text = ["Badge ID,Name,Hire Date,Termination Date,Remark", ...people].join("\n");
    const { settings } = draft("staff.csv", text, "--key", "badge id");
    expect(settings).toContain("Hire Date: { as: date, format: dd.mm.yyyy }");
    expect(settings).toContain(
      "# ? Termination Date is empty in all rows: its dates are taken to be written as those of Hire Date.",
    );
    expect(settings).toContain("Termination Date: { as: date, format: dd.mm.yyyy }");
    expect(settings).not.toContain("Remark: {");
  });

  test("drafts workbooks and JSON lines as well", () => {
    const rows = [
      ["Employee ID", "First Name", "Surname"],
      ["1", "Ann", "Ek"],
      ["2", "Bo", "Ek"],
    ];
    expect(draft("staff.xlsx", workbookOf(rows)).connected).toMatchObject({ status: 0 });
    const lines = rows
      .slice(1)
      .map(([id, first, last]) => JSON.stringify({ "Employee ID": id, "First Name": first, Surname: last }));
    expect(draft("staff.jsonl", lines.join("\n")).connected).toMatchObject({ status: 0 });
  });

  test("says why it cannot draft", () => {
    expect(draft("empty.csv", "")).toMatchObject({ status: 1, output: expect.stringContaining("the file is empty") });
    const twice = "Color,Size\nred,1\nred,1\n";
    expect(draft("odd.csv", twice)).toMatchObject({ status: 1, output: expect.stringContaining("name it by --key") });
    expect(postern("init", "file", join(folder, "nowhere.csv"))).toMatchObject({ status: 1 });
  });
});
