import { open } from "node:fs/promises";
import { checkCells } from "../csv.ts";
import { type Bounds, headerName, type RawRow, type RawTable, Refusal } from "../refusal.ts";
import { fillMerged, readMerged, readRows, type Workbook } from "./sheet.ts";
import { readStrings } from "./strings.ts";
import { readStyles } from "./styles.ts";
import { readXml } from "./xml.ts";
import { type Archive, openArchive } from "./zip.ts";

/** The part of a workbook to read. */
export interface XlsxSettings {
  /** The sheet's name, or its number from 1. Default: the first visible one. */
  readonly sheet: string | number | undefined;
  /** The row of the header, by default the first non-empty one; or the column names. */
  readonly header: number | readonly string[];
  readonly unpacked: number;
}

/** Opens a sheet of a workbook. Rows are read on demand; `close` stops reading. */
export async function openXlsx(
  path: string,
  settings: XlsxSettings,
  bounds: Bounds,
): Promise<RawTable & { readonly close: () => void }> {
  await checkKind(path);
  const archive = await openArchive(path, settings.unpacked);
  try {
    const { part, name, system, styles: stylesPart, strings: stringsPart } = await findSheet(archive, settings.sheet);
    const styles = await readStyles(archive, stylesPart);
    const strings = await readStrings(archive, stringsPart, `${path}.strings`);
    const workbook: Workbook = { archive, part, strings, styles, system };
    const hidden = { count: 0 };
    const merged = await readMerged(workbook);
    const rows = filledRows(fillMerged(readRows(workbook, bounds.columns, hidden), merged), bounds);
    const { header } = settings;
    const first = Array.isArray(header) ? undefined : await headerRow(rows, header as number, name);
    const notes = () => [
      `sheet ${JSON.stringify(name)}`,
      ...(hidden.count > 0 ? [`${hidden.count} hidden rows, which are read like the others`] : []),
    ];
    return {
      names: (first?.cells ?? (header as readonly string[])).map(headerName),
      headerLine: first?.line ?? 0,
      rows,
      isStrict: false,
      separator: ";",
      notes,
      close: () => {
        strings.close();
        archive.close();
      },
    };
  } catch (error) {
    archive.close();
    throw error;
  }
}

/** Non-empty rows. */
async function* filledRows(rows: AsyncIterable<RawRow>, bounds: Bounds): AsyncGenerator<RawRow> {
  for await (const row of rows) {
    checkCells(row.cells, row.line, bounds);
    if (row.cells.some((cell) => cell !== "") || row.wrong) yield row;
  }
}

async function headerRow(rows: AsyncGenerator<RawRow>, line: number, sheet: string): Promise<RawRow> {
  for (;;) {
    const { value, done } = await rows.next();
    if (done)
      throw new Refusal(`the sheet ${JSON.stringify(sheet)} has no header: it is empty, or ends before row ${line}.`);
    if (value.line >= line) return value;
  }
}

/** Encrypted and old workbooks are not ZIP archives: they use Microsoft's compound file format. */
async function checkKind(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    if (buffer.toString("hex") === "d0cf11e0a1b11ae1")
      throw new Refusal("the workbook is encrypted or in the old .xls format. Save it as .xlsx without a password.");
  } finally {
    await file.close();
  }
}

interface Sheet {
  readonly name: string;
  readonly id: string;
  readonly isHidden: boolean;
}

const MAX_SHEETS = 1000;

async function findSheet(archive: Archive, wanted: string | number | undefined) {
  const main = (await relations(archive, "_rels/.rels", "")).find(({ type }) => type === "officeDocument")?.target;
  const workbook = main ?? "xl/workbook.xml";
  const sheets: Sheet[] = [];
  let system: 1900 | 1904 = 1900;
  await readXml(workbook, archive.read(workbook), {
    open: (name, attributes) => {
      if (name === "workbookPr" && ["1", "true", "on"].includes(attributes.date1904 ?? "")) system = 1904;
      if (name !== "sheet" || sheets.length >= MAX_SHEETS) return;
      const [, id = ""] = Object.entries(attributes).find(([key]) => /(^|:)id$/.test(key)) ?? [];
      sheets.push({ name: attributes.name ?? "", id, isHidden: (attributes.state ?? "visible") !== "visible" });
    },
  });
  const sheet =
    wanted === undefined
      ? (sheets.find(({ isHidden }) => !isHidden) ?? sheets[0])
      : typeof wanted === "number"
        ? sheets[wanted - 1]
        : sheets.find(({ name }) => name === wanted);
  if (!sheet)
    throw new Refusal(
      `the workbook has no sheet ${JSON.stringify(wanted ?? 1)}; it has ${sheets.map(({ name }) => JSON.stringify(name)).join(", ")}. Set \`sheet\` to one of them.`,
    );
  const folder = workbook.slice(0, workbook.lastIndexOf("/") + 1);
  const parts = await relations(archive, `${folder}_rels/${workbook.slice(folder.length)}.rels`, folder);
  const ofType = (type: string, fallback: string) =>
    parts.find((each) => each.type === type)?.target ?? `${folder}${fallback}`;
  const part = parts.find(({ id }) => id === sheet.id)?.target;
  if (part === undefined)
    throw new Refusal(`the workbook is damaged: the location of its sheet ${JSON.stringify(sheet.name)} is missing.`);
  return {
    part,
    name: sheet.name,
    system: system as 1900 | 1904,
    styles: ofType("styles", "styles.xml"),
    strings: ofType("sharedStrings", "sharedStrings.xml"),
  };
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

async function relations(archive: Archive, part: string, folder: string): Promise<Relation[]> {
  const found: Relation[] = [];
  if (!archive.has(part)) return found;
  await readXml(part, archive.read(part), {
    open: (name, { Id = "", Type = "", Target = "" }) => {
      if (name !== "Relationship" || found.length >= MAX_SHEETS * 2) return;
      const target = Target.startsWith("/") ? Target.slice(1) : folder + Target;
      found.push({ id: Id, type: Type.slice(Type.lastIndexOf("/") + 1), target });
    },
  });
  return found;
}
