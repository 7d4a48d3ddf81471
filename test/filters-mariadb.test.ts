import { startHrGateway } from "./servers/databases.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("MariaDB", () => startHrGateway("mysql"));
