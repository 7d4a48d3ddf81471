import type { Files } from "../../../src/connector/kit/files.ts";
import { createObserver, type Observer } from "../../../src/connector/kit/observe.ts";
import { readCertificates } from "../../../src/connector/kit/tls.ts";
import type { SqlDialect } from "../dialect.ts";
import type { Settings } from "../settings.ts";
import { mssql } from "./mssql.ts";
import { mysql } from "./mysql.ts";
import { postgres } from "./postgres.ts";
import { STATEMENT_MS } from "./server.ts";
import { sqlite } from "./sqlite.ts";

const servers = { postgres, mysql, mssql } as const;

/** The dialect for a connector's settings. */
export function dialectOf(
  settings: Omit<Settings, "kinds" | "replicas">,
  files: Files,
  {
    statementMs = STATEMENT_MS,
    settingOf,
    observer = createObserver(),
  }: { statementMs?: number | undefined; settingOf?: (name: string) => string; observer?: Observer } = {},
): SqlDialect {
  if (settings.dialect === "sqlite") {
    const file = settings.file === ":memory:" ? settings.file : files.path(settings.file!);
    return sqlite({ file, mayCreate: settings.create === true, script: scriptOf(settings, files) });
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
    observer,
    tls: tls === false ? undefined : readCertificates(files, tls === true ? {} : tls, settingOf),
  });
}

/** The script for a new database, read only if there is none yet. */
const scriptOf = ({ script }: Pick<Settings, "script">, files: Files): (() => string) | undefined =>
  script === undefined ? undefined : () => files.text("script", script);
