import { openHr, startHr, startHrGateway } from "../servers/databases.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { fuzzSuite } from "../suites/fuzz.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const start = () => startHrGateway("mysql");

scimSuite("MariaDB", start);
entraSuite("MariaDB", start);
filterSuite("MariaDB", start);
lifecycleSuite("MariaDB", async () => ({ gateway: await start() }));
fuzzSuite("MariaDB", async () => {
  const database = await startHr("mysql");
  return { config: openHr(database), stop: database.stop };
});
