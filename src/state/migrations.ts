import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * The store's schema migrations, ordered by name. A released migration never changes. During an upgrade the previous version still uses the
 * store, so migrations only add; what is no longer used is removed one version later.
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
      // How many changes of the entry are in progress, and whether one of them may have been made.
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
      // Expired entries are searched for with each change.
      for (const table of ["guard_passed", "guard_stopped", "guard_released"])
        await db.schema.createIndex(`${table}_at`).on(table).column("at").execute();
    },
  },
  "2026-11-26-syncs": {
    up: async (db: Kysely<unknown>) => {
      const { schema } = db;
      await schema
        .createTable("syncs")
        .addColumn("sync", "text", (column) => column.primaryKey())
        .addColumn("reads", "integer", (column) => column.notNull())
        .addColumn("rules", "text", (column) => column.notNull())
        .addColumn("begun", "bigint")
        .addColumn("ran", "bigint")
        .addColumn("failures", "integer", (column) => column.notNull())
        .addColumn("not_before", "bigint", (column) => column.notNull())
        .addColumn("cancelled", "integer", (column) => column.notNull())
        .execute();
      await schema
        .createTable("sync_runs")
        .addColumn("sync", "text", (column) => column.notNull())
        .addColumn("run", "integer", (column) => column.notNull())
        .addColumn("started", "bigint", (column) => column.notNull())
        .addColumn("ended", "bigint")
        .addColumn("cause", "text", (column) => column.notNull())
        .addColumn("outcome", "text", (column) => column.notNull())
        .addColumn("counts", "text", (column) => column.notNull())
        .addColumn("error", "text")
        .addPrimaryKeyConstraint("sync_runs_key", ["sync", "run"])
        .execute();
      await schema
        .createTable("sync_people")
        .addColumn("sync", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("target", "text")
        .addColumn("resource", "text", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        .addColumn("seen", "integer", (column) => column.notNull())
        .addColumn("twice", "integer", (column) => column.notNull())
        .addColumn("missing", "bigint")
        .addColumn("next", "bigint")
        .addColumn("status", "text", (column) => column.notNull())
        .addColumn("kind", "text")
        .addColumn("planned", "text")
        .addColumn("held", "integer", (column) => column.notNull())
        .addColumn("memory", "text", (column) => column.notNull())
        .addColumn("woken", "integer", (column) => column.notNull().defaultTo(0))
        .addPrimaryKeyConstraint("sync_people_key", ["sync", "key"])
        .execute();
      for (const columns of [
        ["sync", "target"],
        ["sync", "next", "key"],
        ["sync", "kind", "held", "key"],
        ["sync", "status", "key"],
        ["sync", "woken", "key"],
      ])
        await schema.createIndex(`sync_people_${columns[1]}`).on("sync_people").columns(columns).execute();
      for (const table of ["sync_aliases", "sync_references", "sync_names"]) {
        await schema
          .createTable(table)
          .addColumn("sync", "text", (column) => column.notNull())
          .addColumn("place", "text", (column) => column.notNull())
          .addColumn("value", "text", (column) => column.notNull())
          .addColumn("key", "text", (column) => column.notNull())
          // A name belongs to one person; others may be shared.
          .addPrimaryKeyConstraint(
            `${table}_key`,
            table === "sync_names" ? ["sync", "place", "value"] : ["sync", "place", "value", "key"],
          )
          .execute();
        // The additional columns keep SQLite from scanning the primary key's index, which contains them all.
        await schema.createIndex(`${table}_of`).on(table).columns(["sync", "key", "place", "value"]).execute();
      }
      await schema
        .createTable("sync_groups")
        .addColumn("sync", "text", (column) => column.notNull())
        .addColumn("type", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("shown", "text", (column) => column.notNull())
        .addColumn("target", "text")
        .addPrimaryKeyConstraint("sync_groups_key", ["sync", "type", "name"])
        .execute();
      await schema
        .createTable("sync_members")
        .addColumn("sync", "text", (column) => column.notNull())
        .addColumn("type", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("sync_members_key", ["sync", "type", "name", "key"])
        .execute();
      await schema.createIndex("sync_members_of").on("sync_members").columns(["sync", "key"]).execute();
      await schema.createIndex("sync_members_state").on("sync_members").columns(["sync", "state"]).execute();
      await schema
        .createTable("sync_requests")
        .addColumn("budget", "text", (column) => column.notNull())
        .addColumn("at", "bigint", (column) => column.notNull())
        .addColumn("number", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("sync_requests_key", ["budget", "number"])
        .execute();
      await schema.createIndex("sync_requests_at").on("sync_requests").columns(["budget", "at"]).execute();
    },
  },
  "2026-11-26-targets-of-syncs": {
    up: async (db: Kysely<unknown>) => {
      await db.schema
        .createTable("sync_targets")
        .addColumn("sync", "text", (column) => column.notNull())
        .addColumn("target", "text", (column) => column.notNull())
        .addColumn("store", "text", (column) => column.notNull())
        .addColumn("used", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("sync_targets_key", ["sync", "target"])
        .execute();
    },
  },
  "2026-11-26-console": {
    up: async ({ schema }: Kysely<unknown>) => {
      await schema
        .createTable("console_sessions")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("role", "text", (column) => column.notNull())
        .addColumn("way", "text", (column) => column.notNull())
        .addColumn("created", "bigint", (column) => column.notNull())
        .addColumn("seen", "bigint", (column) => column.notNull())
        .addColumn("expires", "bigint", (column) => column.notNull())
        .execute();
      await schema.createIndex("console_sessions_name").on("console_sessions").columns(["name", "seen"]).execute();
      await schema
        .createTable("console_tickets")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("data", "text", (column) => column.notNull())
        .addColumn("created", "bigint", (column) => column.notNull())
        .addColumn("expires", "bigint", (column) => column.notNull())
        .execute();
      await schema.createIndex("console_tickets_kind").on("console_tickets").columns(["kind", "created"]).execute();
    },
  },
  "2026-11-27-people-of-the-console": {
    up: async ({ schema }: Kysely<unknown>) => {
      // Separately: SQLite adds one column at a time. The version before leaves them empty.
      for (const column of ["issuer", "sub"])
        await schema
          .alterTable("console_sessions")
          .addColumn(column, "text", (definition) => definition.notNull().defaultTo(""))
          .execute();
    },
  },
  "2026-11-27-stopped-since": {
    up: async ({ schema }: Kysely<unknown>) => {
      // When a change was stopped first; 0 for rows of the previous version. `at` is when it was last tried.
      await schema
        .alterTable("guard_stopped")
        .addColumn("since", "bigint", (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
};
