import { legacyHr, startGateway } from "./servers/gateway.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("SQLite", () => startGateway(legacyHr()));
