import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { z } from "zod";
import { openSqlite, sqliteDialect } from "../connector/kit/sqlite.ts";
import { createLedger, type Ledger, type Tables } from "./guard.ts";
import { migrations } from "./migrations.ts";

/** Where what outlives the process is kept. */
export const stateConfig = z
  .strictObject({
    url: z
      .string()
      .regex(/^sqlite:.+$/, "a store is sqlite:FILE, or sqlite::memory:")
      .default("sqlite:postern-state.db")
      .describe(
        "Where it is kept: sqlite:FILE, whose relative path starts at the configuration's folder. sqlite::memory: forgets it with the process.",
      ),
  })
  .prefault({})
  .describe("What outlives the process: the counts of the change guard. Made only where something needs it.");

/** The store of what outlives a process. */
export interface State {
  readonly guard: Ledger;
  /** Rejects where the store cannot be used. */
  readonly ready: Promise<void>;
  /** Whether there was none before: counts begin at nothing. */
  readonly isNew: boolean;
  readonly close: () => Promise<void>;
}

/**
 * Opens the store; its tables are made, or brought up to date, before the first use. Throws where the file cannot be opened.
 */
export function openState(url: string, folder: string): State {
  const name = url.slice("sqlite:".length);
  const file = name === ":memory:" || isAbsolute(name) ? name : resolve(folder, name);
  const isNew = name === ":memory:" || !existsSync(file);
  const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqlite(file)) });
  const ready = migrated(db);
  // Whoever uses the store is told; nobody may be using it yet.
  ready.catch(() => {});
  return {
    guard: createLedger(db, ready),
    ready,
    isNew,
    close: async () => {
      await ready.catch(() => {});
      await db.destroy();
    },
  };
}

async function migrated(db: Kysely<Tables>): Promise<void> {
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => migrations };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
}
