import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parse } from "yaml";
import { type Database, startMariaDb, startPostgres } from "./databases.ts";
import { ROOT } from "./gateway.ts";

export type Dialect = "sqlite" | "postgres" | "mysql";

/** A database of any make: the connector's settings that reach it, and statements run beside it. */
export interface AnyDatabase {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Runs statements; gives what the last one selects, fields with `|` between them, a line each. */
  readonly run: (script: string) => string;
  readonly stop: () => Promise<void>;
}

/** Starts an empty database. */
export async function startDatabase(dialect: Dialect): Promise<AnyDatabase> {
  if (dialect === "sqlite") {
    const folder = mkdtempSync(join(tmpdir(), "postern-sqlite-"));
    const file = join(folder, "test.db");
    const database = new DatabaseSync(file);
    return {
      settings: { dialect, file },
      run: (script) => {
        const at = script.trimEnd().replace(/;$/, "").lastIndexOf(";");
        const last = script.slice(at + 1);
        if (!/^\s*select/i.test(last)) {
          database.exec(script);
          return "";
        }
        database.exec(script.slice(0, at + 1));
        const statement = database.prepare(last);
        statement.setReadBigInts(true);
        const rows = statement.all();
        return rows.map((row) => Object.values(row).join("|")).join("\n");
      },
      stop: async () => {
        database.close();
        rmSync(folder, { recursive: true });
      },
    };
  }
  const server: Database = await (dialect === "postgres" ? startPostgres() : startMariaDb());
  return { ...server, run: (script) => server.run(script).trim().replaceAll("\t", "|") };
}

/** What an expression of the time is in a dialect. */
export const nowIn = (dialect: Dialect): string => (dialect === "sqlite" ? "strftime('%Y-%m-%dT%H:%M:%fZ')" : "now()");

/** The example of users and roles, as it is shipped, on a database of its own that has the shipped tables. */
export async function startUsersAndRoles(dialect: Dialect) {
  const database = await startDatabase(dialect);
  const script = { sqlite: "sqlite.sql", postgres: "postgres.sql", mysql: "mariadb.sql" }[dialect];
  database.run(readFileSync(join(ROOT, "mappings/users-roles", script), "utf8"));
  const text = readFileSync(join(ROOT, "examples/users-roles/gateway.config.yaml"), "utf8");
  const { kinds } = parse(text.replaceAll("now()", nowIn(dialect))).connectors.app;
  const config = {
    connectors: { app: { type: "sql", ...database.settings, kinds } },
    routes: {
      "/scim/v2": {
        User: { connector: "app", mapping: join(ROOT, "mappings/users-roles/user.yaml") },
        Group: { connector: "app", mapping: join(ROOT, "mappings/users-roles/role.yaml") },
      },
    },
  };
  return { database, config };
}
