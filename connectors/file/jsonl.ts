import type { Encoding } from "../../src/connector/kit/encoding.ts";
import { parseExactly } from "../../src/json/exact.ts";
import { checkCells } from "./csv.ts";
import { decodeFile } from "./encoding.ts";
import { type Bounds, headerName, type RawRow, type RawTable, Refusal } from "./refusal.ts";

/** Maximum length of a line in characters, and maximum depth of nested objects. */
const MAX_LINE = 8 * 1024 * 1024;
const MAX_DEPTH = 8;

/**
 * Opens a JSON lines file: one object per line. Nested objects become columns named by path, `name.first`; lists stay JSON. The file is
 * read twice, because each line may have names of its own.
 */
export async function openJsonLines(path: string, encoding: Encoding, bounds: Bounds): Promise<RawTable> {
  const names = new Map<string, number>();
  for await (const { object } of objectsIn(path, encoding))
    for (const name of object.keys()) {
      if (!names.has(name)) names.set(name, names.size);
      if (names.size > bounds.columns)
        throw new Refusal(`its objects have more than ${bounds.columns} different names (maximum.columns).`);
    }
  const rows = async function* (): AsyncGenerator<RawRow> {
    for await (const { line, object } of objectsIn(path, encoding)) {
      const cells = [...names.keys()].map((name) => object.get(name) ?? "");
      checkCells(cells, line, bounds);
      yield { line, cells };
    }
  };
  return {
    names: [...names.keys()].map(headerName),
    headerLine: 0,
    rows: rows(),
    isStrict: true,
    separator: ",",
    notes: () => [`JSON lines in ${encoding}`],
  };
}

async function* objectsIn(path: string, encoding: Encoding) {
  let line = 0;
  for await (const text of linesIn(decodeFile(path, encoding))) {
    line++;
    if (text.trim() === "") continue;
    const object = new Map<string, string>();
    flatten(parsed(text, line), "", object, 0, line);
    yield { line, object };
  }
}

function parsed(text: string, line: number): object {
  let value: unknown;
  try {
    // Numbers that JavaScript would round are kept as text.
    value = parseExactly(text, String);
  } catch {
    throw new Refusal(
      `line ${line} is not valid JSON: each line must be a complete object. The file may be truncated.`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Refusal(`line ${line} is not a JSON object: each line must be one.`);
}

function flatten(value: object, prefix: string, into: Map<string, string>, depth: number, line: number): void {
  if (depth > MAX_DEPTH) throw new Refusal(`line ${line}: objects are nested more than ${MAX_DEPTH} levels deep.`);
  for (const [name, each] of Object.entries(value)) {
    const path = prefix + name;
    if (typeof each === "object" && each !== null && !Array.isArray(each))
      flatten(each, `${path}.`, into, depth + 1, line);
    else if (each !== null && each !== undefined)
      into.set(
        path,
        typeof each === "string" ? each.trim() : Array.isArray(each) ? JSON.stringify(each) : String(each),
      );
  }
}

async function* linesIn(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) throw new Refusal(`a line has more than ${MAX_LINE} characters.`);
    yield* lines;
  }
  if (rest !== "") yield rest;
}
