import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * The store's tables, step by step, in the order of their names. A step that was released is never changed. During an upgrade the version
 * before still uses the store: a step only adds, and what nothing uses any more goes a version later.
 */
export const migrations: Record<string, Migration> = {
  "2026-11-25-guard": {
    up: async (db: Kysely<unknown>) => {
      for (const table of ["guard_passed", "guard_stopped", "guard_released"])
        await db.schema
          .createTable(table)
          .addColumn("route", "text", (column) => column.notNull())
          .addColumn("type", "text", (column) => column.notNull())
          .addColumn("danger", "text", (column) => column.notNull())
          .addColumn("key", "text", (column) => column.notNull())
          // Milliseconds since 1970.
          .addColumn("at", "bigint", (column) => column.notNull())
          .addPrimaryKeyConstraint(`${table}_key`, ["route", "type", "danger", "key"])
          .execute();
      // How many changes of the entry are under way, and whether one of them may have happened.
      await db.schema
        .alterTable("guard_passed")
        .addColumn("under_way", "integer", (column) => column.notNull().defaultTo(0))
        .execute();
      await db.schema
        .alterTable("guard_passed")
        .addColumn("happened", "integer", (column) => column.notNull().defaultTo(0))
        .execute();
      for (const [table, column] of [
        ["guard_stopped", "caller"],
        ["guard_stopped", "request_id"],
        ["guard_released", "by"],
        ["guard_released", "reason"],
      ] as const)
        await db.schema
          .alterTable(table)
          .addColumn(column, "text", (added) => added.notNull().defaultTo(""))
          .execute();
    },
  },
  "2026-11-26-replicas": {
    up: async (db: Kysely<unknown>) => {
      await db.schema
        .createTable("leases")
        .addColumn("name", "text", (column) => column.primaryKey())
        .addColumn("holder", "text", (column) => column.notNull())
        .addColumn("until", "bigint", (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("audit_chains")
        .addColumn("chain", "text", (column) => column.primaryKey())
        .addColumn("seq", "bigint", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        .addColumn("at", "bigint", (column) => column.notNull())
        .execute();
      // What is too old to count is looked for with each change.
      for (const table of ["guard_passed", "guard_stopped", "guard_released"])
        await db.schema.createIndex(`${table}_at`).on(table).column("at").execute();
    },
  },
};
