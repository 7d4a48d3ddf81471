import { gatewayBefore } from "../servers/upstream.ts";
import { entraSuite } from "../suites/entra.ts";
import { filterSuite } from "../suites/filters.ts";
import { lifecycleSuite } from "../suites/lifecycle.ts";
import { scimSuite } from "../suites/scim.ts";

const withFewFilters = () => gatewayBefore({ filter: { operators: ["eq"], logic: ["and"] } });

scimSuite("another SCIM server", gatewayBefore);
entraSuite("another SCIM server", gatewayBefore);
filterSuite("another SCIM server", gatewayBefore, 2000);
filterSuite("another SCIM server that answers few filters", withFewFilters, 2000);
lifecycleSuite("another SCIM server", async () => ({ gateway: await gatewayBefore() }));
lifecycleSuite("another SCIM server that has no PATCH", async () => ({
  gateway: await gatewayBefore({ patch: false }),
}));
