import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { filesIn } from "../src/connector/kit/files.ts";
import { type Budget, type Limit, sharedBudget } from "../src/graph/budget.ts";
import type { Location } from "../src/state/database.ts";
import { openState, type State } from "../src/state/state.ts";
import { startPostgres } from "./servers/databases.ts";
import { budgetLaws } from "./suites/budget.ts";

/** Where the store is, and what ends it. */
type Started = { readonly location: Location; readonly stop: () => unknown };

const stores: Record<string, () => Promise<Started>> = {
  SQLite: async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-budget-"));
    return { location: { url: `sqlite:${join(folder, "state.db")}` }, stop: () => rmSync(folder, { recursive: true }) };
  },
  PostgreSQL: async () => {
    const { settings, ca, stop } = await startPostgres();
    const { user, port, database, password } = settings;
    const url = `postgres://${user}@localhost:${port}/${database}`;
    return { location: { url, password: String(password), tls: { ca } }, stop };
  },
};

describe.each(Object.keys(stores))("the store on %s", (name) => {
  let started: Started;
  let state: State;
  const opened: State[] = [];
  const openStore = () => {
    opened.push(openState(started.location, filesIn("/")));
    return opened.at(-1)!;
  };
  beforeAll(async () => {
    started = await stores[name]!();
    state = openStore();
    await state.ready();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await started.stop();
  });

  /** Each budget has a name of its own in the store. */
  let budgets = 0;
  const made = new Map<Budget, { readonly own: number; readonly limits: readonly Limit[] }>();
  const budgetOf = ({ syncs }: State, own: number, limits: readonly Limit[]): Budget => {
    const budget = sharedBudget((budgetName, now, within) => syncs.take(`${own} ${budgetName}`, now, within), limits);
    made.set(budget, { own, limits });
    return budget;
  };
  budgetLaws(name, async (limits) => budgetOf(state, ++budgets, limits), {
    runs: 20,
    reopen: async (budget) => {
      const { own, limits } = made.get(budget)!;
      return budgetOf(openStore(), own, limits);
    },
  });
});
