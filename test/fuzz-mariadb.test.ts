import { openHr, startHr } from "./servers/databases.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

fuzzSuite("MariaDB", async () => {
  const database = await startHr("mysql");
  return { config: openHr(database), stop: database.stop };
});
