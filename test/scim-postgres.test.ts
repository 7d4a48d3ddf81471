import { startHrGateway } from "./servers/databases.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("PostgreSQL", () => startHrGateway("postgres"));
