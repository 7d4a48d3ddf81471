import { openHr, startHr, startHrGateway } from "../servers/databases.ts";
import { startBefore } from "../servers/gateway.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { inInterop, ipsieSuite } from "../suites/ipsie.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const start = () => startHrGateway("postgres");

scimSuite("PostgreSQL", start);
entraSuite("PostgreSQL", start);
filterSuite("PostgreSQL", start);
ipsieSuite("PostgreSQL", async () => {
  const database = await startHr("postgres");
  return startBefore(database, inInterop(openHr(database)));
});
lifecycleSuite("PostgreSQL", async () => ({ gateway: await start() }));
fuzzSuite("PostgreSQL", async () => {
  const database = await startHr("postgres");
  return { config: openHr(database), stop: database.stop };
});
