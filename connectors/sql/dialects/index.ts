import { resolve } from "node:path";
import type { SqlDialect } from "../dialect.ts";
import type { Settings } from "../settings.ts";
import { mssql } from "./mssql.ts";
import { mysql } from "./mysql.ts";
import { postgres } from "./postgres.ts";
import { authorityOf, STATEMENT_MS } from "./server.ts";
import { sqlite } from "./sqlite.ts";

const servers = { postgres, mysql, mssql } as const;

/** The dialect of a database by its settings; relative paths start at the folder. */
export function dialectOf(
  settings: Omit<Settings, "kinds" | "replicas">,
  folder: string,
  statementMs = STATEMENT_MS,
): SqlDialect {
  if (settings.dialect === "sqlite") {
    const file = settings.file === ":memory:" ? settings.file : resolve(folder, settings.file!);
    return sqlite(file, settings.script === undefined ? undefined : resolve(folder, settings.script));
  }
  const { host, port, database, user, password, connections, wait, tls = false } = settings;
  return servers[settings.dialect]({
    host: host!,
    port,
    database: database!,
    user: user!,
    password,
    connections,
    waitMs: wait * 1000,
    statementMs,
    ca: authorityOf(folder, tls),
  });
}
