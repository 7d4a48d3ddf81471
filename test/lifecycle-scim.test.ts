import { gatewayBefore } from "./servers/upstream.ts";
import { lifecycleSuite } from "./suites/lifecycle.ts";

lifecycleSuite("another SCIM server", async () => ({ gateway: await gatewayBefore() }));
lifecycleSuite("another SCIM server that has no PATCH", async () => ({
  gateway: await gatewayBefore({ patch: false }),
}));
