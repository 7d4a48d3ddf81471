import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** What entries are looked for by: rows so short that a million of them are read through in a moment. */
export interface Sought {
  readonly id: string;
  readonly route: string;
  readonly caller: string;
  readonly type: string;
  readonly action: string;
  readonly result: string;
  readonly resource: string;
  readonly request_id: string;
  /** The display in lower case. */
  readonly name: string;
  /** `keyOf` the resource and the request's id: what these are looked up by. */
  readonly resource_key: number;
  readonly request_key: number;
  /** About how much room the entry takes, in bytes. */
  readonly bytes: number;
}

/** The journal's tables, in PostgreSQL, as kysely knows them. */
export interface JournalTables {
  journal: Sought;
  /** The members of groups that entries are about, with `keyOf` each. */
  journal_members: {
    readonly id: string;
    readonly member_key: number;
    readonly member: string;
    readonly type: string;
  };
  /** The rest of each entry, as JSON: what lists show, and what one that is opened shows beside. */
  journal_details: { readonly id: string; readonly line: string; readonly detail: string };
}

const TEXTS = ["route", "caller", "type", "action", "result", "resource", "request_id", "name"];
const NUMBERS = ["resource_key", "request_key", "bytes"];

/** The steps that make the tables. */
export const migrations: Record<string, Migration> = {
  "2026-11-26-journal": {
    up: async (db: Kysely<unknown>) => {
      const { schema } = db;
      let table = schema.createTable("journal").addColumn("id", "text", (column) => column.primaryKey());
      for (const name of TEXTS) table = table.addColumn(name, "text", (column) => column.notNull());
      for (const name of NUMBERS) table = table.addColumn(name, "integer", (column) => column.notNull());
      await table.execute();
      await schema
        .createTable("journal_details")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("line", "text", (column) => column.notNull())
        .addColumn("detail", "text", (column) => column.notNull())
        .execute();
      for (const column of ["resource_key", "request_key"])
        await schema.createIndex(`journal_by_${column}`).on("journal").columns([column, "id"]).execute();
      await schema.createIndex("journal_by_caller").on("journal").columns(["caller", "id"]).execute();
      // A search for successes ends early without an index.
      await schema
        .createIndex("journal_by_failure")
        .on("journal")
        .columns(["result", "id"])
        .where(sql<boolean>`result = 'failure'`)
        .execute();
    },
  },
  "2026-11-27-members": {
    up: async ({ schema }: Kysely<unknown>) => {
      await schema
        .createTable("journal_members")
        .addColumn("id", "text", (column) => column.notNull())
        .addColumn("member_key", "integer", (column) => column.notNull())
        .addColumn("member", "text", (column) => column.notNull())
        .addColumn("type", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("journal_members_key", ["id", "member_key", "member"])
        .execute();
      await schema.createIndex("journal_by_member").on("journal_members").columns(["member_key", "id"]).execute();
    },
  },
};
