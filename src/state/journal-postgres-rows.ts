import { CompiledQuery, type Kysely } from "kysely";
import { fieldsOf, type JournalRow, type RowMembers, SHORT, shortOf } from "../journal/row.ts";
import { keyOf } from "./journal-terms.ts";

/** Beside its texts, an entry takes about this much room with its places in the indexes, in bytes. */
const ROW_BYTES = 400;
/** Beside its text, a member of an entry takes about this much more than it takes as text, in bytes. */
const MEMBER_TIMES = 3;

interface Table {
  readonly name: string;
  /** Its columns with their types. */
  readonly columns: Readonly<Record<string, "text" | "integer">>;
  /** The rows of the table that an entry makes. */
  readonly valuesOf: (row: JournalRow) => readonly (readonly (string | number)[])[];
}

const TABLES: readonly Table[] = [
  {
    name: "journal",
    columns: {
      ...Object.fromEntries(SHORT.map((column) => [column, "text" as const])),
      ...{ resource_key: "integer", request_key: "integer", bytes: "integer" },
    },
    valuesOf: (row) => {
      const { resource, request_id, line, detail, members } = fieldsOf(row);
      const bytes = ROW_BYTES + line.length + detail.length + MEMBER_TIMES * members.length;
      return [[...shortOf(row), keyOf(resource), keyOf(request_id), bytes]];
    },
  },
  {
    name: "journal_details",
    columns: { id: "text", line: "text", detail: "text" },
    valuesOf: (row) => {
      const { id, line, detail } = fieldsOf(row);
      return [[id, line, detail]];
    },
  },
  {
    name: "journal_members",
    columns: { id: "text", member_key: "integer", member: "text", type: "text" },
    valuesOf: (row) => {
      const { id, members } = fieldsOf(row);
      if (members === "[]") return [];
      return (JSON.parse(members) as RowMembers).map(([member, type]) => [id, keyOf(member), member, type]);
    },
  },
];

/** How many rows one transaction writes. */
const BATCH = 1000;

/** Writes rows. Those whose id is there already are left as they are. */
export async function insertRows<Tables>(db: Kysely<Tables>, rows: readonly JournalRow[]) {
  for (const batch of parts(rows, BATCH))
    await db.transaction().execute(async (transaction) => {
      for (const table of TABLES) for (const query of insertInto(table, batch)) await transaction.executeQuery(query);
    });
}

/** One statement with all rows in one value, as this process has other work than to name each of them. */
function* insertInto({ name, columns, valuesOf }: Table, rows: readonly JournalRow[]): Generator<CompiledQuery> {
  const names = Object.keys(columns);
  const values = rows.flatMap(valuesOf).map((all) => Object.fromEntries(all.map((value, at) => [names[at]!, value])));
  if (values.length === 0) return;
  const types = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  const text = `insert into ${name} (${names.join(",")}) select * from json_to_recordset($1) as rows (${types.join(",")}) on conflict do nothing`;
  yield CompiledQuery.raw(text, [JSON.stringify(values)]);
}

function* parts<Item>(items: readonly Item[], length: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}
