import { legacyHr, startGateway } from "./servers/gateway.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("SQLite", () => startGateway(legacyHr()));
