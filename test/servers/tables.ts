import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { startGateway, type TestGateway } from "./gateway.ts";
import type { AnyDatabase } from "./users-roles.ts";

/** A gateway in front of tables of the test's own, with a mapping for each type. */
export async function startTables(
  database: AnyDatabase,
  kinds: Readonly<Record<string, object>>,
  mappings: Readonly<Record<string, object>>,
  more: object = {},
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "postern-odd-"));
  const routes = Object.fromEntries(
    Object.entries(mappings).map(([resource, mapping]) => {
      const file = join(folder, `${resource}.yaml`);
      writeFileSync(file, stringify({ resource, ...mapping }));
      return [resource, { connector: "app", mapping: file }];
    }),
  );
  const connectors = { app: { type: "sql", ...database.settings, ...more, kinds } };
  const gateway = await startGateway({ connectors, routes: { "/scim/v2": routes } });
  rmSync(folder, { recursive: true });
  return gateway;
}
