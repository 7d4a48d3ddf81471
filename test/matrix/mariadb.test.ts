import { openHr, startHr, startHrGateway } from "../servers/databases.ts";
import { startBefore } from "../servers/gateway.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { inInterop, ipsieSuite } from "../suites/ipsie.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const start = () => startHrGateway("mysql");

scimSuite("MariaDB", start);
entraSuite("MariaDB", start);
filterSuite("MariaDB", start);
ipsieSuite("MariaDB", async () => {
  const database = await startHr("mysql");
  return startBefore(database, inInterop(openHr(database)));
});
lifecycleSuite("MariaDB", async () => ({ gateway: await start() }));
fuzzSuite("MariaDB", async () => {
  const database = await startHr("mysql");
  return { config: openHr(database), stop: database.stop };
});
