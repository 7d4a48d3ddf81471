import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Entry } from "../../src/connector/connector.ts";
import { lent } from "../../test/servers/lent.ts";
import { type TestCell, type TestWorkbook, workbookOf } from "../../test/servers/workbook.ts";
import file from "./index.ts";

const signal = () => AbortSignal.timeout(10_000);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-formats-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Read {
  readonly attrs?: readonly string[];
  readonly [setting: string]: unknown;
}

/** The entries of a file; rejects where it is refused. */
async function read(name: string, content: string | Uint8Array, { attrs = ["id", "name"], ...more }: Read = {}) {
  writeFileSync(join(folder, name), content);
  return readIn(name, { attrs, ...more });
}

async function readIn(name: string, { attrs = ["id", "name"], ...more }: Read = {}): Promise<readonly Entry[]> {
  const settings = { path: name, settle: 0, kinds: { person: { key: "id" } }, ...more };
  const connector = file.open(file.config.parse(settings), lent(folder));
  try {
    const request = { kind: "person", attrs, limit: 1000, count: true, signal: signal() };
    return (await connector.search(request)).entries;
  } finally {
    await connector.close();
  }
}

const refused = (why: RegExp) => ({ kind: "unavailable", message: expect.stringMatching(why) });
const ann = { id: "1", name: "Änn “É”" };
const latin = (text: string, more: Record<string, number>) =>
  Uint8Array.from([...text].map((character) => more[character] ?? character.charCodeAt(0)));
const utf16 = (text: string, isBig = false) => {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return isBig ? bytes.swap16() : bytes;
};

describe("encodings", () => {
  const text = `id;name\r\n1;${ann.name}\r\n`;
  const quotes = { "“": 0x93, "”": 0x94 };
  test.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16LE with a mark, as Excel's Unicode text", utf16(text.replaceAll(";", "\t"))],
    ["UTF-16LE without a mark", utf16(text).subarray(2)],
    ["UTF-16BE with a mark", utf16(text, true)],
    ["Windows-1252", latin(text, quotes)],
  ])("%s is told by its bytes", async (_, bytes) => {
    expect(await read("people.csv", bytes)).toEqual([ann]);
  });

  test("ISO-8859-15 is read where it is said: no bytes tell it from Windows-1252", async () => {
    const bytes = latin("id,name\n1,5 € Ž", { "€": 0xa4, Ž: 0xb4 });
    expect(await read("people.csv", bytes, { encoding: "iso-8859-15" })).toEqual([{ id: "1", name: "5 € Ž" }]);
    expect(await read("people.txt", bytes)).toEqual([{ id: "1", name: "5 ¤ ´" }]);
  });

  test("a file that is read in small parts is read the same", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        async (names) => {
          const clean = names.map((name) => name.replace(/[\p{C}\p{Z}"]/gu, "") || "x");
          const rows = clean.map((name, n) => `${n},"${name}"`);
          const entries = await read("people.csv", `id,name\n${rows.join("\n")}`, { encoding: "utf-8" });
          expect(entries.map(({ name }) => name)).toEqual(clean);
        },
      ),
      { numRuns: 20 },
    );
  });

  test.each([
    ["utf-8", Buffer.from],
    ["utf-16le", utf16],
    ["utf-16be", (text: string) => utf16(text, true)],
  ])(
    "a replacement character that %s itself holds is a character, wherever a part of the file ends",
    async (_, write) => {
      for (const length of [0, 65_533, 65_534, 65_535, 65_536, 32_766, 32_767, 32_768]) {
        const name = `${"x".repeat(length)}\ufffdé\ufffd`;
        expect(await read("people.csv", write(`id,name\n1,${name}\n`), { maximum: { cell: 100_000 } })).toEqual([
          { id: "1", name },
        ]);
      }
    },
  );

  test("an invalid byte behind a replacement character is found where it is", async () => {
    const bytes = Buffer.concat([Buffer.from("id,name\n1,\ufffdé"), Buffer.from([0xf6, 0x0a])]);
    await expect(read("people.csv", bytes, { encoding: "utf-8" })).rejects.toMatchObject(
      refused(/line 2, character 5: the bytes are not valid utf-8/),
    );
  });

  test.each([
    [
      "people.csv",
      latin("id,name\n1,Ann\n2,B\xf6\n", {}),
      { encoding: "utf-8" },
      /line 3, character 4: the bytes are not valid utf-8/,
    ],
    ["people.csv", latin("id,name\n1,A\x81n\n", {}), {}, /line 2, character 4: the bytes are not valid windows-1252/],
    ["people.csv", Buffer.from("id,name\n1,A\0n\n"), { encoding: "utf-8" }, /line 2, character 4/],
    ["people.jsonl", latin('{"id":"1"}\n{"id":"B\xf6"}', {}), { encoding: "utf-8" }, /line 2, character 9/],
  ])("bytes of another encoding refuse %s as a whole, with the place", async (name, bytes, more, why) => {
    await expect(read(name, bytes, more)).rejects.toMatchObject(refused(why));
  });
});

describe("separated values", () => {
  test.each([",", ";", "\t", "|"])("are told to be separated by %j", async (separator) => {
    const lines = [
      ["id", "name", "note"],
      ["1", `"a,b;c|d"`, "x"],
      ["2", "Bo", ""],
    ];
    const text = lines.map((cells) => cells.join(separator)).join("\n");
    const entries = await read("people.csv", text, { attrs: ["id", "name", "note"] });
    expect(entries).toEqual([
      { id: "1", name: "a,b;c|d", note: "x" },
      { id: "2", name: "Bo" },
    ]);
  });

  test("take Excel's word for the separator, quotes that are doubled, and line breaks of any kind within quotes", async () => {
    const text = 'sep=|\r\nid|name\r\n1|"a ""b""\r\nc"\r\n\r\n2|" d "\r3|e';
    expect(await read("people.csv", text)).toEqual([
      { id: "1", name: 'a "b"\nc' },
      { id: "2", name: "d" },
      { id: "3", name: "e" },
    ]);
  });

  test("have their header where it is said, or none", async () => {
    const text = "Export of 2024-01-01\n\nid,name\n1,Ann\n";
    expect(await read("people.csv", text, { header: 3 })).toEqual([{ id: "1", name: "Ann" }]);
    expect(await read("people.csv", "1,Ann\n2,Bo", { header: ["id", "name"] })).toHaveLength(2);
  });

  test("have headers on one line without odd blanks, and columns in any order", async () => {
    const text = '"Hire\n Date",\u00a0id ,"Full\u00a0 Name",,\nx,1,Ann,,\n';
    const entries = await read("people.csv", text, { attrs: ["id", "Hire Date", "Full Name"] });
    expect(entries).toEqual([{ id: "1", "Hire Date": "x", "Full Name": "Ann" }]);
  });

  test("may be quoted by another sign, or by none", async () => {
    expect(await read("people.csv", "id,name\n1,'a,b'", { quote: "'" })).toEqual([{ id: "1", name: "a,b" }]);
    expect(await read("people.csv", 'id,name\n1,5" pipe', { quote: false })).toEqual([{ id: "1", name: '5" pipe' }]);
  });

  test.each([
    ["nothing at all", "", /the file is empty/],
    ["only blank lines", "\n\n", /no header/],
    ["a header alone", "id,name\n", /a header but no rows/],
    [
      "a row that is too long",
      "id,name\n1,Ann\n2,Bo,x\n",
      /people\.csv was refused: line 3, column 3: there is a value/,
    ],
    ["a row that is too short", 'id,name\n1,"An\nn"\n2\n', /line 4 has 1 columns, but the header has 2/],
    ["a value under no header", "id,name,\n1,Ann,x\n", /line 2, column 3: there is a value/],
    ["a header that is there twice", "id,Name,name\n1,a,b\n", /line 1: columns 2 and 3 are both named "name"/],
    ["no column with the key", "nr,name\n1,Ann\n", /line 1: the column "id" is missing. The header has "nr", "name"/],
    ["a quote that never closes", 'id,name\n1,"Ann\n2,Bo\n', /line 2: a quote starts there and is never closed/],
    ["a quote within a cell", 'id,name\n1,An"n\n', /line 2: a quote appears within an unquoted cell/],
    ["a column with a name of our own", "id,Line\n1,x\n", /column 2 is named "Line".*Rename it/],
    ["PGP", "-----BEGIN PGP MESSAGE-----\n\nabc\n", /encrypted with PGP/],
  ])("with %s are refused as a whole", async (_, text, why) => {
    await expect(read("people.csv", text)).rejects.toMatchObject(refused(why));
  });

  test("are bounded in all that they have", async () => {
    const text = "id,name\n1,Ann\n2,Bo\n3,Cy\n";
    for (const [maximum, why] of [
      [{ bytes: 20 }, /larger than 20 bytes/],
      [{ rows: 2 }, /more than 2 rows/],
      [{ columns: 1 }, /line 1 has 2 columns; the maximum is 1/],
      [{ cell: 2 }, /line 1, column 2: the cell has 4 characters/],
    ] as const)
      await expect(read("people.csv", text, { maximum })).rejects.toMatchObject(refused(why));
  });

  test("are read where a column is called as an attribute of our own, once it is renamed", async () => {
    const more = { columns: { Line: { name: "business_line" } }, attrs: ["id", "business_line", "line"] };
    expect(await read("people.csv", "id,Line\n1,x\n", more)).toEqual([{ id: "1", business_line: "x", line: 2 }]);
  });
});

describe("a trailer", () => {
  const trailer = "^TOTAL;(\\d+)$";
  const rows = "id;name\n1;Ann\n2;Bo\n";
  test("is no row, and counts the rows", async () => {
    expect(await read("people.csv", `${rows}TOTAL;2\n`, { trailer })).toHaveLength(2);
    expect(await read("people.csv", `${rows}TOTAL;2;;;\n\n`, { trailer })).toHaveLength(2);
    expect(await read("people.csv", `${rows}End of report\n`, { trailer: "^End of" })).toHaveLength(2);
  });
  test.each([
    ["missing", rows, /line 3: the last line is not the trailer/],
    ["of another number of rows", `${rows}TOTAL;3`, /line 4: the trailer counts 3 rows, but the file has 2/],
    ["not the last line", `${rows}TOTAL;2\n3;Cy`, /line 5: the last line is not the trailer/],
    ["all there is", "id;name\nTOTAL;0", /a header but no rows/],
  ])("that is %s refuses the file", async (_, text, why) => {
    await expect(read("people.csv", text, { trailer })).rejects.toMatchObject(refused(why));
  });
});

describe("JSON lines", () => {
  test("are objects with names of their own, with objects within, lists and long numbers", async () => {
    const text =
      '{"id": 12345678901234567890, "name": {"first": "Ann"}, "tags": ["a", "b"]}\n\n{"id": "2", "on": true, "x": null}\n';
    const more = {
      columns: { tags: { as: "list" }, on: { as: "boolean" } },
      attrs: ["id", "name.first", "tags", "on"],
    };
    expect(await read("people.jsonl", text, more)).toEqual([
      { id: "12345678901234567890", "name.first": "Ann", tags: ["a", "b"] },
      { id: "2", on: true },
    ]);
  });
  test.each([
    ["that are cut off", '{"id":"1"}\n{"id":"2"', /line 2 is not valid JSON/],
    ["that are no objects", '{"id":"1"}\n[2]', /line 2 is not a JSON object/],
    ["without the key", '{"nr":"1"}', /the column "id" is missing/],
  ])("%s refuse the file", async (_, text, why) => {
    await expect(read("people.jsonl", text)).rejects.toMatchObject(refused(why));
  });
});

describe("values", () => {
  const columns = {
    hired: { as: "date", format: ["dd/mm/yyyy", "dd.mm.yyyy"] },
    ends: { as: "date", nulls: ["9999-12-31", "0000-00-00"] },
    fte: { as: "decimal" },
    level: { as: "integer" },
    active: { as: "boolean", true: ["Active"], false: ["Inactive"] },
  };
  const attrs = ["id", "hired", "ends", "fte", "level", "active", "problems"];
  const header = "id;hired;ends;fte;level;active\n";

  test("have the types that the settings say", async () => {
    const text = `${header}1;29/02/2020;2024-12-31 00:00:00;0,5;3;ACTIVE\n2;1.2.2020;9999-12-31;1;3.0;inactive\n3;N/A;0000-00-00;;NULL;\n`;
    expect(await read("people.csv", text, { columns, nulls: ["N/A", null], attrs })).toEqual([
      { id: "1", hired: "2020-02-29", ends: "2024-12-31", fte: 0.5, level: 3, active: true },
      { id: "2", hired: "2020-02-01", fte: 1, level: 3, active: false },
      { id: "3" },
    ]);
  });

  test("that are wrong stop their row alone, and are told with line, column and value", async () => {
    const text = `${header}1;31/02/2020;9999-12-30;x;1.5;Maybe\n2;01/02/2020;;;;\n`;
    const [first, second] = await read("people.csv", text, { columns, attrs });
    expect(first).toEqual({
      id: "1",
      problems: [
        'line 2, column "hired": "31/02/2020" is not a date in the format dd/mm/yyyy or dd.mm.yyyy.',
        'line 2, column "ends": "9999-12-30" is not a date in the format iso.',
        'line 2, column "fte": "x" is not a number.',
        'line 2, column "level": "1.5" is not a whole number.',
        'line 2, column "active": "Maybe" is neither active nor inactive.',
      ],
    });
    expect(second).toEqual({ id: "2", hired: "2020-02-01" });
  });

  test("of several rows with one key give one entry, which says so", async () => {
    const text = "id,name\n1,Ann\n2,Bo\n1,Anne\n,Nobody\n1,An\n";
    const entries = await read("people.csv", text, { attrs: ["id", "name", "problems", "line"] });
    expect(entries).toEqual([
      {
        id: "1",
        name: "Ann",
        line: 2,
        problems: [expect.stringMatching(/^lines 2, 4, 6 have the same id.*rows: \{ by: id \}/)],
      },
      { id: "2", name: "Bo", line: 3 },
    ]);
  });

  test("that are keys are made alike in all columns that hold them", async () => {
    const ids = { columns: ["id", "manager"], pad: 6, case: "upper" };
    const entries = await read("people.csv", "id,manager\n42,7\n 7 ,\nab1,42.0\n", { ids, attrs: ["id", "manager"] });
    expect(entries).toEqual([{ id: "000007" }, { id: "000042", manager: "000007" }, { id: "AB1", manager: "000042" }]);
    await expect(read("people.csv", "id,manager\n1.23E+11,7\n", { ids })).rejects.toMatchObject(
      refused(/line 2, column "id": the key was rounded by a spreadsheet/),
    );
  });

  test("of one person in several rows are one entry with its rows", async () => {
    const kinds = { person: { rows: { by: "id", order: ["hired"] } } };
    const text = `${header}1;02.02.2022;;;;\n2;01.01.2020;;;;Active\n1;01.01.2021;;x;;\n`;
    const entries = await read("people.csv", text, { columns, kinds, attrs: ["id", "rows", "problems"] });
    const problem = 'line 4, column "fte": "x" is not a number.';
    expect(entries).toEqual([
      {
        id: "1",
        problems: [problem],
        rows: [
          { id: "1", hired: "2021-01-01", line: 4, problems: [problem] },
          { id: "1", hired: "2022-02-02", line: 2 },
        ],
      },
      { id: "2", rows: [{ id: "2", hired: "2020-01-01", active: true, line: 3 }] },
    ]);
  });

  test("of a column that a file has no more fail the reads that need it", async () => {
    await expect(read("people.csv", "id,nom\n1,Ann\n")).rejects.toMatchObject(
      refused(/people\.csv has no column "name"/),
    );
    await expect(read("staff.csv", "id,nom\n1,Ann\n", { required: ["name"] })).rejects.toMatchObject(
      refused(/was refused: line 1: the column "name" is missing/),
    );
  });
});

describe("workbooks", () => {
  const number = (value: string | number, style = 0): TestCell => ({
    xml: `<c r="@" s="${style}"><v>${value}</v></c>`,
  });
  const columns = { hired: { as: "date", format: "excel" }, ends: { as: "date" } };
  const book = (rows: readonly (readonly TestCell[])[], more: TestWorkbook = {}, settings: Read = {}) =>
    read("people.xlsx", workbookOf(rows, more), settings);

  test.each(["openpyxl.xlsx", "xlsxwriter.xlsx"])(
    "of another's making are read as they are shown: %s",
    async (name) => {
      copyFileSync(join(import.meta.dirname, "../../test/data", name), join(folder, name));
      const more = {
        header: name === "openpyxl.xlsx" ? 2 : 1,
        kinds: { person: { key: "ID" } },
        ids: { columns: ["ID"], pad: 5 },
        columns: { Hired: { as: "date" }, Ends: { as: "date" }, Active: { as: "boolean" }, FTE: { as: "decimal" } },
        attrs: ["ID", "Name", "Hired", "Ends", "Active", "FTE", ...(name === "xlsxwriter.xlsx" ? ["Both"] : [])],
      };
      const both = (text: string) => (name === "xlsxwriter.xlsx" ? { Both: text } : {});
      expect(await readIn(name, more)).toEqual([
        { ID: "00007", Name: "Ann & Bo <x>", Hired: "1999-01-01", Active: false, FTE: 1, ...both("7-Ann & Bo <x>") },
        {
          ID: "00101",
          Name: "Zoë",
          Hired: "2020-02-29",
          Ends: "2024-12-31",
          Active: true,
          FTE: 0.5,
          ...both("101-Zoë"),
        },
      ]);
    },
  );

  test("show dates by their number format alone, in the systems of 1900 and of 1904", async () => {
    const formats = ["dd.mm.yyyy", '"day" 0', "h:mm", "[$-409]d-mmm-yy;@", "[Red]#,##0"];
    const row = [1, 2, 3, 4, 5, 6].map((style) => number(45_292.5, style));
    const header = ["id", "a", "b", "c", "d", "e", "f"];
    const attrs = header;
    const shown = {
      a: "2024-01-01T12:00:00",
      b: "45292.5",
      c: "12:00:00",
      d: "2024-01-01T12:00:00",
      e: "45292.5",
      f: "2024-01-01T12:00:00",
    };
    expect(await book([header, ["1", ...row]], { formats }, { attrs })).toEqual([{ id: "1", ...shown }]);
    const later = { a: "2028-01-02T12:00:00", d: "2028-01-02T12:00:00", f: "2028-01-02T12:00:00" };
    expect(await book([header, ["1", ...row]], { formats, date1904: true }, { attrs })).toEqual([
      { id: "1", ...shown, ...later },
    ]);
  });

  test("have days that never were, and numbers that are no days", async () => {
    const formats = ["yyyy-mm-dd"];
    const rows = [59, 60, 61, 0, -1, 9e9].map((serial, n) => [number(n + 1), number(serial, 1)]);
    const entries = await book([["id", "ends"], ...rows], { formats }, { attrs: ["id", "ends", "problems"] });
    expect(entries.map(({ ends }) => ends)).toEqual([
      "1900-02-28",
      undefined,
      "1900-03-01",
      undefined,
      undefined,
      undefined,
    ]);
    expect(entries[1]!.problems).toEqual([
      'line 3, column "ends": the cell is formatted as a date, but 60 is not one.',
    ]);
  });

  test("hold numbers for days without a format, where the settings say so", async () => {
    const entries = await book(
      [
        ["id", "hired", "ends"],
        ["1", number(45_292), "2024-12-31"],
      ],
      {},
      { columns, attrs: ["hired", "ends"] },
    );
    expect(entries).toMatchObject([{ hired: "2024-01-01", ends: "2024-12-31" }]);
  });

  test("have texts that are shared, in runs, escaped, or what a formula gave", async () => {
    const shared = [
      "<t>Ann</t>",
      '<r><t xml:space="preserve">A </t></r><r><t>B</t></r><rPh><t>x</t></rPh>',
      "<t>a_x000D_b_x005F_c</t>",
    ];
    const of = (n: number): TestCell => ({ xml: `<c r="@" t="s"><v>${n}</v></c>` });
    const formula: TestCell = { xml: '<c r="@" t="str"><f>A1</f><v>given</v></c>' };
    const rows = [
      ["id", "name"],
      [number(1), of(0)],
      [number(2), of(1)],
      [number(3), of(2)],
      [number(4), formula],
    ];
    expect((await book(rows, { shared })).map(({ name }) => name)).toEqual(["Ann", "A B", "a\rb_c", "given"]);
    await expect(
      book(
        [
          ["id", "name"],
          ["1", of(9)],
        ],
        { shared },
      ),
    ).rejects.toMatchObject(refused(/refers to a missing text/));
  });

  test("tell of errors, and of formulas that were never worked out", async () => {
    const rows: TestCell[][] = [
      ["id", "name"],
      [number(1), { xml: '<c r="@" t="e"><v>#REF!</v></c>' }],
      [number(2), { xml: '<c r="@"><f>A1</f></c>' }],
    ];
    const entries = await book(rows, {}, { attrs: ["id", "name", "problems"] });
    expect(entries.map(({ problems }) => problems)).toEqual([
      ['line 2, column "name": the cell contains the error #REF!.'],
      [expect.stringMatching(/a formula without its result/)],
    ]);
  });

  test("give merged cells what is shown in them, and have hidden rows", async () => {
    const rows = [["Staff"], ["id", "name"], ["1", "Same"], ["2"], ["3", "Other"]];
    const more = {
      behind: '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="B3:B4"/></mergeCells>',
      rowAttributes: { 4: 'hidden="1"' },
    };
    const entries = await book(rows, more, { header: 2 });
    expect(entries).toEqual([
      { id: "1", name: "Same" },
      { id: "2", name: "Same" },
      { id: "3", name: "Other" },
    ]);
  });

  test("have the sheet that is named, or else the first that is shown", async () => {
    const sheets = [
      { name: "Notes", state: "hidden", rows: [["x"], ["y"]] },
      {
        name: "A",
        rows: [
          ["id", "name"],
          ["1", "Ann"],
        ],
      },
      {
        name: "B",
        rows: [
          ["id", "name"],
          ["2", "Bo"],
        ],
      },
    ];
    expect(await book([], { sheets })).toEqual([{ id: "1", name: "Ann" }]);
    expect(await book([], { sheets }, { sheet: "B" })).toEqual([{ id: "2", name: "Bo" }]);
    expect(await book([], { sheets }, { sheet: 3 })).toEqual([{ id: "2", name: "Bo" }]);
    await expect(book([], { sheets }, { sheet: "C" })).rejects.toMatchObject(
      refused(/no sheet "C"; it has "Notes", "A", "B"/),
    );
  });

  test("have a trailer as other files do", async () => {
    const rows = [
      ["id", "name"],
      ["1", "Ann"],
      ["Total", number(1)],
    ];
    expect(await book(rows, {}, { trailer: "^Total;(\\d+)$" })).toEqual([{ id: "1", name: "Ann" }]);
    await expect(
      book([...rows.slice(0, 2), ["2", "Bo"], rows[2]!], {}, { trailer: "^Total;(\\d+)$" }),
    ).rejects.toMatchObject(refused(/the trailer counts 1 rows, but the file has 2/));
  });

  test("that are encrypted, damaged, cut off, too large or empty are refused as a whole", async () => {
    copyFileSync(join(import.meta.dirname, "../../test/data/encrypted.xlsx"), join(folder, "people.xlsx"));
    await expect(readIn("people.xlsx")).rejects.toMatchObject(refused(/encrypted or in the old/));
    const good = workbookOf([["id", "name"], ...Array.from({ length: 500 }, (_, n) => [String(n), `Name ${n}`])]);
    const bytes = (change: (copy: Uint8Array) => Uint8Array) => read("people.xlsx", change(Uint8Array.from(good)));
    await expect(bytes((copy) => copy.subarray(0, copy.length / 2))).rejects.toMatchObject(refused(/damaged/));
    await expect(read("people.xlsx", "id,name\n1,Ann\n")).rejects.toMatchObject(refused(/damaged/));
    await expect(read("people.xlsx", good, { maximum: { unpacked: 5000 } })).rejects.toMatchObject(
      refused(/larger than 5000 bytes when unpacked/),
    );
    await expect(book([])).rejects.toMatchObject(refused(/has no header/));
    await expect(book([["id", "name"]])).rejects.toMatchObject(refused(/a header but no rows/));
    await expect(
      book([
        ["id", "name"],
        ["1", "Ann", "x"],
      ]),
    ).rejects.toMatchObject(refused(/line 2, column 3: there is a value/));
  });

  test("with any byte changed are read as they were or refused, and nothing else", async () => {
    const good = workbookOf([
      ["id", "name"],
      ["1", "Ann"],
      ["2", "Bo"],
    ]);
    const expected = [
      { id: "1", name: "Ann" },
      { id: "2", name: "Bo" },
    ];
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const copy = Uint8Array.from(good);
        copy[at] = copy[at]! ^ by;
        const outcome = await read("people.xlsx", copy).catch((error) => error);
        if (Array.isArray(outcome)) expect(outcome).toEqual(expected);
        else expect(outcome).toMatchObject(refused(/was refused/));
      }),
      { numRuns: 60 },
    );
  });
});
