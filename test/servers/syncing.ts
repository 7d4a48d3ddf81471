import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { stringify } from "yaml";
import { type Opened, openRoutes } from "../../src/cli/opened.ts";
import { type RunWish, runNamed } from "../../src/compose/syncs/syncs.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Route } from "../../src/gateway/route.ts";
import type { ListResponse } from "../../src/scim/list.ts";
import type { Resource } from "../../src/scim/schema.ts";
import type { SyncStore } from "../../src/state/syncs.ts";
import type { RunReport } from "../../src/sync/run.ts";
import { contextFor } from "../../src/sync/targets/route.ts";
import { ROOT } from "./gateway.ts";
import { registry } from "./registry.ts";

/** A person in the HR table of the tests. */
export interface HrRow {
  number: string | null;
  given?: string | null;
  family?: string | null;
  title?: string | null;
  department?: string | null;
  hired?: string | null;
  ended?: string | null;
  status?: string | null;
  born?: string | null;
  manager?: string | null;
  site?: string | null;
}

const COLUMNS = [
  "number",
  "given",
  "family",
  "title",
  "department",
  "hired",
  "ended",
  "status",
  "born",
  "manager",
  "site",
] as const;

/** An HR table in SQLite, a target behind a route, and the sync between them. */
export interface Syncing {
  readonly hr: DatabaseSync;
  /** Puts rows in place of those of the same numbers; takes rows away. */
  readonly hire: (...rows: HrRow[]) => void;
  readonly fire: (...numbers: string[]) => void;
  readonly run: (wish?: Partial<RunWish> & { at?: string | number }) => Promise<RunReport>;
  readonly store: SyncStore;
  readonly target: Route;
  /** All accounts, by externalId. */
  readonly accounts: () => Promise<Map<string, Resource>>;
  readonly ask: Route["run"];
  readonly context: () => ReturnType<typeof contextFor>;
  readonly parts: Opened;
  readonly folder: string;
  readonly file: string;
  readonly close: () => Promise<void>;
}

/** Two people, of whom one is the other's manager. */
export const ADA = {
  number: "1",
  given: "Ada",
  family: "Lovelace",
  title: "Countess",
  department: "Maths",
  hired: "2026-01-10",
};
export const BOB = {
  number: "2",
  given: "Bob",
  family: "Stone",
  department: "Maths",
  hired: "2026-01-10",
  manager: "1",
};

/** The rules that most tests go by. */
export const RULES = {
  externalId: "externalId",
  userName: {
    value: [
      '$lowercase(name.givenName & "." & name.familyName)',
      '$lowercase(name.givenName & "." & name.familyName) & $n',
    ],
    unique: true,
    when: "create",
  },
  "name.givenName": "name.givenName",
  "name.familyName": "name.familyName",
  displayName: { value: 'name.givenName & " " & name.familyName' },
  title: "title",
  active: { value: '$from(hr.hireDate, "-P1D") and $until(hr.endDate)' },
  "enterprise:department": "enterprise:department",
  "enterprise:manager.value": { reference: "User", from: "hr:managerKey" },
};

/** A target in SQLite, in a file of the folder. */
export const sqliteTarget = (folder: string) => {
  const file = join(folder, "target.db");
  const db = new DatabaseSync(file);
  db.exec(`create table accounts (id text primary key, external text, login text not null unique, given text, family text, shown text,
    title text, enabled integer not null default 1, department text, secret text, manager text references accounts(id) on delete set null);
    create table teams (id text primary key, name text not null);
    create table team_members (team_id text not null references teams(id) on delete cascade, account_id text not null references accounts(id) on delete cascade, primary key (team_id, account_id));
    create index external on accounts (external); create unique index login on accounts (login collate nocase); create index manager on accounts (manager)`);
  db.close();
  return {
    type: "sql",
    dialect: "sqlite",
    file,
    kinds: {
      account: { table: "accounts", key: { column: "id", type: "text", generate: "uuid" } },
      team: {
        table: "teams",
        key: { column: "id", type: "text", generate: "uuid" },
        lists: { members: { table: "team_members", owner: "team_id", value: "account_id" } },
      },
    },
  };
};

/** A target in memory. */
export const memoryTarget = () => ({ type: "memory", kinds: { account: { unique: ["login"] }, team: {} } });

/** Opens an HR table, a target and a sync between them; `more` are settings of the sync. */
export async function openSyncing(
  more: Record<string, unknown> = {},
  {
    target = sqliteTarget,
    mappings = { User: join(ROOT, "test/syncs/account.yaml"), Group: join(ROOT, "test/syncs/team.yaml") },
    config = {},
    clock,
  }: {
    clock?: NonNullable<Parameters<typeof openRoutes>[1]["clock"]>;
    target?: (folder: string) => object;
    mappings?: Record<string, string>;
    config?: Record<string, unknown>;
  } = {},
): Promise<Syncing> {
  const folder = mkdtempSync(join(tmpdir(), "postern-sync-"));
  const hr = new DatabaseSync(join(folder, "hr.db"));
  hr.exec(
    `create table people (id text primary key, ${COLUMNS.map((column) => `${column} text`).join(", ")}); pragma journal_mode = wal`,
  );
  const file = join(folder, "gateway.config.yaml");
  const written = {
    auth: [{ type: "bearer", tokens: [{ name: "tests", token: "a-token-that-is-for-tests-only" }] }],
    connectors: {
      hr: { type: "sql", dialect: "sqlite", file: join(folder, "hr.db"), kinds: { person: { table: "people" } } },
      target: target(folder),
    },
    routes: {
      "/hr": { User: { connector: "hr", mapping: join(ROOT, "test/syncs/hr.yaml") } },
      "/target": Object.fromEntries(
        Object.entries(mappings).map(([type, mapping]) => [type, { connector: "target", mapping }]),
      ),
    },
    state: { url: "sqlite:state.db" },
    ...config,
    syncs: {
      people: {
        from: { route: "/hr" },
        to: { route: "/target" },
        match: ["externalId"],
        attributes: RULES,
        guard: { creates: 1e5, changes: 1e5, adoptions: 1e5, disables: 1e5, deletes: 1e5, removals: 1e5 },
        ...more,
      },
    },
  };
  writeFileSync(file, stringify(written));
  const opened = await openRoutes(loadConfig(file, registry, {}), { writes: false, ...(clock && { clock }) });
  const targetRoute = opened.routes.get("/target")!;
  const context = () =>
    contextFor("/target", { caller: "tests", operationMs: 30_000, signal: new AbortController().signal });
  const put = hr.prepare(
    `insert into people (id, ${COLUMNS.join(", ")}) values (?, ${COLUMNS.map(() => "?").join(", ")})`,
  );
  const remove = hr.prepare("delete from people where number = ?");
  let rows = 0;
  return {
    hr,
    hire: (...people) => {
      hr.exec("begin");
      for (const person of people) {
        if (person.number !== null) remove.run(person.number);
        put.run(String(++rows), ...COLUMNS.map((column) => person[column] ?? null));
      }
      hr.exec("commit");
    },
    fire: (...numbers) => {
      for (const number of numbers) remove.run(number);
    },
    run: ({ at, ...wish } = {}) =>
      runNamed(
        "people",
        opened,
        { cause: "test", isFirst: true, ...wish },
        {
          signal: new AbortController().signal,
          ...(at !== undefined ? { now: () => new Date(at).getTime() } : clock && { now: clock.now }),
        },
      ),
    store: opened.state.syncs.of("people"),
    target: targetRoute,
    ask: targetRoute.run,
    context,
    accounts: async () => {
      const found = new Map<string, Resource>();
      let cursor: string | undefined = "";
      while (cursor !== undefined) {
        const query: { cursor: string; count: string } = { cursor, count: "1000" };
        const page: ListResponse = await targetRoute.run({
          name: "list",
          type: "User",
          query,
          context: context(),
        });
        for (const each of page.Resources) found.set(String(each.externalId ?? `(${each.userName})`), each);
        cursor = page.nextCursor;
      }
      return found;
    },
    parts: opened,
    folder,
    file,
    close: async () => {
      await opened.close();
      hr.close();
      rmSync(folder, { recursive: true });
    },
  };
}
