import { gatewayBefore } from "./servers/upstream.ts";
import { filterSuite } from "./suites/filters.ts";

filterSuite("another SCIM server", gatewayBefore, 2000);
const few = { filter: { operators: ["eq"], logic: ["and"] } };
filterSuite("another SCIM server that answers few filters", () => gatewayBefore(few), 2000);
