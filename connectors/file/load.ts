import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Encoding } from "../../src/connector/kit/encoding.ts";
import { type CellReader, cellReader } from "./cells.ts";
import { checkedRows, openFile } from "./read.ts";
import { type RawRow, Refusal } from "./refusal.ts";
import { keysOf, type Settings } from "./settings.ts";

/** Columns of the table that are not in the file. */
export const LINE = "postern:line";
/** The column with a row's problems, as JSON. */
export const PROBLEMS = "postern:problems";
/** The column that marks the first row with a key, for a kind by its index. */
export const firstOf = (kind: number): string => `postern:first:${kind}`;
/** The column that lists the rows that share a key. */
export const repeatedOf = (kind: number): string => `postern:repeated:${kind}`;
/** The prefix of such columns. */
export const OWN = "postern:";

/** Attributes that entries have in addition to the file's columns. */
const RESERVED = ["line", "problems", "rows"];

/** The result of loading a file. */
export interface Loaded {
  readonly columns: readonly string[];
  readonly rows: number;
  /** The number of rows with problems, and without a key. */
  readonly problems: number;
  readonly withoutKey: number;
  /** The number of keys that several rows share, in kinds with one row per entry. */
  readonly repeated: number;
  readonly notes: readonly string[];
}

/** A file to load: a local copy, the settings and the database to create. */
export interface LoadTask {
  readonly path: string;
  /** Its name in the drop folder. */
  readonly name: string;
  readonly encoding: Encoding;
  readonly settings: Settings;
  readonly database: string;
}

/** Loads a file into a new database. Rejects with a `Refusal` if the file as a whole is unusable. */
export async function loadFile({ settings, ...file }: LoadTask): Promise<Loaded> {
  const table = await openFile(file.path, file.name, file.encoding, settings);
  const database = new DatabaseSync(file.database);
  try {
    database.exec("pragma journal_mode = off; pragma synchronous = off");
    const names = attributeNames(table.names, table.headerLine, settings);
    const columns = names.filter((name) => name !== "");
    create(database, columns, settings);
    const insert = inserter(database, names, table.names, settings);
    database.exec("begin");
    let rows = 0;
    for await (const row of checkedRows(table, settings.trailer, settings.maximum.rows)) {
      insert(row);
      rows++;
    }
    const { withoutKey, repeated } = finish(database, settings);
    database.exec("commit");
    const { problems } = database
      .prepare(`select count(*) as problems from data where ${quoted(PROBLEMS)} is not null`)
      .get() as { problems: number };
    return { columns, rows, problems, withoutKey, repeated, notes: table.notes() };
  } finally {
    table.close();
    database.close();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The attribute name of each column; empty for one without a header. Throws a `Refusal` for ambiguous names. */
function attributeNames(headers: readonly string[], line: number, settings: Settings): string[] {
  const where = line > 0 ? `line ${line}: ` : "";
  const { columns, required, maximum } = settings;
  if (headers.length > maximum.columns)
    throw new Refusal(
      `${where}the header has ${headers.length} columns; the maximum is ${maximum.columns} (maximum.columns).`,
    );
  const isKnown = (name: string) => headers.some((header) => header === name || columns[header]?.name === name);
  const wanted = [...Object.keys(columns), ...keysOf(settings.kinds), ...required, ...(settings.ids?.columns ?? [])];
  const missing = [...new Set(wanted)].filter((name) => !isKnown(name));
  if (missing.length > 0)
    throw new Refusal(
      `${where}the column ${missing.map((name) => JSON.stringify(name)).join(", ")} is missing. The header has ${headers.map((name) => JSON.stringify(name)).join(", ")}.`,
    );
  const seen = new Map<string, number>();
  return headers.map((header, index) => {
    const name = columns[header]?.name ?? header;
    if (name === "") return name;
    if (RESERVED.includes(name.toLowerCase()) || name.startsWith(OWN))
      throw new Refusal(
        `${where}column ${index + 1} is named ${JSON.stringify(header)}, which is reserved. Rename it with \`columns: { ${JSON.stringify(header)}: { name: ... } }\`.`,
      );
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      throw new Refusal(
        `${where}columns ${other + 1} and ${index + 1} are both named ${JSON.stringify(header)}: rename one of them.`,
      );
    seen.set(name.toLowerCase(), index);
    return name;
  });
}

function create(database: DatabaseSync, columns: readonly string[], settings: Settings): void {
  const own = Object.keys(settings.kinds).flatMap((_, kind) => [firstOf(kind), repeatedOf(kind)]);
  // Untyped columns store values unchanged.
  const all = [...columns, PROBLEMS, ...own].map(quoted).join(", ");
  database.exec(`create table data (${quoted(LINE)} integer primary key, ${all})`);
}

/** Inserts rows with converted values. */
function inserter(
  database: DatabaseSync,
  names: readonly string[],
  headers: readonly string[],
  settings: Settings,
): (row: RawRow) => void {
  const keys = new Set(keysOf(settings.kinds));
  const used = names.flatMap((name, index) => (name === "" ? [] : [{ name, index, header: headers[index]! }]));
  const readers: {
    readonly name: string;
    readonly index: number;
    readonly isKey: boolean;
    readonly read: CellReader;
  }[] = used.map(({ name, index, header }) => {
    const { ids } = settings;
    const isId = ids?.columns.includes(header) || ids?.columns.includes(name);
    return {
      name,
      index,
      isKey: keys.has(name) || keys.has(header),
      read: cellReader(settings.columns[header], settings.nulls, isId ? ids : undefined),
    };
  });
  const all = [LINE, ...used.map(({ name }) => name), PROBLEMS];
  const statement: StatementSync = database.prepare(
    `insert into data (${all.map(quoted).join(", ")}) values (${all.map(() => "?").join(", ")})`,
  );
  const limit = settings.maximum.problems;
  return ({ line, cells, wrong }) => {
    const problems: string[] = [];
    const values = readers.map(({ name, index, isKey, read }) => {
      const text = cells[index] ?? "";
      const unreadable = wrong?.get(index);
      const result = unreadable === undefined ? read(text) : { problem: unreadable };
      if ("value" in result) return result.value;
      const place = `line ${line}, column ${JSON.stringify(name)}`;
      // A wrong key would hide a person, who would then count as having left.
      if (isKey) throw new Refusal(`${place}: the key ${result.problem}.`);
      if (problems.length < limit)
        problems.push(`${place}: ${unreadable === undefined ? `${shown(text)} ` : "the cell "}${result.problem}.`);
      return null;
    });
    statement.run(line, ...values, problems.length > 0 ? JSON.stringify(problems) : null);
  };
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);

/** Marks which rows are entries of each kind, and which share a key. Counts those, and rows without a key. */
function finish(database: DatabaseSync, settings: Settings): Pick<Loaded, "withoutKey" | "repeated"> {
  let withoutKey = 0;
  let repeated = 0;
  for (const [kind, { key, rows }] of Object.values(settings.kinds).entries()) {
    const column = quoted(columnNamed(key ?? rows!.by, settings));
    database.exec(`create index ${quoted(`of ${kind}`)} on data (${column})`);
    const { count } = database.prepare(`select count(*) as count from data where ${column} is null`).get() as {
      count: number;
    };
    withoutKey += count;
    if (key === undefined) continue;
    database.exec(`create index ${quoted(`of ${kind} folded`)} on data (${column} collate nocase)`);
    const first = quoted(firstOf(kind));
    const line = quoted(LINE);
    database.exec(
      `update data set ${first} = 1 where ${line} in (select min(${line}) from data where ${column} is not null group by ${column})`,
    );
    const { changes } = database
      .prepare(
        `update data set ${quoted(repeatedOf(kind))} = (select group_concat(${line}, ', ') from (select o.${line} from data o where o.${column} = data.${column} order by o.${line} limit 20))
       where ${first} = 1 and ${column} in (select ${column} from data where ${column} is not null group by ${column} having count(*) > 1)`,
      )
      .run();
    repeated += Number(changes);
  }
  return { withoutKey, repeated };
}

/** The attribute of a column that settings name by header or attribute. */
export const columnNamed = (name: string, { columns }: Pick<Settings, "columns">): string =>
  columns[name]?.name ?? name;
