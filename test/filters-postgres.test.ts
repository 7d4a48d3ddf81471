import { startHrGateway } from "./servers/databases.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("PostgreSQL", () => startHrGateway("postgres"));
