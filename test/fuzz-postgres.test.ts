import { openHr, startHr } from "./servers/databases.ts";
import { fuzzSuite } from "./suites/fuzz.ts";

fuzzSuite("PostgreSQL", async () => {
  const database = await startHr("postgres");
  return { config: openHr(database), stop: database.stop };
});
