import { openHr, startHr } from "./databases.ts";
import { inMemory, legacyHr, ROOT, startGateway } from "./gateway.ts";
import { startPeopleApi } from "./people-api.ts";
import { peopleReads, writeMapping } from "./people-mapping.ts";
import { openLdap, startSlapd } from "./slapd.ts";
import { openUpstream } from "./upstream.ts";

/** What a gateway is started with, and what ends with it. */
export interface Behind {
  readonly config: Parameters<typeof startGateway>[0];
  readonly stop?: () => Promise<void>;
}

const withHr = async (dialect: "postgres" | "mysql"): Promise<Behind> => {
  const database = await startHr(dialect);
  return { config: openHr(database), stop: database.stop };
};

/** The backends that the playground is compared on, by name. */
export const playedBackends: Readonly<Record<string, () => Promise<Behind>>> = {
  "entries in memory": async () => ({ config: inMemory() }),
  SQLite: async () => ({ config: legacyHr() }),
  PostgreSQL: () => withHr("postgres"),
  MariaDB: () => withHr("mysql"),
  OpenLDAP: async () => {
    const slapd = await startSlapd();
    return { config: openLdap(slapd, ROOT), stop: slapd.stop };
  },
  "another SCIM server": async () => {
    const upstream = await startGateway(legacyHr());
    return { config: openUpstream(upstream), stop: upstream.stop };
  },
  "a REST API": async () => {
    const api = await startPeopleApi();
    const path = "/people/{$key}";
    const writes = {
      create: { method: "POST", path: "/people", body: "$" },
      update: { method: "PUT", path, body: "$merge([$, { 'id': $key }])" },
      delete: { method: "DELETE", path },
    };
    return {
      config: {
        connectors: { people: { type: "rest", url: api.url, kinds: { person: { ...peopleReads, ...writes } } } },
        routes: { "/scim/v2": { User: { connector: "people", mapping: writeMapping() } } },
      },
      stop: api.stop,
    };
  },
};
