import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { openSyncing, type Syncing } from "./servers/syncing.ts";
import { seedOf } from "./suites/draws.ts";
import { killedOften, type RawAccount, type Seen } from "./suites/sync-kill.ts";

let syncing: Syncing | undefined;
afterEach(() => syncing?.close());

/** A target in SQLite, by its tables. */
function tables(folder: string): Seen & { readonly close: () => void } {
  const db = new DatabaseSync(join(folder, "target.db"), { readOnly: true });
  const accounts = db.prepare(
    "select a.external as key, a.login as name, m.external as manager from accounts a left join accounts m on m.id = a.manager",
  );
  const everything = db.prepare("select * from accounts order by id");
  return {
    accounts: () =>
      accounts.all().map((row) => ({ ...row, manager: row.manager ?? undefined }) as unknown as RawAccount),
    // The database's own count of changes that others made to it.
    version: () => `${JSON.stringify(db.prepare("pragma data_version").get())} ${JSON.stringify(everything.all())}`,
    close: () => db.close(),
  };
}

const KILLS = 15;

test("400 joiners: a first run that is killed again and again makes every account once, with its manager", async () => {
  syncing = await openSyncing();
  const seen = tables(syncing.folder);
  const seed = seedOf();
  try {
    const kills = { people: 400, kills: KILLS, seed, withinMs: 500, waitsForLease: false };
    const report = await killedOften(syncing, seen, kills);
    console.log(`seed ${seed}`, report);
    expect(report.killed).toBeGreaterThan(KILLS / 2);
  } finally {
    seen.close();
  }
}, 120_000);
