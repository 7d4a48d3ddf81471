import type { RawRow } from "../refusal.ts";
import { Refusal } from "../refusal.ts";
import { columnIndex, type Range, rangeOf } from "./address.ts";
import { numberText, serialDate, serialTime } from "./serial.ts";
import { joined, richText, type SharedStrings } from "./strings.ts";
import type { Shown } from "./styles.ts";
import { parseXml, readXml } from "./xml.ts";
import type { Archive } from "./zip.ts";

/** What cells need from the workbook. */
export interface Workbook {
  readonly archive: Archive;
  readonly part: string;
  readonly strings: SharedStrings;
  readonly styles: readonly Shown[];
  readonly system: 1900 | 1904;
}

/** Maximum number of merged ranges. */
const MAX_MERGED = 10_000;

/** Reads the ranges of merged cells, which follow the rows in a sheet. */
export async function readMerged({ archive, part }: Workbook): Promise<Range[]> {
  const ranges: Range[] = [];
  await readXml(part, archive.read(part), {
    open: (name, { ref }) => {
      if (name !== "mergeCell" || ref === undefined) return;
      ranges.push(rangeOf(ref));
      if (ranges.length > MAX_MERGED)
        throw new Refusal(`the sheet has more than ${MAX_MERGED} ranges of merged cells. Export it without them.`);
    },
  });
  return ranges.sort((a, b) => a.top - b.top);
}

/** A cell's text and its problem. */
interface Cell {
  readonly text: string;
  readonly wrong?: string;
}

interface OpenCell {
  readonly index: number;
  readonly type: string;
  readonly style: number;
  value: string;
  hasFormula: boolean;
}

/** The non-empty rows of a sheet. `hidden` counts hidden ones, which are included. */
export async function* readRows(
  workbook: Workbook,
  maxColumns: number,
  hidden: { count: number },
): AsyncGenerator<RawRow> {
  const { archive, part } = workbook;
  const rich = richText();
  let rows: RawRow[] = [];
  let number = 0;
  let cells: string[] = [];
  let wrong = new Map<number, string>();
  let cell: OpenCell | undefined;
  let isValue = false;
  const events = parseXml(part, archive.read(part), {
    open: (name, attributes) => {
      rich.open(name);
      if (name === "row") {
        number = attributes.r === undefined ? number + 1 : Number(attributes.r);
        cells = [];
        wrong = new Map();
        if (attributes.hidden === "1" || attributes.hidden === "true") hidden.count++;
      } else if (name === "c") {
        const index = attributes.r === undefined ? cells.length : columnIndex(attributes.r);
        if (!(index >= 0 && index < maxColumns))
          throw new Refusal(`row ${number}: a cell is beyond column ${maxColumns} (maximum.columns).`);
        cell = { index, type: attributes.t ?? "n", style: Number(attributes.s ?? 0), value: "", hasFormula: false };
      } else if (name === "v") isValue = true;
      else if (name === "f" && cell) cell.hasFormula = true;
    },
    text: (text) => {
      if (isValue && cell) cell.value = joined(cell.value, text);
      else rich.text(text);
    },
    close: (name) => {
      rich.close(name);
      if (name === "v") isValue = false;
      else if (name === "c" && cell) {
        const inline = rich.take();
        const { text, wrong: problem } = cellOf(workbook, cell, inline);
        while (cells.length < cell.index) cells.push("");
        cells[cell.index] = text.trim();
        if (problem !== undefined) wrong.set(cell.index, problem);
        cell = undefined;
      } else if (name === "row") {
        rows.push({ line: number, cells, ...(wrong.size > 0 && { wrong }) });
      }
    },
  });
  for await (const _ of events) {
    const done = rows;
    rows = [];
    yield* done;
  }
}

function cellOf({ strings, styles, system }: Workbook, cell: OpenCell, inline: string): Cell {
  const { type, value, style, hasFormula } = cell;
  if (hasFormula && value === "" && type !== "str")
    return { text: "", wrong: "contains a formula without its result: open the workbook in Excel and save it" };
  switch (type) {
    case "s": {
      const text = value === "" ? "" : strings.get(Number(value));
      if (text === undefined) throw new Refusal("the workbook is damaged: a cell refers to a missing text.");
      return { text };
    }
    case "inlineStr":
      return { text: inline };
    case "str":
      return { text: value };
    case "b":
      return { text: value === "1" ? "true" : "false" };
    case "e":
      return { text: "", wrong: `contains the error ${value}` };
    case "d":
      return { text: value };
    default:
      return numberCell(value, styles[style] ?? "number", system);
  }
}

function numberCell(value: string, shown: Shown, system: 1900 | 1904): Cell {
  if (value === "") return { text: "" };
  if (shown === "time") return { text: serialTime(Number(value)) };
  if (shown === "number") return { text: numberText(value) };
  const date = serialDate(Number(value), system);
  return date === undefined ? { text: "", wrong: `is formatted as a date, but ${value} is not one` } : { text: date };
}

/** Fills merged cells with the value of the first one, as people see them. */
export async function* fillMerged(rows: AsyncIterable<RawRow>, ranges: readonly Range[]): AsyncGenerator<RawRow> {
  let next = 0;
  let open: { readonly range: Range; readonly text: string }[] = [];
  for await (const row of rows) {
    const cells = [...row.cells];
    for (; next < ranges.length && ranges[next]!.top <= row.line; next++) {
      const range = ranges[next]!;
      // A range whose first row is empty starts after it, without text.
      open.push({ range, text: range.top === row.line ? (cells[range.left] ?? "") : "" });
    }
    open = open.filter(({ range }) => range.bottom >= row.line);
    for (const { range, text } of open)
      if (text !== "")
        for (let column = range.left; column <= range.right; column++) {
          while (cells.length < column) cells.push("");
          cells[column] ||= text;
        }
    yield { ...row, cells };
  }
}
