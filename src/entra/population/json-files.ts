import { createReadStream } from "node:fs";
import { sniffEncoding } from "../../connector/kit/encoding.ts";
import { readItems } from "../../http/items.ts";
import { parseExactly } from "../../json/exact.ts";
import { nameOf, PopulationFileError, type Row, type Source } from "./records.ts";
import { textOf } from "./separated.ts";

/** The objects of a JSON file: an array, or Graph's `{ "value": [...] }`. Read object by object. */
export async function* readJson(source: Source): AsyncGenerator<Row> {
  const first = await firstSign(source);
  const reader = readItems(first === "{" ? ["value"] : []);
  const encoder = new TextEncoder();
  let number = 0;
  const failing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new PopulationFileError(
        `${nameOf(source)}: invalid JSON after item ${number} (${(error as Error).message}). The file must be an array of objects, or Graph's { "value": [...] }. If it has one object per line, name it .jsonl.`,
      );
    }
  };
  for await (const text of textOf(source, await sniffEncoding(source.path))) {
    for (const item of failing(() => reader.read(encoder.encode(text)))) yield rowOf(item, source, ` item ${++number}`);
  }
  const around = failing(() => reader.end());
  const list = first === "{" ? (around as { value?: unknown }).value : around;
  if (first === "{" && Object.hasOwn(around as object, "@odata.nextLink"))
    source.note(`${nameOf(source)} is one page of several: it has an @odata.nextLink. Save the other pages, too.`);
  if (!Array.isArray(list))
    throw new PopulationFileError(
      `${nameOf(source)} contains no list. The file must be an array of objects, or Graph's { "value": [...] }. If it has one object per line, name it .jsonl.`,
    );
}

async function firstSign({ path }: Source): Promise<string> {
  for await (const chunk of createReadStream(path, { encoding: "utf8", end: 1024 })) {
    const text = String(chunk)
      .replace(/^\ufeff/, "")
      .trimStart();
    if (text !== "") return text[0]!;
  }
  return "";
}

/** The objects of a file with one per line. */
export async function* readJsonLines(source: Source): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of linesOf(textOf(source, await sniffEncoding(source.path)))) {
    line++;
    if (text.trim() !== "") yield rowOf(parsed(text, source, line), source, `${line}`);
  }
}

function parsed(text: string, source: Source, line: number): unknown {
  try {
    return parseExactly(text, String);
  } catch (error) {
    throw new PopulationFileError(
      `${nameOf(source)}:${line}: invalid JSON (${(error as Error).message}). Each line must be a complete object.`,
    );
  }
}

/** Only line feeds end lines: JSON strings may contain other line breaks. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

function rowOf(item: unknown, source: Source, place: string): Row {
  const placeOf = (name?: string) => `${nameOf(source)}:${place}${name === undefined ? "" : ` (${name})`}`;
  if (typeof item !== "object" || item === null || Array.isArray(item))
    throw new PopulationFileError(`${placeOf()}: this is not an object. Each user or group must be one.`);
  return { values: [...flattened(item)], placeOf };
}

/** The properties of an object; those of nested objects by path, `employeeOrgData.division`. */
function* flattened(item: object, prefix = ""): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(item)) {
    const isWithin = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isWithin && !/^(manager|@removed)$/i.test(name)) yield* flattened(value, `${prefix}${name}.`);
    else yield [prefix + name, value];
  }
}
