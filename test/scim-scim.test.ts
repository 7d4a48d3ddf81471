import { gatewayBefore } from "./servers/upstream.ts";
import { entraSuite } from "./suites/entra.ts";
import { scimSuite } from "./suites/scim.ts";

scimSuite("another SCIM server", gatewayBefore);
entraSuite("another SCIM server", gatewayBefore);
