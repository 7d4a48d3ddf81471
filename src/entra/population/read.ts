import { extname } from "node:path";
import type { Edit, ObjectType, SourceValue } from "../directory.ts";
import { type Column, columnOf, suggestionFor } from "./columns.ts";
import { readJson, readJsonLines } from "./json-files.ts";
import { nameOf, PopulationFileError, type Row, type Source } from "./records.ts";
import { idOf, type Reading, referencesIn } from "./references.ts";
import { readSeparated } from "./separated.ts";
import { booleanIn, itemsIn, listIn, sourceValueIn, textIn } from "./values.ts";

/** Options for reading a file. */
export interface ReadOptions {
  /** The objectId of somebody whose user name is not in the file. */
  readonly resolve?: (userPrincipalName: string) => string | undefined;
  /** Called with remarks, for example that IDs were derived. */
  readonly note?: (sentence: string) => void;
}

/**
 * Reads edits of users or groups from a CSV, TSV, JSON or JSON lines file, by its ending. Lazy: one edit per row.
 *
 * A row without `objectId` gets one derived from its userPrincipalName (users) or displayName (groups). Managers and members may be user
 * names: at the first one, the file is read a second time for its names and objectIds, which are kept. Unknown names are passed to
 * `options.resolve`; if it does not know them either, they get the derived objectId, and a remark.
 *
 * Throws a `PopulationFileError` that names the file, the place and the remedy.
 */
export async function* readEdits(file: string, type: ObjectType, options: ReadOptions = {}): AsyncGenerator<Edit> {
  const noted = new Set<string>();
  const note = (sentence: string) => {
    if (noted.has(sentence)) return;
    noted.add(sentence);
    options.note?.(sentence);
  };
  const source = { path: file, note };
  const reading: Reading = { source, type, rows: () => rowsOf(source), resolve: options.resolve };
  const columns = new Map<string, Column>();
  for await (const row of reading.rows()) {
    for (const [name] of row.values) if (!columns.has(name)) columns.set(name, knownColumn(name, source));
    yield await editOf(row, columns, reading);
  }
}

const READERS: Readonly<Record<string, (source: Source) => AsyncGenerator<Row>>> = {
  ".csv": readSeparated,
  ".txt": readSeparated,
  ".tsv": readSeparated,
  ".tab": readSeparated,
  ".json": readJson,
  ".jsonl": readJsonLines,
  ".ndjson": readJsonLines,
};

function rowsOf(source: Source): AsyncGenerator<Row> {
  const reader = READERS[extname(source.path).toLowerCase()];
  if (reader) return reader(source);
  throw new PopulationFileError(
    `${nameOf(source)}: unknown file format. Rename the file to one of ${Object.keys(READERS).join(", ")}.`,
  );
}

function knownColumn(name: string, source: Source): Column {
  const suggestion = suggestionFor(name);
  if (suggestion !== "") source.note(`${nameOf(source)}: no default job reads the attribute "${name}"${suggestion}`);
  return columnOf(name);
}

/** An edit that is being read. */
interface Draft {
  readonly attributes: Record<string, SourceValue>;
  readonly add: string[];
  readonly remove: string[];
  assigned?: boolean;
  purged?: true;
}

async function editOf(row: Row, columns: ReadonlyMap<string, Column>, reading: Reading): Promise<Edit> {
  const draft: Draft = { attributes: {}, add: [], remove: [] };
  for (const [name, value] of row.values) await take(draft, columns.get(name)!, { name, value, row, reading });
  const { attributes, add, remove, ...flags } = draft;
  const members = { ...(add.length > 0 ? { add } : {}), ...(remove.length > 0 ? { remove } : {}) };
  return {
    type: reading.type,
    objectId: idOf(row, reading),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    ...(Object.keys(members).length > 0 ? { members } : {}),
    ...flags,
  };
}

/** A value, and where it stands. */
interface Cell {
  readonly name: string;
  readonly value: unknown;
  readonly row: Row;
  readonly reading: Reading;
}

async function take(draft: Draft, column: Column, cell: Cell): Promise<void> {
  const { value } = cell;
  switch (column.as) {
    case "id":
    case "ignored":
      return;
    case "assigned": {
      const isAssigned = flagOf(cell);
      if (isAssigned !== undefined) draft.assigned = isAssigned;
      return;
    }
    case "purged":
      if (flagOf(cell)) draft.purged = true;
      return;
    case "deleted":
      takeDeletion(draft, flagOf(cell), cell);
      return;
    case "removed":
      if ((value as { reason?: unknown } | null)?.reason === "deleted") draft.purged = true;
      else takeDeletion(draft, true, cell);
      return;
    case "members":
      draft[column.change].push(...(await idsOf(listIn(value), cell)));
      return;
    case "delta":
      for (const each of listIn(value)) draft[isRemoved(each) ? "remove" : "add"].push(...(await idsOf([each], cell)));
      return;
    case "attribute": {
      const read = await attributeOf(column.kind, cell);
      if (read !== undefined) draft.attributes[column.name] = read;
    }
  }
}

const flagOf = ({ name, value, row }: Cell): boolean | undefined => booleanIn(value, row.placeOf(name));
const idsOf = (values: readonly unknown[], { name, row, reading }: Cell): Promise<readonly string[]> =>
  referencesIn(values, reading, row.placeOf(name));
const isRemoved = (item: unknown): boolean => typeof item === "object" && item !== null && "@removed" in item;

/** A deleted user can be restored; a deleted group cannot. */
function takeDeletion(draft: Draft, isDeleted: boolean | undefined, { reading }: Cell): void {
  if (reading.type === "User" && isDeleted !== undefined) draft.attributes.IsSoftDeleted = isDeleted;
  if (reading.type === "Group" && isDeleted) draft.purged = true;
}

type AttributeKind = Extract<Column, { as: "attribute" }>["kind"];

async function attributeOf(kind: AttributeKind, cell: Cell): Promise<SourceValue | undefined> {
  const { value } = cell;
  switch (kind) {
    case "boolean":
      return flagOf(cell);
    case "person":
      return textIn(value).trim() === "" ? null : (await idsOf([value], cell))[0];
    case "list":
      return listIn(value).length === 0 ? null : itemsIn(value);
    case "first":
      return sourceValueIn(listIn(value)[0]);
    case "text":
      return sourceValueIn(value);
  }
}
