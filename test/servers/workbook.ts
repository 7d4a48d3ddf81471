import { strToU8, zipSync } from "fflate";

/** A cell of a test's workbook: text, or a part of XML as Excel writes it. */
export type TestCell = string | { readonly xml: string };

/** What a test's workbook has beside its rows. */
export interface TestWorkbook {
  readonly sheets?: readonly {
    readonly name: string;
    readonly state?: string;
    readonly rows: readonly (readonly TestCell[])[];
  }[];
  readonly date1904?: boolean;
  /** Codes of number formats: style 1 has the first, and so on. */
  readonly formats?: readonly string[];
  /** What stands behind the rows, such as merged cells. */
  readonly behind?: string;
  /** Attributes of rows, by their number. */
  readonly rowAttributes?: Readonly<Record<number, string>>;
  /** Texts that are shared, as XML; without them texts are inline. */
  readonly shared?: readonly string[];
  readonly level?: 0 | 6;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const letters = (index: number): string =>
  index < 26 ? String.fromCharCode(65 + index) : letters(Math.floor(index / 26) - 1) + letters(index % 26);

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships";

/** A workbook in Excel's own shape. In the XML of a cell, @ stands for its reference. */
export function workbookOf(rows: readonly (readonly TestCell[])[], more: TestWorkbook = {}): Uint8Array {
  const sheets = more.sheets ?? [{ name: "Employees", rows }];
  const { formats = [], shared } = more;
  const cell = (value: TestCell, column: number, row: number): string => {
    const reference = `${letters(column)}${row}`;
    if (typeof value !== "string") return value.xml.replaceAll("@", reference);
    if (value === "") return "";
    return `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`;
  };
  const sheetXml = (of: readonly (readonly TestCell[])[]) =>
    `${head}<worksheet xmlns="${MAIN}"><sheetData>${of
      .map((cells, at) => {
        const attributes = more.rowAttributes?.[at + 1] ?? "";
        return `<row r="${at + 1}" ${attributes}>${cells.map((each, column) => cell(each, column, at + 1)).join("")}</row>`;
      })
      .join("")}</sheetData>${more.behind ?? ""}</worksheet>`;
  const styles = `${head}<styleSheet xmlns="${MAIN}"><numFmts count="${formats.length}">${formats
    .map((code, at) => `<numFmt numFmtId="${200 + at}" formatCode="${escaped(code)}"/>`)
    .join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${formats
    .map((_, at) => `<xf numFmtId="${200 + at}" applyNumberFormat="1"/>`)
    .join("")}<xf numFmtId="14"/></cellXfs></styleSheet>`;
  const files: Record<string, string> = {
    "[Content_Types].xml": `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    "_rels/.rels": `${head}<Relationships xmlns="${PACKAGE}"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${head}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><workbookPr${more.date1904 ? ' date1904="1"' : ""}/><sheets>${sheets
      .map(
        ({ name, state = "visible" }, at) =>
          `<sheet name="${escaped(name)}" sheetId="${at + 1}" state="${state}" r:id="rId${at + 1}"/>`,
      )
      .join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${head}<Relationships xmlns="${PACKAGE}">${sheets
      .map(
        (_, at) =>
          `<Relationship Id="rId${at + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`,
      )
      .join("")}<Relationship Id="rId900" Type="${RELATIONS}/styles" Target="styles.xml"/>${
      shared ? `<Relationship Id="rId901" Type="${RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>` : ""
    }</Relationships>`,
    "xl/styles.xml": styles,
    ...Object.fromEntries(sheets.map((sheet, at) => [`xl/worksheets/sheet${at + 1}.xml`, sheetXml(sheet.rows)])),
    ...(shared && {
      "xl/sharedStrings.xml": `${head}<sst xmlns="${MAIN}">${shared.map((each) => `<si>${each}</si>`).join("")}</sst>`,
    }),
  };
  return zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])), {
    level: more.level ?? 6,
  });
}
